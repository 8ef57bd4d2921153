import type { Mailbox } from '../mailbox.ts'
import type { GroupEvent, Happened } from './happening.ts'

type InChat = Readonly<{ chat: string; from?: string }>

/** MACOS 2.3. */
const ITEM_TYPE: Readonly<Record<GroupEvent['event'], number>> = {
  added: 1,
  removed: 1,
  renamed: 2,
  left: 3,
  icon: 3,
  location: 4,
  audio_kept: 5,
  share_play: 6,
}

/** A row without text that says what happened to the group. */
export function groupEvent(mailbox: Mailbox, happened: InChat & GroupEvent): Happened {
  const { conversations, rows, db } = mailbox
  const chat = conversations.known(happened.chat)
  const { event, from } = happened
  const other = 'whom' in happened ? conversations.handle(happened.whom, chat.service) : 0
  const message = rows.insert({
    service: chat.service,
    fromMe: from === undefined,
    text: '',
    handle: from === undefined ? 0 : conversations.handle(from, chat.service),
    body: null,
    also: {
      text: null,
      item_type: ITEM_TYPE[event],
      group_action_type: event === 'removed' || event === 'icon' ? 1 : 0,
      group_title: 'name' in happened ? happened.name : null,
      other_handle: other,
      is_empty: 0,
    },
  })
  rows.join(chat.rowid, message.rowid)
  if ('name' in happened) db.update('chat', chat.rowid, { display_name: happened.name })
  if (event === 'added') {
    db.insert('chat_handle_join', { chat_id: chat.rowid, handle_id: other })
  } else if (event === 'removed') {
    db.raw.prepare('delete from chat_handle_join where chat_id = ? and handle_id = ?').run(chat.rowid, other)
  }
  return message
}
