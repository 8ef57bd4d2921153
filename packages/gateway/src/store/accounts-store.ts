/** Accounts, tokens, nodes' enrolment, quota and the audit log: the part of the store that people administer. */
import type { AccountId, AttemptId, LineId, MessageId, NodeId, TokenId } from '@bluewire/contract/ids'
import type { HealthCheck } from '@bluewire/contract/node-protocol/node-frames'
import type { AttemptState } from '@bluewire/engine/attempt-state'
import type { NodeHold } from '@bluewire/engine/node-health'
import type { Plan, TokenState } from './tables.ts'

export type Account = Readonly<{
  id: AccountId
  name: string
  plan: Plan
  /** Messages a UTC calendar month; null: no limit. */
  quotaLimit: number | null
  entitlements: readonly string[]
  /** ISO 3166 alpha-2, for recipients written without a country code. */
  region: string
  /** SMS that it may send within an hour. */
  smsPerHour: number
  /** The same for single countries (ISO 3166 alpha-2); `*`: for all that are not named. */
  smsCountries: Readonly<Record<string, number>>
  isInstance: boolean
  suspendedAtMs: number | null
  createdAtMs: number
}>

/** Messages of a month that count: all of them, and by the service that was asked for. */
export type Used = Readonly<{ all: number; imessage: number; sms: number }>

export type Token = Readonly<{
  id: TokenId
  account: AccountId
  name: string
  /** The last characters, to tell tokens apart. */
  hint: string
  scopes: readonly string[]
  state: TokenState
  createdAtMs: number
  lastUsedAtMs: number | null
}>

export type AuditEntry = Readonly<{
  atMs: number
  actor: string
  action: string
  target: string | null
  data: Readonly<Record<string, unknown>>
}>

/** Who does something, for the audit log: `cli:root`, `token:tok_…`, `quickstart`. */
export type Actor = string

/** `pause` holds back what is queued; `suspend` takes the line out of use. The other two end them. */
export type LineOrder = 'pause' | 'resume' | 'suspend' | 'unsuspend'

export type NodeView = Readonly<{
  id: NodeId
  name: string
  online: boolean
  simulated: boolean
  driver: string
  /** Its last word, and when the gateway heard it. */
  health: string
  healthAtMs: number | null
  /** By its own clock. */
  provenAtMs: number | null
  hold: NodeHold | null
  closedAtMs: number | null
  /** Frames of it that made no sense and were not kept either: it had too many. */
  framesDropped: number
}>

export type NodeDetail = NodeView &
  Readonly<{
    account: AccountId
    agent: string
    os: string
    /** False: what is behind its driver may send one message twice by itself (PROTOCOL 18). */
    atMostOnce: boolean
    capabilities: readonly string[]
    healthDetail: string | null
    checks: readonly HealthCheck[]
    /** When an iMessage last left it, to within a minute. */
    sentAtMs: number | null
    connectedAtMs: number | null
    retiredAtMs: number | null
    inFlight: ReadonlyArray<
      Readonly<{ id: AttemptId; message: MessageId; state: AttemptState; dispatchedAtMs: number }>
    >
    /** Attempts whose fate is not known. */
    unknown: number
  }>

/** Every write here appends to the audit log in its own transaction. */
export interface AccountsStore {
  createAccount(
    actor: Actor,
    account: {
      id: AccountId
      name: string
      plan: Plan
      quotaLimit: number | null
      entitlements: readonly string[]
      region: string
      smsPerHour?: number
      smsCountries?: Readonly<Record<string, number>>
    },
  ): Promise<Account>
  account(id: AccountId): Promise<Account | undefined>
  accounts(): Promise<Account[]>
  /** The first account. Undefined on a new store. */
  instanceAccount(): Promise<Account | undefined>
  /** Returns undefined when there is no such account. Absent keys stay. */
  updateAccount(
    actor: Actor,
    id: AccountId,
    change: {
      plan?: Plan
      quotaLimit?: number | null
      entitlements?: readonly string[]
      region?: string
      smsPerHour?: number
      /** All of them. */
      smsCountries?: Readonly<Record<string, number>>
      suspended?: boolean
      name?: string
    },
  ): Promise<Account | undefined>

  createToken(
    actor: Actor,
    token: { id: TokenId; account: AccountId; name: string; hash: string; hint: string; scopes: readonly string[] },
  ): Promise<Token>
  tokens(account: AccountId): Promise<Token[]>
  setTokenState(actor: Actor, id: TokenId, state: TokenState): Promise<Token | undefined>
  /** The token with this hash and its account; also when suspended or revoked. Hot path. */
  tokenByHash(hash: string): Promise<{ token: Token; account: Account } | undefined>
  /** Remembers that it was used; at most one write a minute per token. */
  tokenUsed(id: TokenId): Promise<void>

  createEnrolment(actor: Actor, enrolment: { codeHash: string; account: AccountId; expiresInMs: number }): Promise<void>
  /** Exchanges an unused, unexpired code for a node. Undefined: no such code, used, or expired. */
  redeemEnrolment(input: {
    codeHash: string
    node: { id: NodeId; name: string; credentialHash: string; machine: string; simulated: boolean; driver: string }
  }): Promise<{ node: NodeId; account: AccountId } | undefined>
  nodeByCredential(
    hash: string,
  ): Promise<{ id: NodeId; account: AccountId; name: string; retired: boolean } | undefined>
  /** Those in service. */
  nodes(account: AccountId): Promise<readonly NodeView[]>
  /** Also one that is retired. */
  node(id: NodeId): Promise<NodeDetail | undefined>
  /** False: there is no such line. */
  orderLine(actor: Actor, id: LineId, wanted: { order: LineOrder; reason: string | null }): Promise<boolean>
  /**
   * Ends the pause of a node whose credential two machines used (`resumed`). Of one that is held by its own word: lets one message leave,
   * which shows what became of that (`one_message`).
   */
  resumeNode(actor: Actor, id: NodeId): Promise<'resumed' | 'one_message' | 'not_held'>
  /** Takes its credential away; its open attempts become unknown, its history stays. */
  retireNode(actor: Actor, id: NodeId): Promise<boolean>

  /** Messages accepted in the present UTC month. */
  used(account: AccountId): Promise<number>
  /** The same, by the service that was asked for. */
  usedByService(account: AccountId): Promise<Used>
  audit(limit: number): Promise<AuditEntry[]>
  /** For what changes no row but must be in the log (recovery ended, restore, …). */
  appendAudit(entry: {
    actor: Actor
    action: string
    target: string | null
    data: Record<string, unknown>
  }): Promise<void>
}
