/** A line whose provider says "too fast" rests: as long as the provider asks for, and longer each time it says so again. */
import type { LineId } from '@bluewire/contract/ids'
import type { Clock, Timer } from '@bluewire/platform/clock'

const REST_MS_MIN = 1_000
const REST_MS_MAX = 30_000
/** What a provider asks for beyond this is not believed. */
const ASKED_MS_MAX = 10 * 60_000

type Rest = { untilMs: number; inARow: number; timer: Timer | null }

export class LineRest {
  readonly #clock: Clock
  readonly #wake: (line: LineId) => void
  readonly #lines = new Map<LineId, Rest>()
  #isStopped = false

  constructor(clock: Clock, wake: (line: LineId) => void) {
    this.#clock = clock
    this.#wake = wake
  }

  isResting(line: LineId): boolean {
    return (this.#lines.get(line)?.untilMs ?? 0) > this.#clock.monotonicMs()
  }

  /** Returns how long the line rests, milliseconds. */
  throttled(line: LineId, askedMs = 0): number {
    const before = this.#lines.get(line)
    before?.timer?.cancel()
    // Those that were on their way together hear it together: that counts once.
    const inARow = (before?.inARow ?? 0) + (this.isResting(line) ? 0 : 1)
    const grown = Math.min(REST_MS_MAX, REST_MS_MIN * 2 ** (inARow - 1))
    const restMs = Math.max(Math.min(askedMs, ASKED_MS_MAX), inARow === 1 && askedMs > 0 ? 0 : grown)
    const untilMs = Math.max(before?.untilMs ?? 0, this.#clock.monotonicMs() + restMs)
    const leftMs = Math.ceil(untilMs - this.#clock.monotonicMs())
    const timer = this.#isStopped ? null : this.#clock.setTimer(leftMs, () => this.#over(line))
    this.#lines.set(line, { untilMs, inARow, timer })
    return leftMs
  }

  /** A timer may fire a hair before its time: its rest is over all the same, or nobody would wake the line any more. */
  #over(line: LineId): void {
    const rest = this.#lines.get(line)
    if (rest !== undefined) rest.untilMs = Math.min(rest.untilMs, this.#clock.monotonicMs())
    this.#wake(line)
  }

  worked(line: LineId): void {
    const rest = this.#lines.get(line)
    if (rest !== undefined && !this.isResting(line)) this.#lines.delete(line)
  }

  stop(): void {
    this.#isStopped = true
    for (const { timer } of this.#lines.values()) timer?.cancel()
    this.#lines.clear()
  }
}
