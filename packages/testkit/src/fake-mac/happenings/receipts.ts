/** What is learnt later of a row that is there: the same ROWID, which a cursor never sees (MACOS 2.6). */
import { appleTime } from '../chat-db/apple-time.ts'
import type { Row } from '../chat-db/chat-db.ts'
import type { Mailbox } from '../mailbox.ts'
import type { Happened } from './happening.ts'

export function delivered(mailbox: Mailbox, guid: string): Happened {
  return changed(mailbox, guid, { is_delivered: 1, date_delivered: appleTime(Date.now()) })
}

/** By its recipient, who shares read receipts. */
export function read(mailbox: Mailbox, guid: string): Happened {
  return changed(mailbox, guid, { is_delivered: 1, date_read: appleTime(Date.now()) })
}

export function readByUser(mailbox: Mailbox, guid: string): Happened {
  return changed(mailbox, guid, { is_read: 1, date_read: appleTime(Date.now()) })
}

export function failed(mailbox: Mailbox, { guid, error }: { guid: string; error: number }): Happened {
  return changed(mailbox, guid, { error, is_sent: 0, is_finished: 1 })
}

function changed({ rows }: Mailbox, guid: string, row: Row): Happened {
  const { rowid } = rows.known(guid)
  rows.update(rowid, row)
  return { guid, rowid }
}
