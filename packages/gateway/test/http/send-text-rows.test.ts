/**
 * `POST /send/text`, row by row.
 * Proves: every row of tables A to C of docs/send-text.md holds, with the status, the words and the crumbs that the page prints; no row is
 * without a test and no test without a row. Table D is in start/sms.test.ts, on the quick start.
 * World: the real server, store, waiters, dispatcher and node sessions; the node is scripted and speaks real frames in memory.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HttpWorld } from './http-world.ts'
import { checkRow } from './row-check.ts'
import type { RowTest } from './row-check.ts'
import { ROWS_A } from './rows-a.ts'
import { ROWS_B } from './rows-b.ts'
import { ROWS_C } from './rows-c.ts'
import { readRows } from './send-text-page.ts'

const rows = readRows()
const TESTS: Readonly<Record<string, RowTest>> = { ...ROWS_A, ...ROWS_B, ...ROWS_C }

let world: HttpWorld
beforeAll(() => {
  world = new HttpWorld({ tokenRatePerS: 10_000, tokenBurst: 10_000 })
})
afterAll(async () => {
  await world.stop()
  expect(world.errors).toEqual([])
})

it('has a test for each row of A to C, and a row for each test', () => {
  const documented = [...rows.keys()].filter((id) => !id.startsWith('D'))
  expect(Object.keys(TESTS).sort()).toEqual(documented.sort())
})

describe.each(['A', 'B', 'C'])('table %s', (table) => {
  const ids = Object.keys(TESTS).filter((id) => id.startsWith(table))
  it.each(ids.map((id) => [id, rows.get(id)?.cells[1] ?? 'no such row']))('%s: %s', async (id) => {
    const row = rows.get(id) ?? expect.fail(`docs/send-text.md has no row ${id}`)
    const test = TESTS[id] ?? expect.fail()
    checkRow(row, await test(world, row))
  })
})
