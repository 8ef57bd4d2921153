import { performance } from 'node:perf_hooks'

/** A timer that was set. `cancel` may be called at any time, also after it fired. */
export interface Timer {
  cancel(): void
}

/** Where time comes from. Everything that waits takes one of these, so a whole world can run in virtual time. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. May jump either way. */
  nowMs(): number
  /** Never goes back; may stand still while the machine sleeps. Milliseconds from an arbitrary start. */
  monotonicMs(): number
  /** Calls `fire` once, not before `delayMs` from now. Does not keep the process alive. */
  setTimer(delayMs: number, fire: () => void): Timer
  /** Calls `fire` once, as soon as what is running now has returned. */
  soon(fire: () => void): void
}

/** setTimeout takes at most a signed 32-bit number of milliseconds and fires at once above it. */
const DELAY_MS_MAX = 2 ** 31 - 1

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, fire) {
    const timeout = setTimeout(fire, Math.min(Math.max(0, Math.ceil(delayMs)), DELAY_MS_MAX))
    timeout.unref()
    return { cancel: () => clearTimeout(timeout) }
  },
  soon: (fire) => void setImmediate(fire),
}
