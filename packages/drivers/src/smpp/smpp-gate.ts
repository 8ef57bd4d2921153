/**
 * When the next submit may be written: while we are logged in, no more than `window` wait for their answer, and no more leave in a second
 * than agreed. An SMSC that says "too fast" is believed: the gap between two submits doubles with each time, and shrinks with what it takes.
 */
import type { Clock, Timer } from '@bluewire/platform/clock'

export type Entered = 'open' | 'late' | 'shut'

type Waiting = { enter: (result: Entered) => void; patient: boolean; timer: Timer }

type Limits = Readonly<{
  window: number
  throughput: number
  /** `isThrottled` is another than before. */
  changed(): void
}>

const SLOWER_MAX = 64
const GAP_MS_MAX = 5_000
/** So many times "too fast" in a row, and a person should look. */
const THROTTLED_MANY = 3
/** The gap that is doubled where no throughput is agreed. */
const GAP_MS_MIN = 20
const REST_MS = 1_000
const REST_MS_MAX = 30_000
/** Timers fire late; what was missed by that may be caught up with, so that the throughput is reached. */
const CATCH_UP_MS = 50

export class SmppGate {
  readonly #clock: Clock
  readonly #window: number
  readonly #gapMs: number
  readonly #changed: () => void
  /** Later parts of messages that have begun to leave go first. */
  readonly #begun: Waiting[] = []
  readonly #new: Waiting[] = []
  #isOpen = false
  #isOver = false
  #inFlight = 0
  #nextAtMs = 0
  #slower = 1
  #throttledInARow = 0
  #timer: Timer | null = null

  constructor(clock: Clock, limits: Limits) {
    this.#clock = clock
    this.#window = limits.window
    this.#changed = () => limits.changed()
    this.#gapMs = limits.throughput === 0 ? 0 : 1_000 / limits.throughput
  }

  /** `open`: the caller has a place, and gives it back with `leave`. `patient`: waits for the next login, too. */
  enter({ withinMs, patient }: Readonly<{ withinMs: number; patient: boolean }>): Promise<Entered> {
    if (this.#isOver || (!this.#isOpen && !patient)) return Promise.resolve('shut')
    return new Promise((enter) => {
      const queue = patient ? this.#begun : this.#new
      const timer = this.#clock.setTimer(withinMs, () => {
        const at = queue.indexOf(waiting)
        if (at < 0) return
        queue.splice(at, 1)
        enter('late')
      })
      const waiting: Waiting = { enter, patient, timer }
      queue.push(waiting)
      this.#pump()
    })
  }

  leave(): void {
    this.#inFlight--
    this.#pump()
  }

  open(): void {
    this.#isOpen = true
    this.#pump()
  }

  /** `for_good`: nobody waits for another login. */
  shut(how: 'for_now' | 'for_good'): void {
    this.#isOpen = false
    this.#isOver ||= how === 'for_good'
    this.#timer?.cancel()
    this.#timer = null
    const sentAway = how === 'for_good' ? [...this.#begun.splice(0), ...this.#new.splice(0)] : this.#new.splice(0)
    for (const { enter, timer } of sentAway) {
      timer.cancel()
      enter('shut')
    }
  }

  /** Again and again too fast, and nothing taken since. */
  get isThrottled(): boolean {
    return this.#throttledInARow >= THROTTLED_MANY
  }

  /** How long a line should rest. */
  throttled(): number {
    this.#slower = Math.min(this.#slower * 2, SLOWER_MAX)
    const restMs = Math.min(REST_MS * 2 ** Math.min(this.#throttledInARow++, 10), REST_MS_MAX)
    this.#nextAtMs = Math.max(this.#nextAtMs, this.#clock.monotonicMs() + this.#gap())
    if (this.#throttledInARow === THROTTLED_MANY) this.#changed()
    return restMs
  }

  accepted(): void {
    const wasThrottled = this.isThrottled
    this.#throttledInARow = 0
    this.#slower = Math.max(1, this.#slower * 0.7)
    if (wasThrottled) this.#changed()
  }

  #gap(): number {
    if (this.#slower === 1) return this.#gapMs
    return Math.max(this.#gapMs, Math.min(Math.max(this.#gapMs, GAP_MS_MIN) * this.#slower, GAP_MS_MAX))
  }

  #pump(): void {
    while (this.#isOpen && this.#inFlight < this.#window && this.#begun.length + this.#new.length > 0) {
      const nowMs = this.#clock.monotonicMs()
      if (this.#nextAtMs > nowMs) return this.#pumpLater(this.#nextAtMs - nowMs)
      this.#nextAtMs = Math.max(this.#nextAtMs, nowMs - CATCH_UP_MS) + this.#gap()
      const next = this.#begun.shift() ?? this.#new.shift()
      next?.timer.cancel()
      this.#inFlight++
      next?.enter('open')
    }
  }

  #pumpLater(delayMs: number): void {
    this.#timer ??= this.#clock.setTimer(delayMs, () => {
      this.#timer = null
      this.#pump()
    })
  }
}
