/** Our words in imsg's, and back. */
import type { Service } from '@bluewire/contract/ids'
import type { ReactionKind } from '@bluewire/contract/node-protocol/commands'

const BUBBLE = 'com.apple.MobileSMS.expressivesend.'
const SCREEN = 'com.apple.messages.effect.CK'

/** The API's words, with those of other services for the same, and the ids of Messages (MACOS 2.3). */
const EFFECTS: Readonly<Record<string, string>> = {
  gentle: `${BUBBLE}gentle`,
  slam: `${BUBBLE}impact`,
  impact: `${BUBBLE}impact`,
  invisible_ink: `${BUBBLE}invisibleink`,
  invisible: `${BUBBLE}invisibleink`,
  loud: `${BUBBLE}loud`,
  confetti: `${SCREEN}ConfettiEffect`,
  echo: `${SCREEN}EchoEffect`,
  fireworks: `${SCREEN}FireworksEffect`,
  balloons: `${SCREEN}HappyBirthdayEffect`,
  happy_birthday: `${SCREEN}HappyBirthdayEffect`,
  heart: `${SCREEN}HeartEffect`,
  love: `${SCREEN}HeartEffect`,
  lasers: `${SCREEN}LasersEffect`,
  shooting_star: `${SCREEN}ShootingStarEffect`,
  celebration: `${SCREEN}SparklesEffect`,
  sparkles: `${SCREEN}SparklesEffect`,
  spotlight: `${SCREEN}SpotlightEffect`,
}

/** Null: there is no such effect. */
export function effectId(word: string): string | null {
  return Object.hasOwn(EFFECTS, word) ? (EFFECTS[word] ?? null) : null
}

const REACTIONS: Readonly<Record<string, ReactionKind>> = {
  love: 'love',
  like: 'like',
  dislike: 'dislike',
  laugh: 'laugh',
  emphasis: 'emphasize', // what it says in the stream; as a command it takes `emphasize`
  emphasize: 'emphasize',
  question: 'question',
}
const EMOJI_CHARS_MAX = 64

/** Everything that is none of the six is an emoji: a custom one is told by its own marker. */
export function reactionOf(type: string, emoji: string | undefined): Readonly<{ kind: ReactionKind; emoji?: string }> {
  const kind = Object.hasOwn(REACTIONS, type) ? REACTIONS[type] : undefined
  if (kind !== undefined) return { kind }
  return { kind: 'emoji', ...(emoji === undefined ? {} : { emoji: emoji.slice(0, EMOJI_CHARS_MAX) }) }
}

/** `p:PART/GUID` is a part of a bubble, `bp:GUID` a balloon, and a bare guid the whole (MACOS 2.3). */
export function targetOf(reactedTo: string): Readonly<{ guid: string; part: number }> {
  const [, part, guid] = /^p:(\d{1,3})\/(.+)$/.exec(reactedTo) ?? []
  if (part !== undefined && guid !== undefined) return { guid: guid.slice(0, GUID_CHARS_MAX), part: Number(part) }
  return { guid: reactedTo.replace(/^bp:/, '').slice(0, GUID_CHARS_MAX), part: 0 }
}

const GUID_CHARS_MAX = 200

/** `iMessage;+;chat…`, `any;+;chat…`. */
export function isGroup(to: string): boolean {
  return to.includes(';+;')
}

/** An address as it is compared: chat.db has it with prefixes, spaces and capitals. */
export function plainAddress(address: string): string {
  const bare = address.trim().replace(/^(tel:|mailto:|[ep]:)/i, '')
  return bare.includes('@') ? bare.toLowerCase() : bare.replace(/[\s().-]/g, '')
}

/** macOS 26 says `any` where the same chat was `iMessage` before: what follows is what names it. */
export function chatName(guid: string): string {
  const [, kind, name] = /^[^;]*;([+-]);(.+)$/.exec(guid) ?? []
  if (kind === undefined || name === undefined) return guid
  return kind === '-' ? plainAddress(name) : name
}

/** Null where it does not say. */
export function serviceOf(name: string | null | undefined): Service | null {
  const word = name?.split(';')[0]?.toLowerCase() ?? ''
  if (word.startsWith('imessage')) return 'imessage'
  return word === 'sms' || word === 'rcs' ? 'sms' : null
}

/** By its number too: macOS says the rest in the language of the Mac (MACOS 1.4). */
export function isPermissionTrouble(data: unknown): boolean {
  return typeof data === 'string' && /not authori[sz]ed|-1743|-25211/i.test(data)
}
