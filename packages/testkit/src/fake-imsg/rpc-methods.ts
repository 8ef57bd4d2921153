/** The methods that each version of imsg has, with the parameters that it takes, and how they are carried out (DRIVERS 2.2). */

export type ImsgVersion = '0.9' | '0.13' | '0.15'

/** `mutation`: one after the other; `read`: at once; `control`: at once, too. */
export type MethodLane = 'mutation' | 'read' | 'control'

type Method = Readonly<{
  lane: MethodLane
  params: readonly string[]
  since: ImsgVersion
  /** Only while the bridge is running. */
  bridge?: true
}>

const CHAT = ['chat_id', 'chat_identifier', 'chat_guid']
const SEND = ['to', ...CHAT, 'text', 'file', 'service', 'region', 'allow_sms_fallback', 'transport', 'reply_to']
const TARGET = [...CHAT, 'message_id', 'message_guid', 'part_index']

const METHODS: Readonly<Record<string, Method>> = {
  initialize: { lane: 'control', params: ['protocol_version'], since: '0.15' },
  status: { lane: 'read', params: [], since: '0.15' },
  'chats.list': { lane: 'read', params: ['limit', 'unread_only'], since: '0.9' },
  'messages.history': {
    lane: 'read',
    params: ['chat_id', 'limit', 'participants', 'start', 'end', 'attachments'],
    since: '0.9',
  },
  'messages.after': {
    lane: 'read',
    params: ['since_rowid', 'chat_id', 'limit', 'attachments', 'convert_attachments', 'include_reactions'],
    since: '0.15',
  },
  'message.send_status': { lane: 'read', params: ['guid'], since: '0.13' },
  'handles.check': { lane: 'read', params: ['address', 'alias_type', 'service'], since: '0.13', bridge: true },
  'watch.subscribe': {
    lane: 'control',
    params: [
      'chat_id',
      'since_rowid',
      'participants',
      'start',
      'end',
      'attachments',
      'include_reactions',
      'debounce_ms',
      'buffer_limit',
    ],
    since: '0.9',
  },
  'watch.unsubscribe': { lane: 'control', params: ['subscription'], since: '0.9' },
  send: { lane: 'mutation', params: SEND, since: '0.9' },
  'send.tracked': { lane: 'mutation', params: [...SEND, 'attempt_id'], since: '0.15', bridge: true },
  'send.rich': {
    lane: 'mutation',
    params: [...CHAT, 'text', 'effect', 'effect_id', 'subject', 'reply_to', 'part_index', 'file'],
    since: '0.9',
    bridge: true,
  },
  tapback: { lane: 'mutation', params: [...TARGET, 'reaction', 'kind', 'emoji', 'remove'], since: '0.9', bridge: true },
  typing: { lane: 'mutation', params: ['to', ...CHAT, 'typing', 'service'], since: '0.9' },
  read: { lane: 'mutation', params: ['to', ...CHAT], since: '0.9' },
  'message.edit': { lane: 'mutation', params: [...TARGET, 'text'], since: '0.9', bridge: true },
  'message.unsend': { lane: 'mutation', params: TARGET, since: '0.9', bridge: true },
}

const ORDER: readonly ImsgVersion[] = ['0.9', '0.13', '0.15']

export function methodOf(name: string, version: ImsgVersion): Method | null {
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined
  return method && ORDER.indexOf(version) >= ORDER.indexOf(method.since) ? method : null
}

export function methodNames(version: ImsgVersion, isBridgeUp: boolean): string[] {
  return Object.keys(METHODS).filter((name) => {
    const method = methodOf(name, version)
    return method !== null && (method.bridge !== true || isBridgeUp)
  })
}
