/** What a message that came in says, in the words of the node protocol. Pure. */
import type { Service } from '@bluewire/contract/ids'
import type { InboundAbout, InboundMessage } from '../driver.ts'
import { isAboutAnother, isGroup } from './row-match.ts'
import { isTextMessage } from './row-state.ts'
import type { WireMessage } from './wire-message.ts'
import { readReaction, readTarget } from './words.ts'

type Told = Readonly<{
  /** Our address for a service. */
  lineOf(service: Service): string
  backfilled: boolean
}>

const ATTACHMENTS = /\uFFFC/g

/** Null: nothing that a person wrote to us (our own, a group's new name, a sticker, the preview of a link). */
export function inboundOf(message: WireMessage, { lineOf, backfilled }: Told): InboundMessage | null {
  if (message.isFromMe || message.itemType !== 0) return null
  const about = aboutOf(message)
  if (about === null && isAboutAnother(message)) return null
  const body = about === null ? bodyOf(message) : ''
  // A preview is a second message, a moment after the one with its link (MACOS 2.3); one that was unsent before it was read says nothing.
  if (about === null && body === '' && message.attachments.length === 0 && (isBalloon(message) || isEdited(message)))
    return null
  const from = senderOf(message)
  if (from === null) return null
  const service = isTextMessage(message) ? 'sms' : 'imessage'
  const chat = groupOf(message)
  return {
    guid: message.guid,
    line: lineOf(service),
    from,
    service,
    body,
    dateMs: message.dateCreated ?? 0,
    backfilled,
    ...(chat === null ? {} : { chat }),
    ...(about === null ? {} : { about }),
  }
}

/** Its sender has changed it: the new text, or that it was unsent. Null: not so. */
export function editOf(message: WireMessage, told: Told): InboundMessage | null {
  const atMs = editedMs(message)
  if (atMs === 0 || message.isFromMe || message.itemType !== 0 || isAboutAnother(message)) return null
  const isUnsent = (message.dateRetracted ?? 0) > 0 || message.partCount === 0 || isEmpty(message)
  const whole = inboundOf({ ...message, dateEdited: null, dateRetracted: null, balloonBundleId: null }, told)
  if (whole === null) return null
  return {
    ...whole,
    // Of its own, or it would be taken for the message itself.
    guid: `${message.guid}:${isUnsent ? 'unsent' : 'edited'}:${atMs}`,
    body: isUnsent ? '' : whole.body,
    dateMs: atMs,
    about: { guid: message.guid, part: 0, what: isUnsent ? 'unsend' : 'edit' },
  }
}

/** When it was last changed; 0: never. */
export function editedMs({ dateEdited, dateRetracted }: Pick<WireMessage, 'dateEdited' | 'dateRetracted'>): number {
  return Math.max(dateEdited ?? 0, dateRetracted ?? 0)
}

function aboutOf({ associatedMessageType: type, associatedMessageGuid: associated }: WireMessage): InboundAbout | null {
  const reaction = type === null ? null : readReaction(type)
  if (reaction === null || associated === null) return null
  return { ...readTarget(associated), what: 'reaction', reaction }
}

function bodyOf({ text, subject }: WireMessage): string {
  const plain = (text ?? '').replace(ATTACHMENTS, '').trim()
  return subject === null || subject === '' ? plain : `${subject}\n${plain}`.trim()
}

/** Of a person; in a chat of two the chat itself names them. */
function senderOf({ handle, chats }: WireMessage): string | null {
  if (handle !== null) return handle.address
  const [chat] = chats
  return chat === undefined || isGroup(chat.guid) ? null : chat.guid.slice(chat.guid.lastIndexOf(';') + 1)
}

/** Its id. Trap 6: an event may lack its chat; here a message is always read with it, but the join may be late. */
function groupOf({ chats, cacheRoomnames }: WireMessage): string | null {
  const group = chats.find(({ guid, style }) => style === GROUP || isGroup(guid))
  if (group !== undefined) return group.guid
  return chats.length === 0 && cacheRoomnames !== null && cacheRoomnames !== '' ? `iMessage;+;${cacheRoomnames}` : null
}

/** `chat.style` of a group (DRIVERS 2.1). */
const GROUP = 43

const isBalloon = ({ balloonBundleId: id }: WireMessage): boolean => id !== null && id !== ''
const isEdited = (message: WireMessage): boolean => editedMs(message) > 0
const isEmpty = (message: WireMessage): boolean => bodyOf(message) === '' && message.attachments.length === 0
