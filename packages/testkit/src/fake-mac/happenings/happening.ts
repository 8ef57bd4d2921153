/** What the world does to a Mac's Messages, and its user by hand. Each is something MACOS.md lists. */
import type { Service } from '../mac-settings.ts'

export type Receive = Readonly<{
  /** Address, or short code. */
  from: string
  text: string
  /** [iMessage] */
  service?: Service
  /** Guid of a group. [the one-to-one chat with `from`] */
  chat?: string
  /** The own address that it was sent to. [the first] */
  to?: string
  /** When it was sent. [now] */
  dateMs?: number
  guid?: string
  /** A row below others that are there (MACOS 2.6: a database that was rebuilt). */
  rowid?: number
  files?: readonly Readonly<{ name: string; content: string }>[]
  /** Guid of the message that it answers. */
  replyTo?: string
  subject?: string
  spam?: boolean
  /** A text only in attributedBody, as many rows are. */
  textColumn?: boolean
  /** What stands in attributedBody instead of a good one. `noise`: bytes that mean nothing; `cut`: it ends in the middle. */
  damagedBody?: 'noise' | 'cut'
  /** `com.apple.messages.URLBalloonProvider` for the second row that a link gives. */
  balloon?: string
  audio?: boolean
  /** So long between the row and its place in the chat. [0] */
  joinAfterMs?: number
}>

/** MACOS 2.3: `item_type` 1 to 6. */
export type GroupEvent =
  | Readonly<{ event: 'added' | 'removed'; whom: string }>
  | Readonly<{ event: 'renamed'; name: string }>
  | Readonly<{ event: 'left' | 'icon' | 'location' | 'audio_kept' | 'share_play' }>

export const TAPBACKS = {
  love: 2000,
  like: 2001,
  dislike: 2002,
  laugh: 2003,
  emphasise: 2004,
  question: 2005,
  emoji: 2006,
  sticker: 2007,
} as const

export type Tapback = Readonly<{
  /** Guid of the message it is on. */
  on: string
  /** Undefined: an own one. */
  from?: string
  tapback: keyof typeof TAPBACKS
  /** With `emoji`, since macOS 15. */
  emoji?: string
  removed?: boolean
}>

export type BackfilledMessage = Readonly<{
  with: string
  text: string
  fromMe?: boolean
  dateMs: number
  service?: Service
}>

export type Happening =
  | (Readonly<{ kind: 'receive' }> & Receive)
  | Readonly<{
      kind: 'make_group'
      participants: readonly string[]
      name?: string
      service?: Service
      identifier?: string
    }>
  | Readonly<{ kind: 'make_direct'; handle: string; service?: Service }>
  | (Readonly<{ kind: 'tapback' }> & Tapback)
  | Readonly<{ kind: 'edit'; guid: string; text: string }>
  | Readonly<{ kind: 'unsend'; guid: string; part?: number }>
  /** A receipt for what was sent, however late. */
  | Readonly<{ kind: 'delivered' | 'read'; guid: string }>
  /** A sent row gets an error, however late. */
  | Readonly<{ kind: 'failed'; guid: string; error: number }>
  /** The user reads what came in, on this Mac or the phone. */
  | Readonly<{ kind: 'read_by_user'; guid: string }>
  /** Sent on the phone, and synced: a row with is_from_me that this Mac did not send. */
  | Readonly<{ kind: 'sent_elsewhere'; to?: string; chat?: string; text: string; service?: Service; dateMs?: number }>
  /** iCloud brings old messages: new rows, new guids, old dates. */
  | Readonly<{ kind: 'backfill'; messages: readonly BackfilledMessage[] }>
  /** The same for messages that are there: other guids, same dates and texts. */
  | Readonly<{ kind: 'backfill_again'; guids: readonly string[] }>
  | (Readonly<{ kind: 'group_event'; chat: string; from?: string }> & GroupEvent)
  | Readonly<{ kind: 'send_later'; to: string; text: string; dateMs: number }>
  /** Its time has come. */
  | Readonly<{ kind: 'send_later_goes'; guid: string }>
  /** So many old messages at once. */
  | Readonly<{ kind: 'grow'; rows: number }>
  | Readonly<{ kind: 'delete_message'; guid: string }>

/** The row, or for a chat its guid and ROWID. */
export type Happened = Readonly<{ guid: string; rowid: number }>
