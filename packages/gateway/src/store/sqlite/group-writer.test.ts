/**
 * Group commit, against a real database with one table.
 * Proves: one that fails takes no neighbour with it; Undo undoes what it did and still answers; hints go out after the commit, once, and only
 * of what is stored; and a lock of another process makes writes wait without a failure of their own.
 */
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { SqliteDatabase } from '@bluewire/platform/sqlite'
import { VirtualClock } from '@bluewire/testkit/virtual-clock'
import type { Hint } from '../store.ts'
import { StoreUnavailableError } from '../store.ts'
import type { Tables } from '../tables.ts'
import { GroupWriter, Undo } from './group-writer.ts'
import type { Tx } from './group-writer.ts'

const LINE = (n: number): Hint => ({ kind: 'line', id: `line_${n}` })

function bench() {
  const raw = new DatabaseSync(':memory:')
  raw.exec('create table t (n integer primary key)')
  const clock = new VirtualClock()
  const hints: Hint[] = []
  /** What the table held when hints went out, and whether a transaction was still open. */
  const atHints: Array<{ rows: number; open: boolean }> = []
  const fatal: unknown[] = []
  const rows = (): number => Number(raw.prepare('select count(*) as n from t').get()?.['n'])
  const writer = new GroupWriter(new SqliteDatabase<Tables>(raw), {
    clock,
    onHints: (more) => {
      hints.push(...more)
      atHints.push({ rows: rows(), open: raw.isTransaction })
    },
    onFatal: (error) => fatal.push(error),
    lockWaitMs: 5000,
    steadyStartMs: clock.nowMs(),
  })
  /** Inserts n, leaves a hint, and returns n. */
  const insert =
    (n: number, then: (tx: Tx) => void = () => undefined) =>
    (tx: Tx): number => {
      raw.prepare('insert into t values (?)').run(n)
      tx.hints.push(LINE(n))
      then(tx)
      return n
    }
  const all = async (writes: Array<(tx: Tx) => unknown>) => {
    const settled = Promise.allSettled(writes.map((write) => writer.run(write)))
    await clock.settle()
    return settled
  }
  return { raw, clock, hints, atHints, fatal, rows, writer, insert, all }
}

/** Runs of statements that begin with `words` go through `instead`. */
function replaceRun(raw: DatabaseSync, words: string, instead: (run: () => unknown) => unknown): void {
  const prepare = raw.prepare.bind(raw)
  raw.prepare = (sql) => {
    const statement = prepare(sql)
    if (!sql.startsWith(words)) return statement
    const run = statement.run.bind(statement)
    return Object.assign(statement, { run: () => instead(run) })
  }
}

test('one that fails takes no neighbour with it', async () => {
  const b = bench()
  const bug = new Error('a bug')
  const settled = await b.all([
    b.insert(1),
    b.insert(2, () => {
      throw bug
    }),
    b.insert(3),
    b.insert(1), // not unique
  ])
  expect(settled.map((s) => s.status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected'])
  expect(settled[1]).toMatchObject({ reason: bug })
  expect(b.rows()).toBe(2)
  expect(b.hints).toEqual([LINE(1), LINE(3)])
})

test('Undo undoes what was written, and answers', async () => {
  const b = bench()
  const [undone, kept] = await b.all([
    b.insert(1, () => {
      throw new Undo('full')
    }),
    b.insert(2),
  ])
  expect([undone, kept]).toMatchObject([{ value: 'full' }, { value: 2 }])
  expect(b.rows()).toBe(1)
  expect(b.hints).toEqual([LINE(2)])
})

test('hints go out after the commit, and before the callers hear of it', async () => {
  const b = bench()
  const order: string[] = []
  const done = b.writer.run(b.insert(1)).then(() => order.push(`told, ${b.hints.length} hints out`))
  await b.clock.settle()
  await done
  expect(b.atHints).toEqual([{ rows: 1, open: false }])
  expect(order).toEqual(['told, 1 hints out'])
})

test('what arrives in one turn shares a commit', async () => {
  const b = bench()
  await b.all([b.insert(1), b.insert(2), b.insert(3)])
  expect(b.atHints).toHaveLength(1)
  await b.all([b.insert(4)])
  expect(b.atHints).toHaveLength(2)
})

test.each(['begin', 'commit'])('a lock met at %s is waited for, and nothing is stored twice', async (where) => {
  const b = bench()
  let locked = 3
  replaceRun(b.raw, where, (run) => {
    if (locked-- > 0) throw Object.assign(new Error('database is locked'), { errcode: 5 })
    return run()
  })
  const settled = Promise.allSettled([b.writer.run(b.insert(1)), b.writer.run(b.insert(2))])
  await b.clock.advance(100)
  expect((await settled).map((s) => s.status)).toEqual(['fulfilled', 'fulfilled'])
  expect(b.rows()).toBe(2)
  expect(b.hints).toEqual([LINE(1), LINE(2)])
})

test('a lock that stays fails each write at its own deadline', async () => {
  const b = bench()
  replaceRun(b.raw, 'begin', () => {
    throw Object.assign(new Error('database is locked'), { errcode: 5 })
  })
  const failedAtMs: number[] = []
  const write = (n: number): void => {
    b.writer.run(b.insert(n)).catch((error: unknown) => {
      expect(error).toBeInstanceOf(StoreUnavailableError)
      expect(error).toMatchObject({ diskFull: false, ambiguous: false })
      failedAtMs.push(Math.round(b.clock.monotonicMs() / 100) * 100)
    })
  }
  write(1)
  b.clock.setTimer(2000, () => write(2))
  await b.clock.advance(10_000)
  expect(failedAtMs).toEqual([5000, 7000])
  expect(b.rows()).toBe(0)
})

test('after a failed fsync nothing is written any more', async () => {
  const b = bench()
  const broken = Object.assign(new Error('disk I/O error'), { errcode: 1034 })
  replaceRun(b.raw, 'commit', () => {
    throw broken
  })
  const [first] = await b.all([b.insert(1)])
  expect(first).toMatchObject({ reason: { name: 'StoreUnavailableError', ambiguous: true } })
  expect(b.fatal).toEqual([broken])
  const [second] = await b.all([b.insert(2)])
  expect(second).toMatchObject({ status: 'rejected' })
  expect(b.rows()).toBe(0)
})
