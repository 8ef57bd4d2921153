/** What something that came in is, and by which content a repeat of it is recognised (PROTOCOL 43): guids are new after a backfill. */
import { createHash } from 'node:crypto'
import type { InboundFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { InboundWhat } from '../tables.ts'

export type InboundAbout = NonNullable<InboundFrame['about']>

export type CameIn = Readonly<{
  body: string
  dateMs: number
  chat?: string | undefined
  about?: InboundAbout | undefined
}>

export const EVENT_OF = {
  message: 'message.received',
  reaction: 'message.reaction',
  edit: 'message.edited',
  unsend: 'message.unsent',
} as const satisfies Record<InboundWhat, string>

export function whatOf({ about }: Pick<CameIn, 'about'>): InboundWhat {
  return about?.what ?? 'message'
}

/** Over all that it says, not the text alone: the text of every reaction is empty. */
export function contentHash({ body, chat, about }: CameIn): string {
  const hash = createHash('sha256').update(body)
  if (chat !== undefined || about !== undefined) hash.update(`\0${JSON.stringify([chat ?? null, aboutWords(about)])}`)
  return hash.digest('base64url')
}

/**
 * What else than its guid tells it from others: an edit may come under the guid of the message that it changes, and a message be edited
 * many times, but unsent only once. Empty for messages.
 */
export function editionOf(m: CameIn): string {
  const what = whatOf(m)
  if (what === 'message') return ''
  return what === 'unsend' ? contentHash(m) : `${contentHash(m)} ${m.dateMs}`
}

/** For the event: ids and words, never what was written. */
export function eventData(m: CameIn & Readonly<{ guid: string; backfilled: boolean }>): Record<string, unknown> {
  const { about } = m
  return {
    guid: m.guid,
    ...(m.chat === undefined ? {} : { chat: m.chat }),
    ...(m.backfilled ? { backfilled: true } : {}),
    ...(about === undefined ? {} : { about: about.guid, part: about.part }),
    ...(about?.reaction === undefined ? {} : { reaction: about.reaction.kind, removed: about.reaction.removed }),
  }
}

function aboutWords(about: InboundAbout | undefined): unknown {
  if (about === undefined) return null
  const { reaction } = about
  const said = reaction === undefined ? null : [reaction.kind, reaction.emoji ?? null, reaction.removed]
  return [about.what, about.guid, about.part, said]
}
