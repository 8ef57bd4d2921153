import { performance } from 'node:perf_hooks'
import { check } from './checks.ts'
import type { Preconditions, Violation } from './checks.ts'
import { World } from './world.ts'

export type SeedResult = Readonly<{ seed: number; violations: Violation[]; preconditions: Preconditions }>
export type Found = Violation & Readonly<{ seed: number }>
export type Report = { seeds: number; found: Found[]; preconditions: Preconditions; wallMs: number }

/** What promises of the running seed were rejected with, and nobody took. */
let stray: string[] = []

/** What a killed process still had to say: its database was taken away from under it. */
const OF_THE_DEAD = new Set(['database is not open', 'statement has been finalized'])

process.on('unhandledRejection', (error) => {
  if (error instanceof Error && OF_THE_DEAD.has(error.message)) return
  stray.push(error instanceof Error ? (error.stack ?? error.message) : String(error))
})

/** The same seed always gives the same result. */
export async function runSeed(seed: number): Promise<SeedResult> {
  stray = []
  const world = new World(seed)
  try {
    await world.run()
    world.problems.push(...stray)
    return { seed, ...check(world) }
  } catch (error) {
    const what = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { seed, violations: [{ rule: 'no crash', what }], preconditions: {} }
  }
}

export async function runSeeds(options: {
  from: number
  count: number
  until: ((found: Found) => boolean) | null
}): Promise<Report> {
  const report: Report = { seeds: 0, found: [], preconditions: {}, wallMs: 0 }
  const startMs = performance.now()
  for (let seed = options.from; seed < options.from + options.count; seed++) {
    const result = await runSeed(seed)
    report.seeds++
    report.found.push(...result.violations.map((v) => ({ ...v, seed })))
    for (const [name, n] of Object.entries(result.preconditions)) {
      report.preconditions[name] = (report.preconditions[name] ?? 0) + n
    }
    if (options.until !== null && report.found.some(options.until)) break
  }
  report.wallMs = Math.round(performance.now() - startMs)
  return report
}
