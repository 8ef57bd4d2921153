/**
 * The store: every durable fact of an instance, and every write that may change one. Each method is one transaction with its guard
 * (PROTOCOL 8.5 gives them their numbers) and its events; when its promise resolves, the commit has returned.
 * Two adapters implement it and one conformance suite (conformance.ts) holds for both.
 *
 * Errors: every method may throw StoreUnavailableError (nothing was written); accept may throw AcceptUnknownError.
 */
import type {
  AccountId,
  AttemptId,
  GatewayId,
  JournalId,
  LaneId,
  LineId,
  MessageId,
  NodeId,
  Service,
  TokenId,
} from '@bluewire/contract/ids'
import type { FailureCode } from '@bluewire/contract/errors'
import type {
  FactFrame,
  HelloFrame,
  InboundFrame,
  ReadyFrame,
  VoidDoneFrame,
} from '@bluewire/contract/node-protocol/node-frames'
import type { MessageState } from '@bluewire/engine/message-state'
import type { AttemptState } from '@bluewire/engine/attempt-state'
import type { HealthHold, HealthWord, NodeHold, TwoMachinesHold } from '@bluewire/engine/node-health'
import type { AccountsStore } from './accounts-store.ts'
import type { ProvidersStore } from './providers-store.ts'
import type { MessageClass } from './tables.ts'

/** The database cannot be written (disk full, I/O error, connection lost). Nothing of the call is stored. */
export class StoreUnavailableError extends Error {
  override name = 'StoreUnavailableError'
  readonly diskFull: boolean
  /** The commit itself failed half way: it may turn out to be stored after all. */
  readonly ambiguous: boolean
  constructor(message: string, options: { diskFull: boolean; ambiguous?: boolean; cause?: unknown }) {
    super(message, { cause: options.cause })
    this.diskFull = options.diskFull
    this.ambiguous = options.ambiguous ?? false
  }
}

/** COMMIT got no answer and the ids could not be looked up: the message may or may not be accepted. */
export class AcceptUnknownError extends Error {
  override name = 'AcceptUnknownError'
  readonly message_id: MessageId
  constructor(id: MessageId) {
    super('It is not known whether the message was accepted.')
    this.message_id = id
  }
}

/** What may have changed, for those who wait. A lost hint costs a poll, never a message. */
export type Hint =
  | Readonly<{ kind: 'message'; id: MessageId }>
  | Readonly<{ kind: 'line'; id: LineId }>
  /** A message came to rest; for counting. */
  | Readonly<{ kind: 'outcome'; status: MessageState; reason: string }>
  | Readonly<{ kind: 'cancel'; node: NodeId; attempt: AttemptId }>
  | Readonly<{ kind: 'revoked'; node: NodeId }>

export type NewMessage = Readonly<{
  /** Made before the write, so that an ambiguous commit can be looked up. */
  id: MessageId
  account: AccountId
  token: TokenId | null
  /** Canonical: E.164 or lower-cased-domain e-mail. */
  recipient: string
  body: string
  service: Service
  class: MessageClass
  /** The line the caller named. */
  from: LineId | null
  /** The line it is routed to; null with `failure`: it is recorded as failed, and never tried. */
  line: LineId | null
  failure: FailureCode | null
  fallback: boolean
  /** With `fallback`: the line for the SMS, when it is known already that the recipient is not on iMessage. */
  fallbackLine: LineId | null
  /** Of the recipient, ISO 3166. Null: not known, or an e-mail address. */
  country: string | null
  /** The confirmation of a STOP: it may go out after it. */
  exempt?: boolean
  onUnknown: 'hold' | 'resend'
  expiresInMs: number
  simulated: boolean
  ad: boolean
  /** Key and fingerprint of the request (route and canonical body), when the caller gave an Idempotency-Key. */
  idempotency: Readonly<{ key: string; fingerprint: string }> | null
}>

export type AcceptResult =
  | Readonly<{ kind: 'accepted'; id: MessageId; used: number }>
  /** The same key and body came before: this is that message. */
  | Readonly<{ kind: 'replayed'; id: MessageId }>
  | Readonly<{ kind: 'mismatch' }>
  | Readonly<{ kind: 'quota_exceeded'; used: number; limit: number }>
  /** The account may send no SMS there now. `country` null: which country the number is of is not known. */
  | Readonly<{
      kind: 'sms_guard'
      country: string | null
      limit: number
      /** The limit is that of the country, not of all together. */
      isOfCountry: boolean
      retryAfterMs: number
    }>

/** A message as a caller may see it, with what an answer or a timeline needs. */
export type MessageView = Readonly<{
  id: MessageId
  account: AccountId
  recipient: string
  body: string | null
  askedService: Service
  /** The service of the present or last attempt. */
  service: Service
  /** What really went out; null while nothing has. */
  sentService: Service | null
  state: MessageState
  failure: string | null
  failureDetail: string | null
  /** Why it goes out as SMS although an iMessage was asked for. */
  fallbackReason: string | null
  holdReason: string | null
  notBeforeMs: number
  expiresAtMs: number
  cancelAsked: boolean
  sealed: boolean
  fallback: boolean
  simulated: boolean
  ad: boolean
  attempts: number
  line: Readonly<{
    id: LineId
    address: string
    paused: boolean
    node: Readonly<{
      id: NodeId
      name: string
      isProvider: boolean
      online: boolean
      closedAtMs: number | null
      healthDetail: string | null
      hold: NodeHold | null
    }> | null
  }> | null
  createdAtMs: number
  updatedAtMs: number
}>

export type LaneView = Readonly<{ id: LaneId; line: LineId | null; smsLine: LineId | null }>

export type TimelineEvent = Readonly<{
  seq: number
  type: string
  atMs: number
  attempt: AttemptId | null
  data: Readonly<Record<string, unknown>>
}>

export type AttemptView = Readonly<{
  id: AttemptId
  n: number
  line: string
  service: Service
  state: AttemptState
  reason: string | null
  detail: string | null
  overridden: boolean
  dispatchedAtMs: number
  takenAtMs: number | null
  settledAtMs: number | null
}>

export type LineView = Readonly<{
  id: LineId
  account: AccountId
  address: string
  services: readonly Service[]
  sends: boolean
  simulated: boolean
  pool: string
  paused: boolean
  pauseReason: string | null
  suspended: boolean
  tatMs: number
  gapMs: number
  burst: number
  queued: number
  /** When Messages last sent an iMessage of it as SMS by itself. */
  downgradedAtMs: number | null
  node: Readonly<{
    id: NodeId
    name: string
    online: boolean
    isProvider: boolean
    closedAtMs: number | null
    health: string
    healthDetail: string | null
    /** When the gateway heard that; null of providers, whose gateway is this one. */
    healthAtMs: number | null
    /** When it last had evidence that it can send, by its own clock. */
    provenAtMs: number | null
    hold: NodeHold | null
    driver: string
    /** False: what is behind its driver may send one message twice by itself (PROTOCOL 18). */
    atMostOnce: boolean
  }> | null
}>

/** What a queued message waits behind. */
export type Ahead = Readonly<{
  /** Messages that leave before it by the same line. */
  messages: number
  /** Until when an earlier message to the same recipient, whose outcome is unknown, holds it at most; null: none does. */
  unknownUntilMs: number | null
}>

/** What is sent to the node once this is committed. */
export type Dispatched = Readonly<{
  attempt: AttemptId
  message: MessageId
  n: number
  line: string
  recipient: string
  body: string
  service: Service
  /** What the caller wants if its outcome cannot be learnt. Absent: hold. */
  onUnknown?: 'hold' | 'resend'
}>

export type DispatchResult =
  /** `more`: something else waits for the line, so it is worth asking again at once. */
  | Readonly<{ kind: 'dispatched'; dispatched: Dispatched; more: boolean }>
  /** Nothing may leave now. `againInMs`: when it is worth asking again without a hint; null: only after one. */
  | Readonly<{ kind: 'nothing'; againInMs: number | null; why: 'empty' | 'rate' | 'paused' | 'open' }>
  /** The line's epoch has moved on: somebody else works it. */
  | Readonly<{ kind: 'fenced' }>

export type SessionKey = Readonly<{ node: NodeId; epoch: number }>

export type HeldNode = Readonly<{ node: NodeId; epoch: number; toldEpoch: number }>

export type HelloResult =
  | Readonly<{
      kind: 'welcome'
      epoch: number
      /** The node knows more than the store: a copy was put back, or the node is not honest. Its account is held. */
      ahead: boolean
      /** What this node is told; nodes of one store may be told different ones. */
      storeEpoch: number
      account: AccountId
      ackedSeq: number
      /** How far its inbound messages are committed, in the words of its driver; null: nothing is known, or another driver counted. */
      inboundAfter: string | null
      resume: ReadonlyArray<Readonly<{ attempt: AttemptId; proof: boolean }>>
      lines: ReadonlyArray<Readonly<{ id: LineId; address: string }>>
      /** It is given nothing to send, and this is why. */
      paused: TwoMachinesHold | null
      /** It was found just now that two machines use the credential. */
      isNewPause: boolean
      /** The store was restored: the node sends everything since then again before it works. */
      recoverSinceMs: number | null
      /** False: its journal is not one this store has seen, so that it cannot tell all that it sent. Recovery then waits for an operator. */
      vouches: boolean
    }>
  | Readonly<{ kind: 'bye'; code: 'stale' | 'revoked' | 'cloned' | 'restored'; detail: string; conn?: number }>

/** `fenced`: the session is no longer the node's: close it and acknowledge nothing. */
export type FrameResult = Readonly<{ kind: 'done' | 'orphaned' | 'fenced' }>
/** `stopped`: recipients who have opted out just now, by an account and line each. */
export type InboundResult = FrameResult & Readonly<{ stopped?: readonly Stopped[] }>
export type Stopped = Readonly<{
  account: AccountId
  line: LineId
  service: Service
  recipient: string
  simulated: boolean
}>

export type TakenResult = Readonly<{ kind: 'done' | 'fenced' }>

export type NodeHealth = HealthWord & Readonly<{ provenAtMs: number | null }>
/** `isNews`: by its own word it may have work again, or no more, or not for another reason. `mayWork`: nor does anybody else hold it. */
export type HealthResult =
  Readonly<{ kind: 'done'; hold: HealthHold | null; isNews: boolean; mayWork: boolean }> | Readonly<{ kind: 'fenced' }>

export type ReadyResult =
  /** `awaited`: the node said that it began them, or that their fact is in its outbox. `isHeld`: all the same it gets no work. */
  | Readonly<{ kind: 'done'; awaited: readonly AttemptId[]; isHeld: boolean }>
  | Readonly<{ kind: 'fenced' }>
  /** An attempt of the resume list is missing in `states`. */
  | Readonly<{ kind: 'incomplete'; missing: AttemptId }>

export interface Store extends AccountsStore, ProvidersStore {
  /** W1, W9. Rows that arrive together share a commit; one that fails never fails its neighbours. */
  accept(message: NewMessage): Promise<AcceptResult>
  /** W2. Commits before it resolves: only then may the frame leave. */
  dispatch(input: {
    line: LineId
    node: NodeId
    epoch: number
    attempt: AttemptId
    maxOpen: number
  }): Promise<DispatchResult>
  /** W3. */
  taken(session: SessionKey, attempt: AttemptId): Promise<TakenResult>
  fact(session: SessionKey, frame: FactFrame): Promise<FrameResult>
  voidDone(session: SessionKey, frame: VoidDoneFrame): Promise<FrameResult>
  /** Nothing was heard of it for too long, although its node is alive (hole 12). */
  giveUp(session: SessionKey, attempt: AttemptId, reason: string): Promise<FrameResult>
  /** W10, with W8 when the text is an opt-out word. */
  inbound(session: SessionKey, frame: InboundFrame): Promise<InboundResult>
  /** A frame that cannot be applied is kept raw, so that it does not block those behind it. */
  orphan(
    session: SessionKey,
    frame: { journalId: JournalId; seq: number; text: string; reason: string },
  ): Promise<FrameResult>
  /** A frame that had failed at first is committed, and with it all up to `seq`: no frame is missing below. */
  committedThrough(session: SessionKey, through: { journalId: JournalId; seq: number }): Promise<FrameResult>
  /** W4. The credential was checked by the caller. */
  hello(input: { gateway: GatewayId; frame: HelloFrame }): Promise<HelloResult>
  ready(session: SessionKey, frame: ReadyFrame, resume: readonly AttemptId[]): Promise<ReadyResult>
  /** The node sent everything since the restored point; when all have, dispatch resumes. Returns whether it may be given work. */
  recovered(session: SessionKey): Promise<{ kind: 'done' | 'fenced'; recovering: boolean }>
  health(session: SessionKey, health: NodeHealth): Promise<HealthResult>
  /** Nodes that this gateway holds, by the store: each should have a live session. */
  heldNodes(gateway: GatewayId): Promise<readonly HeldNode[]>
  /** Whether the session still counts; `fenced`: a newer one took over, or the store holds it for closed. */
  standing(session: SessionKey): Promise<'current' | 'fenced' | 'retired'>
  /** The connection ended. Attempts stay open until the node comes back or is declared lost. */
  closed(session: SessionKey): Promise<void>
  /** W6. Nodes away longer than `lostAfterMs`: fenced first, then their open attempts become unknown. */
  declareLost(lostAfterMs: number): Promise<readonly NodeId[]>
  /** W5. */
  cancel(account: AccountId, id: MessageId): Promise<'cancelled' | 'asked' | 'too_late' | 'not_found'>
  /** W5: queued messages past their time. Returns how many; call again while it is the batch size. */
  expire(batch: number): Promise<number>
  /** W7: lanes whose line has been away for `failoverAfterMs` go to another line of the account, as a whole. */
  failOver(failoverAfterMs: number): Promise<number>
  /**
   * A node away for longer counts as a failure: messages for its lines of which nothing was ever dispatched, and for which SMS was asked in
   * case of failure, leave as SMS.
   */
  fallBackOffline(offlineAfterMs: number): Promise<number>
  /** Lines that wait because their Apple account was in doubt, and nodes that failed too often in a row, are tried again after a while. */
  tryLinesInDoubt(): Promise<number>
  /** An unknown message is sent again because a person, who saw the evidence, said so. */
  resend(account: AccountId, id: MessageId): Promise<'queued' | 'refused' | 'not_found'>
  /** W12: after this the message is never tried again. False: it is no longer failed; read it again. */
  seal(id: MessageId): Promise<boolean>
  /** W13: lines whose pacing number is further ahead than a burst (the clock was set back). */
  repairClock(): Promise<number>
  /** After `restore`: nothing accepted before now is dispatched until the nodes have told what they sent. */
  beginRecovery(): Promise<number>
  endRecovery(): Promise<void>
  /** Erases bodies and old history. Bounded work per call; returns rows touched. */
  retain(limits: { bodiesMs: number; factsMs: number; batch: number }): Promise<number>
  /** This process is alive (W6 reads it). Also removes what is left of dead processes. */
  heartbeat(gateway: { id: GatewayId; pid: number; host: string }): Promise<void>

  message(account: AccountId, id: MessageId): Promise<MessageView | undefined>
  /**
   * The message that was accepted under this Idempotency-Key, while the key is remembered. Read only; asked when a request with a
   * key is about to be refused, since what was accepted before stays accepted. Undefined: the key is new, or forgotten.
   */
  keyOwner(account: AccountId, key: string): Promise<{ id: MessageId; fingerprint: string } | undefined>
  timeline(account: AccountId, id: MessageId): Promise<{ events: TimelineEvent[]; attempts: AttemptView[] }>
  lines(account: AccountId): Promise<LineView[]>
  /** The lines that the recipient knows, of each service. */
  lane(account: AccountId, recipient: string): Promise<LaneView | undefined>
  /** Messages that leave before this one by the same line. */
  ahead(id: MessageId): Promise<Ahead>
  /** Queue depth and oldest age per line, for metrics. */
  queues(): Promise<ReadonlyArray<Readonly<{ line: LineId; address: string; queued: number; oldestMs: number }>>>

  /** Throws when the store cannot be read. */
  ping(): Promise<void>
  close(): Promise<void>
}
