/** The header Retry-After, which is seconds or a date. Null where it says nothing that can be waited for. */

const AT_LEAST_MS = 1_000
const AT_MOST_MS = 3_600_000

export function retryAfterMs(value: string | undefined, nowMs: number): number | null {
  if (value === undefined) return null
  const ms = /^\d{1,9}(\.\d+)?$/.test(value.trim()) ? Number(value) * 1_000 : Date.parse(value) - nowMs
  return Number.isFinite(ms) ? Math.min(Math.max(ms, AT_LEAST_MS), AT_MOST_MS) : null
}
