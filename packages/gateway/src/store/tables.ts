/** The rows of every table, as both databases hold them: instants are milliseconds, flags 0 or 1, lists JSON text. */
import type {
  AccountId,
  AttemptId,
  EventId,
  GatewayId,
  JournalId,
  LaneId,
  LineId,
  MessageId,
  NodeId,
  ProviderId,
  Service,
  TokenId,
} from '@bluewire/contract/ids'
import type { NotSentClass } from '@bluewire/contract/node-protocol/common'
import type { AttemptState } from '@bluewire/engine/attempt-state'
import type { MessageState } from '@bluewire/engine/message-state'
import type { Generated } from 'kysely'

export type Flag = 0 | 1
export type Plan = 'free' | 'payg' | 'unlimited'
export type MessageClass = 'interactive' | 'bulk'
export type TokenState = 'active' | 'suspended' | 'revoked'

export interface Tables {
  meta: { key: string; value: string }
  accounts: {
    id: AccountId
    name: string
    plan: Plan
    quota_limit: number | null
    entitlements: string
    region: string
    is_instance: Flag
    suspended_at: number | null
    /** A node of it knew more than the store: what was accepted before waits for its nodes. */
    recovering_at: number | null
    recover_since: number | null
    /** When it first had a real node that was well. */
    real_node_at: Generated<number | null>
    sms_per_hour: Generated<number>
    sms_countries: Generated<string>
    created_at: number
  }
  tokens: {
    id: TokenId
    account: AccountId
    name: string
    hash: string
    hint: string
    scopes: string
    state: TokenState
    created_at: number
    last_used_at: number | null
  }
  gateways: { id: GatewayId; pid: number; host: string; started_at: number; heartbeat_at: number }
  enrolments: { code_hash: string; account: AccountId; expires_at: number; node: NodeId | null; created_at: number }
  nodes: {
    id: NodeId
    kind: Generated<'node' | 'provider'>
    account: AccountId
    name: string
    credential_hash: string
    machine: string
    simulated: Flag
    driver: string
    agent: Generated<string>
    os: Generated<string>
    at_most_once: Generated<Flag>
    capabilities: Generated<string>
    epoch: Generated<number>
    conn: Generated<number>
    gateway: GatewayId | null
    journal_id: JournalId | null
    ready: Generated<Flag>
    /** Why nothing is dispatched to it although it is connected. */
    observing: string | null
    /** The store epoch for which it has sent everything again, and the one it is told: when that is higher, it has to. */
    store_epoch: Generated<number>
    told_epoch: Generated<number>
    /** Frames that could not be applied and were not kept either: it had too many. */
    orphans_dropped: Generated<number>
    health: Generated<string>
    health_detail: string | null
    proven_at: number | null
    refusals: Generated<number>
    sent_at: number | null
    sent_lane: LaneId | null
    sent_before_at: number | null
    sent_before_lane: LaneId | null
    connected_at: number | null
    closed_at: number | null
    retired_at: number | null
    created_at: number
  }
  providers: {
    id: ProviderId
    shared: Flag
    settings: string
    secrets: Generated<string>
    revision: Generated<number>
    lease_until: Generated<number>
  }
  node_journals: { node: NodeId; journal_id: JournalId; head: number; acked_seq: number }
  lines: {
    id: LineId
    account: AccountId
    node: NodeId | null
    address: string
    services: string
    sends: Flag
    simulated: Flag
    pool: Generated<string>
    paused: Generated<Flag>
    pause_reason: string | null
    suspended: Generated<Flag>
    epoch: Generated<number>
    tat: Generated<number>
    gap_ms: number
    burst: number
    in_doubt_at: number | null
    downgraded_at: number | null
    created_at: number
  }
  lanes: {
    id: LaneId
    account: AccountId
    recipient: string
    next_seq: number
    /** The line this recipient already knows. */
    line: LineId | null
    sms_line: LineId | null
    no_imessage_at: number | null
    opted_out: Generated<Flag>
    opt_date: number | null
  }
  messages: {
    id: MessageId
    account: AccountId
    token: TokenId | null
    lane: LaneId
    lane_seq: number
    class: MessageClass
    recipient: string
    country: string | null
    body: string | null
    asked_service: Service
    service: Service
    asked_from: LineId | null
    line: LineId | null
    simulated: Flag
    state: MessageState
    failure: string | null
    failure_detail: string | null
    fallback_reason: string | null
    hold_reason: string | null
    not_before: number
    expires_at: number
    cancel_asked_at: number | null
    sealed: Generated<Flag>
    exempt: Generated<Flag>
    fallback: Flag
    on_unknown: 'hold' | 'resend'
    /** Attempts made in all; the next one is numbered one higher. */
    attempts: Generated<number>
    /** Attempts by the present service. */
    tries: Generated<number>
    first_try_at: number | null
    /** How often it was sent again although an attempt of it may have gone out. */
    resends: Generated<number>
    ever_sent: Generated<Flag>
    /** What really went out. */
    sent_service: Service | null
    unknown_at: number | null
    lane_free_at: number | null
    charged_month: string | null
    refunded_month: string | null
    ad: Flag
    created_at: number
    updated_at: number
  }
  attempts: {
    id: AttemptId
    message: MessageId
    n: number
    lane: LaneId
    line: LineId
    node: NodeId | null
    epoch: number
    journal_id: JournalId | null
    service: Service
    state: AttemptState
    class: NotSentClass | null
    reason: string | null
    detail: string | null
    overridden: Generated<Flag>
    parts: number | null
    dispatched_at: number
    taken_at: number | null
    settled_at: number | null
  }
  attempt_parts: {
    attempt: AttemptId
    part: number
    node: NodeId
    ref: string | null
    state: 'taken' | 'delivered' | 'read' | 'failed'
    at: number
  }
  receipts: {
    id: Generated<number>
    node: NodeId
    ref: string | null
    recipient: string | null
    receipt: string
    received_at: number
  }
  sms_spend: { account: AccountId; minute: number; country: string; n: number }
  events: {
    account: AccountId
    seq: number
    id: EventId
    type: string
    at: number
    message: MessageId | null
    attempt: AttemptId | null
    node: NodeId | null
    line: LineId | null
    data: string
  }
  idempotency: { account: AccountId; key: string; fingerprint: string; message: MessageId; created_at: number }
  usage: {
    account: AccountId
    month: string
    used: number
    /** How many of `used` were asked for as iMessage. */
    imessage: Generated<number>
  }
  inbound: {
    id: EventId
    account: AccountId
    line: LineId
    guid: string
    sender: string
    service: Service
    body: string | null
    body_hash: string
    date: number
    backfilled: Flag
    received_at: number
  }
  orphans: { id: Generated<number>; node: NodeId; journal_id: string; frame: string; reason: string; at: number }
  audit: { id: Generated<number>; at: number; actor: string; action: string; target: string | null; data: string }
}
