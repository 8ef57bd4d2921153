/** Old messages in new rows. */
import { randomUUID } from 'node:crypto'
import { appleTime, unixMsOf } from '../chat-db/apple-time.ts'
import type { Mailbox } from '../mailbox.ts'
import type { BackfilledMessage, Happened } from './happening.ts'

/** Returns the last one. */
export function backfill({ conversations, rows }: Mailbox, messages: readonly BackfilledMessage[]): Happened {
  let last: Happened = { guid: '', rowid: 0 }
  for (const { with: handle, text, fromMe = false, dateMs, service = 'iMessage' } of messages) {
    const chat = conversations.direct(handle, service)
    last = rows.insert({
      service,
      fromMe,
      text,
      handle: conversations.handle(handle, service),
      dateMs,
      also: { is_sent: fromMe ? 1 : 0, is_read: 1 },
    })
    rows.join(chat.rowid, last.rowid)
  }
  return last
}

/** MACOS 2.6: guids of which none was there before, so that they tell nobody that these are copies. Returns the last one. */
export function backfillAgain({ conversations, rows, db }: Mailbox, guids: readonly string[]): Happened {
  let last: Happened = { guid: '', rowid: 0 }
  for (const known of guids) {
    const { rowid, ...row } = rows.known(known)
    delete row['ROWID']
    const guid = randomUUID().toUpperCase()
    last = { guid, rowid: db.insert('message', { ...(row as Record<string, bigint>), guid }) }
    rows.join(conversations.ofMessage(rowid).rowid, last.rowid)
  }
  return last
}

const OLDEST_MS = 400 * 24 * 3600 * 1000

/** One statement, so that a large database is quickly made. The messages are from one person, the oldest more than a year old. */
export function grow({ conversations, db }: Mailbox, many: number): Happened {
  const from = '+14155550199'
  const chat = conversations.direct(from, 'iMessage')
  const handle = conversations.handle(from, 'iMessage')
  const oldestMs = unixMsOf(appleTime(Date.now())) - OLDEST_MS
  const before = Number(db.get('select coalesce(max(ROWID), 0) n from message')?.['n'])
  db.raw
    .prepare(
      `insert into message (guid, text, handle_id, service, date, is_finished, is_read, is_from_me)
       with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
       select printf('%08X-0000-4000-8000-%012X', i, ? + i), 'Old message ' || i, ?, 'iMessage', ? + i * 1000000007, 1, 1, 0 from n`,
    )
    .run(many, before, handle, appleTime(oldestMs))
  db.raw
    .prepare(
      `insert into chat_message_join (chat_id, message_id, message_date) select ?, ROWID, date from message where ROWID > ?`,
    )
    .run(chat.rowid, before)
  const last = db.get('select ROWID, guid from message order by ROWID desc limit 1')
  return { guid: String(last?.['guid']), rowid: Number(last?.['ROWID']) }
}
