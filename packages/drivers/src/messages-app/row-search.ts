/** Looks for the row of one part until it says what became of it; a row that does not come is proof only behind the barrier (PROTOCOL hole 6). */
import type { Service } from '@bluewire/contract/ids'
import type { Clock } from '@bluewire/platform/clock'
import type { DriverMemory } from '../driver.ts'
import { ChatDbError } from './chat-db.ts'
import type { ChatDb } from './chat-db.ts'
import type { Handed } from './hand-over.ts'
import { nsOf } from './message-row.ts'
import type { MessageRow } from './message-row.ts'
import type { MessagesControl } from './messages-process.ts'
import { matchRow } from './row-match.ts'
import type { Match, Sought } from './row-match.ts'
import { rowState } from './row-state.ts'
import type { SendNote } from './send-note.ts'
import type { Timings } from './timings.ts'

export type SearchDeps = Readonly<{
  clock: Clock
  timings: Timings
  messages: MessagesControl
  memory: DriverMemory
  openDb(): ChatDb
  hasSmsAccount(): boolean
  saw(row: MessageRow): void
}>

export type Search = Readonly<{ sought: Sought; service: Service; note: SendNote }>

export type Found =
  | Readonly<{ kind: 'sent'; row: MessageRow; asSms: boolean }>
  | Readonly<{ kind: 'refused'; reason: string; rows: readonly string[] }>
  | Readonly<{ kind: 'never_handed'; reason: string }>
  | Readonly<{
      kind: 'unknown'
      reason: string
      detail?: string
      rows: readonly string[]
      /** It may be carried out later, without a row that is known. */
      mayStillCome: boolean
    }>

/** Rows of messages that were made this long before we noted: the Mac's clock was set (hole 7). */
const CLOCK_SLACK_MS = 2_000
const SINCE_ROWS_MAX = 500

export class RowSearch {
  readonly #deps: SearchDeps
  readonly #search: Search

  constructor(deps: SearchDeps, search: Search) {
    this.#deps = deps
    this.#search = search
  }

  /** `handed`: accepted, or perhaps completed. Takes as long as `timings` say. */
  async after(handed: Exclude<Handed, { kind: 'not_started' }>): Promise<Found> {
    const { clock, timings } = this.#deps
    const startMs = clock.monotonicMs()
    const patienceMs = this.#search.note.file === null ? timings.text : timings.file
    const owesRow = handed.kind === 'accepted' // what hung and left no row at once is lost, or waits in Messages' queue
    let last: Match = { kind: 'none' }
    for (;;) {
      const elapsed = clock.monotonicMs() - startMs
      const match = this.#look()
      if (match !== null) last = match
      const found = await this.#judge(last)
      if (found !== null) return found
      const hasRow = last.kind === 'row' || last.kind === 'several'
      if (elapsed >= (hasRow || owesRow ? patienceMs : Math.min(timings.quick, patienceMs))) break
      if (elapsed >= timings.quick && (last.kind === 'ghost' || last.kind === 'misrouted')) break
      await this.#wait(elapsed < timings.quick ? timings.poll : timings.slowPoll)
    }
    return this.#atTheEnd(last, handed)
  }

  /** Null: chat.db could not be read just now. */
  #look(): Match | null {
    const { note, sought } = this.#search
    let db: ChatDb
    try {
      db = this.#deps.openDb()
      const isOld = db.identity !== note.db || db.maxRowid() < note.mark
      const rows = isOld ? db.since(nsOf(note.atMs - CLOCK_SLACK_MS), SINCE_ROWS_MAX) : db.fromMeAfter(note.mark)
      const ours = rows.filter(
        (row) => row.isFromMe && !note.rows.includes(row.guid) && this.#deps.memory.attemptOf(row.guid) === null,
      )
      return matchRow(sought, ours, (row) => note.file !== null && hasFile(db, row, note.file))
    } catch (error) {
      if (error instanceof ChatDbError) return null
      throw error
    }
  }

  /** What the row says, if that is final. */
  async #judge(match: Match): Promise<Found | null> {
    const rows = match.kind === 'row' ? [match.row] : match.kind === 'several' ? match.rows : []
    for (const row of rows) {
      const state = rowState(row, this.#search.service)
      if (state.kind === 'sent') {
        this.#deps.saw(row)
        return { kind: 'sent', row, asSms: state.asSms }
      }
    }
    const [row] = rows
    if (row === undefined || rows.length > 1) return null
    const state = rowState(row, this.#search.service)
    if (state.kind === 'sending') return null
    this.#deps.saw(row)
    if (state.kind === 'not_on_imessage') return this.#refused(row)
    if (state.kind === 'error')
      return { kind: 'unknown', reason: `apple_error_${state.code}`, rows: [row.guid], mayStillCome: false }
    return null
  }

  /** Where there is an SMS account Messages may send it as a text by itself: seen only after a while (hole 9). */
  async #refused(row: MessageRow): Promise<Found> {
    if (this.#deps.hasSmsAccount()) {
      await this.#wait(this.#deps.timings.downgrade)
      const again = this.#again(row.guid)
      if (again === null) return { kind: 'unknown', reason: 'chatdb_unreadable', rows: [row.guid], mayStillCome: false }
      const state = rowState(again, this.#search.service)
      if (state.kind === 'sent') return { kind: 'sent', row: again, asSms: state.asSms }
      if (state.kind !== 'not_on_imessage')
        return { kind: 'unknown', reason: 'downgrade_pending', rows: [row.guid], mayStillCome: false }
    }
    return { kind: 'refused', reason: 'recipient_not_on_imessage', rows: [row.guid] }
  }

  #again(guid: string): MessageRow | null {
    try {
      return this.#deps.openDb().byGuid(guid)
    } catch (error) {
      if (error instanceof ChatDbError) return null
      throw error
    }
  }

  async #atTheEnd(last: Match, handed: Handed): Promise<Found> {
    switch (last.kind) {
      case 'row':
        return { kind: 'unknown', reason: 'still_sending', rows: [last.row.guid], mayStillCome: false }
      case 'several':
        return {
          kind: 'unknown',
          reason: 'ambiguous_rows',
          rows: last.rows.slice(0, 1).map((r) => r.guid),
          mayStillCome: false,
        }
      case 'ghost':
        return {
          kind: 'unknown',
          reason: 'ghost_row',
          detail: 'Messages made a row without text or chat.',
          rows: [],
          mayStillCome: false,
        }
      // Somebody's own, sent by hand; or ours, gone astray.
      case 'misrouted':
      case 'none':
        return this.#behindBarrier(handed)
      default:
        return last satisfies never
    }
  }

  /** osascript is dead; Messages is made to end, whatever waited in it is gone; then one more look, after a while. */
  async #behindBarrier(handed: Handed): Promise<Found> {
    const { messages, timings } = this.#deps
    const because = handed.kind === 'accepted' ? 'no_row' : handed.reason
    if (!(await messages.end()))
      return { kind: 'unknown', reason: because, detail: 'Messages does not end.', rows: [], mayStillCome: true }
    await this.#wait(timings.quiet)
    const match = this.#look()
    await messages.ensure()
    if (match === null)
      return { kind: 'unknown', reason: because, detail: 'chat.db cannot be read.', rows: [], mayStillCome: false }
    const found = await this.#judge(match)
    if (found !== null) return found
    if (match.kind === 'misrouted')
      return {
        kind: 'unknown',
        reason: 'misrouted',
        detail: 'The text stands in another chat.',
        rows: [],
        mayStillCome: false,
      }
    if (match.kind !== 'none') return this.#atTheEnd(match, handed)
    if (this.#isOtherDb()) return { kind: 'unknown', reason: 'chatdb_replaced', rows: [], mayStillCome: false }
    return { kind: 'never_handed', reason: because }
  }

  /** Its rows may lack what the one before had: absence proves nothing. */
  #isOtherDb(): boolean {
    const { note } = this.#search
    try {
      const db = this.#deps.openDb()
      return db.identity !== note.db || db.maxRowid() < note.mark
    } catch {
      return true
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#deps.clock.setTimer(ms, resolve))
  }
}

function hasFile(db: ChatDb, row: MessageRow, name: string): boolean {
  const sql = `select 1 from message_attachment_join j join attachment a on a.ROWID = j.attachment_id
    where j.message_id = ? and a.transfer_name = ?`
  return db.ask(sql, row.rowid, name).length > 0
}
