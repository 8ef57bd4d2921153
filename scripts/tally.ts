/** Adds up what the steps and vitest's JSON report say. */
import type { StepResult } from './run-step.ts'

export type Skip = Readonly<{ test: string; why: string }>
export type Tally = Readonly<{ passed: number; failed: number; skips: readonly Skip[] }>

/** The part of the report that is read here. */
export type VitestReport = Readonly<{
  testResults: readonly Readonly<{
    name: string
    status: string
    assertionResults: readonly Readonly<{ fullName: string; status: string; meta?: { skipped?: string } }>[]
  }>[]
}>

export const EMPTY: Tally = { passed: 0, failed: 0, skips: [] }

export function add(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skips: [...a.skips, ...b.skips] }
}

/** A step that counts as one. */
export function tallyStep(result: StepResult): Tally {
  return result.failure === null ? { ...EMPTY, passed: 1 } : { ...EMPTY, failed: 1 }
}

/**
 * Each test counts as one; so does a file that failed outside its tests. A run that failed although every test passed (an error that
 * nobody caught, no test found, no report written) counts as one failure.
 */
export function tallyTests(result: StepResult, report: VitestReport | null): Tally {
  const files = (report?.testResults ?? []).map(tallyFile)
  const total = files.reduce(add, EMPTY)
  const failed = result.failure !== null && total.failed === 0
  const empty = result.failure === null && total.passed + total.failed + total.skips.length === 0
  return failed || empty ? add(total, { ...EMPTY, failed: 1 }) : total
}

function tallyFile(file: VitestReport['testResults'][number]): Tally {
  const tests = file.assertionResults
  const failed = tests.filter((test) => test.status === 'failed').length
  const passed = tests.filter((test) => test.status === 'passed').length
  const skips = tests
    .filter((test) => test.status !== 'failed' && test.status !== 'passed')
    .map((test) => ({ test: test.fullName, why: test.meta?.skipped ?? 'no reason given' }))
  return { passed, failed: failed === 0 && file.status === 'failed' ? 1 : failed, skips }
}

export function isGood(tally: Tally, skipsAllowed: boolean): boolean {
  return tally.failed === 0 && (skipsAllowed || tally.skips.length === 0)
}

/** The last line of `npm test`. */
export function closingLine(tally: Tally): string {
  return `${tally.passed} passed, ${tally.failed} failed, ${tally.skips.length} skipped`
}
