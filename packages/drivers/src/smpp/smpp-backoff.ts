/** How long to wait before the next login. Takes what happened and chance as arguments, so that it can be tested as a table. */

export type Backoff = Readonly<{
  /** Logins in a row that failed, or held for less than the wait that followed. */
  failures: number
}>

export type LoginEnd = Readonly<{
  /** How long it held; 0: it never was one. */
  heldMs: number
  /** The SMSC said no for good. */
  isRefused: boolean
  /** From 0 to 1. */
  chance: number
}>

/** From `minMs`, doubled each time, up to `maxMs`; a refused login waits that long at once. A login that held is a fresh start. */
export function waitAfter(
  { failures }: Backoff,
  { heldMs, isRefused, chance }: LoginEnd,
  { minMs, maxMs }: Readonly<{ minMs: number; maxMs: number }>,
): Backoff & Readonly<{ waitMs: number }> {
  const plannedMs = Math.min(minMs * 2 ** Math.min(failures, 20), maxMs)
  const isFresh = heldMs > plannedMs
  const waitMs = isRefused ? maxMs : isFresh ? minMs : plannedMs
  // Up to a quarter less or more, so that a thousand clients of one SMSC do not come back together.
  return { failures: isFresh ? 1 : failures + 1, waitMs: Math.round(waitMs * (0.75 + chance / 2)) }
}
