/** Rows of `message` as Messages writes them, and their places in chats. */
import { randomUUID } from 'node:crypto'
import { writeAttributedBody } from '../write-attributed-body.ts'
import type { MacSettings, Service } from '../mac-settings.ts'
import { isMacos26 } from '../mac-settings.ts'
import { appleTime } from './apple-time.ts'
import type { ChatDb, Row } from './chat-db.ts'

export type MessageId = Readonly<{ rowid: number; guid: string }>

export type NewMessage = Readonly<{
  service: Service
  fromMe: boolean
  text: string
  /** ROWID of the handle; 0 for an own message to a group. */
  handle: number
  dateMs?: number
  guid?: string
  /** Lower than others that are there: only a database that was rebuilt has such new rows. */
  rowid?: number
  attachments?: readonly Readonly<{ at: number; guid: string }>[]
  /** Whether the text is also in its own column. [all but sent rows of 26] */
  textColumn?: boolean
  /** Instead of a good attributedBody. */
  body?: Uint8Array | null
  /** Further columns. */
  also?: Row
}>

export class MessageRows {
  readonly #db: ChatDb
  readonly #settings: MacSettings

  constructor(db: ChatDb, settings: MacSettings) {
    this.#db = db
    this.#settings = settings
  }

  insert(message: NewMessage): MessageId {
    const { fromMe, service, text, rowid } = message
    const guid = message.guid ?? randomUUID().toUpperCase()
    const textColumn = message.textColumn ?? !(fromMe && isMacos26(this.#settings.macos))
    const [own = ''] = this.#settings.ownAddresses
    const inserted = this.#db.insert('message', {
      ...(rowid === undefined ? {} : { ROWID: rowid }),
      guid,
      text: textColumn ? text : null,
      attributedBody: message.body === undefined ? bodyOf(message) : message.body,
      handle_id: message.handle,
      version: 10,
      service,
      account: own.includes('@') ? `E:${own}` : `p:${own}`,
      account_guid: this.#settings.accounts.find((account) => account.service === service)?.id ?? null,
      date: appleTime(message.dateMs ?? Date.now()),
      date_read: 0,
      date_delivered: 0,
      date_edited: 0,
      date_retracted: 0,
      is_finished: 1,
      is_from_me: fromMe ? 1 : 0,
      is_empty: text === '' ? 1 : 0,
      was_data_detected: 1,
      destination_caller_id: own,
      part_count: Math.max(1, message.attachments?.length ?? 0),
      ...message.also,
    })
    return { rowid: inserted, guid }
  }

  /** A write of its own, after the row's (MACOS 2.5). */
  join(chat: number, message: number): void {
    const row = this.#db.get('select date from message where ROWID = ?', message)
    if (row === undefined) return
    const sql = 'insert or ignore into chat_message_join (chat_id, message_id, message_date) values (?, ?, ?)'
    this.#db.raw.prepare(sql).run(chat, message, row['date'] as bigint)
  }

  update(message: number, row: Row): void {
    this.#db.update('message', message, row)
  }

  /** Undefined when there is no such message. */
  byGuid(guid: string): (Record<string, unknown> & { rowid: number }) | undefined {
    const row = this.#db.get('select * from message where guid = ?', guid)
    return row === undefined ? undefined : { ...row, rowid: Number(row['ROWID']) }
  }

  /** Throws when there is none. */
  known(guid: string): Record<string, unknown> & { rowid: number } {
    const row = this.byGuid(guid)
    if (row === undefined) throw new Error(`This Mac's chat.db has no message "${guid}".`)
    return row
  }

  attach(message: number, attachment: Row & Readonly<{ guid: string }>): number {
    const rowid = this.#db.insert('attachment', {
      created_date: appleTime(Date.now()) / 1_000_000_000n, // seconds, unlike all other dates
      start_date: 0,
      original_guid: attachment.guid,
      ...attachment,
    })
    this.#db.insert('message_attachment_join', { message_id: message, attachment_id: rowid })
    return rowid
  }
}

function bodyOf({ text, attachments, fromMe }: NewMessage): Uint8Array | null {
  if (text === '') return null
  return writeAttributedBody({ text, mutable: fromMe, ...(attachments === undefined ? {} : { attachments }) })
}
