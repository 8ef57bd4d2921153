/** Words of the API and of the node protocol, in those of BlueBubbles and Messages (DRIVERS 2.1, MACOS 2.3). */
import type { Service } from '@bluewire/contract/ids'
import { REACTION_KINDS } from '@bluewire/contract/node-protocol/commands'
import type { ReactionKind } from '@bluewire/contract/node-protocol/commands'

const EFFECTS: Readonly<Record<string, string>> = {
  slam: 'com.apple.MobileSMS.expressivesend.impact',
  loud: 'com.apple.MobileSMS.expressivesend.loud',
  gentle: 'com.apple.MobileSMS.expressivesend.gentle',
  invisible_ink: 'com.apple.MobileSMS.expressivesend.invisibleink',
  echo: 'com.apple.messages.effect.CKEchoEffect',
  spotlight: 'com.apple.messages.effect.CKSpotlightEffect',
  balloons: 'com.apple.messages.effect.CKHappyBirthdayEffect',
  confetti: 'com.apple.messages.effect.CKConfettiEffect',
  love: 'com.apple.messages.effect.CKHeartEffect',
  lasers: 'com.apple.messages.effect.CKLasersEffect',
  fireworks: 'com.apple.messages.effect.CKFireworksEffect',
  celebration: 'com.apple.messages.effect.CKSparklesEffect',
  shooting_star: 'com.apple.messages.effect.CKShootingStarEffect',
}

/** Null: there is no such effect. */
export function effectId(word: string): string | null {
  return Object.hasOwn(EFFECTS, word) ? (EFFECTS[word] ?? null) : null
}

/** Null: BlueBubbles cannot give it. */
export function reactionWord(kind: ReactionKind, on: boolean): string | null {
  if (kind === 'emoji') return null
  return on ? kind : `-${kind}`
}

export type ReadReaction = Readonly<{ kind: ReactionKind; removed: boolean }>

/** Apple's numbers for any other emoji, which BlueBubbles has no word for; which emoji it was it does not tell. */
const EMOJI: Readonly<Record<string, ReadReaction>> = {
  2006: { kind: 'emoji', removed: false },
  3006: { kind: 'emoji', removed: true },
}

/** Null: it is no reaction (a sticker, an app's own). */
export function readReaction(type: string): ReadReaction | null {
  if (Object.hasOwn(EMOJI, type)) return EMOJI[type] ?? null
  const removed = type.startsWith('-')
  const kind = REACTION_KINDS.find((one) => one === type.slice(removed ? 1 : 0))
  return kind === undefined || kind === 'emoji' ? null : { kind, removed }
}

export type Target = Readonly<{ guid: string; part: number }>

/** `p:0/GUID` or `bp:GUID`: the message, and which part of it. */
export function readTarget(associatedGuid: string): Target {
  const found = /^(?:p:(?<part>\d{1,4})\/|bp:)?(?<guid>.+)$/s.exec(associatedGuid)?.groups
  return { guid: found?.['guid'] ?? associatedGuid, part: Number(found?.['part'] ?? 0) }
}

export function serviceName(service: Service): 'iMessage' | 'SMS' {
  return service === 'sms' ? 'SMS' : 'iMessage'
}
