/** Adds up what the steps and the tests say. */
import type { StepResult } from './run-step.ts'

export type Skip = Readonly<{ test: string; why: string }>
export type Tally = Readonly<{ passed: number; failed: number; skips: readonly Skip[] }>

/** What scripts/test-report.ts writes of one test. */
export type ReportLine = Readonly<{ test: string; state: 'passed' | 'failed' | 'skipped'; why?: string | undefined }>

export const EMPTY: Tally = { passed: 0, failed: 0, skips: [] }

export function add(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skips: [...a.skips, ...b.skips] }
}

/** A step that counts as one. */
export function tallyStep(result: StepResult): Tally {
  return result.failure === null ? { ...EMPTY, passed: 1 } : { ...EMPTY, failed: 1 }
}

/** Each test counts as one. A run that failed although no test did, or that ran none, counts as one failure. */
export function tallyTests(result: StepResult, lines: readonly ReportLine[]): Tally {
  const count = (state: ReportLine['state']) => lines.filter((line) => line.state === state).length
  const skips = lines
    .filter((line) => line.state === 'skipped')
    .map(({ test, why }) => ({ test, why: why === undefined || why === '' ? 'no reason given' : why }))
  const failed = count('failed')
  const failsItself = failed === 0 && (result.failure !== null || lines.length === 0)
  return { passed: count('passed'), failed: failsItself ? 1 : failed, skips }
}

export function isGood(tally: Tally, skipsAllowed: boolean): boolean {
  return tally.failed === 0 && (skipsAllowed || tally.skips.length === 0)
}

/** The last line of `npm test`. */
export function closingLine(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed, ${tally.skips.length} skipped`
}
