/**
 * One attempt, handed to Messages part by part, and found again in chat.db. What is said of it afterwards is evidence: a row that says
 * sent, a row that says refused, or no row behind a barrier (PROTOCOL holes 5 to 9, 20). Everything else is `unknown`.
 */
import type { Clock } from '@bluewire/platform/clock'
import type { DriverMemory, Outgoing, SendOutcome } from '../driver.ts'
import { ChatDbError } from './chat-db.ts'
import type { ChatDb } from './chat-db.ts'
import { handOver } from './hand-over.ts'
import type { Handed, HandOver } from './hand-over.ts'
import type { MessageRow } from './message-row.ts'
import type { MessagesControl } from './messages-process.ts'
import { isGroup } from './row-match.ts'
import { RowSearch } from './row-search.ts'
import type { Found } from './row-search.ts'
import { readNote, writeNote } from './send-note.ts'
import type { SendNote } from './send-note.ts'
import type { StageFile } from './staging.ts'
import type { Timings } from './timings.ts'

export type SenderDeps = Readonly<{
  clock: Clock
  timings: Timings
  osascript: string
  messages: MessagesControl
  memory: DriverMemory
  /** @throws ChatDbError */
  openDb(): ChatDb
  stage: StageFile
  /** Whether Messages may turn a refused iMessage into an SMS by itself. */
  hasSmsAccount(): boolean
  /** A row of ours says something new: for health. */
  saw(row: MessageRow): void
}>

/** What of a note is known before the hand-over. */
type Place = Pick<SendNote, 'part' | 'of' | 'rows' | 'file'>
type Part = HandOver['payload'] & Readonly<{ name: string | null }>
type Step = Found | Readonly<{ kind: 'never_handed'; reason: string }>

export class Sender {
  readonly #deps: SenderDeps
  #lastEndMs = Number.NEGATIVE_INFINITY
  /** What was handed over may still be carried out: nothing else may go before Messages has ended. */
  #isTainted = false

  constructor(deps: SenderDeps) {
    this.#deps = deps
  }

  get isTainted(): boolean {
    return this.#isTainted
  }

  async send(outgoing: Outgoing): Promise<SendOutcome> {
    const parts = this.#partsOf(outgoing)
    if (typeof parts === 'string') return neverHanded(parts)
    await this.#gap()
    const rows: string[] = []
    let asSms = false
    for (const [index, part] of parts.entries()) {
      const step = await this.#part(outgoing, part, { part: index, of: parts.length, rows: [...rows], file: part.name })
      if (step.kind !== 'sent') return outcomeOf(step, { rows, of: parts.length })
      rows.push(step.row.guid)
      asSms ||= step.asSms
    }
    return { kind: 'sent', rowGuids: rows, ...(asSms ? { wasDowngraded: true } : {}) }
  }

  /** Never sends. */
  async lookUp(outgoing: Outgoing, noted: string | null): Promise<SendOutcome> {
    if (noted === null) return neverHanded('process_died')
    const note = readNote(noted)
    if (note === null)
      return { kind: 'unknown', reason: 'look_up_failed', detail: 'The note of a former agent cannot be read.' }
    const step = await this.#search(outgoing, note).after({ kind: 'may_have_completed', reason: 'process_died' })
    this.#taint(step)
    if (step.kind !== 'sent') return outcomeOf(step, note)
    const rowGuids = [...note.rows, step.row.guid]
    if (rowGuids.length < note.of) return incomplete(rowGuids, note.of)
    return { kind: 'sent', rowGuids, ...(step.asSms ? { wasDowngraded: true } : {}) }
  }

  /** A reason: a file cannot be used. */
  #partsOf({ body, files = [] }: Outgoing): Part[] | string {
    const parts: Part[] = body === '' ? [] : [{ kind: 'text', text: body, name: null }]
    for (const file of files) {
      const staged = this.#deps.stage(file)
      if (staged.kind === 'refused') return staged.reason
      parts.push({ kind: 'file', path: staged.path, name: file.name })
    }
    return parts
  }

  async #part(outgoing: Outgoing, part: Part, place: Place): Promise<Step> {
    const { messages, openDb, memory, clock, timings, osascript } = this.#deps
    const { attempt, service } = outgoing
    // Before anything is touched: what is not there yet is no danger.
    const running = await messages.ensure()
    if (running === null) return { kind: 'never_handed', reason: 'messages_not_running' }
    let db: ChatDb
    try {
      db = openDb()
    } catch (error) {
      return { kind: 'never_handed', reason: problemOf(error) }
    }
    const forms = this.#formsOf(outgoing, db)
    let handed: Handed = { kind: 'not_started', reason: 'target_not_found', number: null }
    let note: SendNote | null = null
    for (const { form, target } of forms) {
      note = { ...place, mark: db.maxRowid(), db: db.identity, messages: running, atMs: clock.nowMs() }
      if (!memory.note(attempt, writeNote(note))) return { kind: 'never_handed', reason: 'node_disk_full' }
      handed = await handOver(osascript, { attempt, service, form, target, payload: part }, timings.osascript)
      this.#lastEndMs = clock.monotonicMs()
      if (handed.kind !== 'not_started' || handed.reason !== 'target_not_found') break
    }
    if (handed.kind === 'not_started' || note === null) return { kind: 'never_handed', reason: reasonOf(handed) }
    const step = await this.#search(outgoing, note).after(handed)
    this.#taint(step)
    return step
  }

  /**
   * Participants first on every version; chats by id only for groups, and once for a person whom the first form did not find (MACOS 1.3,
   * 1.4: -1728 comes before anything is sent).
   */
  #formsOf({ to }: Outgoing, db: ChatDb): Array<Pick<HandOver, 'form' | 'target'>> {
    if (isGroup(to)) return [{ form: 'chat', target: to }]
    const chat = db.ask(
      `select guid from chat where chat_identifier = ? and style = 45 order by ROWID desc limit 1`,
      to,
    )[0]
    const forms: Array<Pick<HandOver, 'form' | 'target'>> = [{ form: 'participant', target: to }]
    return typeof chat?.['guid'] === 'string' ? [...forms, { form: 'chat', target: chat['guid'] }] : forms
  }

  #search({ to, body, service }: Outgoing, note: SendNote): RowSearch {
    return new RowSearch(this.#deps, { sought: { to, body: note.file === null ? body : null }, service, note })
  }

  /** Without a barrier the event may still be carried out: its row must not be taken for the next attempt's (hole 7). */
  #taint(step: Step): void {
    if (step.kind === 'unknown') this.#isTainted ||= step.mayStillCome
  }

  /** Nothing of what was handed over can come any more. */
  async clear(): Promise<boolean> {
    if (this.#isTainted && (await this.#deps.messages.end())) this.#isTainted = false
    return !this.#isTainted
  }

  async #gap(): Promise<void> {
    const { clock, timings } = this.#deps
    const left = this.#lastEndMs + timings.gap - clock.monotonicMs()
    if (left > 0) await new Promise<void>((resolve) => void clock.setTimer(left, resolve))
  }
}

/** Of an attempt that did not go through to its end. `not_sent` only if no part of it was sent (hole 20). */
function outcomeOf(
  step: Exclude<Step, { kind: 'sent' }>,
  { rows, of }: { rows: readonly string[]; of: number },
): SendOutcome {
  const guids = step.kind === 'never_handed' || step.rows.length === 0 ? rows : [...rows, ...step.rows]
  if (rows.length > 0) return incomplete(guids, of, rows.length)
  const rowGuids = guids.length === 0 ? {} : { rowGuids: guids }
  if (step.kind === 'never_handed') return neverHanded(step.reason)
  if (step.kind === 'refused') return { kind: 'not_sent', class: 'refused', reason: step.reason, ...rowGuids }
  return {
    kind: 'unknown',
    reason: step.reason,
    ...(step.detail === undefined ? {} : { detail: step.detail }),
    ...rowGuids,
  }
}

function incomplete(rowGuids: readonly string[], of: number, sent = rowGuids.length): SendOutcome {
  return {
    kind: 'unknown',
    reason: 'parts_incomplete',
    detail: `${sent} of ${of} parts were sent; the rest is not.`,
    rowGuids,
  }
}

function neverHanded(reason: string): SendOutcome {
  return { kind: 'not_sent', class: 'never_handed', reason }
}

function reasonOf(handed: Handed): string {
  return handed.kind === 'accepted' ? 'send_refused' : handed.reason
}

function problemOf(error: unknown): string {
  if (error instanceof ChatDbError) return `chatdb_${error.problem}`
  throw error
}
