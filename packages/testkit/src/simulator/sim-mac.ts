/**
 * Messages.app and osascript on one simulated Mac. They are processes of their own: they outlive the agent, execute what they were handed
 * late or never, and write their rows whether or not anybody looks. The driver below is what an agent has of them.
 */
import type { AttemptId } from '@bluewire/contract/ids'
import type { LineOffer } from '@bluewire/contract/node-protocol/node-frames'
import type {
  Driver,
  DriverEvents,
  DriverHealth,
  InboundMessage,
  Outgoing,
  SendOutcome,
} from '@bluewire/drivers/driver'
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { VirtualClock } from '../virtual-clock.ts'
import type { Phones } from './phones.ts'
import type { Random } from './random.ts'

/** What decides how a send goes: most are fine. */
export type MacFaults = {
  refuses: number
  osascriptFails: number
  hangs: number
  losesReceipt: number
  deniesKnowing: number
  /** Share of messages that are answered. */
  replies: number
}

type Event = { outgoing: Outgoing; timer: Timer }

/** osascript gives up on Messages after this long. */
const OSASCRIPT_TIMEOUT_MS = 25_000
/** After Messages was seen to exit, a row that is not there will not come any more (PROTOCOL 6). */
const BARRIER_MS = 30_000

export class SimMac {
  readonly #clock: VirtualClock
  readonly #random: Random
  readonly #phones: Phones
  readonly faults: MacFaults
  /** osascript processes that have not spoken to Messages yet. */
  readonly osascripts = new Map<AttemptId, Event>()
  /** Apple events that Messages has not executed yet. */
  readonly #events = new Map<AttemptId, Event>()
  /** chat.db: rows with is_sent=1. */
  readonly rows = new Set<AttemptId>()
  readonly #onRow = new Map<AttemptId, () => void>()
  receipt: ((attempt: AttemptId, atMs: number) => void) | null = null
  /** Hands a reply to the agent; false when no agent could store it: the row waits in chat.db for a driver with a cursor. */
  reply: ((reply: InboundMessage) => boolean) | null = null
  readonly onStart: (attempt: AttemptId) => void
  readonly #onInbound: (guid: string) => void
  #replies = 0

  constructor(parts: {
    clock: VirtualClock
    random: Random
    phones: Phones
    faults: MacFaults
    onStart: (attempt: AttemptId) => void
    onInbound: (guid: string) => void
  }) {
    this.onStart = parts.onStart
    this.#onInbound = parts.onInbound
    this.#clock = parts.clock
    this.#random = parts.random
    this.#phones = parts.phones
    this.faults = parts.faults
  }

  /** An osascript process starts; it lives on if the agent dies. */
  spawnOsascript(outgoing: Outgoing): void {
    const timer = this.#clock.setTimer(this.#random.between(1, 300), () => this.#handOver(outgoing))
    this.osascripts.set(outgoing.attempt, { outgoing, timer })
  }

  /** An agent that starts kills every osascript of its own that is left from before. */
  killOsascripts(): void {
    for (const { timer } of this.osascripts.values()) timer.cancel()
    this.osascripts.clear()
  }

  /** Messages is restarted: what it was handed and had not executed is gone with it. */
  restartMessages(): void {
    for (const { timer } of this.#events.values()) timer.cancel()
    this.#events.clear()
  }

  isPending(attempt: AttemptId): boolean {
    return this.#events.has(attempt)
  }

  onRow(attempt: AttemptId, seen: () => void): void {
    if (this.rows.has(attempt)) seen()
    else this.#onRow.set(attempt, seen)
  }

  #handOver(outgoing: Outgoing): void {
    this.osascripts.delete(outgoing.attempt)
    const hangs = this.#random.chance(this.faults.hangs)
    const after = hangs ? this.#random.between(20_000, 120_000) : this.#random.delay(5, 2_000)
    const timer = this.#clock.setTimer(after, () => this.#execute(outgoing))
    this.#events.set(outgoing.attempt, { outgoing, timer })
  }

  #answer({ line, to, service }: Outgoing): void {
    const guid = `${line} ${this.#replies++}`
    const dateMs = this.#clock.nowMs()
    if (this.reply?.({ guid, line, from: to, service, body: `ok ${guid}`, dateMs, backfilled: false }) === true)
      this.#onInbound(guid)
  }

  #execute(outgoing: Outgoing): void {
    this.#events.delete(outgoing.attempt)
    const { attempt, message, to } = outgoing
    this.#phones.arrived({ attempt, message, to, atMs: this.#clock.nowMs() })
    this.rows.add(attempt)
    this.#onRow.get(attempt)?.()
    this.#onRow.delete(attempt)
    if (this.#random.chance(this.faults.replies))
      this.#clock.setTimer(this.#random.delay(100, 10_000), () => this.#answer(outgoing))
    if (this.#random.chance(this.faults.losesReceipt)) return
    this.#clock.setTimer(this.#random.delay(50, 20_000), () => this.receipt?.(attempt, this.#clock.nowMs()))
  }
}

/** Recipients whose outcome is decided by their number, as the simulator's magic ones are. */
export const NOT_ON_IMESSAGE = '+15005550101'

export class SimDriver implements Driver {
  readonly name = 'simulated-mac'
  readonly atMostOnce = true
  readonly simulated = true
  readonly serialBy = 'node'
  readonly capabilities = []
  readonly lines: ReadonlyArray<Omit<LineOffer, 'out_24h'>>
  readonly #mac: SimMac
  readonly #clock: Clock
  readonly #random: Random
  readonly #stores: () => boolean

  constructor(parts: { mac: SimMac; clock: Clock; random: Random; lines: Driver['lines']; stores: () => boolean }) {
    this.#stores = parts.stores
    this.#mac = parts.mac
    this.#clock = parts.clock
    this.#random = parts.random
    this.lines = parts.lines
  }

  start(events: DriverEvents): Promise<void> {
    this.#mac.killOsascripts()
    this.#mac.receipt = (attempt, atMs) => this.#clock.soon(() => events.receipt({ attempt, fact: 'delivered', atMs }))
    this.#mac.reply = (reply) => {
      if (!this.#stores()) return false
      events.inbound(reply)
      return this.#stores()
    }
    return Promise.resolve()
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }

  health(): DriverHealth {
    return { state: 'ok', provenAtMs: null }
  }

  refuses(): null {
    return null
  }

  async send(outgoing: Outgoing): Promise<SendOutcome> {
    this.#mac.onStart(outgoing.attempt)
    const { refuses, osascriptFails, deniesKnowing } = this.#mac.faults
    if (outgoing.service === 'imessage' && (outgoing.to === NOT_ON_IMESSAGE || this.#random.chance(refuses))) {
      await this.#wait(this.#random.between(50, 3000))
      return { kind: 'not_sent', class: 'refused', reason: 'recipient_not_on_imessage' }
    }
    if (this.#random.chance(osascriptFails)) {
      await this.#wait(this.#random.between(5, 500))
      return { kind: 'not_sent', class: 'never_handed', reason: 'send_refused' }
    }
    this.#mac.spawnOsascript(outgoing)
    if (await this.#rowWithin(outgoing.attempt, OSASCRIPT_TIMEOUT_MS)) return { kind: 'sent' }
    return this.#random.chance(deniesKnowing) ? { kind: 'unknown', reason: 'no_row' } : this.#behindBarrier(outgoing)
  }

  async lookUp(outgoing: Outgoing): Promise<SendOutcome> {
    if (await this.#rowWithin(outgoing.attempt, this.#random.between(1000, 5000))) return { kind: 'sent' }
    return this.#behindBarrier(outgoing)
  }

  /** No row is proof only when nothing is left that could still write one. */
  async #behindBarrier(outgoing: Outgoing): Promise<SendOutcome> {
    this.#mac.killOsascripts()
    this.#mac.restartMessages()
    if (await this.#rowWithin(outgoing.attempt, BARRIER_MS)) return { kind: 'sent' }
    return { kind: 'not_sent', class: 'never_handed', reason: 'send_refused' }
  }

  #rowWithin(attempt: AttemptId, withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(withinMs, () => resolve(false))
      this.#mac.onRow(attempt, () => {
        timer.cancel()
        this.#clock.soon(() => resolve(true))
      })
    })
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimer(ms, resolve))
  }
}
