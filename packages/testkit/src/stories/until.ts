/** Waiting for what happens, with a bound and a word for what did not. */
import { setTimeout as passed } from 'node:timers/promises'

const EVERY_MS = 10

/** Looks until it is neither false nor undefined nor null; resolves with what it then is. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  { withinMs = 30_000, everyMs = EVERY_MS }: { withinMs?: number; everyMs?: number } = {},
): Promise<Exclude<T, false | undefined | null>> {
  const deadlineMs = performance.now() + withinMs
  for (;;) {
    const seen = await look()
    if (seen !== false && seen !== undefined && seen !== null) return seen as Exclude<T, false | undefined | null>
    if (performance.now() > deadlineMs) throw new Error(`waited ${withinMs} ms in vain: ${what}`)
    await passed(everyMs)
  }
}

/** A moment that chance chose: nothing is waited for, the next thing just happens then and not earlier. */
export function moment(ms: number): Promise<void> {
  return passed(ms)
}
