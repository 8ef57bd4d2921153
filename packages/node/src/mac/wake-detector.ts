/** Notices that the machine slept: a timer that should fire every few seconds comes much too late (MACOS 5.3). */
import type { Clock, Timer } from '@bluewire/platform/clock'

const EVERY_MS = 10_000
/** A busy machine delays a timer too; three intervals are no delay any more. */
const GAP_FACTOR = 3

type Deps = Readonly<{ clock: Clock; woke(gapMs: number): void; everyMs?: number }>

export class WakeDetector {
  readonly #deps: Deps
  readonly #everyMs: number
  #lastMs = 0
  #timer: Timer | null = null

  constructor(deps: Deps) {
    this.#deps = deps
    this.#everyMs = deps.everyMs ?? EVERY_MS
  }

  start(): void {
    if (this.#timer) return
    this.#lastMs = this.#deps.clock.nowMs()
    this.#arm()
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #arm(): void {
    this.#timer = this.#deps.clock.setTimer(this.#everyMs, () => {
      // The wall clock: the monotonic one stands still while the machine sleeps. One that was set forward looks like a sleep,
      // which costs a look; one that was set back hides a sleep, which the next silent connection shows.
      const now = this.#deps.clock.nowMs()
      const gapMs = now - this.#lastMs
      this.#lastMs = now
      this.#arm()
      if (gapMs > this.#everyMs * GAP_FACTOR) this.#deps.woke(gapMs)
    })
  }
}
