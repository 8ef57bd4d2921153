/** What imsg would answer to each call, out of what is in Messages; sending changes it. */
import { randomUUID } from 'node:crypto'
import { chatPayload, messagePayload, statusPayload } from './fake-messages.ts'
import type { FakeChat, FakeMessages, FakeRow, FakeService } from './fake-messages.ts'
import type { Rule } from './fake-imsg.ts'
import { methodNames } from './rpc-methods.ts'
import type { ImsgVersion } from './rpc-methods.ts'
import type { RpcError } from './wire.ts'
import { deliveryFailure } from './wire.ts'

export type Answered = Readonly<{ result?: unknown; error?: RpcError; afterwards?: () => void }>

type Params = Readonly<Record<string, unknown>>
type World = Readonly<{
  imsg: { messages: FakeMessages; version: ImsgVersion; isBridgeUp: boolean; isDatabaseReadable: boolean }
  rule: Rule
  add(row: Partial<FakeRow> & Pick<FakeRow, 'chat'>): FakeRow
  /** Kept until the test lets it go. */
  hold(leave: () => void): void
}>

const BRIDGE_METHODS = ['send.tracked', 'send.rich', 'tapback', 'message.edit', 'message.unsend', 'handles.check']
const NEEDS_DATABASE = ['chats.list', 'messages.history', 'messages.after', 'message.send_status', 'send.tracked']

export function answerTo(method: string, params: Params, world: World): Answered {
  const { imsg } = world
  const { messages } = imsg
  if (!imsg.isDatabaseReadable && NEEDS_DATABASE.includes(method))
    return { error: { code: -32002, message: 'Database unavailable', data: { detail: 'no access', retryable: true } } }
  if (!imsg.isBridgeUp && BRIDGE_METHODS.includes(method))
    return { error: { code: -32003, message: 'Bridge unavailable' } }
  switch (method) {
    case 'initialize':
    case 'status':
      return { result: status(world) }
    case 'chats.list':
      return { result: { chats: newestChats(messages).slice(0, limitOf(params, 20)).map(chatPayload) } }
    case 'messages.history':
      return { result: { messages: history(messages, params) } }
    case 'messages.after':
      return { result: page(messages, params) }
    case 'message.send_status':
      return { result: statusPayload(messages.row(String(params['guid'])), String(params['guid'])) }
    case 'handles.check':
      return { result: { ok: true, address: params['address'], id_status: 1, available: params['address'] !== NOBODY } }
    case 'send':
    case 'send.tracked':
    case 'send.rich':
      return send(method, params, world)
    case 'launch':
      imsg.isBridgeUp = true
      return { result: { ok: true } }
    default:
      return change(method, params, messages)
  }
}

/** Who is on no service. */
export const NOBODY = '+14155550000'

function status({ imsg }: World): object {
  const { isBridgeUp, isDatabaseReadable, version } = imsg
  return {
    version: `${version}.10`,
    protocol_version: 1,
    database: {
      path: '~/Library/Messages/chat.db',
      ready: isDatabaseReadable,
      features: { reactions: true },
      ...(isDatabaseReadable ? {} : { error: 'authorization denied' }),
    },
    bridge: { ready: isBridgeUp, ...(isBridgeUp ? { v2_ready: true } : { error: 'The bridge is not started.' }) },
    contacts: { available: false },
    methods: methodNames(version, isBridgeUp),
    supported_methods: methodNames(version, true),
    capabilities: { engine: { version: `${version}.10` }, features: isBridgeUp ? { 'tapback.emoji': 2 } : {} },
  }
}

function limitOf(params: Params, usual: number): number {
  return typeof params['limit'] === 'number' ? params['limit'] : usual
}

function newestChats(messages: FakeMessages): FakeChat[] {
  return messages.chats.toSorted((a, b) => b.lastMessageAtMs - a.lastMessageAtMs)
}

/** Newest first. */
function history(messages: FakeMessages, params: Params): object[] {
  const start = typeof params['start'] === 'string' ? Date.parse(params['start']) : 0
  return messages.rows
    .filter(({ chat, createdAtMs, reaction }) => chat?.id === params['chat_id'] && createdAtMs >= start && !reaction)
    .toSorted((a, b) => b.createdAtMs - a.createdAtMs || b.id - a.id)
    .slice(0, limitOf(params, 50))
    .map((row) => messagePayload(row))
}

function page(messages: FakeMessages, params: Params): object {
  const since = Number(params['since_rowid'])
  const later = messages.rows
    .filter(({ id, reaction }) => id > since && (!reaction || params['include_reactions'] === true))
    .toSorted((a, b) => a.id - b.id)
  const rows = later.slice(0, limitOf(params, 100))
  return {
    messages: rows.filter(({ chat }) => chat !== null).map((row) => messagePayload(row)),
    next_rowid: rows.at(-1)?.id ?? since,
    has_more: later.length > rows.length,
  }
}

function send(method: string, params: Params, world: World): Answered {
  const { imsg, rule } = world
  const { messages } = imsg
  const chosen = params['attempt_id'] ?? rule.row?.guid
  const guid = typeof chosen === 'string' ? chosen : randomUUID().toUpperCase()
  if (method === 'send.tracked' && messages.row(guid)) return { error: deliveryFailure('not_started') }
  const chat = chatFor(method, params, messages)
  if ('code' in chat) return { error: chat }
  const leave = () => leaves({ method, params, world, chat, guid })
  if (rule.message === 'late') world.hold(leave)
  else if (rule.message !== 'stays') leave()
  const row = messages.row(guid)
  if (rule.row?.kind === 'ghost') {
    world.add({ chat: null, isFromMe: true, service: 'SMS' })
    return { error: { code: -32603, message: 'Internal error', data: 'Messages wrote an empty row and did not send' } }
  }
  const found = row ? { id: row.id, guid, message_id: guid } : {}
  return { result: { ok: true, transport: imsg.isBridgeUp ? 'bridge' : 'applescript', ...found } }
}

function leaves(o: Readonly<{ method: string; params: Params; world: World; chat: FakeChat; guid: string }>): void {
  const { method, params, world, chat, guid } = o
  const fate = world.rule.row ?? {}
  const text = typeof params['text'] === 'string' ? params['text'] : ''
  const file = typeof params['file'] === 'string' ? params['file'] : undefined
  const isError = fate.error !== undefined
  const service: FakeService = fate.wasDowngraded ? 'SMS' : chat.service
  const isGhost = fate.kind === 'ghost'
  if (!isError && !isGhost) {
    const what = file === undefined ? { text } : { file: file.slice(file.lastIndexOf('/') + 1) }
    world.imsg.messages.left.push({ service, to: chat.identifier, guid, method, ...what })
  }
  if (isGhost || fate.kind === 'none') return
  const isSent = !isError && fate.staysPending !== true
  const isDelivered = isSent && service === 'iMessage' && fate.isNeverDelivered !== true
  world.add({
    chat,
    guid,
    text: file === undefined ? text : '\ufffc',
    isFromMe: true,
    service,
    isSent,
    isDelivered,
    error: fate.error ?? 0,
    deliveredAtMs: isDelivered ? Date.now() : null,
    readAtMs: fate.isRead ? Date.now() : null,
    wasDowngraded: fate.wasDowngraded ?? false,
    files: file === undefined ? [] : [file],
    ...(chat.guid.includes(';+;') ? {} : { sender: '' }),
  })
}

function chatFor(method: string, params: Params, messages: FakeMessages): FakeChat | RpcError {
  const invalid = (data: string): RpcError => ({ code: -32602, message: 'Invalid params', data })
  if (typeof params['to'] !== 'string') return messages.chatBy(params) ?? invalid('unknown chat')
  const service: FakeService = params['service'] === 'sms' ? 'SMS' : 'iMessage'
  const chat = messages.chatWith(params['to'], service)
  if (chat) return chat
  if (method !== 'send') return invalid('bridge transport requires an existing chat target')
  return messages.addChat({ identifier: params['to'], service })
}

function change(method: string, params: Params, messages: FakeMessages): Answered {
  const needsChat = method !== 'typing' && method !== 'read'
  if (needsChat && !messages.chatBy(params))
    return { error: { code: -32602, message: 'Invalid params', data: 'unknown chat' } }
  return { result: { ok: true } }
}
