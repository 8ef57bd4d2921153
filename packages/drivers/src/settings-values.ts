/** Values that settings of several providers are made of, each with its refusal in a sentence. */
import { z } from 'zod'

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
const DURATION = /^(\d{1,9})(ms|s|m|h)?$/

/** Written like 500ms, 20s or 2m; a bare number is seconds. Parsed to milliseconds. */
export function duration({ minMs, maxMs }: { minMs: number; maxMs: number }) {
  return z.union([z.number(), z.string()]).transform((value, refusal) => {
    const match = DURATION.exec(String(value).trim())
    const ms = match ? Number(match[1]) * (UNITS_MS[match[2] ?? 's'] ?? NaN) : NaN
    if (ms >= minMs && ms <= maxMs) return ms
    const message = `must be a duration from ${minMs / 1_000}s to ${maxMs / 1_000}s, written like 500ms, 20s or 2m (a bare number is seconds)`
    refusal.addIssue({ code: 'custom', message })
    return z.NEVER
  })
}

/** A whole number, also where it is written as text. */
export function count({ min, max }: { min: number; max: number }) {
  return z.coerce.number().int().min(min).max(max)
}

/** A flat object, or the same as JSON text. */
export function record<T extends z.ZodType<string, string>>(value: T) {
  return z.preprocess(parsedText, z.record(z.string(), value))
}

function parsedText(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value) as unknown
  } catch {
    return value // refused as what it is: no object
  }
}
