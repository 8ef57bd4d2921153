/**
 * Messages that are on their way. Each is a file with the steps that it still has before it, so that one whose row is written goes on when
 * Messages is started again, as the real ones do that another process carries.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { appleTime } from '../chat-db/apple-time.ts'
import { macPaths } from '../mac-folder.ts'
import type { Service } from '../mac-settings.ts'
import { scaled } from '../mac-settings.ts'
import type { Mailbox } from '../mailbox.ts'
import type { Arrival } from '../phones.ts'
import { addArrival, arrivals } from '../phones.ts'
import type { FileTransfer } from './apple-events.ts'
import type { OpenDatabase } from './open-database.ts'
import type { Step } from './plan.ts'
import type { SentFile } from './sent-files.ts'
import { contentOf, isReadable } from './sent-files.ts'

export type Sending = Readonly<{
  guid: string
  /** Guid of the chat that the row belongs to. */
  chat: string
  service: Service
  /** Undefined: a group. */
  handle?: string
  text?: string
  file?: SentFile & Readonly<{ guid: string }>
  steps: readonly Step[]
  hasFailed?: boolean
}>

/** Ends of names of files. */
const ON_ITS_WAY = '.json'
const FAILED = '.failed'
const SENT = { is_sent: 1, is_finished: 1, error: 0 }

const TRANSFER_ERROR = 6
const TRANSCODING_FAILED = 25
const STATUS: Readonly<Record<number, FileTransfer['status']>> = {
  0: 'waiting',
  2: 'preparing',
  3: 'transferring',
  4: 'finalizing',
  5: 'finished',
  6: 'failed',
}

export class Outbox {
  /** Of this process, newest last. */
  readonly transfers = new Map<string, FileTransfer>()
  readonly #macFolder: string
  readonly #folder: string
  readonly #database: OpenDatabase
  readonly #left: Set<string>

  constructor(macFolder: string, database: OpenDatabase) {
    this.#macFolder = macFolder
    this.#folder = macPaths(macFolder).outbox
    this.#database = database
    this.#left = new Set(arrivals(macFolder).map(({ guid }) => guid))
    mkdirSync(this.#folder, { recursive: true })
  }

  /** What was on its way when Messages ended. */
  resume(): void {
    for (const file of readdirSync(this.#folder)) {
      if (!file.endsWith(ON_ITS_WAY)) continue
      void this.#carry(JSON.parse(readFileSync(join(this.#folder, file), 'utf8')) as Sending)
    }
  }

  /** Call it in the transaction that writes the row: the steps at its beginning that take no time are part of that. */
  start(mailbox: Mailbox, sending: Sending): void {
    if (sending.file !== undefined) this.#transfer(sending, 0)
    let written = sending
    for (let [first] = written.steps; first?.afterMs === 0 && first.step !== 'leave'; [first] = written.steps) {
      written = this.#take(mailbox, written, first)
    }
    this.#keep(written)
    const carried = written
    setImmediate(() => void this.#carry(carried)) // after the commit
  }

  /** The user presses "Try Again": what failed is taken up once more, and leaves. */
  tryAgain(mailbox: Mailbox, guid: string): boolean {
    const path = join(this.#folder, `${guid}${FAILED}`)
    if (!existsSync(path)) throw new Error(`This Mac's Messages has no failed message "${guid}".`)
    const failed = JSON.parse(readFileSync(path, 'utf8')) as Sending
    const steps: Step[] = [{ step: 'leave', afterMs: scaled(mailbox.settings, 'sentMs') }]
    if (failed.handle !== undefined && failed.service !== 'SMS') {
      steps.push({ step: 'deliver', afterMs: scaled(mailbox.settings, 'deliveredMs') })
    }
    rmSync(path)
    mailbox.db.transaction(() => this.start(mailbox, { ...failed, hasFailed: false, steps }))
    return true
  }

  async #carry(started: Sending): Promise<void> {
    let sending = started
    while (sending.steps[0] !== undefined) {
      const [step] = sending.steps
      if (step.afterMs > 0) await passed(step.afterMs)
      const mailbox = await this.#database.opened()
      sending = mailbox.db.transaction(() => this.#take(mailbox, sending, step))
      this.#keep(sending)
    }
  }

  /** Returns what is still before it. */
  #take(mailbox: Mailbox, sending: Sending, step: Step): Sending {
    const { rows } = mailbox
    const row = rows.byGuid(sending.guid)?.rowid ?? -1 // a database that was replaced has no such row any more
    const next = { ...sending, steps: sending.steps.slice(1) }
    switch (step.step) {
      case 'join':
        rows.join(mailbox.conversations.byGuid(sending.chat)?.rowid ?? -1, row)
        return next
      case 'fail':
        return this.#fail(mailbox, next, { row, error: step.error })
      case 'accept':
        rows.update(row, SENT)
        return next
      case 'leave':
        this.#leave(sending)
        rows.update(row, SENT)
        return { ...next, hasFailed: false }
      case 'downgrade':
        this.#leave({ ...sending, service: 'SMS' })
        rows.update(row, { ...SENT, was_downgraded: 1, service: 'SMS' })
        return next
      case 'deliver':
        rows.update(row, { is_delivered: 1, date_delivered: appleTime(Date.now()) })
        return next
      case 'read':
        rows.update(row, { date_read: appleTime(Date.now()) })
        return next
      case 'come_in':
        this.#comeIn(mailbox, sending)
        return next
      case 'transfer':
        this.#transferred(mailbox, sending, step.state)
        return next
      case 'read_file':
        if (sending.file === undefined || isReadable(this.#macFolder, sending.file.path)) return next
        // It was taken away too early.
        return { ...this.#fail(mailbox, next, { row, error: TRANSCODING_FAILED }), steps: [] }
      default:
        return step satisfies never
    }
  }

  #leave(sending: Sending): void {
    const { guid, service, handle, chat, text, file } = sending
    if (this.#left.has(guid)) return // it left before Messages died
    this.#left.add(guid)
    const content: Pick<Arrival, 'text' | 'file' | 'bytes' | 'sha256'> =
      file === undefined ? { text: text ?? '' } : { file: file.name, ...contentOf(file.path) }
    addArrival(this.#macFolder, {
      service,
      ...(handle === undefined ? { chat } : { to: handle }),
      ...content,
      guid,
      atMs: Date.now(),
    })
  }

  /** A message to oneself has a second row, as if somebody else had sent it. */
  #comeIn({ rows, conversations }: Mailbox, { handle = '', service, text = '' }: Sending): void {
    const chat = conversations.direct(handle, service)
    const copy = rows.insert({ service, fromMe: false, text, handle: conversations.handle(handle, service) })
    rows.join(chat.rowid, copy.rowid)
  }

  #fail(mailbox: Mailbox, sending: Sending, { row, error }: { row: number; error: number }): Sending {
    mailbox.rows.update(row, { error, is_sent: 0, is_finished: 1 })
    if (sending.file !== undefined) this.#transferred(mailbox, sending, TRANSFER_ERROR)
    return { ...sending, hasFailed: true }
  }

  #transferred(mailbox: Mailbox, sending: Sending, state: number): void {
    this.#transfer(sending, state)
    const sql = 'update attachment set transfer_state = ? where guid = ?'
    mailbox.db.raw.prepare(sql).run(state, sending.file?.guid ?? '')
  }

  #transfer({ file }: Sending, state: number): void {
    if (file === undefined) return
    const { guid, name, path } = file
    this.transfers.set(guid, { name, path, direction: 'outgoing', status: STATUS[state] ?? 'waiting' })
  }

  #keep(sending: Sending): void {
    const path = join(this.#folder, sending.guid)
    const goesOn = sending.steps.length > 0
    if (goesOn || sending.hasFailed === true) {
      const kept = `${path}${goesOn ? ON_ITS_WAY : FAILED}`
      writeFileSync(`${kept}.new`, JSON.stringify(sending))
      renameSync(`${kept}.new`, kept)
    }
    if (!goesOn) rmSync(`${path}${ON_ITS_WAY}`, { force: true })
  }
}
