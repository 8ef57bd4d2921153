/**
 * What `npm test` counts.
 * Proves: a step, a test, a file that could not be loaded, an error outside all tests and a run without tests each count as they should;
 * skips keep their reasons, and spoil the result where nothing may be skipped.
 */
import { describe, expect, it } from 'vitest'
import type { StepResult } from './run-step.ts'
import { EMPTY, closingLine, isGood, tallyStep, tallyTests } from './tally.ts'
import type { VitestReport } from './tally.ts'

const step = { name: 'tests', group: 'tests', command: [], minutesMax: 1 } as const
const ended = (failure: string | null): StepResult => ({ step, failure, durationMs: 1, output: '' })

type Test = VitestReport['testResults'][number]['assertionResults'][number]
const test = (status: string, meta?: { skipped: string }): Test => ({
  fullName: `is ${status}`,
  status,
  ...(meta && { meta }),
})
const file = (status: string, ...assertionResults: Test[]) => ({ name: 'x.test.ts', status, assertionResults })

describe('a step', () => {
  it('counts as one', () => {
    expect(tallyStep(ended(null))).toEqual({ passed: 1, failed: 0, skips: [] })
    expect(tallyStep(ended('exit code 1'))).toEqual({ passed: 0, failed: 1, skips: [] })
  })
})

describe('tests', () => {
  it('count one by one', () => {
    const report = {
      testResults: [file('passed', test('passed'), test('passed')), file('failed', test('failed'), test('passed'))],
    }
    expect(tallyTests(ended('exit code 1'), report)).toEqual({ passed: 3, failed: 1, skips: [] })
  })

  it('that are skipped keep their reason', () => {
    const report = {
      testResults: [
        file('passed', test('passed'), test('skipped', { skipped: 'needs root' }), test('todo'), test('pending')),
      ],
    }
    const tally = tallyTests(ended(null), report)
    expect(tally.skips.map(({ why }) => why)).toEqual(['needs root', 'no reason given', 'no reason given'])
    expect(isGood(tally, true)).toBe(true)
    expect(isGood(tally, false)).toBe(false)
  })

  it.each([
    ['a file that could not be loaded', { testResults: [file('passed', test('passed')), file('failed')] }, 1],
    ['an error outside all tests', { testResults: [file('passed', test('passed'))] }, 1],
    ['no report', null, 0],
    ['a report without tests', { testResults: [] }, 0],
  ])('%s is one failure', (_, report, passed) => {
    expect(tallyTests(ended('exit code 1'), report)).toEqual({ passed, failed: 1, skips: [] })
  })

  it('must be there', () => {
    expect(tallyTests(ended(null), { testResults: [] })).toMatchObject({ failed: 1 })
  })
})

it('the closing line is plain', () => {
  expect(closingLine({ passed: 12, failed: 0, skips: [{ test: 'a', why: 'needs root' }] })).toBe(
    '12 passed, 0 failed, 1 skipped',
  )
  expect(isGood(EMPTY, false)).toBe(true)
})
