/**
 * A short fuzz of the reader of attributedBody; longer: npm run fuzz:typedstream.
 * Proves: the reader never throws and is never slow; where another reader finds a text in a damaged blob, ours finds the same one or one of
 * the documented reasons applies; and the fuzz does reach every one of these cases.
 */
import { describe, expect, it } from 'vitest'
import { writeAttributedBody } from '../fake-mac/write-attributed-body.ts'
import { DISAGREEMENTS } from './disagreements.ts'
import { readByOracle } from './oracle.ts'
import { fuzzTypedStream } from './run-fuzz.ts'

const COUNT = 6000

describe('right and damaged bodies', () => {
  it('are read by our reader as by another', () => {
    const report = fuzzTypedStream({ count: COUNT, seed: 20_260_203 })
    expect(report.problems.map(({ index, what }) => `${index}: ${what}`)).toEqual([])
    expect(report.blobs).toBe(COUNT)
    expect(report.different).toBe(0)
    for (const kind of ['right', 'agree', 'oursOnly', 'oracleOnly', 'neither', 'withRuns'] as const)
      expect(report[kind], kind).toBeGreaterThan(0)
    for (const { name } of DISAGREEMENTS) expect(report.documented[name], name).toBeGreaterThan(0)
  })

  it('are the same for the same seed', () => {
    const { slowestMs: _first, ...first } = fuzzTypedStream({ count: 300, seed: 4 })
    const { slowestMs: _second, ...second } = fuzzTypedStream({ count: 300, seed: 4 })
    expect(second).toEqual(first)
  })

  it('have no disagreement that explains everything', () => {
    const blob = writeAttributedBody({ text: 'hi' })
    const oracle = readByOracle(blob)
    expect(oracle?.text).toBe('hi')
    const other = { text: 'ho', runs: [], asSeen: blob }
    expect(DISAGREEMENTS.filter(({ explains }) => explains(blob, other))).toEqual([])
  })
})
