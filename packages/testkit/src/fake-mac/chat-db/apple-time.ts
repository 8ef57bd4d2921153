/** Nanoseconds since 2001-01-01 UTC, as chat.db counts (MACOS 2.3): above 2^53, so always a bigint. */
const EPOCH_MS = 978_307_200_000

/** The nanoseconds below a millisecond are odd on purpose: whoever passes a date through a double is seen. */
export function appleTime(unixMs: number): bigint {
  const wholeMs = Math.floor(unixMs)
  return BigInt(wholeMs - EPOCH_MS) * 1_000_000n + (process.hrtime.bigint() % 500_000n) * 2n + 1n
}

export function unixMsOf(date: bigint): number {
  return Number(date / 1_000_000n) + EPOCH_MS
}
