/** The driver, its child as a real process, and what it reports; in place of the node's journal a memory that outlives the driver. */
import { join } from 'node:path'
import type { AttemptId } from '@bluewire/contract/ids'
import { systemClock } from '@bluewire/platform/clock'
import type { DriverMemory, InboundMessage, Outgoing, Receipt, SendOutcome } from '@bluewire/drivers/driver'
import { FakeImsg } from '@bluewire/testkit/fake-imsg/fake-imsg'
import { until } from '@bluewire/testkit/stories/until'
import { ImsgDriver } from '../../src/imsg/imsg-driver.ts'
import { imsgSettings } from '../../src/imsg/imsg-settings.ts'
import type { ImsgSettings } from '../../src/imsg/imsg-settings.ts'
import { IMSG_TIMES } from '../../src/imsg/imsg-times.ts'
import type { ImsgTimes } from '../../src/imsg/imsg-times.ts'

export const LINE = '+15005550001'
export const THEM = '+14155552671'
export const GROUP = 'iMessage;+;chat4711'

/** Short where a story waits for it to be over, and long where it must not be. */
const TIMES: ImsgTimes = {
  ...IMSG_TIMES,
  lookMs: 120,
  confirmMs: 1_000,
  confirmFileMs: 1_000,
  pollMs: 20,
  downgradeMs: 200,
  holdMs: 1,
  statusEveryMs: 60_000,
  sweepEveryMs: 60_000,
  backoffMinMs: 10,
  backoffMaxMs: 100,
  stopMs: 200,
}

/** What the journal keeps: it stays when a driver is replaced by another. */
export class Memory implements DriverMemory {
  readonly notes = new Map<AttemptId, string>()
  readonly rows = new Map<string, AttemptId>()
  isFull = false
  storedPosition: string | null = null

  note(attempt: AttemptId, note: string): boolean {
    if (this.isFull) return false
    this.notes.set(attempt, note)
    return true
  }

  attemptOf(guid: string): AttemptId | null {
    return this.rows.get(guid) ?? null
  }

  position(): string | null {
    return this.storedPosition
  }
}

type Options = Readonly<{
  version?: FakeImsg['version']
  bridge?: boolean
  settings?: Readonly<Record<string, unknown>>
  times?: Partial<ImsgTimes>
}>

export class ImsgWorld implements AsyncDisposable {
  readonly imsg: FakeImsg
  readonly memory = new Memory()
  readonly receipts: Receipt[] = []
  readonly inbounds: InboundMessage[] = []
  healthChanges = 0
  driver: ImsgDriver
  readonly #settings: ImsgSettings
  readonly #times: ImsgTimes
  #made = 0

  private constructor(imsg: FakeImsg, { settings = {}, times = {} }: Options) {
    this.imsg = imsg
    this.#settings = imsgSettings.parse({
      path: imsg.path,
      lines: [{ address: LINE, services: ['imessage'] }],
      ...settings,
    })
    this.#times = { ...TIMES, ...times }
    this.driver = this.#newDriver()
  }

  /** Not started. */
  static async make(options: Options = {}): Promise<ImsgWorld> {
    const { version, bridge } = options
    const imsg = await FakeImsg.make({ ...(version && { version }), ...(bridge === undefined ? {} : { bridge }) })
    return new ImsgWorld(imsg, options)
  }

  /** Started, and watching what comes in. */
  static async open(options: Options = {}): Promise<ImsgWorld> {
    const world = await ImsgWorld.make(options)
    await world.start()
    return world
  }

  async start(): Promise<void> {
    await this.driver.start(
      {
        receipt: (receipt) => this.receipts.push(receipt),
        inbound: (message, position) => {
          this.inbounds.push(message)
          if (position !== undefined) this.memory.storedPosition = position
        },
        position: (position) => void (this.memory.storedPosition = position),
        healthChanged: () => this.healthChanges++,
        linesChanged: () => undefined,
      },
      this.memory,
    )
  }

  /** The node is started again: another driver, on the same journal. */
  async restart(): Promise<void> {
    await this.driver.stop()
    this.driver = this.#newDriver()
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

  async send(body: string, more: Partial<Outgoing> = {}): Promise<SendOutcome> {
    return this.sent(this.outgoing(body, more))
  }

  async sent(outgoing: Outgoing): Promise<SendOutcome> {
    return this.#stored(outgoing, await this.driver.send(outgoing))
  }

  async lookUp(outgoing: Outgoing): Promise<SendOutcome> {
    return this.#stored(outgoing, await this.driver.lookUp(outgoing, this.memory.notes.get(outgoing.attempt) ?? null))
  }

  /** Texts that reached somebody, in order. */
  get texts(): readonly (string | undefined)[] {
    return this.imsg.left.map(({ text, file }) => text ?? file)
  }

  /** How often this text reached somebody. */
  copies(body: string): number {
    return this.imsg.left.filter(({ text }) => text === body).length
  }

  /** Of the row with this text, once there is one. */
  guidOf(body: string): Promise<string> {
    return until(`there is a row of ${body}`, () => this.imsg.messages.rows.find(({ text }) => text === body)?.guid)
  }

  get bodies(): readonly string[] {
    return this.inbounds.map(({ body }) => body)
  }

  hasReceipt(attempt: AttemptId, fact: Receipt['fact']): Promise<Receipt> {
    return until(`${attempt} is ${fact}`, () => this.receipts.find((r) => r.attempt === attempt && r.fact === fact))
  }

  hasInbound(body: string): Promise<InboundMessage> {
    return until(`${body} is told`, () => this.inbounds.find((inbound) => inbound.body === body))
  }

  /** The watch of the running child has begun. */
  isWatching(many = 1): Promise<unknown> {
    return until('it watches', () => this.imsg.calls('watch.subscribe').length >= many)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.driver.stop()
    await this.imsg[Symbol.asyncDispose]()
  }

  #stored(outgoing: Outgoing, outcome: SendOutcome): SendOutcome {
    if (outcome.kind === 'sent') for (const guid of outcome.rowGuids ?? []) this.memory.rows.set(guid, outgoing.attempt)
    return outcome
  }

  #newDriver(): ImsgDriver {
    const dataDirectory = join(this.imsg.folder, 'node')
    return new ImsgDriver({ clock: systemClock, dataDirectory, settings: this.#settings, times: this.#times })
  }
}
