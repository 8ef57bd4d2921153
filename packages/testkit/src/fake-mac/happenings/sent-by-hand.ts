/** Rows of own messages that no script on this Mac sent. */
import type { Service } from '../mac-settings.ts'
import { appleTime } from '../chat-db/apple-time.ts'
import type { Mailbox } from '../mailbox.ts'
import type { Happened } from './happening.ts'

const SEND_LATER = 2

type Elsewhere = Readonly<{ to?: string; chat?: string; text: string; service?: Service; dateMs?: number }>

export function sentElsewhere(
  mailbox: Mailbox,
  { to = '', chat, text, service = 'iMessage', dateMs }: Elsewhere,
): Happened {
  const { conversations, rows } = mailbox
  const where = chat === undefined ? conversations.direct(to, service) : conversations.known(chat)
  const message = rows.insert({
    service,
    fromMe: true,
    text,
    handle: where.isGroup ? 0 : conversations.handle(where.identifier, service),
    ...(dateMs === undefined ? {} : { dateMs }),
    also: { is_sent: 1 },
  })
  rows.join(where.rowid, message.rowid)
  return message
}

type Later = Readonly<{ to: string; text: string; dateMs: number }>

/** The row is there from the beginning, dated in the future (MACOS 2.3: leave it out until it is sent). */
export function sendLater(mailbox: Mailbox, { to, text, dateMs }: Later): Happened {
  const { conversations, rows, db } = mailbox
  if (!db.hasColumn('message', 'schedule_type')) {
    throw new Error(`Send Later came with macOS 15; this Mac has ${mailbox.settings.macos}.`)
  }
  const chat = conversations.direct(to, 'iMessage')
  const message = rows.insert({
    service: 'iMessage',
    fromMe: true,
    text,
    handle: conversations.handle(to, 'iMessage'),
    dateMs,
    also: { schedule_type: SEND_LATER, schedule_state: 1 },
  })
  rows.join(chat.rowid, message.rowid)
  return message
}

export function sendLaterGoes({ rows }: Mailbox, guid: string): Happened {
  const { rowid } = rows.known(guid)
  rows.update(rowid, { is_sent: 1, schedule_state: 0, date: appleTime(Date.now()) })
  return { guid, rowid }
}
