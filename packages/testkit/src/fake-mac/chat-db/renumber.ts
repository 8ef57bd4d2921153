/** What a rebuild of chat.db does (MACOS 2.6): the same messages with the same guids have other ROWIDs, from 1 on, and new ones come lower. */
import type { ChatDb } from './chat-db.ts'

export function renumber(db: ChatDb): void {
  db.transaction(() => {
    // Negative first: a number is free only when its old owner has another.
    db.raw.exec(`
      create temp table new_number as select ROWID old, row_number() over (order by date, ROWID) new from message;
      update message set ROWID = -ROWID;
      update message set ROWID = (select new from new_number where old = -message.ROWID);
      update chat_message_join set message_id = -message_id;
      update chat_message_join set message_id = (select new from new_number where old = -message_id);
      update message_attachment_join set message_id = -message_id;
      update message_attachment_join set message_id = (select new from new_number where old = -message_id);
      drop table new_number;
      update sqlite_sequence set seq = (select coalesce(max(ROWID), 0) from message) where name = 'message'`)
  })
}
