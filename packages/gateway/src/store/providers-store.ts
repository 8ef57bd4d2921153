/** Providers: their rows, the lease under which a gateway works one (W11), and what they report. */
import type { AccountId, AttemptId, GatewayId, LineId, MessageId, ProviderId } from '@bluewire/contract/ids'
import type { NotSentClass } from '@bluewire/contract/node-protocol/common'
import type { ProviderInbound, ProviderReceipt } from '@bluewire/drivers/provider'
import type { Actor } from './accounts-store.ts'
import type { Stopped } from './store.ts'

export type ProviderLine = Readonly<{ id: LineId; account: AccountId; address: string }>

export type NewProvider = Readonly<{
  id: ProviderId
  account: AccountId
  name: string
  driver: string
  /** Lines of every account may be on it, not only of its own. */
  shared: boolean
  simulated: boolean
  settings: Readonly<Record<string, unknown>>
  /** Encrypted; empty: it has none. */
  secrets: string
}>

export type ProviderRow = NewProvider &
  Readonly<{
    /** Higher after each change of the above. */
    revision: number
    online: boolean
    health: string
    healthDetail: string | null
    provenAtMs: number | null
    lines: readonly ProviderLine[]
  }>

/** The session of a provider: the number that fences. Of the same shape as a node's. */
export type ProviderSessionKey = Readonly<{ node: ProviderId; epoch: number }>

/** An attempt whose outcome is not known, with what it can be looked for. */
export type OpenAttempt = Readonly<{
  attempt: AttemptId
  message: MessageId
  line: string
  recipient: string
  body: string
  state: 'dispatched' | 'taken' | 'unknown'
  dispatchedAtMs: number
  /** Another open attempt of the provider has the same recipient and text. */
  hasTwin: boolean
  parts: ReadonlyMap<number, string>
}>

export type LeaseResult =
  | Readonly<{
      kind: 'taken'
      epoch: number
      lines: readonly ProviderLine[]
      /** Of an earlier session: nobody waits for their answers any more. */
      open: readonly OpenAttempt[]
    }>
  /** Another gateway works it. */
  | Readonly<{ kind: 'held' }>
  | Readonly<{ kind: 'gone' }>

/** What a provider says of an attempt. */
export type ProviderFinding =
  | Readonly<{ kind: 'sent'; refs: readonly string[] }>
  | Readonly<{
      kind: 'not_sent'
      class: NotSentClass
      reason: string
      detail?: string
      /** It is not the message's fault: it keeps its place for this long, and the try does not count. */
      waitMs?: number
    }>
  | Readonly<{ kind: 'unknown'; reason: string; detail?: string; parts?: ReadonlyMap<number, string>; of?: number }>

export type ProviderResult = Readonly<{ kind: 'done' | 'fenced' }>
/** `unmatched`: it was written to no line of the provider; that it came is kept. */
export type ProviderInboundResult = Readonly<{ kind: 'done' | 'fenced' | 'unmatched'; stopped?: readonly Stopped[] }>
/** `kept`: it fits no attempt yet. `unmatched`: and it never will. */
export type ReceiptResult = Readonly<{ kind: 'done' | 'fenced' | 'kept' | 'unmatched' }>

export interface ProvidersStore {
  createProvider(actor: Actor, provider: NewProvider): Promise<void>
  /** False: there is no such provider in use. */
  changeProvider(
    actor: Actor,
    id: ProviderId,
    change: { name?: string; settings?: Readonly<Record<string, unknown>>; secrets?: string },
  ): Promise<boolean>
  /** All that are in use, of every account. */
  providers(): Promise<readonly ProviderRow[]>
  /** `taken`: another line of the account has the address. */
  addProviderLine(
    actor: Actor,
    line: { id: LineId; provider: ProviderId; account: AccountId; address: string; gapMs: number; burst: number },
  ): Promise<'added' | 'taken' | 'no_provider'>
  /** The line sends no more; its history stays. */
  removeProviderLine(actor: Actor, id: LineId): Promise<boolean>

  /** W11. Taken when nobody holds it: the epoch is raised, which fences whoever held it before. */
  takeLease(input: { provider: ProviderId; gateway: GatewayId; leaseMs: number }): Promise<LeaseResult>
  /** False: it is another's, or the provider was removed. Stop at once. */
  renewLease(session: ProviderSessionKey, leaseMs: number): Promise<boolean>
  /** Whether its lines can send now. Repeats change nothing. */
  providerReady(session: ProviderSessionKey, isReady: boolean): Promise<ProviderResult>
  /** For people. Written only when it differs. */
  providerHealth(
    id: ProviderId,
    health: { state: string; detail: string | null; provenAtMs: number | null },
  ): Promise<void>
  providerFinding(session: ProviderSessionKey, attempt: AttemptId, finding: ProviderFinding): Promise<ProviderResult>
  providerReceipt(session: ProviderSessionKey, receipt: ProviderReceipt): Promise<ReceiptResult>
  providerInbound(session: ProviderSessionKey, message: ProviderInbound): Promise<ProviderInboundResult>
  /** Whether another attempt has this id of a part. */
  isRefTaken(provider: ProviderId, ref: string, except: AttemptId): Promise<boolean>
  /** Attempts whose outcome is unknown, for looking again. */
  openAttempt(provider: ProviderId, attempt: AttemptId): Promise<OpenAttempt | undefined>
  /** Lets receipts go that fitted nothing for too long. Returns how many. */
  dropReceipts(): Promise<number>
}
