/** What a gateway may ask besides sending. All but a restart of Messages needs the private API. */
import type { CommandArgs } from '@bluewire/contract/node-protocol/commands'
import type { DriverCommand, DriverReply } from '../driver.ts'
import type { Answer, BlueBubblesApi, Call } from './api.ts'
import { chatPath, existingChat } from './chat-target.ts'
import { NotAnswered } from './message-queries.ts'
import { canonicalAddress } from './row-match.ts'
import { reactionWord } from './words.ts'

type Made = Call | Readonly<{ cannot: string }>

/** Never rejects. */
export async function obey(api: BlueBubblesApi, { name, args }: DriverCommand): Promise<DriverReply> {
  let call: Made
  try {
    call = await callFor(api, name, args)
  } catch (error) {
    if (error instanceof NotAnswered) return { ok: false, detail: 'BlueBubbles could not be asked; nothing was done.' }
    throw error
  }
  if ('cannot' in call) return { ok: false, detail: call.cannot }
  return replyOf(name, await api.call(call, 'command'))
}

async function callFor(api: BlueBubblesApi, name: DriverCommand['name'], args: CommandArgs): Promise<Made> {
  const { to, guid, part = 0, body } = args
  switch (name) {
    case 'typing':
      return inChat(api, to, (chat) => ({
        method: args.on === false ? 'DELETE' : 'POST',
        path: `${chatPath(chat)}/typing`,
      }))
    case 'read':
      return inChat(api, to, (chat) => ({ method: 'POST', path: `${chatPath(chat)}/read` }))
    case 'react':
      return inChat(api, to, (chat) => reaction(chat, args))
    case 'edit':
      if (guid === undefined || body === undefined) return { cannot: 'An edit names a message and its new text.' }
      return {
        method: 'POST',
        path: `message/${encodeURIComponent(guid)}/edit`,
        // What phones show that are too old for edits.
        json: { editedMessage: body, backwardsCompatibilityMessage: `Edited to “${body}”`, partIndex: part },
      }
    case 'unsend':
      if (guid === undefined) return { cannot: 'Which message is to be unsent was not said.' }
      return { method: 'POST', path: `message/${encodeURIComponent(guid)}/unsend`, json: { partIndex: part } }
    case 'availability':
      if (to === undefined) return { cannot: 'Whose availability was not said.' }
      return { method: 'GET', path: 'handle/availability/imessage', query: { address: canonicalAddress(to) } }
    case 'restart_messages':
      return { method: 'POST', path: 'mac/imessage/restart', json: {} }
    default:
      return name satisfies never
  }
}

async function inChat(api: BlueBubblesApi, to: string | undefined, make: (chat: string) => Made): Promise<Made> {
  if (to === undefined) return { cannot: 'In which conversation was not said.' }
  const chat = await existingChat(api, to)
  return chat === null ? { cannot: 'There is no conversation with them on this Mac yet.' } : make(chat)
}

function reaction(chatGuid: string, { guid, part = 0, reaction: kind, on }: CommandArgs): Made {
  if (guid === undefined || kind === undefined) return { cannot: 'A reaction names a message and what it is.' }
  const word = reactionWord(kind, on !== false)
  if (word === null) return { cannot: 'BlueBubbles gives the six reactions of old only, no other emoji.' }
  const json = { chatGuid, selectedMessageGuid: guid, reaction: word, partIndex: part }
  return { method: 'POST', path: 'message/react', json }
}

/** BlueBubbles' own words are left out: they may quote numbers and texts. */
function replyOf(name: DriverCommand['name'], answer: Answer): DriverReply {
  switch (answer.kind) {
    case 'ok':
      return name === 'availability' ? availability(answer.data) : { ok: true }
    case 'never_left':
      return { ok: false, detail: 'BlueBubbles cannot be reached; nothing was done.' }
    case 'lost':
      return { ok: false, detail: 'BlueBubbles did not answer; whether it was done is not known.' }
    case 'refused':
    case 'foreign':
      return { ok: false, detail: `BlueBubbles answered with HTTP ${answer.status}.` }
    default:
      return answer satisfies never
  }
}

function availability(data: unknown): DriverReply {
  const available = typeof data === 'object' && data !== null && 'available' in data ? data.available : null
  if (typeof available !== 'boolean') return { ok: false, detail: 'BlueBubbles’ answer says nothing of it.' }
  return { ok: true, data: { available } }
}
