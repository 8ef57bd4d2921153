/** A driver that talks to a fake BlueBubbles process, what it reports, and the memory that a node's journal is for it. */
import type { AttemptId } from '@bluewire/contract/ids'
import { systemClock } from '@bluewire/platform/clock'
import type { FakeBlueBubbles, FakeOptions } from '@bluewire/testkit/fake-bluebubbles/fake-bluebubbles'
import { PASSWORD } from '@bluewire/testkit/fake-bluebubbles/fake-bluebubbles'
import { until } from '@bluewire/testkit/stories/until'
import type {
  Driver,
  DriverEvents,
  DriverHealth,
  DriverMemory,
  InboundMessage,
  Outgoing,
  Receipt,
  SendOutcome,
} from '../../src/driver.ts'
import { createDriver } from '../../src/registry.ts'

export const LINE = '+15005550001'
export const THEM = '+14155552671'

/** In the proportions of the real ones, and of the fake's own. */
const TIMINGS = {
  ask: 1_000,
  command: 1_000,
  textAnswer: 500,
  text: 800,
  fileAnswer: 900,
  file: 1_500,
  afterAnswer: 150,
  look: 15,
  slowLook: 40,
  quick: 300,
  lookUp: 100,
  downgrade: 150,
  start: 3_000,
  health: 200,
  healthAgain: 30,
  read: 60,
  readAlone: 30,
  fullRead: 120,
  debounce: 5,
  unjoined: 150,
  watch: 60,
  resume: 0,
  socketHandshake: 1_000,
  reconnectMin: 20,
  reconnectMax: 80,
}

export type Told = Readonly<{ message: InboundMessage; position: string | undefined }>

/** What of a node survives its process. */
export class Memory implements DriverMemory {
  readonly notes = new Map<AttemptId, string>()
  readonly claims = new Map<string, AttemptId>()
  stored: string | null = null
  isFull = false

  note(attempt: AttemptId, note: string): boolean {
    if (!this.isFull) this.notes.set(attempt, note)
    return !this.isFull
  }

  attemptOf(rowGuid: string): AttemptId | null {
    return this.claims.get(rowGuid) ?? null
  }

  position(): string | null {
    return this.stored
  }
}

export type WorldOptions = Readonly<{
  fake?: FakeOptions
  settings?: Readonly<Record<string, unknown>>
  timings?: Partial<typeof TIMINGS>
}>

export class World implements AsyncDisposable {
  readonly fake: FakeBlueBubbles
  readonly memory = new Memory()
  readonly receipts: Receipt[] = []
  readonly told: Told[] = []
  /** Each that was announced. */
  readonly healths: DriverHealth[] = []
  driver!: Driver
  readonly #settings: Readonly<Record<string, unknown>>
  #made = 0

  private constructor(fake: FakeBlueBubbles, { settings, timings }: WorldOptions) {
    this.fake = fake
    this.#settings = {
      url: fake.url,
      password: PASSWORD,
      lines: [{ address: LINE, services: ['imessage', 'sms'] }],
      timings: { ...TIMINGS, ...timings },
      ...settings,
    }
  }

  /** The fake is as new; the driver is not started. */
  static async make(fake: FakeBlueBubbles, options: WorldOptions = {}): Promise<World> {
    await fake.reset(options.fake)
    const world = new World(fake, options)
    world.driver = await world.#newDriver()
    return world
  }

  /** Started; with events pushed, where the fake does so. */
  static async open(fake: FakeBlueBubbles, options: WorldOptions = {}): Promise<World> {
    const world = await World.make(fake, options)
    await world.start()
    await until('events are pushed', async () => (await fake.ask<number>({ do: 'sockets' })) > 0)
    return world
  }

  async start(): Promise<void> {
    const driver = this.driver
    const isCurrent = (): boolean => this.driver === driver
    const events: DriverEvents = {
      receipt: (receipt) => void (isCurrent() && this.receipts.push(receipt)),
      inbound: (message, position) => {
        if (!isCurrent()) return
        this.told.push({ message, position })
        this.memory.stored = position ?? this.memory.stored
      },
      position: (position) => void (isCurrent() && (this.memory.stored = position)),
      healthChanged: () => void this.healths.push(driver.health()),
      linesChanged: () => undefined,
    }
    await driver.start(events, this.memory)
  }

  /** The process ends, without a word, and another one begins. */
  async restart(): Promise<void> {
    await this.driver.stop()
    this.driver = await this.#newDriver()
    await this.start()
  }

  outgoing(body: string, more: Partial<Outgoing> = {}): Outgoing {
    const id = String(++this.#made).padStart(26, '0')
    return {
      attempt: `attempt_${id}`,
      message: `imessage_${id}`,
      line: LINE,
      to: THEM,
      service: 'imessage',
      body,
      ...more,
    }
  }

  /** As the agent does: what it was seen as is claimed. */
  async send(body: string, more: Partial<Outgoing> = {}): Promise<SendOutcome> {
    return this.settle(this.outgoing(body, more))
  }

  async settle(outgoing: Outgoing): Promise<SendOutcome> {
    const outcome = await this.driver.send(outgoing)
    return this.#claim(outgoing, outcome)
  }

  async lookUp(outgoing: Outgoing): Promise<SendOutcome> {
    const outcome = await this.driver.lookUp(outgoing, this.memory.notes.get(outgoing.attempt) ?? null)
    return this.#claim(outgoing, outcome)
  }

  /** The texts that were told, in order. */
  get bodies(): string[] {
    return this.told.map(({ message }) => message.body)
  }

  wasTold(many: number): Promise<unknown> {
    return until(`${many} messages are told`, () => this.told.length >= many, { withinMs: 5_000 })
  }

  facts(): string[] {
    return this.receipts.map(({ fact, reason }) => (reason === undefined ? fact : `${fact} ${reason}`))
  }

  hasReceipt(fact: string): Promise<unknown> {
    return until(`the receipt ${fact}`, () => this.facts().includes(fact), { withinMs: 5_000 })
  }

  /** All that may have changed was read again, from its beginning. */
  async afterNextReadings(): Promise<void> {
    const full = async (): Promise<number> =>
      (await this.fake.requests(/^message\/query$/)).filter(({ body }) => 'after' in body).length
    const before = await full()
    await until('all is read again, twice', async () => (await full()) >= before + 3, { withinMs: 5_000 })
  }

  healthIs(state: DriverHealth['state'], says?: RegExp): Promise<DriverHealth> {
    return until(`the health is ${state} ${String(says ?? '')}`, () => {
      const health = this.driver.health()
      return health.state === state && (says === undefined || says.test(health.detail ?? '')) ? health : null
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.driver.stop()
  }

  #newDriver(): Promise<Driver> {
    return createDriver('bluebubbles', { clock: systemClock, dataDirectory: '/nowhere', settings: this.#settings })
  }

  #claim({ attempt }: Outgoing, outcome: SendOutcome): SendOutcome {
    if (outcome.kind === 'sent') for (const guid of outcome.rowGuids ?? []) this.memory.claims.set(guid, attempt)
    return outcome
  }
}
