/**
 * Pacing of one line: the generic cell rate algorithm over a single integer, `tatMs` (theoretical arrival time), which is stored
 * with the line. Restarts, reconnects and other gateways therefore cannot give it a second burst (R7).
 */
export type Pace = Readonly<{
  /** Milliseconds between two sends, sustained: 1000 divided by the rate. 0 lifts the limit. */
  gapMs: number
  /** Sends that may leave at once after a rest. */
  burst: number
}>

/** When the next send may leave: now or an instant to come, milliseconds. */
export function mayLeaveAtMs(tatMs: number, pace: Pace, nowMs: number): number {
  return Math.max(nowMs, tatMs - (pace.burst - 1) * pace.gapMs)
}

/** The stored number after a send left at `nowMs`. */
export function tatAfterSend(tatMs: number, pace: Pace, nowMs: number): number {
  return Math.max(tatMs, nowMs) + pace.gapMs
}

/** Furthest ahead of the clock that `tatMs` can rightly be; beyond it, the clock was set back (W13). */
export function tatMax(pace: Pace, nowMs: number): number {
  return nowMs + pace.burst * pace.gapMs
}

/** How long a message waits behind `ahead` others of its line, milliseconds. */
export function waitBehindMs(ahead: number, line: Readonly<{ tatMs: number; pace: Pace }>, nowMs: number): number {
  const { tatMs, pace } = line
  return mayLeaveAtMs(Math.max(tatMs, nowMs) + ahead * pace.gapMs, pace, nowMs) - nowMs
}
