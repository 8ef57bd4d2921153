/**
 * The seam between a node and a way out of a Mac. A driver touches Messages (or stands in for it) and says what is known
 * afterwards; it decides nothing about retries, order or fallback.
 */
import type { AttemptId, MessageId, Service } from '@bluewire/contract/ids'
import type { Capability } from '@bluewire/contract/node-protocol/capabilities'
import type { CommandArgs, DriverCommandName, ReactionKind } from '@bluewire/contract/node-protocol/commands'
import type { NotSentClass } from '@bluewire/contract/node-protocol/common'
import type { HealthCheck, LineOffer } from '@bluewire/contract/node-protocol/node-frames'
import type { Clock } from '@bluewire/platform/clock'

export type OutgoingFile = Readonly<{ path: string; name: string }>

export type Outgoing = Readonly<{
  attempt: AttemptId
  message: MessageId
  /** Our address. */
  line: string
  /** An address, or the id of a group (`…;+;chat…`). */
  to: string
  body: string
  service: Service
  /** Sent after the text, each as a part of its own. */
  files?: readonly OutgoingFile[]
  /** A word of the API (`confetti`, `invisible_ink`, …): only where the driver has the capability `effects`. */
  effect?: string
  /** The message it answers: only where the driver has the capability `replies`. */
  replyTo?: Readonly<{ guid: string; part: number }>
}>

/**
 * What is known after a send. Never thrown: an exception out of `send` means *unknown*.
 * `sent` only on evidence (a row with is_sent=1 and error=0, a provider's answer).
 */
export type SendOutcome = (
  | Readonly<{ kind: 'sent'; wasDowngraded?: boolean }>
  | Readonly<{ kind: 'not_sent'; class: NotSentClass; reason: string; detail?: string }>
  | Readonly<{ kind: 'unknown'; reason: string; detail?: string }>
) &
  Readonly<{
    /** The rows it was seen as, one for each part: no other attempt can be these, and what becomes of them later is this one's. */
    rowGuids?: readonly string[]
  }>

export type Receipt = Readonly<{
  attempt: AttemptId
  /** `sent`: after all; somebody pressed “Try Again”, or it went out late. */
  fact: 'sent' | 'delivered' | 'read' | 'bounced'
  atMs: number
  /** With `sent`: Messages sent it as SMS by itself. */
  wasDowngraded?: boolean
  reason?: string
  detail?: string
}>

export type InboundMessage = Readonly<{
  guid: string
  line: string
  from: string
  service: Service
  /** Of an edit: the new text. Of a reaction or an unsent message: empty. */
  body: string
  dateMs: number
  /** An old one that was read only now (an iCloud backfill): not news. */
  backfilled: boolean
  /** Of a group: its id. */
  chat?: string
  /** It is no message of its own, but about this one. */
  about?: InboundAbout
}>

export type InboundAbout = Readonly<{
  guid: string
  part: number
  what: 'reaction' | 'edit' | 'unsend'
  reaction?: Readonly<{ kind: ReactionKind; emoji?: string; removed: boolean }>
}>

export type DriverHealth = Readonly<{
  state: 'ok' | 'degraded' | 'broken'
  /** Last time something proved that Messages works; null when never. */
  provenAtMs: number | null
  detail?: string
  /** What was looked at, one by one. */
  checks?: readonly HealthCheck[]
}>

/** What a driver does besides sending. `detail` is for people. */
export type DriverReply = Readonly<{ ok: boolean; detail?: string; data?: Readonly<Record<string, unknown>> }>
export type DriverCommand = Readonly<{ name: DriverCommandName; args: CommandArgs }>

/** How a driver reports what happens without being asked. Each call returns when it is durable in the node's outbox. */
export interface DriverEvents {
  receipt(receipt: Receipt): void
  /** `position`: how far it has read with this one, in its own words; stored in the same commit. */
  inbound(message: InboundMessage, position?: string): void
  /** It has read so far, and nothing on the way was to be told. */
  position(position: string): void
  /** Its health has changed: told at once, not at the next turn. */
  healthChanged(): void
  /** Its lines are others than before: the gateway is told by a new hello. */
  linesChanged(): void
  /** For the simulator only: close the link to the gateway and stay away this long. */
  dropLink?(forMs: number): void
}

/** What a driver may keep in the node's journal. */
export interface DriverMemory {
  /**
   * Before each touch of Messages: what must be known to find out later what became of it (in the driver's own words, up to 4,000
   * characters). Durable when it returns; the last one is given to `lookUp`. False: it could not be stored, and nothing may be touched.
   */
  note(attempt: AttemptId, note: string): boolean
  /** The attempt that was found to be this row; kept 30 days. */
  attemptOf(rowGuid: string): AttemptId | null
  /** What `position` was told last; null on a new journal. */
  position(): string | null
}

export interface Driver {
  readonly name: string
  /** False when what is behind the driver may send one attempt twice by itself; the line then says so. */
  readonly atMostOnce: boolean
  readonly simulated: boolean
  /** What must be sent one after the other: all of a Mac (one Messages.app), or each line by itself. */
  readonly serialBy: 'node' | 'line'
  readonly capabilities: readonly Capability[]
  /** After it has started they change only with `linesChanged`. */
  readonly lines: readonly Omit<LineOffer, 'out_24h'>[]

  start(events: DriverEvents, memory: DriverMemory): Promise<void>
  /** May be called twice, or before start. */
  stop(): Promise<void>
  health(): DriverHealth

  /** Asked before the attempt is taken. A reason refuses it: Messages is never touched, a retry is safe. */
  refuses(outgoing: Outgoing): { reason: string; detail?: string } | null
  /** Called once per attempt, after `started` is durable. The one place where Messages is touched. */
  send(outgoing: Outgoing): Promise<SendOutcome>
  /**
   * The attempt was started and the process died: what became of it? `unknown` when that cannot be learnt.
   * `note` null: the process died before it could note anything, so nothing was touched.
   */
  lookUp(outgoing: Outgoing, note: string | null): Promise<SendOutcome>

  /** On a new journal: how far the gateway was told by the one before. */
  resumeAt?(position: string): void
  /** The machine slept: what was watched may have been missed. */
  woke?(): void
  command?(command: DriverCommand): Promise<DriverReply>
}

/** What a driver is made with. */
export type DriverContext = Readonly<{
  clock: Clock
  /** Where the node keeps its files. */
  dataDirectory: string
  /** Of this driver; it checks them itself and says what is wrong with them. */
  settings: unknown
}>
