/**
 * How far was read.
 * Proves: whatever the order and whatever waits, every row is told once, over any number of restarts from any position; and a position fits
 * into what the journal takes.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPosition, TOLD_MAX, writePosition } from './read-position.ts'
import { SeenRows } from './seen-rows.ts'

const START = { row: 100, told: [], dateMs: 1_000, guid: 'G100' }
const row = (originalROWID: number, more: object = {}) => ({
  originalROWID,
  guid: `G${originalROWID}`,
  dateCreated: originalROWID * 10,
  dateEdited: null,
  dateRetracted: null,
  ...more,
})

/** As a restart sees it. */
function restarted(seen: SeenRows): SeenRows {
  const position = readPosition(writePosition(seen.position))
  if (position === null) throw new Error('the position cannot be read')
  return new SeenRows(position, 0)
}

describe('a position', () => {
  it('goes up to the first row that waits, and names what is done beyond', () => {
    const seen = new SeenRows(START, 0)
    seen.done(row(101), 9_999)
    seen.wait(row(102), 0)
    seen.done(row(103), 9_999)
    expect(seen.position).toMatchObject({ row: 101, guid: 'G101', told: [103], dateMs: 1_030 })
    const again = restarted(seen)
    expect([101, 102, 103, 104].map((n) => again.wasDone(row(n)))).toEqual([true, false, true, false])
    seen.done(row(102), 9_999)
    expect(seen.position).toMatchObject({ row: 103, told: [] })
  })

  it('is held up by what was deleted only until it is given up', () => {
    const seen = new SeenRows(START, 0)
    seen.wait(row(101), 0)
    for (let n = 102; n < 102 + TOLD_MAX; n++) seen.done(row(n), 9_999)
    expect([seen.isFull, seen.hasWaiting]).toEqual([true, true])
    seen.giveUpBefore(1)
    expect([seen.isFull, seen.hasWaiting, seen.position.row]).toEqual([false, false, 101 + TOLD_MAX])
  })

  it('believes no date beyond now', () => {
    const seen = new SeenRows(START, 0)
    seen.done(row(101, { dateCreated: 9e15 }), 5_000)
    expect(seen.position.dateMs).toBe(5_000)
  })

  it('fits, whatever the numbers', () => {
    const told = Array.from({ length: TOLD_MAX }, (_, i) => 9_999_999_999 - i)
    const text = writePosition({ row: 9_999_999_999, told, dateMs: 9_007_199_254_740_991, guid: 'x'.repeat(100) })
    expect(text.length).toBeLessThanOrEqual(500)
    expect(readPosition(text)).toMatchObject({ told })
  })

  it('of somebody else is none', () => {
    for (const text of ['', 'null', '{}', '17', '{"r":-1,"d":0,"g":""}', '{"r":1}'])
      expect(readPosition(text), text).toBeNull()
  })
})

it('a change of what was told is news once, also of what was told by a process before', () => {
  const seen = new SeenRows(START, 0)
  seen.remember(row(90, { dateEdited: 900 }))
  seen.remember(row(91, { dateEdited: 1_500 }))
  expect([seen.isChanged(row(90, { dateEdited: 900 })), seen.isChanged(row(91, { dateEdited: 1_500 }))]).toEqual([
    false,
    true,
  ])
  seen.done(row(91, { dateEdited: 1_500 }), 9_999)
  expect(seen.isChanged(row(91, { dateEdited: 1_500 }))).toBe(false)
  expect(seen.isChanged(row(91, { dateRetracted: 1_501 }))).toBe(true)
})

it('a message dated an hour behind the newest is from an older history', () => {
  const seen = new SeenRows({ ...START, dateMs: 10_000_000 }, 0)
  expect(seen.isBackfilled(row(101, { dateCreated: 10_000_000 - 3_600_001 }))).toBe(true)
  expect(seen.isBackfilled(row(101, { dateCreated: 10_000_000 - 3_599_999 }))).toBe(false)
})

it('every row is told once, over restarts at any point', () => {
  const step = fc.record({ row: fc.integer({ min: 101, max: 120 }), joined: fc.boolean(), restart: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const told: number[] = []
      let seen = new SeenRows(START, 0)
      for (const { row: upTo, joined, restart } of [...steps, { row: 120, joined: true, restart: false }]) {
        // One reading: all rows up to there, in order; odd ones may not be joined yet.
        for (let n = 101; n <= upTo; n++) {
          if (!seen.isNew(row(n)) || seen.wasDone(row(n)) || seen.isFull) continue
          if (!joined && n % 2 === 1) seen.wait(row(n), 0)
          else {
            told.push(n)
            seen.done(row(n), 9_999)
          }
        }
        if (restart) seen = restarted(seen)
      }
      expect([...told].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => 101 + i))
    }),
  )
})
