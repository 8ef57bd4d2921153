/**
 * The store's own clock, which setting the wall clock does not move. Each process counts by its monotonic clock; its heartbeat leaves a mark,
 * and the process after it goes on from there. Only the time between the two has to be believed to the wall clock, and never backwards.
 */
import type { Tx } from './group-writer.ts'
import type { Db } from './rows.ts'

const KEY = 'steady_clock'

export interface SteadyClock {
  /** Where a process that begins now starts to count. */
  startMs(wallMs: number): number
  mark(tx: Tx): void
}

export function prepareSteadyClock(db: Db): SteadyClock {
  const last = db.statement((k, p: { key: string }) => k.selectFrom('meta').select('value').where('key', '=', p.key))
  const write = db.statement((k, p: { key: string; value: string }) =>
    k
      .insertInto('meta')
      .values({ key: p.key, value: p.value })
      .onConflict((c) => c.column('key').doUpdateSet({ value: p.value })),
  )
  return {
    startMs(wallMs) {
      const [lastWallMs = Number.NaN, lastSteadyMs = Number.NaN] = (last.get({ key: KEY })?.value ?? '')
        .split(' ')
        .map(Number)
      if (!Number.isSafeInteger(lastWallMs) || !Number.isSafeInteger(lastSteadyMs)) return wallMs
      return lastSteadyMs + Math.max(0, wallMs - lastWallMs)
    },
    mark: (tx) => void write.run({ key: KEY, value: `${Math.round(tx.nowMs)} ${tx.steadyMs}` }),
  }
}
