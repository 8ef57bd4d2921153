/** Carries out a `send`: the row that Messages writes for it, and what becomes of it. */
import { randomUUID } from 'node:crypto'
import { setTimeout as passed } from 'node:timers/promises'
import { ATTACHMENT_CHARACTER } from '../write-attributed-body.ts'
import type { Chat } from '../chat-db/conversations.ts'
import { readSettings, scaled } from '../mac-settings.ts'
import type { Mailbox } from '../mailbox.ts'
import type { SendEvent } from './apple-events.ts'
import type { OpenDatabase } from './open-database.ts'
import type { Outbox, Sending } from './outbox.ts'
import { planOf } from './plan.ts'
import type { SendRule } from './send-rule.ts'
import { describeFile, isReadable } from './sent-files.ts'
import { smartQuotes } from './smart-quotes.ts'
import type { Target } from './targets.ts'

export type Send = Readonly<{ event: SendEvent; target: Target; rule: SendRule }>

export class Sender {
  readonly #folder: string
  readonly #database: OpenDatabase
  readonly #outbox: Outbox

  constructor(folder: string, { database, outbox }: { database: OpenDatabase; outbox: Outbox }) {
    this.#folder = folder
    this.#database = database
    this.#outbox = outbox
  }

  /** Resolves when the row is written, which is later than the event is answered. */
  async send(send: Send): Promise<void> {
    const settings = readSettings(this.#folder)
    if (send.rule.row === 'none' || settings.freeBytes === 0) return
    const rowMs = send.rule.rowAfterMs ?? scaled(settings, 'rowMs')
    if (rowMs > 0) await passed(rowMs)
    const { mailbox } = this.#database
    mailbox?.db.transaction(() => this.#write(mailbox, send))
  }

  #write(mailbox: Mailbox, { event, target, rule }: Send): void {
    if (target.kind === 'ghost' || rule.row === 'ghost') {
      writeGhost(mailbox, target.kind === 'ghost' ? target.id : nameOf(event))
      return
    }
    const { settings } = mailbox
    const chat = chatOf(mailbox, target, rule)
    const handle = chat.isGroup ? undefined : chat.identifier
    const isEnabled = target.kind === 'chat' || target.isEnabled
    const file = 'file' in event ? describeFile(this.#folder, event.file) : undefined
    const recipient = { service: target.service, isEnabled, ...(handle === undefined ? {} : { handle }) }
    const readable = file !== undefined && isReadable(this.#folder, file.path)
    const steps = planOf({
      recipient,
      rule,
      settings,
      file: file === undefined ? 'none' : readable ? 'readable' : 'unreadable',
    })
    const isSmart = rule.smartQuotes ?? settings.smartQuotes
    const said = 'text' in event ? event.text : ATTACHMENT_CHARACTER
    const content = {
      text: isSmart ? smartQuotes(said) : said,
      ...(file === undefined ? {} : { file: { ...file, guid: randomUUID().toUpperCase() } }),
    }
    const guid = writeRow(mailbox, { chat, service: target.service, ...content })
    this.#outbox.start(mailbox, { guid, chat: chat.guid, ...recipient, ...content, steps })
  }
}

function nameOf({ to }: SendEvent): string {
  return 'chat' in to ? to.chat : to.participant
}

/** For a participant, the chat is made when there is none. */
function chatOf(mailbox: Mailbox, target: Exclude<Target, { kind: 'ghost' }>, rule: SendRule): Chat {
  const { conversations } = mailbox
  const wrong = rule.wrongChat === undefined ? undefined : conversations.byGuid(rule.wrongChat)
  if (wrong !== undefined) return wrong
  return target.kind === 'chat' ? target.chat : conversations.direct(target.handle, target.service)
}

function writeRow(mailbox: Mailbox, row: { chat: Chat } & Pick<Sending, 'service' | 'text' | 'file'>): string {
  const { chat, service, text = '', file } = row
  const { rows, conversations } = mailbox
  const { rowid, guid } = rows.insert({
    service,
    fromMe: true,
    text,
    handle: chat.isGroup ? 0 : conversations.handle(chat.identifier, service),
    ...(file === undefined ? {} : { attachments: [{ at: 0, guid: file.guid }] }),
    also: { is_finished: file === undefined ? 1 : 0 },
  })
  if (file === undefined) return guid
  rows.attach(rowid, {
    guid: file.guid,
    filename: file.filename,
    transfer_name: file.name,
    mime_type: file.mime,
    uti: file.uti,
    total_bytes: file.bytes,
    transfer_state: 0,
    is_outgoing: 1,
    hide_attachment: 0,
  })
  return guid
}

/** MACOS 1.3: empty, joined to no chat, to a handle that is the raw id on SMS; nothing is delivered. */
function writeGhost({ rows, conversations }: Mailbox, id: string): void {
  rows.insert({ service: 'SMS', fromMe: true, text: '', handle: conversations.handle(id, 'SMS') })
}
