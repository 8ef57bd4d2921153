import type { Mailbox } from '../mailbox.ts'
import type { Happened, Tapback } from './happening.ts'
import { TAPBACKS } from './happening.ts'
import { textOf } from './text-of.ts'

const WORDS: Readonly<Record<keyof typeof TAPBACKS, readonly [given: string, taken: string]>> = {
  love: ['Loved', 'Removed a heart from'],
  like: ['Liked', 'Removed a like from'],
  dislike: ['Disliked', 'Removed a dislike from'],
  laugh: ['Laughed at', 'Removed a laugh from'],
  emphasise: ['Emphasized', 'Removed an exclamation from'],
  question: ['Questioned', 'Removed a question mark from'],
  emoji: ['Reacted to', 'Removed a reaction from'],
  sticker: ['Reacted with a sticker to', 'Removed a sticker from'],
}
const REMOVED = 1000

/** A row of its own, whose text repeats the message it is on. */
export function tapback(mailbox: Mailbox, given: Tapback): Happened {
  const { rows, conversations, db } = mailbox
  if (given.tapback === 'emoji' && !db.hasColumn('message', 'associated_message_emoji')) {
    throw new Error(`An emoji as a tapback came with macOS 15; this Mac has ${mailbox.settings.macos}.`)
  }
  const on = rows.known(given.on)
  const chat = conversations.ofMessage(on.rowid)
  const { service } = chat
  const [present, past] = WORDS[given.tapback]
  const verb = given.removed === true ? past : given.tapback === 'emoji' ? `Reacted ${given.emoji ?? ''} to` : present
  const message = rows.insert({
    service,
    fromMe: given.from === undefined,
    text: `${verb} “${textOf(on)}”`,
    handle: given.from === undefined ? 0 : conversations.handle(given.from, service),
    also: {
      associated_message_guid: `p:0/${given.on}`,
      associated_message_type: TAPBACKS[given.tapback] + (given.removed === true ? REMOVED : 0),
      associated_message_range_length: 1,
      associated_message_emoji: given.emoji ?? null,
      is_sent: given.from === undefined ? 1 : 0,
    },
  })
  rows.join(chat.rowid, message.rowid)
  return message
}
