/** Which imsg it is, and what it can do now. */
import type { Capability } from '@bluewire/contract/node-protocol/capabilities'
import { statusAnswer } from './imsg-answers.ts'
import type { ImsgLine } from './imsg-settings.ts'

/**
 * `current`: 0.14 and newer, which say what a failure means. `untold`: 0.10 to 0.13, which do not; they may try a second time by
 * themselves. `receive_only`: 0.9, which cannot tell what became of a message, so none is given to it.
 */
export type Generation = 'current' | 'untold' | 'receive_only'

export type ImsgFacts = Readonly<{
  generation: Generation
  version: string
  database: Readonly<{ isReady: boolean; error?: string; hasReactions: boolean }>
  bridge: Readonly<{ isReady: boolean; error?: string }>
  /** Usable now. */
  methods: ReadonlySet<string>
  hasEmojiTapbacks: boolean
}>

export const PROTOCOL_VERSION = 1
/** Before it, emoji tapbacks were folded onto one of the six, or refused (imsg's own notes on `tapback.emoji`). */
const EMOJI_TAPBACKS_SINCE = 2
const SAID_CHARS_MAX = 200

/** From the answer to `initialize` or `status`. Null: it is none. */
export function factsOfStatus(value: unknown): ImsgFacts | null {
  const parsed = statusAnswer.safeParse(value)
  if (!parsed.success || parsed.data.protocol_version !== PROTOCOL_VERSION) return null
  const { version, database, bridge, methods, capabilities } = parsed.data
  const emoji = capabilities?.features['tapback.emoji']
  return {
    generation: 'current',
    version,
    database: {
      isReady: database.ready,
      hasReactions: database.features['reactions'] !== false,
      ...(database.error === undefined ? {} : { error: withoutPeople(database.error) }),
    },
    bridge: { isReady: bridge.ready, ...(bridge.error === undefined ? {} : { error: withoutPeople(bridge.error) }) },
    methods: new Set(methods),
    hasEmojiTapbacks: typeof emoji === 'number' && emoji >= EMOJI_TAPBACKS_SINCE,
  }
}

/** Of a child that does not know `initialize`: older than 0.14. Whether it has a bridge cannot be asked. */
export function factsOfOld(knowsSendStatus: boolean): ImsgFacts {
  return {
    generation: knowsSendStatus ? 'untold' : 'receive_only',
    version: knowsSendStatus ? 'older than 0.14' : 'older than 0.10',
    database: { isReady: true, hasReactions: true },
    bridge: { isReady: false },
    methods: new Set(['chats.list', 'messages.history', 'watch.subscribe', 'watch.unsubscribe', 'send']),
    hasEmojiTapbacks: false,
  }
}

/** Facts null: it has not been up yet, and what it can do is not known. */
export function capabilitiesOf(facts: ImsgFacts | null, lines: readonly ImsgLine[]): Capability[] {
  const offered = (service: 'imessage' | 'sms') => lines.some(({ services }) => services.includes(service))
  const services = (['imessage', 'sms'] as const).filter(offered)
  if (!facts) return [...services]
  const { generation, bridge, methods, database, hasEmojiTapbacks } = facts
  const sends = generation !== 'receive_only'
  const has = (method: string) => bridge.isReady && methods.has(method)
  const can: readonly (readonly [Capability, boolean])[] = [
    ['receipts', sends],
    ['read_receipts', sends],
    ['inbound', true],
    ['inbound_reactions', database.hasReactions],
    ['groups', sends],
    ['attachments', sends],
    ['effects', has('send.rich')],
    ['replies', has('send.rich')],
    ['reactions', has('tapback')],
    ['emoji_reactions', has('tapback') && hasEmojiTapbacks],
    // Both also work without the bridge, on some versions of macOS: not to be promised.
    ['typing', has('typing')],
    ['mark_read', has('read')],
    ['edit', has('message.edit')],
    ['unsend', has('message.unsend')],
    ['availability', has('handles.check')],
    // `imsg launch` starts Messages anew with the bridge in it; without a bridge there is nothing in imsg that does.
    ['restart_messages', bridge.isReady],
  ]
  return [...services, ...can.flatMap(([capability, isThere]) => (isThere ? [capability] : []))]
}

/** Words of imsg for a person to read, without whom they are about. */
export function withoutPeople(said: string): string {
  return said
    .replace(/\S+@\S+/g, '…')
    .replace(/\+?\d[\d\s().-]{5,}\d/g, '…')
    .slice(0, SAID_CHARS_MAX)
}
