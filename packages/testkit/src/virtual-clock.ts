/**
 * Time that only moves when a test says so. Timers fire in the order of their instants, equal ones in the order they were
 * set; between two of them every promise that can settle does. The same calls always give the same order.
 */
import type { Clock, Timer } from '@bluewire/platform/clock'

type Waiting = { atMs: number; order: number; fire: (() => void) | null }

/** Two calls to `advance` at once would share one queue of timers: a test that forgot an `await`. */
export class ClockBusyError extends Error {
  override name = 'ClockBusyError'
}

export class VirtualClock implements Clock {
  #elapsedMs = 0
  #wallStartMs: number
  #order = 0
  #advancing = false
  readonly #timers: Waiting[] = []
  #soon: Array<() => void> = []

  constructor(startMs = Date.UTC(2026, 10, 2, 12)) {
    this.#wallStartMs = startMs
  }

  nowMs(): number {
    return this.#wallStartMs + this.#elapsedMs
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const waiting: Waiting = { atMs: this.#elapsedMs + Math.max(0, delayMs), order: this.#order++, fire }
    this.#push(waiting)
    return { cancel: () => void (waiting.fire = null) }
  }

  soon(fire: () => void): void {
    this.#soon.push(fire)
  }

  /** The wall clock jumps, as when NTP corrects it; the monotonic one and the timers do not notice. */
  jumpWall(byMs: number): void {
    this.#wallStartMs += byMs
  }

  /** Everything that is due now is done: what was asked for `soon`, timers that are due, and every promise they settle. */
  settle(): Promise<void> {
    return this.advance(0)
  }

  /** Time passes: each timer due on the way fires at its own instant, with all it sets off done before the next. */
  async advance(byMs: number): Promise<void> {
    if (this.#advancing) throw new ClockBusyError('advance was called while an earlier call was still running')
    this.#advancing = true
    try {
      const untilMs = this.#elapsedMs + byMs
      await drained()
      for (;;) {
        if (this.#runSoon() || this.#runTimer(untilMs)) await drained()
        else break
      }
      this.#elapsedMs = untilMs
    } finally {
      this.#advancing = false
    }
  }

  /** The next instant at which something happens, as elapsed milliseconds from now; null when nothing is set. */
  nextTimerInMs(): number | null {
    if (this.#soon.length > 0) return 0
    this.#dropCancelled()
    const next = this.#timers[0]
    return next ? Math.max(0, next.atMs - this.#elapsedMs) : null
  }

  #runSoon(): boolean {
    if (this.#soon.length === 0) return false
    const batch = this.#soon
    this.#soon = []
    for (const fire of batch) fire()
    return true
  }

  #runTimer(untilMs: number): boolean {
    this.#dropCancelled()
    const next = this.#timers[0]
    if (!next || next.atMs > untilMs) return false
    this.#pop()
    this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs)
    const fire = next.fire
    next.fire = null
    fire?.()
    return true
  }

  #dropCancelled(): void {
    while (this.#timers[0]?.fire === null) this.#pop()
  }

  // A binary heap: the earliest timer is always #timers[0].

  #push(waiting: Waiting): void {
    const heap = this.#timers
    heap.push(waiting)
    let at = heap.length - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(waiting, heap[parent])) break
      heap[at] = heap[parent] as Waiting
      at = parent
    }
    heap[at] = waiting
  }

  #pop(): void {
    const heap = this.#timers
    const last = heap.pop()
    if (!last || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Waiting, heap[child])) child++
      if (!isBefore(heap[child] as Waiting, last)) break
      heap[at] = heap[child] as Waiting
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: Waiting, b: Waiting | undefined): boolean {
  return b === undefined || a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

/** An immediate runs only when no promise is left that can settle, so nothing has to be guessed. */
function drained(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
