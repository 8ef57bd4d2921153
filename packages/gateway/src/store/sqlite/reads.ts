/** What callers and people look at. Every read that a caller can reach is scoped to an account. */
import { sql } from 'kysely'
import { isProviderId } from '@bluewire/contract/ids'
import type { AccountId, LineId, MessageId, NodeId, Service } from '@bluewire/contract/ids'
import type { HealthHold, NodeHold } from '@bluewire/engine/node-health'
import type { Ahead, AttemptView, LaneView, LineView, MessageView, TimelineEvent } from '../store.ts'
import type { Flag } from '../tables.ts'
import { KEY_REMEMBERED_MS, laneKey } from './accept.ts'
import { jsonList } from './rows.ts'
import { TWO_MACHINES } from './two-machines.ts'
import type { Db, MessageRow } from './rows.ts'

export interface Reads {
  message(account: AccountId, id: MessageId): MessageView | undefined
  timeline(account: AccountId, id: MessageId): { events: TimelineEvent[]; attempts: AttemptView[] }
  lines(account: AccountId): LineView[]
  lane(account: AccountId, recipient: string): LaneView | undefined
  ahead(id: MessageId, nowMs: number): Ahead
  queues(nowMs: number): Array<{ line: LineId; address: string; queued: number; oldestMs: number }>
  keyOwner(account: AccountId, key: string, steadyMs: number): { id: MessageId; fingerprint: string } | undefined
}

/** Of a node that may be none. */
export type HoldColumns = {
  observing: 'two_machines' | null
  held: HealthHold['why'] | null
  held_check: string | null
  held_detail: string | null
}

export function holdIn(row: HoldColumns): NodeHold | null {
  if (row.observing !== null) return TWO_MACHINES
  return row.held === null ? null : { why: row.held, check: row.held_check, detail: row.held_detail }
}

type JoinedMessage = HoldColumns &
  MessageRow & {
    address: string | null
    line_paused: Flag | null
    node: NodeId | null
    node_name: string | null
    online: Flag | null
    closed_at: number | null
    health_detail: string | null
  }

type LineRow = HoldColumns & {
  id: LineId
  account: AccountId
  address: string
  services: string
  sends: Flag
  simulated: Flag
  pool: string
  paused: Flag
  pause_reason: string | null
  suspended: Flag
  tat: number
  gap_ms: number
  burst: number
  queued: number
  node: NodeId | null
  node_name: string | null
  online: Flag
  closed_at: number | null
  health: string | null
  health_detail: string | null
  health_at: number | null
  proven_at: number | null
  driver: string | null
  at_most_once: Flag | null
  downgraded_at: number | null
}

export function prepareReads(db: Db): Reads {
  const s = { ...prepare(db), ...lineStatements(db) }
  return {
    message(account, id) {
      const row = s.message.get({ account, id })
      return row === undefined ? undefined : messageView(row)
    },
    timeline: (account, id) => ({
      events: s.events.all({ account, id }).map((e) => ({ ...e, data: JSON.parse(e.data) as Record<string, unknown> })),
      attempts: s.attempts.all({ account, id }).map((a) => ({ ...a, overridden: a.overridden === 1 })),
    }),
    lines: (account) => s.lines.all({ account }).map(lineView),
    lane: (account, recipient) => s.lane.get({ account, recipient: laneKey(recipient) }),
    ahead: (id, nowMs) => ({
      messages: s.ahead.get({ id })?.n ?? 0,
      unknownUntilMs: s.unknownUntil.get({ id, now: nowMs })?.at ?? null,
    }),
    queues: (nowMs) =>
      s.queues.all({}).map(({ oldestAt, ...row }) => ({ ...row, oldestMs: Math.max(0, nowMs - oldestAt) })),
    keyOwner: (account, key, steadyMs) => s.keyOwner.get({ account, key, since: steadyMs - KEY_REMEMBERED_MS }),
  }
}

function messageView(row: JoinedMessage): MessageView {
  const node =
    row.node === null
      ? null
      : {
          id: row.node,
          name: row.node_name ?? '',
          isProvider: isProviderId(row.node),
          online: row.online === 1,
          closedAtMs: row.closed_at,
          healthDetail: row.health_detail,
          hold: holdIn(row),
        }
  return {
    id: row.id,
    account: row.account,
    recipient: row.recipient,
    body: row.body,
    askedService: row.asked_service,
    service: row.service,
    sentService: row.sent_service,
    state: row.state,
    failure: row.failure,
    failureDetail: row.failure_detail,
    fallbackReason: row.fallback_reason,
    holdReason: row.hold_reason,
    notBeforeMs: row.not_before,
    expiresAtMs: row.expires_at,
    cancelAsked: row.cancel_asked_at !== null,
    sealed: row.sealed === 1,
    fallback: row.fallback === 1,
    simulated: row.simulated === 1,
    ad: row.ad === 1,
    attempts: row.attempts,
    line: row.line === null ? null : { id: row.line, address: row.address ?? '', paused: row.line_paused === 1, node },
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
  }
}

function lineView(row: LineRow): LineView {
  return {
    id: row.id,
    account: row.account,
    address: row.address,
    services: jsonList(row.services) as Service[],
    sends: row.sends === 1,
    simulated: row.simulated === 1,
    pool: row.pool,
    paused: row.paused === 1,
    pauseReason: row.pause_reason,
    suspended: row.suspended === 1,
    tatMs: row.tat,
    gapMs: row.gap_ms,
    burst: row.burst,
    queued: row.queued,
    downgradedAtMs: row.downgraded_at,
    node:
      row.node === null
        ? null
        : {
            id: row.node,
            name: row.node_name ?? '',
            isProvider: isProviderId(row.node),
            online: row.online === 1,
            closedAtMs: row.closed_at,
            health: row.health ?? 'unknown',
            healthDetail: row.health_detail,
            healthAtMs: row.health_at,
            provenAtMs: row.proven_at,
            hold: holdIn(row),
            driver: row.driver ?? '',
            atMostOnce: row.at_most_once !== 0,
          },
  }
}

type EventRow = Omit<TimelineEvent, 'data'> & { data: string }
type AttemptReadRow = Omit<AttemptView, 'overridden'> & { overridden: Flag }

function prepare(db: Db) {
  return {
    message: db.statement<{ account: AccountId; id: MessageId }, JoinedMessage>((k, p) => ({
      compile: () =>
        sql<JoinedMessage>`select m.*, l.address, l.paused as line_paused, n.id as node, n.name as node_name,
            coalesce(n.gateway is not null and n.ready = 1, 0) as online, n.closed_at, n.health_detail,
            n.observing, n.held, n.held_check, n.held_detail
          from messages m left join lines l on l.id = m.line left join nodes n on n.id = l.node
          where m.id = ${p.id} and m.account = ${p.account}`.compile(k),
    })),
    keyOwner: db.statement((k, p: { account: AccountId; key: string; since: number }) =>
      k
        .selectFrom('idempotency')
        .select(['message as id', 'fingerprint'])
        .where('account', '=', p.account)
        .where('key', '=', p.key)
        .where('created_at', '>=', p.since),
    ),
    events: db.statement<{ account: AccountId; id: MessageId }, EventRow>((k, p) =>
      k
        .selectFrom('events')
        .select(['seq', 'type', 'at as atMs', 'attempt', 'data'])
        .where('message', '=', p.id)
        .where('account', '=', p.account)
        .orderBy('seq'),
    ),
    attempts: db.statement<{ account: AccountId; id: MessageId }, AttemptReadRow>((k, p) =>
      k
        .selectFrom('attempts')
        .innerJoin('messages', 'messages.id', 'attempts.message')
        .innerJoin('lines', 'lines.id', 'attempts.line')
        .select([
          'attempts.id as id',
          'attempts.n as n',
          'lines.address as line',
          'attempts.service as service',
          'attempts.state as state',
          'attempts.reason as reason',
          'attempts.detail as detail',
          'attempts.overridden as overridden',
          'attempts.dispatched_at as dispatchedAtMs',
          'attempts.taken_at as takenAtMs',
          'attempts.settled_at as settledAtMs',
        ])
        .where('attempts.message', '=', p.id)
        .where('messages.account', '=', p.account)
        .orderBy('attempts.n'),
    ),
  }
}

function lineStatements(db: Db) {
  return {
    lines: db.statement<{ account: AccountId }, LineRow>((k, p) => ({
      compile: () =>
        sql<LineRow>`select l.id, l.account, l.address, l.services, l.sends, l.simulated, l.pool, l.paused, l.pause_reason,
            l.suspended, l.tat, l.gap_ms, l.burst, n.id as node, n.name as node_name, n.closed_at, n.health, n.health_detail,
            n.health_at, n.proven_at, n.observing, n.held, n.held_check, n.held_detail, n.driver, n.at_most_once, l.downgraded_at,
            coalesce(n.gateway is not null and n.ready = 1, 0) as online,
            (select count(*) from messages m where m.line = l.id and m.state = 'queued') as queued
          from lines l left join nodes n on n.id = l.node
          where l.account = ${p.account} and n.retired_at is null order by l.id`.compile(k),
    })),
    lane: db.statement<{ account: AccountId; recipient: string }, LaneView>((k, p) =>
      k
        .selectFrom('lanes')
        .select(['id', 'line', 'sms_line as smsLine'])
        .where('account', '=', p.account)
        .where('recipient', '=', p.recipient),
    ),
    ahead: db.statement<{ id: MessageId }, { n: number }>((k, p) => ({
      compile: () =>
        sql<{ n: number }>`select count(*) as n from messages me join messages b
            on b.line = me.line and b.state = 'queued' and b.id <> me.id
            and (b.class > me.class or (b.class = me.class and (b.created_at, b.id) < (me.created_at, me.id)))
          where me.id = ${p.id}`.compile(k),
    })),
    unknownUntil: db.statement<{ id: MessageId; now: number }, { at: number | null }>((k, p) => ({
      compile: () =>
        sql<{ at: number | null }>`select max(b.lane_free_at) as at from messages me join messages b
            on b.lane = me.lane and b.state in ('queued', 'sending', 'unknown') and b.state = 'unknown'
            and b.id <> me.id and b.lane_free_at > ${p.now}
          where me.id = ${p.id}`.compile(k),
    })),
    queues: db.statement<object, { line: LineId; address: string; queued: number; oldestAt: number }>((k) => ({
      compile: () =>
        sql<{
          line: LineId
          address: string
          queued: number
          oldestAt: number
        }>`select m.line, l.address, count(*) as queued,
            min(m.created_at) as oldestAt
          from messages m join lines l on l.id = m.line where m.state = 'queued' group by m.line, l.address`.compile(k),
    })),
  }
}
