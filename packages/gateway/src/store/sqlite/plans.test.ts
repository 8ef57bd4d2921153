/**
 * How SQLite reaches the rows of tables that grow for ever.
 * Proves: no statement of the store reads all of messages, attempts, events, lanes, idempotency or inbound, so that what takes a
 * microsecond with a thousand messages takes one with five million.
 * World: every statement that the store builds, explained on an empty database of its own schema.
 */
import { DatabaseSync } from 'node:sqlite'
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { systemClock } from '@bluewire/platform/clock'
import { SqliteDatabase } from '@bluewire/platform/sqlite'
import { afterEach, expect, it, vi } from 'vitest'
import { sqliteStore } from './sqlite-store.ts'

type Step = { detail: string }

/** Tables that grow with every message; `m` and its like are their names inside statements. A SEARCH without an index reads all, too. */
const GROWING = /^(SCAN (messages|m|me|b|attempts|a|events|lanes|idempotency|inbound)\b|SEARCH (\w+)$)/
/** Indexes that hold only what is open now: reading one from end to end is reading the present queue. */
const OF_THE_PRESENT = /USING (COVERING )?INDEX (messages_queued|messages_of_lane|messages_expiring|attempts_open\w*)$/

/** What may read the whole of a growing table, or of the queue, and why. */
const ALLOWED: ReadonlyArray<Readonly<{ statement: RegExp; why: string }>> = [
  { statement: /^insert into "?lanes"?/, why: 'the check of a foreign key, which runs only while one is violated' },
  { statement: /max\("updated_at"\)/, why: 'once, after a restore' },
  { statement: /^update messages set not_before = min/, why: 'once, when the clock was set back' },
  { statement: /^select distinct m\.lane/, why: 'the present queue, every ten seconds' },
  { statement: /^select m\.line, l\.address, count/, why: 'the present queue, for metrics and the poll' },
]

afterEach(() => vi.restoreAllMocks())

it('reaches the rows of growing tables by an index', () => {
  const found = statements().flatMap(({ statement, steps }) => {
    const bad = steps.filter((step) => GROWING.test(step))
    return bad.length === 0 ? [] : [{ statement, bad }]
  })
  const unexplained = found.filter(({ statement }) => !ALLOWED.some((allowed) => allowed.statement.test(statement)))
  expect(unexplained).toEqual([])
  const allOfIt = found.filter(({ bad }) => bad.some((step) => !OF_THE_PRESENT.test(step)))
  expect(allOfIt.map(({ statement }) => statement.slice(0, 20)).sort()).toEqual([
    'insert into "lanes" ',
    'insert into lanes (i',
    'select max("updated_',
  ])
})

function statements(): Array<{ statement: string; steps: string[] }> {
  const raw = new DatabaseSync(':memory:')
  const built: string[] = []
  const original = Object.getOwnPropertyDescriptor(SqliteDatabase.prototype, 'statement')?.value as Build
  vi.spyOn(SqliteDatabase.prototype, 'statement').mockImplementation(function (this: SqliteDatabase<object>, build) {
    return original.call(this, (k, p) => {
      const compiled = build(k as never, p as never)
      return {
        compile() {
          const query = compiled.compile()
          built.push(query.sql)
          return query
        },
      }
    }) as never
  })
  sqliteStore(raw, {
    clock: systemClock,
    ulid: newUlidSource(Date.now, systemChance),
    lineDefaults: { gapMs: 0, burst: 1 },
    onHints: () => undefined,
    onFatal: () => undefined,
  })
  expect(built.length).toBeGreaterThan(80)
  return built.map((sql) => ({
    statement: sql.replaceAll(/\s+/g, ' '),
    steps: (raw.prepare(`explain query plan ${sql}`).all() as Step[]).map(({ detail }) => detail),
  }))
}

type Build = (
  this: SqliteDatabase<object>,
  build: (k: unknown, p: unknown) => { compile(): { sql: string } },
) => unknown
