/**
 * chat.db, read as it is: Messages is its only writer, so everything here is read-only and short (MACOS 2.1). Columns differ between
 * versions of macOS (2.2): what a version lacks reads as null.
 */
import { openSync, closeSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { toRow } from './message-row.ts'
import type { MessageRow, RawRow } from './message-row.ts'

/** A locked database is waited for this long: Messages' own transactions are short. */
const BUSY_MS = 3_000

const MESSAGE_COLUMNS = [
  'ROWID',
  'guid',
  'text',
  'attributedBody',
  'service',
  'account',
  'error',
  'is_delivered',
  'is_from_me',
  'is_empty',
  'is_sent',
  'was_downgraded',
  'item_type',
  'associated_message_guid',
  'associated_message_type',
  'associated_message_emoji',
  'balloon_bundle_id',
  'message_summary_info',
  'destination_caller_id',
  'schedule_type',
] as const
/** Nanoseconds since 2001, above 2^53: read as text. */
const INSTANT_COLUMNS = ['date', 'date_read', 'date_delivered', 'date_edited'] as const

export type ChatDbProblem =
  | 'missing' // Messages was never opened by this user
  | 'denied' // no Full Disk Access for the program that runs us
  | 'not_a_database'
  | 'unreadable' // locked for too long, damaged, of a form nobody knows
export class ChatDbError extends Error {
  override name = 'ChatDbError'
  readonly problem: ChatDbProblem

  constructor(problem: ChatDbProblem, cause?: unknown) {
    super(problem, { cause })
    this.problem = problem
  }
}

type Question = 'after' | 'since' | 'guidsSince' | 'byGuid' | 'fromMeAfter' | 'fromMeSince' | 'changed'

export class ChatDb {
  /** Another file at the same path has another one: its row numbers mean something else. */
  readonly identity: string
  readonly #path: string
  readonly #db: DatabaseSync
  readonly #sql: Readonly<Record<Question, StatementSync>>
  readonly #dataVersion: StatementSync

  /** @throws ChatDbError */
  constructor(messagesDir: string) {
    this.#path = join(messagesDir, 'chat.db')
    probe(this.#path)
    this.#db = open(this.#path)
    try {
      this.identity = `${fileId(this.#path)}:${clientVersion(this.#db)}`
      this.#sql = prepare(this.#db)
      this.#dataVersion = this.#db.prepare('pragma data_version')
    } catch (error) {
      this.#db.close()
      throw asChatDbError(error)
    }
  }

  /** False: there is another file at the path now (a restore, a rebuild); this one must be opened anew. */
  get isCurrent(): boolean {
    try {
      return this.identity.startsWith(`${fileId(this.#path)}:`)
    } catch {
      return false
    }
  }

  /** Changes whenever another process commits. */
  dataVersion(): number {
    return this.#read(() => (this.#dataVersion.get() as { data_version: number }).data_version)
  }

  /** 0: nothing was ever sent or received. */
  maxRowid(): number {
    const max = this.#read(
      () => this.#db.prepare('select max(ROWID) as max from message').get() as { max: number | null },
    )
    return max.max ?? 0
  }

  /** Lowest first. */
  after(rowid: number, limit: number): MessageRow[] {
    return this.#rows('after', rowid, limit)
  }

  /** By the messages' own date, oldest first, whatever their ROWID. */
  since(dateNs: bigint, limit: number): MessageRow[] {
    return this.#rows('since', dateNs, limit)
  }

  /** Of messages dated since then, whatever their ROWID; newest first, so that a limit cuts off what is oldest. */
  guidsSince(dateNs: bigint): string[] {
    return this.#read(() => this.#sql.guidsSince.all(dateNs).map((row) => String(row['guid'])))
  }

  byGuid(guid: string): MessageRow | null {
    return this.#rows('byGuid', guid)[0] ?? null
  }

  /** What was sent from here or from another device of ours, lowest first. */
  fromMeAfter(rowid: number): MessageRow[] {
    return this.#rows('fromMeAfter', rowid)
  }

  /** What was sent from here or from another device of ours, newest first by date. */
  fromMeSince(dateNs: bigint): MessageRow[] {
    return this.#rows('fromMeSince', dateNs)
  }

  /** Of messages dated since then: what was edited, delivered or read since `changedNs`. */
  changed({ dateNs, changedNs }: { dateNs: bigint; changedNs: bigint }): MessageRow[] {
    return this.#rows('changed', dateNs, changedNs, changedNs, changedNs)
  }

  /** One question of its own; never of the tables' history as a whole. */
  ask(sql: string, ...values: Array<string | number | bigint>): Array<Record<string, unknown>> {
    return this.#read(() => this.#db.prepare(sql).all(...values) as Array<Record<string, unknown>>)
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close()
  }

  #rows(which: Question, ...values: Array<string | number | bigint>): MessageRow[] {
    return this.#read(() => (this.#sql[which].all(...values) as RawRow[]).map(toRow))
  }

  #read<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw asChatDbError(error)
    }
  }
}

/** Before SQLite, which calls everything "unable to open" (2.1). */
function probe(path: string): void {
  try {
    closeSync(openSync(path, 'r'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new ChatDbError(code === 'ENOENT' ? 'missing' : 'denied', error)
  }
}

function open(path: string): DatabaseSync {
  try {
    const db = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS })
    db.exec('pragma query_only = 1')
    return db
  } catch (error) {
    throw asChatDbError(error)
  }
}

/** SQLite's codes for a file that is none, and for one that is damaged. */
const NOT_A_DATABASE = 26
const AUTH = 23

function asChatDbError(error: unknown): ChatDbError {
  if (error instanceof ChatDbError) return error
  const code =
    error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : 0
  return new ChatDbError(code === NOT_A_DATABASE ? 'not_a_database' : code === AUTH ? 'denied' : 'unreadable', error)
}

function fileId(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true })
  return `${dev}-${ino}`
}

function clientVersion(db: DatabaseSync): string {
  const row = db.prepare(`select value from _SqliteDatabaseProperties where key = '_ClientVersion'`).get()
  return typeof row?.['value'] === 'string' ? row['value'] : ''
}

function prepare(db: DatabaseSync) {
  const columns = new Set(
    db
      .prepare(`select name from pragma_table_info('message')`)
      .all()
      .map((c) => String(c['name'])),
  )
  if (!columns.has('guid')) throw new ChatDbError('unreadable')
  const has = (name: string) => columns.has(name)
  const select = selectOf(has)
  const edited = has('date_edited') ? 'm.date_edited > ?' : '? is null'
  return {
    after: db.prepare(`${select} where m.ROWID > ? order by m.ROWID limit ?`),
    since: db.prepare(`${select} where m.date > ? order by m.date limit ?`),
    guidsSince: db.prepare('select guid from message where date > ? order by date desc limit 20000'),
    byGuid: db.prepare(`${select} where m.guid = ?`),
    fromMeAfter: db.prepare(`${select} where m.ROWID > ? and m.is_from_me = 1 order by m.ROWID limit 1000`),
    fromMeSince: db.prepare(`${select} where m.date > ? and m.is_from_me = 1 order by m.date desc limit 5000`),
    // The date index bounds it: there is none on what changes (2.6).
    changed: db.prepare(
      `${select} where m.date > ? and (${edited} or (m.is_from_me = 1 and (m.date_delivered > ? or m.date_read > ?))) limit 5000`,
    ),
  }
}

function selectOf(has: (column: string) => boolean): string {
  const plain = MESSAGE_COLUMNS.map((name) =>
    name === 'ROWID' || has(name) ? `m.${name} as ${name}` : `null as ${name}`,
  )
  const instants = INSTANT_COLUMNS.map((name) => (has(name) ? `cast(m.${name} as text) as ${name}` : `null as ${name}`))
  const ofChat = (column: string) =>
    `(select c.${column} from chat_message_join j join chat c on c.ROWID = j.chat_id where j.message_id = m.ROWID limit 1)`
  return `select ${[...plain, ...instants].join(', ')}, h.id as handle, ${ofChat('guid')} as chat_guid,
    ${ofChat('chat_identifier')} as chat_identifier, ${ofChat('style')} as chat_style
    from message m left join handle h on h.ROWID = m.handle_id`
}
