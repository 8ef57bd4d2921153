/** The driver on a fake Mac: the real driver code, its journal kept in memory as the agent keeps it, and a Messages that is a process. */
import { afterAll, beforeAll } from 'vitest'
import type { AttemptId } from '@bluewire/contract/ids'
import { systemClock } from '@bluewire/platform/clock'
import { FakeMac } from '@bluewire/testkit/fake-mac/fake-mac'
import type { MakeOptions } from '@bluewire/testkit/fake-mac/fake-mac'
import { until } from '@bluewire/testkit/stories/until'
import type { DriverEvents, DriverMemory, InboundMessage, Outgoing, Receipt, SendOutcome } from '../../src/driver.ts'
import { MessagesAppDriver, messagesAppSettings } from '../../src/messages-app/messages-app-driver.ts'

export const LINE = '+14155550100'

/** Short enough for tests, long enough for a machine that is busy. */
const TIMINGS = {
  osascript: 8_000,
  poll: 30,
  slowPoll: 100,
  quick: 3_000,
  text: 6_000,
  file: 8_000,
  quiet: 400,
  downgrade: 500,
  gap: 5,
  health: 60_000,
  fullPass: 300,
  debounce: 20,
  dataVersion: 100,
}

/** What the journal of a node does for its driver. */
export class Memory implements DriverMemory {
  readonly notes = new Map<AttemptId, string>()
  readonly claims = new Map<string, AttemptId>()
  at: string | null = null
  /** The disk is full. */
  isFull = false

  note(attempt: AttemptId, note: string): boolean {
    if (!this.isFull) this.notes.set(attempt, note)
    return !this.isFull
  }

  attemptOf(rowGuid: string): AttemptId | null {
    return this.claims.get(rowGuid) ?? null
  }

  position(): string | null {
    return this.at
  }
}

let attempts = 0

export class DriverWorld {
  readonly mac: FakeMac
  memory = new Memory()
  driver!: MessagesAppDriver
  receipts: Receipt[] = []
  inbound: InboundMessage[] = []
  #people = 0

  constructor(mac: FakeMac) {
    this.mac = mac
  }

  /** A new process of the agent on the same journal. */
  async start(timings: Partial<typeof TIMINGS> = {}): Promise<void> {
    const settings = messagesAppSettings.parse({
      lines: [{ address: LINE, services: ['imessage', 'sms'] }],
      tools: this.mac.toolsDir,
      messages_dir: this.mac.messagesDir,
      timings: { ...TIMINGS, ...timings },
    })
    this.driver = new MessagesAppDriver(systemClock, settings)
    await this.driver.start(this.#events(), this.memory)
    await until('the first answer of Messages', () => this.driver.health().state !== 'degraded' || null)
  }

  /** The process before it is not asked to end: as after a crash. */
  async restartWith(timings: Partial<typeof TIMINGS>): Promise<void> {
    await this.driver.stop()
    await this.start(timings)
  }

  chatOf(address: string): string {
    const db = this.mac.database.open()
    const row = db.prepare('select guid from chat where chat_identifier = ?').get(address)
    db.close()
    return String(row?.['guid'])
  }

  /** Somebody new, so that stories on one Mac do not see each other. */
  person(): string {
    return `+1415555${String(3000 + this.#people++)}`
  }

  outgoing(to: string, more: Partial<Outgoing> = {}): Outgoing {
    attempts++
    const id = String(attempts).padStart(26, '0')
    return {
      attempt: `attempt_${id}`,
      message: `imessage_${id}`,
      line: LINE,
      to,
      body: `text ${attempts}`,
      service: 'imessage',
      ...more,
    }
  }

  /** As the agent does it: the rows of an outcome are the attempt's. */
  async send(outgoing: Outgoing): Promise<SendOutcome> {
    return this.#settled(outgoing, await this.driver.send(outgoing))
  }

  /** As the agent after a crash. */
  async lookUp(outgoing: Outgoing): Promise<SendOutcome> {
    return this.#settled(outgoing, await this.driver.lookUp(outgoing, this.memory.notes.get(outgoing.attempt) ?? null))
  }

  phonesOf(to: string): string[] {
    return this.mac
      .phones()
      .flatMap((arrival) => (arrival.to === to || arrival.chat === to ? [arrival.text ?? arrival.file ?? ''] : []))
  }

  untilReceipt({ attempt }: Outgoing, fact: Receipt['fact']): Promise<Receipt> {
    return until(
      `the receipt ${fact}`,
      () => this.receipts.find((r) => r.attempt === attempt && r.fact === fact) ?? null,
    )
  }

  untilInbound(what: string, matches: (message: InboundMessage) => boolean): Promise<InboundMessage> {
    return until(`inbound: ${what}`, () => this.inbound.find(matches) ?? null)
  }

  #settled({ attempt }: Outgoing, outcome: SendOutcome): SendOutcome {
    for (const guid of outcome.rowGuids ?? []) this.memory.claims.set(guid, attempt)
    return outcome
  }

  #events(): DriverEvents {
    return {
      receipt: (receipt) => {
        const isNew = !this.receipts.some((r) => r.attempt === receipt.attempt && r.fact === receipt.fact)
        if (isNew) this.receipts.push(receipt) // as the journal: each fact once
      },
      inbound: (message, position) => {
        this.inbound.push(message)
        if (position !== undefined) this.memory.at = position
      },
      position: (position) => void (this.memory.at = position),
      healthChanged: () => undefined,
      linesChanged: () => undefined,
    }
  }
}

/** One Mac for a file of stories, with the driver started. */
export function useDriver(options: MakeOptions): () => DriverWorld {
  let world: DriverWorld | undefined
  beforeAll(async () => {
    const mac = await FakeMac.make({ timeScale: 0.1, ...options })
    await mac.messages.start()
    world = new DriverWorld(mac)
    await world.start()
  })
  afterAll(async () => {
    await world?.driver.stop()
    await world?.mac.stop()
  })
  return () => {
    if (world === undefined) throw new Error('the Mac is not there yet')
    return world
  }
}
