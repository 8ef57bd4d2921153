/**
 * Reads what is new and what has changed in chat.db. Row numbers are the order in which rows were written, not that of time, and may be
 * given anew (MACOS 2.6): so each pass reads by number and, over the last minutes, by date; a file that is another one is read by date.
 */
import type { DriverEvents, DriverMemory, Receipt } from '../driver.ts'
import type { ChatDb } from './chat-db.ts'
import { editOf, inboundOf } from './inbound-row.ts'
import { msOf, nsOf } from './message-row.ts'
import type { MessageRow } from './message-row.ts'
import { readPosition, writePosition } from './read-position.ts'
import type { ReadPosition } from './read-position.ts'
import { rowState } from './row-state.ts'
import { SeenRows } from './seen-rows.ts'

const BATCH = 500
const WINDOW_MS = 10 * 60_000
/** So far behind the newest message it is history that iCloud brings (82 minutes to days were measured). */
const BACKFILL_MS = 60 * 60_000
/** Receipts and edits come this late at most; those of the last day are looked for on every full pass, the others now and then. */
const CHANGES_MS = 7 * 24 * 3600_000
const RECENT_MS = 24 * 3600_000
const LONG_LOOK_EVERY_MS = 10 * 60_000
/** Changes are looked for again from this long before the last look: clocks, and rows that were written meanwhile. */
const OVERLAP_MS = 60_000
/** A row waits this long for its chat, which says whether it is of a group: the join is written after it (50 to 400 ms were measured). */
const JOIN_WITHIN_MS = 800
const LINK_PREVIEW = 'com.apple.messages.URLBalloonProvider'

export type ReaderDeps = Readonly<{
  nowMs(): number
  memory: DriverMemory
  events: DriverEvents
  lines: () => readonly string[]
  /** A row proves that Messages works, or that it does not. */
  saw(row: MessageRow, isOurs: boolean): void
  log(event: string, fields: Readonly<Record<string, string | number>>): void
}>

export class RowReader {
  readonly #deps: ReaderDeps
  readonly #seen = new SeenRows()
  #at: ReadPosition | null
  #newestNs = 0n
  #waitsSinceMs: number | null = null
  #longLookMs = Number.NEGATIVE_INFINITY

  constructor(deps: ReaderDeps) {
    this.#deps = deps
    this.#at = readPosition(deps.memory.position())
  }

  /** On a new journal: where the one before had come to. */
  resumeAt(text: string): void {
    const at = readPosition(text)
    if (at === null) return
    this.#at = at
    this.#seen.clear()
  }

  /** Reads all that is there; true when something should be looked at again at once. */
  pass(db: ChatDb, isFull: boolean): boolean {
    const at = this.#anchored(db)
    const waits = this.#new(db, at)
    this.#window(db)
    if (isFull) this.#changes(db)
    return waits
  }

  /** Rows that are not read by their number again, so their places are taken as they are. */
  #anchored(db: ChatDb): ReadPosition {
    const at = this.#at
    if (at === null) return this.#begin(db)
    const isSame = at.db === db.identity && db.maxRowid() >= at.rowid && this.#isStillThere(db, at)
    if (isSame) {
      this.#newestNs = max(this.#newestNs, BigInt(at.date))
      return at
    }
    this.#deps.log('chatdb_replaced', { max_rowid: db.maxRowid(), rowid: at.rowid })
    const from = BigInt(at.date)
    this.#at = { ...at, ...headOf(db) }
    this.#newestNs = from
    this.#byDate(db, from - BigInt(WINDOW_MS) * 1_000_000n)
    this.#told(this.#at)
    return this.#at
  }

  /** The first start: what was there before is not news. */
  #begin(db: ChatDb): ReadPosition {
    const newest = db.ask('select cast(max(date) as text) as date from message')[0]?.['date']
    const date = typeof newest === 'string' ? newest : '0'
    const at = { ...headOf(db), date, changesMs: Math.round(this.#deps.nowMs()) }
    for (const guid of db.guidsSince(nsOf(this.#deps.nowMs() - WINDOW_MS))) this.#seen.isNewId(guid)
    this.#newestNs = BigInt(date)
    this.#at = at
    this.#told(at)
    return at
  }

  #isStillThere(db: ChatDb, { guid, rowid }: ReadPosition): boolean {
    return guid === '' || db.byGuid(guid)?.rowid === rowid
  }

  #new(db: ChatDb, from: ReadPosition): boolean {
    let at = from
    for (;;) {
      const rows = db.after(at.rowid, BATCH)
      for (const row of rows) {
        if (this.#mustWait(row)) return true
        at = { ...at, rowid: row.rowid, guid: row.guid, date: String(max(BigInt(at.date), row.dateNs)) }
        this.#at = at
        if (!this.#take(row, at) && row === rows.at(-1)) this.#told(at)
      }
      if (rows.length < BATCH) return false
    }
  }

  /** Rows with a low number that are new all the same. */
  #window(db: ChatDb): void {
    this.#byDate(db, nsOf(this.#deps.nowMs() - WINDOW_MS))
  }

  #byDate(db: ChatDb, sinceNs: bigint): void {
    for (const guid of db.guidsSince(sinceNs)) {
      const row = this.#seen.has(guid) ? null : db.byGuid(guid)
      // What lies above is read by its number, with its chat.
      if (row !== null && row.rowid <= (this.#at?.rowid ?? 0)) this.#take(row)
    }
  }

  #changes(db: ChatDb): void {
    const at = this.#at
    if (at === null) return
    const nowMs = Math.round(this.#deps.nowMs())
    const isLong = nowMs - this.#longLookMs >= LONG_LOOK_EVERY_MS
    if (isLong) this.#longLookMs = nowMs
    const dateNs = nsOf(nowMs - (isLong ? CHANGES_MS : RECENT_MS))
    for (const row of db.fromMeSince(dateNs)) this.#ours(row)
    for (const row of db.changed({
      dateNs,
      changedNs: nsOf(at.changesMs - (isLong ? LONG_LOOK_EVERY_MS : 0) - OVERLAP_MS),
    })) {
      const edit = row.isFromMe ? null : editOf(row, this.#context(row))
      if (row.isFromMe) this.#ours(row)
      else if (edit !== null && this.#seen.isNewId(edit.guid)) this.#deps.events.inbound(edit)
    }
    this.#at = { ...at, changesMs: nowMs }
  }

  /** A join that does not come is not waited for for ever. */
  #mustWait(row: MessageRow): boolean {
    if (row.isFromMe || row.chat !== null) {
      this.#waitsSinceMs = null
      return false
    }
    const nowMs = this.#deps.nowMs()
    this.#waitsSinceMs ??= nowMs
    if (nowMs - this.#waitsSinceMs < JOIN_WITHIN_MS) return true
    this.#waitsSinceMs = null
    return false
  }

  /** True when it was told, and the position with it. */
  #take(row: MessageRow, at?: ReadPosition): boolean {
    if (!this.#seen.isNew(row)) return false
    this.#deps.saw(row, false)
    if (row.isFromMe) {
      this.#ours(row)
      return false
    }
    const message = inboundOf(row, this.#context(row))
    this.#newestNs = max(this.#newestNs, row.dateNs)
    if (message === null || (row.balloon === LINK_PREVIEW && this.#seen.isPreview(row))) return false
    this.#seen.remember(row)
    this.#deps.events.inbound(message, at === undefined ? undefined : writePosition(at))
    return true
  }

  #context(row: MessageRow) {
    return { lines: this.#deps.lines(), backfilled: row.dateNs < this.#newestNs - BigInt(BACKFILL_MS) * 1_000_000n }
  }

  /** What became of a message of ours. The journal knows what was said before. */
  #ours(row: MessageRow): void {
    const state = `${row.error}:${row.isSent}:${row.isDelivered}:${row.deliveredMs}:${row.readMs}`
    if (!this.#seen.hasChanged(row.guid, state)) return
    const attempt = this.#deps.memory.attemptOf(row.guid)
    if (attempt === null) {
      this.#seen.forget(row.guid) // it may be found to be ours in a moment
      return
    }
    this.#deps.saw(row, true)
    const nowMs = this.#deps.nowMs()
    const tell = (receipt: Omit<Receipt, 'attempt'>) => this.#deps.events.receipt({ attempt, ...receipt })
    const { kind } = rowState(row, 'imessage')
    if (kind === 'sent') tell({ fact: 'sent', atMs: nowMs, ...(row.wasDowngraded ? { wasDowngraded: true } : {}) })
    if (kind === 'error' || kind === 'not_on_imessage')
      tell({
        fact: 'bounced',
        atMs: nowMs,
        reason: row.error === 22 ? 'recipient_not_on_imessage' : `apple_error_${row.error}`,
      })
    if (row.isDelivered || row.deliveredMs > 0) tell({ fact: 'delivered', atMs: row.deliveredMs || nowMs })
    if (row.readMs > 0) tell({ fact: 'read', atMs: row.readMs })
  }

  #told(at: ReadPosition): void {
    this.#deps.events.position(writePosition(at))
  }
}

/** Of a message's own instant, for those who ask how old the newest is. */
export function ageMs(row: MessageRow, nowMs: number): number {
  return nowMs - msOf(row.dateNs)
}

function headOf(db: ChatDb): Pick<ReadPosition, 'db' | 'rowid' | 'guid'> {
  const head = db.ask('select ROWID as rowid, guid from message order by ROWID desc limit 1')[0]
  return {
    db: db.identity,
    rowid: Number(head?.['rowid'] ?? 0),
    guid: typeof head?.['guid'] === 'string' ? head['guid'] : '',
  }
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
