/**
 * Attempts a session waits for, with their deadlines (PROTOCOL 12): a live node whose attempt is lost would otherwise block its lane
 * for ever. No timer runs while nothing is in flight, so idle nodes cost nothing.
 */
import type { AttemptId, LineId } from '@bluewire/contract/ids'
import type { Clock, Timer } from '@bluewire/platform/clock'

export const TAKEN_WITHIN_MS = 10_000
export const OUTCOME_WITHIN_MS = 180_000
export const LOOK_UP_WITHIN_MS = 60_000
/** A line whose oldest attempt is older than this gets nothing new until it settles: its Mac is slow, and what waits there would be late. */
export const SLOW_AFTER_MS = 2_000

type Waiting = { line: LineId | null; sinceMs: number; stage: 'dispatched' | 'taken' | 'asked'; stageAtMs: number }

export type Overdue = Readonly<{
  noTaken: () => void
  lookUp: (attempt: AttemptId) => void
  giveUp: (attempt: AttemptId) => void
}>

export class InFlight {
  readonly #clock: Clock
  readonly #overdue: Overdue
  readonly #waiting = new Map<AttemptId, Waiting>()
  #timer: Timer | null = null

  constructor(clock: Clock, overdue: Overdue) {
    this.#clock = clock
    this.#overdue = overdue
  }

  get size(): number {
    return this.#waiting.size
  }

  dispatched(attempt: AttemptId, line: LineId): void {
    this.#put(attempt, { line, stage: 'dispatched' })
  }

  /** The node said on resume that it had begun it. */
  started(attempt: AttemptId): void {
    this.#put(attempt, { line: null, stage: 'taken' })
  }

  taken(attempt: AttemptId): void {
    const waiting = this.#waiting.get(attempt)
    if (waiting?.stage === 'dispatched') this.#put(attempt, { ...waiting, stage: 'taken' })
  }

  settled(attempt: AttemptId): void {
    this.#waiting.delete(attempt)
    if (this.#waiting.size === 0) this.#stop()
  }

  clear(): void {
    this.#waiting.clear()
    this.#stop()
  }

  isSlow(line: LineId): boolean {
    const before = this.#clock.monotonicMs() - SLOW_AFTER_MS
    for (const waiting of this.#waiting.values()) if (waiting.line === line && waiting.sinceMs < before) return true
    return false
  }

  #put(attempt: AttemptId, { line, stage, sinceMs }: Pick<Waiting, 'line' | 'stage'> & { sinceMs?: number }): void {
    const nowMs = this.#clock.monotonicMs()
    this.#waiting.set(attempt, { line, stage, sinceMs: sinceMs ?? nowMs, stageAtMs: nowMs })
    this.#timer ??= this.#clock.setTimer(1000, () => this.#check())
  }

  #check(): void {
    this.#timer = null
    const nowMs = this.#clock.monotonicMs()
    for (const [attempt, waiting] of [...this.#waiting]) {
      const age = nowMs - waiting.stageAtMs
      if (waiting.stage === 'dispatched' && age >= TAKEN_WITHIN_MS) return this.#overdue.noTaken()
      if (waiting.stage === 'taken' && age >= OUTCOME_WITHIN_MS) {
        this.#put(attempt, { ...waiting, stage: 'asked' })
        this.#overdue.lookUp(attempt)
      } else if (waiting.stage === 'asked' && age >= LOOK_UP_WITHIN_MS) {
        this.#waiting.delete(attempt)
        this.#overdue.giveUp(attempt)
      }
    }
    if (this.#waiting.size > 0) this.#timer ??= this.#clock.setTimer(1000, () => this.#check())
  }

  #stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }
}
