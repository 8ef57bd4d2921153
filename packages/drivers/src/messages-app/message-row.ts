/** A row of chat.db's table `message`, with what of its chat and handle we need (MACOS 2.3). */
import { bodyText } from './body-text.ts'

export type RawRow = Readonly<Record<string, unknown>>

export type MessageRow = Readonly<{
  rowid: number
  guid: string
  /** What a person reads; empty for a file alone. Null: nothing can be made of it. */
  body: string | null
  /** `iMessage`, `SMS`, `RCS`, …: of this row, never of its chat's id (1.3). */
  service: string
  /** `p:+1…` or `E:…`: the own address it went out from. */
  account: string | null
  error: number
  isSent: boolean
  isDelivered: boolean
  isFromMe: boolean
  isEmpty: boolean
  wasDowngraded: boolean
  itemType: number
  associatedType: number
  associatedGuid: string | null
  associatedEmoji: string | null
  balloon: string | null
  summaryInfo: Uint8Array | null
  /** The own address that an incoming one was sent to. */
  destination: string | null
  isScheduled: boolean
  dateNs: bigint
  /** 0: not (yet). */
  readMs: number
  deliveredMs: number
  editedNs: bigint
  handle: string | null
  /** Null: not joined to a chat (yet: the join is written after the row, 2.5). */
  chat: Readonly<{ guid: string; identifier: string; isGroup: boolean }> | null
}>

const EPOCH_2001_MS = 978_307_200_000
const SEND_LATER = 2
const GROUP_STYLE = 43
/** Bogus values of 2^63 - 1 exist (2.3). */
const YEAR_2200_NS = 6_300_000_000_000_000_000n

export function toRow(raw: RawRow): MessageRow {
  const editedNs = instant(raw['date_edited'])
  const chatGuid = words(raw['chat_guid'])
  const attributedBody = blob(raw['attributedBody'])
  return {
    rowid: Number(raw['ROWID']),
    guid: words(raw['guid']) ?? '',
    body: bodyText({ text: words(raw['text']), attributedBody, isEdited: editedNs > 0n }),
    service: words(raw['service']) ?? '',
    account: words(raw['account']),
    error: number(raw['error']),
    isSent: number(raw['is_sent']) === 1,
    isDelivered: number(raw['is_delivered']) === 1,
    isFromMe: number(raw['is_from_me']) === 1,
    isEmpty: number(raw['is_empty']) === 1,
    wasDowngraded: number(raw['was_downgraded']) === 1,
    itemType: number(raw['item_type']),
    associatedType: number(raw['associated_message_type']),
    associatedGuid: words(raw['associated_message_guid']),
    associatedEmoji: words(raw['associated_message_emoji']),
    balloon: words(raw['balloon_bundle_id']),
    summaryInfo: blob(raw['message_summary_info']),
    destination: words(raw['destination_caller_id']),
    isScheduled: number(raw['schedule_type']) === SEND_LATER,
    dateNs: instant(raw['date']),
    readMs: msOf(instant(raw['date_read'])),
    deliveredMs: msOf(instant(raw['date_delivered'])),
    editedNs,
    handle: words(raw['handle']),
    chat:
      chatGuid === null
        ? null
        : {
            guid: chatGuid,
            identifier: words(raw['chat_identifier']) ?? '',
            isGroup: number(raw['chat_style']) === GROUP_STYLE,
          },
  }
}

/** Unix milliseconds; 0 for what is not set. */
export function msOf(ns: bigint): number {
  return ns <= 0n || ns >= YEAR_2200_NS ? 0 : Number(ns / 1_000_000n) + EPOCH_2001_MS
}

/** What chat.db writes for an instant. */
export function nsOf(unixMs: number): bigint {
  return BigInt(Math.round(unixMs) - EPOCH_2001_MS) * 1_000_000n
}

function words(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

function blob(value: unknown): Uint8Array | null {
  return value instanceof Uint8Array ? value : null
}

function instant(value: unknown): bigint {
  return typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? BigInt(value) : 0n
}
