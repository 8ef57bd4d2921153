/** Whom a specifier of AppleScript names, or the error that Messages gives for it (MACOS 1.2, 1.3). */
import type { Chat } from '../chat-db/conversations.ts'
import type { Service } from '../mac-settings.ts'
import { isMacos26 } from '../mac-settings.ts'
import type { Mailbox } from '../mailbox.ts'
import type { EventError, EventTarget } from './apple-events.ts'
import { CANNOT_GET } from './apple-events.ts'

export type Target =
  | Readonly<{ kind: 'person'; handle: string; service: Service; isEnabled: boolean }>
  | Readonly<{ kind: 'chat'; chat: Chat; service: Service }>
  /** A group as macOS 26 names it on some Macs: what is sent there becomes a ghost. */
  | Readonly<{ kind: 'ghost'; id: string }>

export type Resolved = Readonly<{ target: Target }> | Readonly<{ error: EventError }>

export function resolveTarget(mailbox: Mailbox, to: EventTarget): Resolved {
  return 'chat' in to ? resolveChat(mailbox, to.chat) : resolvePerson(mailbox, to)
}

/** Anything is a participant of an account: whether it can be reached is found out later. */
function resolvePerson(
  { settings }: Mailbox,
  { participant, account }: { participant: string; account: string },
): Resolved {
  const found = settings.accounts.find(({ id }) => id === account)
  if (found === undefined) return cannotGet(`account id ${quoted(account)}`)
  return { target: { kind: 'person', handle: participant, service: found.service, isEnabled: found.enabled } }
}

function resolveChat({ conversations, settings }: Mailbox, guid: string): Resolved {
  const ghosts = isMacos26(settings.macos) && settings.groupPrefix === 'any;-;'
  if (ghosts && guid.startsWith('any;+;')) return cannotGet(`chat id ${quoted(guid)}`)
  if (ghosts && conversations.byGuid(guid.replace('any;-;', 'any;+;')) !== undefined) {
    return { target: { kind: 'ghost', id: guid } }
  }
  const chat = conversations.byGuid(guid)
  if (chat === undefined || settings.unloadedChats.includes(guid)) return cannotGet(`chat id ${quoted(guid)}`)
  if (isMacos26(settings.macos) && settings.ownAddresses.includes(chat.identifier)) {
    return cannotGet(`chat id ${quoted(guid)}`)
  }
  return { target: { kind: 'chat', chat, service: conversations.serviceOf(chat) } }
}

function cannotGet(object: string): Resolved {
  return { error: { number: CANNOT_GET, object } }
}

/** As AppleScript prints a string. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
