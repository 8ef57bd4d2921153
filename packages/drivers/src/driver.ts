/**
 * The seam between a node and a way out of a Mac. A driver touches Messages (or stands in for it) and says what is known
 * afterwards; it decides nothing about retries, order or fallback.
 */
import type { AttemptId, MessageId, Service } from '@bluewire/contract/ids'
import type { LineOffer } from '@bluewire/contract/node-protocol/node-frames'
import type { NotSentClass } from '@bluewire/contract/node-protocol/common'
import type { Clock } from '@bluewire/platform/clock'

export type Outgoing = Readonly<{
  attempt: AttemptId
  message: MessageId
  /** Our address. */
  line: string
  to: string
  body: string
  service: Service
}>

/**
 * What is known after a send. Never thrown: an exception out of `send` means *unknown*.
 * `sent` only on evidence (a row with is_sent=1 and error=0, a provider's answer).
 */
export type SendOutcome =
  | Readonly<{ kind: 'sent'; rowGuid?: string; wasDowngraded?: boolean }>
  | Readonly<{ kind: 'not_sent'; class: NotSentClass; reason: string; detail?: string }>
  | Readonly<{ kind: 'unknown'; reason: string; detail?: string }>

export type Receipt = Readonly<{
  attempt: AttemptId
  fact: 'delivered' | 'read' | 'bounced'
  atMs: number
  reason?: string
  detail?: string
}>

export type InboundMessage = Readonly<{
  guid: string
  line: string
  from: string
  service: Service
  body: string
  dateMs: number
  backfilled: boolean
}>

export type DriverHealth = Readonly<{
  state: 'ok' | 'degraded' | 'broken'
  /** Last time something proved that Messages works; null when never. */
  provenAtMs: number | null
  detail?: string
}>

/** How a driver reports what happens without being asked. Each call returns when it is durable in the node's outbox. */
export interface DriverEvents {
  receipt(receipt: Receipt): void
  inbound(message: InboundMessage): void
  /** For the simulator only: close the link to the gateway and stay away this long. */
  dropLink?(forMs: number): void
}

export interface Driver {
  readonly name: string
  /** False when what is behind the driver may send one attempt twice by itself; the line then says so. */
  readonly atMostOnce: boolean
  readonly simulated: boolean
  /** What must be sent one after the other: all of a Mac (one Messages.app), or each line by itself. */
  readonly serialBy: 'node' | 'line'
  readonly capabilities: readonly string[]
  readonly lines: readonly Omit<LineOffer, 'out_24h'>[]

  start(events: DriverEvents): Promise<void>
  /** May be called twice, or before start. */
  stop(): Promise<void>
  health(): DriverHealth

  /** Asked before the attempt is taken. A reason refuses it: Messages is never touched, a retry is safe. */
  refuses(outgoing: Outgoing): { reason: string; detail?: string } | null
  /** Called once per attempt, after `started` is durable. The one place where Messages is touched. */
  send(outgoing: Outgoing): Promise<SendOutcome>
  /** The attempt was started and the process died: what became of it? `unknown` when that cannot be learnt. */
  lookUp(outgoing: Outgoing): Promise<SendOutcome>
}

/** What a driver is made with. */
export type DriverContext = Readonly<{
  clock: Clock
  /** Where the node keeps its files. */
  dataDirectory: string
  /** Of this driver; it checks them itself and says what is wrong with them. */
  settings: unknown
}>
