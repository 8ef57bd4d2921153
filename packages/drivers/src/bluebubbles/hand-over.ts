/** The request that hands one part of a message to BlueBubbles. Each is made once; nothing here repeats it. */
import { readFileSync, statSync } from 'node:fs'
import type { Outgoing } from '../driver.ts'
import type { Answer, BlueBubblesApi, Call } from './api.ts'
import type { ChatTarget } from './chat-target.ts'
import { multipart } from './multipart.ts'
import { canonicalAddress } from './row-match.ts'
import { effectId, serviceName } from './words.ts'

export type Method = 'private-api' | 'apple-script'

export type Part =
  Readonly<{ kind: 'text'; text: string }> | Readonly<{ kind: 'file'; name: string; bytes: Uint8Array }>

type Where = Readonly<{
  target: Exclude<ChatTarget, { kind: 'none' }>
  /** Always said: what BlueBubbles does without it hangs on its version (trap 1). */
  method: Method
  tempGuid: string
}>

/** MACOS 1.6. */
const FILE_BYTES_MAX = 100 * 1024 * 1024

export class HandOver {
  readonly #api: BlueBubblesApi

  constructor(api: BlueBubblesApi) {
    this.#api = api
  }

  /** A sentence: a file cannot be sent. Files are read before anything is handed over. */
  partsOf({ body, files = [] }: Outgoing): Part[] | string {
    const parts: Part[] = body === '' ? [] : [{ kind: 'text', text: body }]
    for (const { path, name } of files) {
      const bytes = bytesOf(path)
      if (typeof bytes === 'string') return bytes
      parts.push({ kind: 'file', name, bytes })
    }
    return parts.length === 0 ? 'The message has neither a text nor a file.' : parts
  }

  start(outgoing: Outgoing, part: Part, where: Where): Promise<Answer> {
    const call = part.kind === 'text' ? textCall(outgoing, part.text, where) : fileCall(outgoing, part, where)
    return this.#api.call(call, part.kind)
  }
}

function textCall(outgoing: Outgoing, text: string, { target, method, tempGuid }: Where): Call {
  const { effect, replyTo, to, service } = outgoing
  const common = { message: text, method, tempGuid, ...(effect === undefined ? {} : { effectId: effectId(effect) }) }
  if (target.kind === 'new') {
    const json = { ...common, addresses: [canonicalAddress(to)], service: serviceName(service) }
    return { method: 'POST', path: 'chat/new', json }
  }
  const reply = replyTo === undefined ? {} : { selectedMessageGuid: replyTo.guid, partIndex: replyTo.part }
  return { method: 'POST', path: 'message/text', json: { ...common, ...reply, chatGuid: target.guid } }
}

/** Only a text makes a chat; a file that comes first names the chat that it would be in, which AppleScript understands. */
function fileCall({ to, service }: Outgoing, part: Extract<Part, { kind: 'file' }>, where: Where): Call {
  const { target, method, tempGuid } = where
  const chatGuid = target.kind === 'chat' ? target.guid : `${serviceName(service)};-;${canonicalAddress(to)}`
  const { name, bytes } = part
  const form = multipart(
    { chatGuid, name, tempGuid, method, isAudioMessage: 'false' },
    { field: 'attachment', name, bytes },
  )
  return { method: 'POST', path: 'message/attachment', form }
}

function bytesOf(path: string): Uint8Array | string {
  try {
    const stat = statSync(path)
    if (!stat.isFile()) return 'A file of the message is no plain file.'
    if (stat.size === 0) return 'A file of the message is empty.'
    if (stat.size > FILE_BYTES_MAX) return 'A file of the message is larger than 100 MiB.'
    return readFileSync(path)
  } catch {
    return 'A file of the message cannot be read.'
  }
}
