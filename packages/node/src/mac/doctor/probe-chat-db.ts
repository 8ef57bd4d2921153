/** Looks into chat.db: can it be read, is it alive, what became of what was sent (MACOS 2.1, 2.4, 5.4). Changes nothing in it. */
import { closeSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { ChatDbFacts, ChatDbFinding } from './findings.ts'

const BUSY_MS = 2_000
const DAY_MS = 24 * 3600_000
const ROWS_MAX = 200

const NEEDED: Readonly<Record<string, readonly string[]>> = {
  message: ['date', 'error', 'is_from_me', 'is_sent', 'item_type', 'service', 'account', 'handle_id', 'was_downgraded'],
  handle: ['id', 'service'],
}

/** `folder` is `~/Library/Messages`. Never throws. */
export function probeChatDb(folder: string, nowMs: number): ChatDbFinding {
  const path = join(folder, 'chat.db')
  const refused = accessProblem(path)
  if (refused) return refused
  const writtenAtMs = lastWriteMs(path) // before SQLite touches anything
  try {
    // Never `immutable`: that would leave out what is newest, which is in the write-ahead log.
    const db = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS })
    try {
      db.exec('pragma query_only = 1')
      const missing = missingColumns(db)
      if (missing.length > 0) return { kind: 'unknown_schema', missing }
      return { kind: 'readable', facts: factsOf(db, { writtenAtMs, nowMs }) }
    } finally {
      db.close()
    }
  } catch (error) {
    return sqliteProblem(error)
  }
}

/** SQLite says only "cannot open"; the file system says why. */
function accessProblem(path: string): ChatDbFinding | null {
  try {
    closeSync(openSync(path, 'r'))
    return null
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    if (code === 'EPERM' || code === 'EACCES') return { kind: 'denied' }
    return code === 'ENOENT' ? { kind: 'missing' } : { kind: 'failed', word: code }
  }
}

const SQLITE_PROBLEMS: Readonly<Record<number, ChatDbFinding>> = {
  3: { kind: 'denied' }, // SQLITE_PERM
  23: { kind: 'denied' }, // SQLITE_AUTH
  5: { kind: 'locked' },
  6: { kind: 'locked' },
  11: { kind: 'not_a_database' }, // SQLITE_CORRUPT
  26: { kind: 'not_a_database' },
}

function sqliteProblem(error: unknown): ChatDbFinding {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : -1
  return SQLITE_PROBLEMS[code] ?? { kind: 'failed', word: `sqlite_${code}` }
}

function missingColumns(db: DatabaseSync): string[] {
  return Object.entries(NEEDED).flatMap(([table, columns]) => {
    const there = new Set(
      db
        .prepare('select name from pragma_table_info(?)')
        .all(table)
        .map(({ name }) => name),
    )
    return columns.filter((column) => !there.has(column)).map((column) => `${table}.${column}`)
  })
}

/** Nanoseconds since 2001, as text: they are above what a number holds exactly (MACOS 2.1, 2.3). */
function appleDate(ms: number): string {
  return String((BigInt(Math.round(ms)) - 978_307_200_000n) * 1_000_000n)
}

function msOf(appleText: unknown): number | null {
  if (typeof appleText !== 'string' || appleText === '0') return null
  return Number(BigInt(appleText) / 1_000_000n) + 978_307_200_000
}

/** Every query is bounded by an index, so that five million rows cost no more than a few. */
function factsOf(db: DatabaseSync, { writtenAtMs, nowMs }: { writtenAtMs: number; nowMs: number }): ChatDbFacts {
  const one = (sql: string, ...values: string[]) => db.prepare(sql).get(...values)?.['value'] ?? null
  const newest = one('select cast(date as text) value from message where date > 0 order by date desc limit 1')
  const oldest = one('select cast(date as text) value from message where date > 0 order by date limit 1')
  const downgraded = one(
    'select count(*) value from message where date > cast(? as integer) and was_downgraded = 1 and is_from_me = 1',
    appleDate(nowMs - 30 * DAY_MS),
  )
  const sent = db
    .prepare(
      `select cast(m.date as text) at, m.error error, m.account account, h.id recipient
       from message m left join handle h on h.rowid = m.handle_id
       where m.date > cast(? as integer) and m.is_from_me = 1 and m.item_type = 0 and (m.is_sent = 1 or m.error <> 0)
       order by m.date desc limit ${ROWS_MAX}`,
    )
    .all(appleDate(nowMs - 7 * DAY_MS))
  const own = new Set(sent.map(({ account }) => ownAddress(account)).filter((address) => address !== ''))
  return {
    maxRowId: Number(one('select max(rowid) value from message') ?? 0) || null,
    newestAtMs: msOf(newest),
    oldestAtMs: msOf(oldest),
    writtenAtMs,
    errors: sent.map(({ error }) => Number(error)),
    lastSentAtMs: msOf(sent.find(({ error }) => Number(error) === 0)?.['at'] ?? null),
    toItself: sent.filter(({ recipient }) => own.has(addressOf(recipient))).length,
    downgraded: Number(downgraded),
  }
}

/** `E:ann@example.com` and `p:+15550100` are how a row names the address that it was sent from. */
function ownAddress(account: unknown): string {
  return addressOf(account).replace(/^[a-z]:/, '')
}

function addressOf(value: unknown): string {
  return typeof value === 'string' ? value.toLowerCase() : ''
}

/** A log without content was made by a reader. */
function lastWriteMs(path: string): number {
  const files = ['', '-wal'].map((suffix) => statSync(path + suffix, { throwIfNoEntry: false }))
  return Math.round(Math.max(0, ...files.map((stat) => (stat && stat.size > 0 ? stat.mtimeMs : 0))))
}
