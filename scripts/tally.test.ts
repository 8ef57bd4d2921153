/**
 * What `npm test` counts.
 * Proves: a step, a test, a file that could not be loaded, an error outside of tests and a run without tests each count as they should;
 * skips keep their reasons, and spoil the result where nothing may be skipped.
 * World: the counting alone for the table; for the rest vitest itself, on planted files.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StepResult } from './run-step.ts'
import { ROOT } from './steps.ts'
import { EMPTY, closingLine, isGood, tallyStep, tallyTests } from './tally.ts'
import type { ReportLine } from './tally.ts'

const step = { name: 'tests', group: 'tests', command: [], minutesMax: 1 } as const
const ended = (failure: string | null): StepResult => ({ step, failure, durationMs: 1, output: '' })

describe('a step', () => {
  it('counts as one', () => {
    expect(tallyStep(ended(null))).toEqual({ passed: 1, failed: 0, skips: [] })
    expect(tallyStep(ended('exit code 1'))).toEqual({ passed: 0, failed: 1, skips: [] })
  })
})

describe('tests', () => {
  const passed: ReportLine = { test: 'a', state: 'passed' }
  const failed: ReportLine = { test: 'b', state: 'failed' }

  it('count one by one', () => {
    expect(tallyTests(ended('exit code 1'), [passed, passed, failed])).toEqual({ passed: 2, failed: 1, skips: [] })
  })

  it('that are skipped keep their reason, and are a failure where nothing may be skipped', () => {
    const tally = tallyTests(ended(null), [
      passed,
      { test: 'c', state: 'skipped', why: 'needs root' },
      { test: 'd', state: 'skipped' },
    ])
    expect(tally.skips.map(({ why }) => why)).toEqual(['needs root', 'no reason given'])
    expect(isGood(tally, true)).toBe(true)
    expect(isGood(tally, false)).toBe(false)
  })

  it('that failed as a run, or were none, are one failure', () => {
    expect(tallyTests(ended('took longer than 15 minutes'), [])).toEqual({ passed: 0, failed: 1, skips: [] })
    expect(tallyTests(ended('exit code 1'), [passed])).toEqual({ passed: 1, failed: 1, skips: [] })
    expect(tallyTests(ended(null), [])).toEqual({ passed: 0, failed: 1, skips: [] })
  })
})

it('the closing line is plain', () => {
  expect(closingLine({ passed: 12, failed: 0, skips: [{ test: 'a', why: 'needs root' }] })).toBe(
    '12 passed, 0 failed, 1 skipped',
  )
  expect(isGood(EMPTY, false)).toBe(true)
})

describe('the report of a run', () => {
  const PLANTED = {
    'good.test.ts': "it('passes', () => undefined)\nit('is skipped', (t) => t.skip(true, 'needs a moon'))",
    'bad.test.ts': "it('fails', () => { throw new Error('planted') })",
    'broken.test.ts': "throw new Error('planted')",
    'uncaught.test.ts': "it('leaves an error', () => void Promise.reject(new Error('planted')))",
  }
  let folder = ''
  let lines: ReportLine[] = []

  beforeAll(() => {
    // In the project, so that the planted files find vitest.
    folder = mkdtempSync(join(ROOT, 'node_modules', '.planted-'))
    const report = join(folder, 'report.jsonl')
    for (const [name, text] of Object.entries(PLANTED))
      writeFileSync(join(folder, name), `import { it } from 'vitest'\n${text}\n`)
    writeFileSync(join(folder, 'vitest.config.js'), 'export default { test: { exclude: [] } }\n')
    const reporter = join(ROOT, 'scripts/test-report.ts')
    spawnSync(
      process.execPath,
      [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder, `--reporter=${reporter}`],
      {
        env: { ...process.env, TEST_REPORT_FILE: report },
      },
    )
    lines = readFileSync(report, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as ReportLine)
  }, 120_000)

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('has each test once, files and errors that fail by themselves, and why a test was skipped', () => {
    expect(lines.toSorted((a, b) => a.test.localeCompare(b.test))).toEqual([
      { test: 'broken.test.ts', state: 'failed' },
      { test: 'error outside of tests', state: 'failed' },
      { test: 'fails', state: 'failed' },
      { test: 'is skipped', state: 'skipped', why: 'needs a moon' },
      { test: 'leaves an error', state: 'passed' },
      { test: 'passes', state: 'passed' },
    ])
  })
})
