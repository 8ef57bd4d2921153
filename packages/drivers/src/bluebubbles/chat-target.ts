/** Which chat a message goes to. The guid of a chat begins with its service, but on macOS 26 with `any` (DRIVERS 2.1, MACOS 1.3). */
import type { Service } from '@bluewire/contract/ids'
import type { BlueBubblesApi } from './api.ts'
import { NotAnswered } from './message-queries.ts'
import { canonicalAddress, isGroup } from './row-match.ts'
import { isTextMessage } from './row-state.ts'
import { readChat } from './wire-message.ts'
import type { ChatAnswer } from './wire-message.ts'
import { serviceName } from './words.ts'

export type ChatTarget =
  | Readonly<{ kind: 'chat'; guid: string }>
  /** There is none that surely sends by this service: it is made with the message. */
  | Readonly<{ kind: 'new' }>
  /** A group that is not on this Mac; none can be made by its id. */
  | Readonly<{ kind: 'none' }>

/** Guids under which the chat may be there, the likeliest first. */
export function chatGuids(to: string, service: Service): string[] {
  if (isGroup(to)) {
    const id = to.slice(to.lastIndexOf(';') + 1)
    return [...new Set([to, `any;+;${id}`, `${serviceName(service)};+;${id}`])]
  }
  const address = canonicalAddress(to)
  return [`${serviceName(service)};-;${address}`, `any;-;${address}`]
}

/** @throws NotAnswered */
export async function findTarget(api: BlueBubblesApi, to: string, service: Service): Promise<ChatTarget> {
  for (const guid of chatGuids(to, service)) {
    const chat = await askChat(api, guid)
    if (chat === null) continue
    if (!guid.startsWith('any;-;') || (await lastWentBy(api, chat, service))) return { kind: 'chat', guid: chat.guid }
  }
  return isGroup(to) ? { kind: 'none' } : { kind: 'new' }
}

/** The chat where a person is written to already, whatever the service; null: there is none. @throws NotAnswered */
export async function existingChat(api: BlueBubblesApi, to: string): Promise<string | null> {
  for (const guid of new Set([...chatGuids(to, 'imessage'), ...chatGuids(to, 'sms')])) {
    const chat = await askChat(api, guid)
    if (chat !== null) return chat.guid
  }
  return null
}

/** A chat `any` sends as it last did: one whose last message was an SMS would send an iMessage as SMS, and the other way round. */
async function lastWentBy(api: BlueBubblesApi, { guid }: ChatAnswer, service: Service): Promise<boolean> {
  const answer = await api.call({ method: 'GET', path: chatPath(guid), query: { with: 'lastmessage' } })
  const last = answer.kind === 'ok' ? readChat(answer.data)?.lastMessage : undefined
  // Without a message in it BlueBubbles answers 500.
  if (last === undefined || last === null) return service === 'imessage'
  return isTextMessage(last) === (service === 'sms')
}

async function askChat(api: BlueBubblesApi, guid: string): Promise<ChatAnswer | null> {
  const answer = await api.call({ method: 'GET', path: chatPath(guid) })
  if (answer.kind === 'refused' && answer.status === 404) return null
  const chat = answer.kind === 'ok' ? readChat(answer.data) : null
  if (chat === null) throw new NotAnswered(answer)
  return chat
}

export function chatPath(guid: string): string {
  return `chat/${encodeURIComponent(guid)}`
}
