/** Things to do later, all of which are dropped when their owner stops. */
import type { Clock, Timer } from '@bluewire/platform/clock'

export class Later {
  readonly #clock: Clock
  readonly #timers = new Map<Timer, () => void>()
  #stopped = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** An error of it is dropped with it: whoever cares catches it. */
  do(afterMs: number, body: () => Promise<void>): void {
    this.#set(
      afterMs,
      () => void body().catch(() => undefined),
      () => undefined,
    )
  }

  /** Resolves at once when the owner stops. */
  passed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stopped) resolve()
      else this.#set(ms, resolve, resolve)
    })
  }

  stop(): void {
    this.#stopped = true
    for (const [timer, dropped] of this.#timers) {
      timer.cancel()
      dropped()
    }
    this.#timers.clear()
  }

  #set(ms: number, fire: () => void, dropped: () => void): void {
    if (this.#stopped) return
    const timer: Timer = this.#clock.setTimer(ms, () => {
      this.#timers.delete(timer)
      fire()
    })
    this.#timers.set(timer, dropped)
  }
}
