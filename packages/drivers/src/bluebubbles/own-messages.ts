/**
 * Messages of ours after their outcome: delivered, read, failed afterwards, sent after all. BlueBubbles announces changes of its newest 100
 * messages only, and an error that comes later never (DRIVERS 2.1, trap 4), so they are looked at again until there is nothing more to learn.
 */
import type { AttemptId } from '@bluewire/contract/ids'
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { DriverEvents, DriverMemory, Receipt } from '../driver.ts'
import { NotAnswered, WHERE } from './message-queries.ts'
import type { MessageQueries } from './message-queries.ts'
import type { Followed } from './row-follower.ts'
import { isDelivered } from './row-state.ts'
import type { Timings } from './timings.ts'
import type { WireMessage } from './wire-message.ts'

/** A phone that was off for a weekend. */
const WATCHED_MS = 48 * 3_600_000
const WATCHED_MAX = 2_000
/** Looked at in one turn; those that were looked at longest ago come first. */
const LOOKS_MAX = 20

type Watched = {
  readonly attempt: AttemptId
  readonly sinceMs: number
  /** It was said to be sent. */
  wasSent: boolean
  readonly told: Set<Receipt['fact']>
}

type Deps = Readonly<{
  clock: Clock
  timings: Timings
  queries: MessageQueries
  memory: DriverMemory
  events: DriverEvents
  proven(atMs: number): void
}>

export class OwnMessages {
  readonly #deps: Deps
  /** By guid; those looked at longest ago first. */
  readonly #watched = new Map<string, Watched>()
  #timer: Timer | null = null
  #stopped = false

  constructor(deps: Deps) {
    this.#deps = deps
  }

  start(): void {
    this.#arm()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** Null: it is no attempt's that this process knows. */
  attemptOf(guid: string): AttemptId | null {
    return this.#watched.get(guid)?.attempt ?? this.#deps.memory.attemptOf(guid)
  }

  /** An outcome was found out by this message. */
  owns(attempt: AttemptId, { guid, outcome }: Followed): void {
    if (guid === null) return
    this.#watch(guid, { attempt, wasSent: outcome.kind === 'sent' })
    if (outcome.kind === 'sent') this.#deps.proven(this.#deps.clock.nowMs())
  }

  /** A message of ours as it stands now, whoever sent it. */
  saw(message: WireMessage): void {
    const { guid } = message
    const known = this.#watched.get(guid)
    const attempt = known?.attempt ?? this.#deps.memory.attemptOf(guid)
    if (attempt === null) return
    // The journal has only attempts that were sent by this guid.
    this.#tell(guid, message, known ?? this.#watch(guid, { attempt, wasSent: true }))
  }

  /** It is said to have changed. */
  async changed(guid: string): Promise<void> {
    if (this.attemptOf(guid) === null) return
    try {
      const message = await this.#deps.queries.byGuid(guid)
      if (message !== null) this.saw(message)
    } catch (error) {
      if (!(error instanceof NotAnswered)) throw error // its turn comes
    }
  }

  #watch(guid: string, { attempt, wasSent }: Pick<Watched, 'attempt' | 'wasSent'>): Watched {
    const watched: Watched = { attempt, wasSent, sinceMs: this.#deps.clock.monotonicMs(), told: new Set() }
    this.#watched.set(guid, watched)
    const [oldest] = this.#watched.keys()
    if (this.#watched.size > WATCHED_MAX && oldest !== undefined) this.#watched.delete(oldest)
    return watched
  }

  #tell(guid: string, message: WireMessage, watched: Watched): void {
    const { clock, proven } = this.#deps
    const nowMs = clock.nowMs()
    if (message.error !== 0) {
      if (watched.wasSent)
        this.#receipt(watched, { fact: 'bounced', atMs: nowMs, reason: `apple_error_${message.error}` })
      return
    }
    const readMs = message.dateRead ?? 0
    if (isDelivered(message) && !watched.told.has('delivered')) {
      proven(message.dateDelivered ?? nowMs)
      this.#receipt(watched, { fact: 'delivered', atMs: message.dateDelivered ?? nowMs })
    }
    if (readMs === 0) return
    this.#receipt(watched, { fact: 'read', atMs: readMs })
    this.#watched.delete(guid)
  }

  #receipt(watched: Watched, receipt: Omit<Receipt, 'attempt'>): void {
    if (watched.told.has(receipt.fact)) return
    watched.told.add(receipt.fact)
    watched.wasSent = true
    this.#deps.events.receipt({ attempt: watched.attempt, ...receipt })
  }

  #arm(): void {
    if (this.#stopped) return
    this.#timer = this.#deps.clock.setTimer(this.#deps.timings.watch, () => {
      void this.#turn()
        .catch(() => undefined)
        .finally(() => this.#arm())
    })
  }

  async #turn(): Promise<void> {
    const nowMs = this.#deps.clock.monotonicMs()
    for (const [guid, watched] of [...this.#watched].slice(0, LOOKS_MAX)) {
      if (this.#stopped) return
      this.#watched.delete(guid)
      if (nowMs - watched.sinceMs > WATCHED_MS) continue
      this.#watched.set(guid, watched)
      await this.#lookAt(guid, watched)
    }
  }

  async #lookAt(guid: string, watched: Watched): Promise<void> {
    const { queries, events, clock } = this.#deps
    const message = await queries.byGuid(guid)
    if (message !== null) this.#tell(guid, message, watched)
    if (watched.wasSent || !(await queries.takesConditions())) return
    if ((await queries.first({ where: [WHERE.guid(guid), WHERE.sent] })) === null) return
    watched.wasSent = true
    events.receipt({ attempt: watched.attempt, fact: 'sent', atMs: clock.nowMs() })
  }
}
