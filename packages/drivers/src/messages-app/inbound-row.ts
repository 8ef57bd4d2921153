/** What a row that came in says, in the words of the node protocol (MACOS 2.3). Pure. */
import type { ReactionKind } from '@bluewire/contract/node-protocol/commands'
import type { InboundAbout, InboundMessage } from '../driver.ts'
import { msOf } from './message-row.ts'
import type { MessageRow } from './message-row.ts'
import { canonicalAddress } from './row-match.ts'
import { readSummaryInfo } from './summary-info.ts'

const REACTIONS: Readonly<Record<number, ReactionKind>> = {
  2000: 'love',
  2001: 'like',
  2002: 'dislike',
  2003: 'laugh',
  2004: 'emphasize',
  2005: 'question',
  2006: 'emoji',
}
/** The same number plus this: taken back. */
const REMOVED = 1000
const MESSAGE = 0

type Seen = Readonly<{ lines: readonly string[]; backfilled: boolean }>

/** Null: nothing that a person wrote to us (a group's new name, a sticker, a message that waits for its time, our own). */
export function inboundOf(row: MessageRow, { lines, backfilled }: Seen): InboundMessage | null {
  if (row.isFromMe || row.itemType !== MESSAGE || row.isScheduled || row.handle === null) return null
  const about = aboutOf(row)
  if (about === null && row.associatedType !== 0) return null
  return {
    guid: row.guid,
    line: lineOf(row, lines),
    from: row.handle,
    service: ['sms', 'rcs'].includes(row.service.toLowerCase()) ? 'sms' : 'imessage',
    body: about === null ? (row.body ?? '') : '',
    dateMs: msOf(row.dateNs),
    backfilled,
    ...(row.chat?.isGroup === true ? { chat: row.chat.guid } : {}),
    ...(about === null ? {} : { about }),
  }
}

/** The row was changed by its sender: its new text, or that it was unsent. */
export function editOf(row: MessageRow, seen: Seen): InboundMessage | null {
  const message = row.editedNs > 0n ? inboundOf(row, seen) : null
  if (message === null || message.about !== undefined) return null
  const unsent = row.summaryInfo === null ? [] : (readSummaryInfo(row.summaryInfo)?.unsentParts ?? [])
  const isUnsent = unsent.length > 0 || row.isEmpty || row.body === ''
  return {
    ...message,
    // Of its own, or it would be taken for the message itself.
    guid: `${row.guid}:${isUnsent ? 'unsent' : 'edited'}:${row.editedNs}`,
    body: isUnsent ? '' : message.body,
    dateMs: msOf(row.editedNs),
    about: { guid: row.guid, part: unsent[0] ?? 0, what: isUnsent ? 'unsend' : 'edit' },
  }
}

function aboutOf({ associatedType: type, associatedGuid, associatedEmoji: emoji }: MessageRow): InboundAbout | null {
  const kind = REACTIONS[type] ?? REACTIONS[type - REMOVED]
  if (kind === undefined || associatedGuid === null) return null
  const target = /^(?:p:(?<part>\d+)\/|bp:)?(?<guid>.+)$/s.exec(associatedGuid)?.groups
  if (target?.['guid'] === undefined) return null
  const removed = REACTIONS[type] === undefined
  return {
    guid: target['guid'],
    part: Number(target['part'] ?? 0),
    what: 'reaction',
    reaction: { kind, removed, ...(emoji === null ? {} : { emoji }) },
  }
}

/** The own address it was sent to; where that is not told, or is none of ours, the first one. */
function lineOf(row: MessageRow, lines: readonly string[]): string {
  const reached = [row.destination, row.account].map((address) => ownAddress(address))
  return lines.find((line) => reached.includes(canonicalAddress(line))) ?? lines[0] ?? ''
}

/** Of what chat.db calls an account: `p:+1…` or `E:…`. */
export function ownAddress(account: string | null): string | null {
  return account === null ? null : canonicalAddress(account.replace(/^[pe]:/i, ''))
}
