import type { Mailbox } from '../mailbox.ts'
import { backfill, backfillAgain, grow } from './backfill.ts'
import { edit, unsend } from './edits.ts'
import { groupEvent } from './group-events.ts'
import type { Happened, Happening } from './happening.ts'
import { delivered, failed, read, readByUser } from './receipts.ts'
import { receive } from './receive.ts'
import { sendLater, sendLaterGoes, sentElsewhere } from './sent-by-hand.ts'
import { tapback } from './tapbacks.ts'

/** One transaction, like all that comes in at once. Throws a sentence when it names a message or a chat that is not there. */
export function happen(mailbox: Mailbox, happening: Happening): Happened {
  return mailbox.db.transaction(() => perform(mailbox, happening))
}

function perform(mailbox: Mailbox, happening: Happening): Happened {
  switch (happening.kind) {
    case 'receive':
      return receive(mailbox, happening)
    case 'make_group':
      return mailbox.conversations.group({ service: 'iMessage', ...happening })
    case 'make_direct':
      return mailbox.conversations.direct(happening.handle, happening.service ?? 'iMessage')
    case 'tapback':
      return tapback(mailbox, happening)
    case 'edit':
      return edit(mailbox, happening)
    case 'unsend':
      return unsend(mailbox, happening)
    case 'delivered':
      return delivered(mailbox, happening.guid)
    case 'read':
      return read(mailbox, happening.guid)
    case 'failed':
      return failed(mailbox, happening)
    case 'read_by_user':
      return readByUser(mailbox, happening.guid)
    case 'sent_elsewhere':
      return sentElsewhere(mailbox, happening)
    case 'backfill':
      return backfill(mailbox, happening.messages)
    case 'backfill_again':
      return backfillAgain(mailbox, happening.guids)
    case 'group_event':
      return groupEvent(mailbox, happening)
    case 'send_later':
      return sendLater(mailbox, happening)
    case 'send_later_goes':
      return sendLaterGoes(mailbox, happening.guid)
    case 'grow':
      return grow(mailbox, happening.rows)
    case 'delete_message':
      return deleteMessage(mailbox, happening.guid)
    default:
      return happening satisfies never
  }
}

function deleteMessage({ rows, db }: Mailbox, guid: string): Happened {
  const { rowid } = rows.known(guid)
  db.raw.prepare('delete from chat_message_join where message_id = ?').run(rowid) // its trigger deletes the row
  db.raw.prepare('delete from message where ROWID = ?').run(rowid)
  return { guid, rowid }
}
