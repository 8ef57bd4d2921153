/** What happens to messages that wait: cancel and expiry (W5), moving to another line (W7), resend, seal (W12), clock repair (W13). */
import { sql } from 'kysely'
import type { AccountId, AttemptId, LaneId, LineId, MessageId, NodeId, Service } from '@bluewire/contract/ids'
import { RETRY_FOR_MS, UNKNOWN_HOLD_MS } from '@bluewire/engine/message-state'
import { route } from '@bluewire/engine/routing'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import type { MessageWrites } from './message-change.ts'
import { isWorking } from './node-works.ts'
import { IS_OPEN_MESSAGE, IS_QUEUED } from './partial-indexes.ts'
import type { RoutingLines } from './routing-lines.ts'
import type { Db } from './rows.ts'
import type { Flag } from '../tables.ts'

export interface Queue {
  cancel(tx: Tx, account: AccountId, id: MessageId): 'cancelled' | 'asked' | 'too_late' | 'not_found'
  resend(tx: Tx, account: AccountId, id: MessageId): 'queued' | 'refused' | 'not_found'
  expire(tx: Tx, batch: number): number
  seal(tx: Tx, id: MessageId): boolean
  repairClock(tx: Tx): number
  /** Nodes that were connected once and are not now, and those that get no work. */
  away(): NodeId[]
  /** Lanes that wait for a line of one of these nodes, or for a line that was taken away, and that may go to another one now. */
  stranded(nodes: readonly NodeId[], nowMs: number): StrandedLane[]
  move(tx: Tx, lane: StrandedLane): boolean
  /** Messages that wait for lines of these nodes, may leave as SMS, and of which nothing was ever dispatched. */
  neverDispatched(nodes: readonly NodeId[]): NeverDispatched[]
  fallBackOffline(tx: Tx, waiting: NeverDispatched): boolean
}

export type StrandedLane = Readonly<{
  lane: LaneId
  account: AccountId
  line: LineId
  service: Service
  simulated: Flag
}>
/** What one of them lacks for its fallback, the others of the same line and country lack too. */
export type NeverDispatched = Readonly<{ id: MessageId; line: LineId; country: string | null; isHeld: Flag }>
export type QueueParts = Readonly<{ db: Db; append: AppendEvent; messages: MessageWrites; routing: RoutingLines }>

export function prepareQueue({ db, append, messages, routing }: QueueParts): Queue {
  const s = { ...prepare(db), ...moveStatements(db) }

  const neverDispatchedOf = (node: NodeId) => s.linesOf.all({ node }).flatMap((line) => s.neverDispatched.all(line))
  const owned = (account: AccountId, id: MessageId) => {
    const row = messages.load(id)
    return row?.account === account ? row : undefined
  }

  function cancel(tx: Tx, account: AccountId, id: MessageId): 'cancelled' | 'asked' | 'too_late' | 'not_found' {
    const row = owned(account, id)
    if (row === undefined) return 'not_found'
    if (row.state === 'cancelled') return 'cancelled'
    const change = messages.apply(tx, row, { event: { kind: 'cancel_asked' } })
    if (change === null) return row.cancel_asked_at === null ? 'too_late' : 'asked'
    if (change.state === 'cancelled') return 'cancelled'
    const open = s.openAttempt.get({ message: id })
    if (open?.node != null) tx.hints.push({ kind: 'cancel', node: open.node, attempt: open.id })
    return 'asked'
  }

  function resend(tx: Tx, account: AccountId, id: MessageId): 'queued' | 'refused' | 'not_found' {
    const row = owned(account, id)
    if (row === undefined) return 'not_found'
    return messages.apply(tx, row, { event: { kind: 'resend_asked' } }) === null ? 'refused' : 'queued'
  }

  function expire(tx: Tx, batch: number): number {
    const due = s.due.all({ now: tx.nowMs, batch })
    for (const { id } of due) {
      const row = messages.load(id)
      if (row !== undefined) messages.apply(tx, row, { event: { kind: 'expired' } })
    }
    return due.length
  }

  /** As a whole, and never past a message that is not resolved: two numbers must not overtake each other. */
  function move(tx: Tx, stranded: StrandedLane): boolean {
    if (s.unresolved.get({ lane: stranded.lane, now: tx.nowMs }) !== undefined) return false
    const others = routing.of(stranded.account).filter((l) => l.id !== stranded.line && l.online && !l.paused)
    const wish = { service: stranded.service, from: null, sticky: null, simulated: stranded.simulated === 1 }
    const chosen = route(wish, others)
    if (chosen.kind !== 'line') return false
    for (const { id } of s.queuedBy.all(stranded)) {
      if (s.move.run({ id, from: stranded.line, to: chosen.line, at: tx.nowMs }) !== 1) continue
      append(tx, {
        account: stranded.account,
        type: 'numbers.substitution',
        message: id,
        line: chosen.line,
        data: { original: stranded.line, used: chosen.line, reason: 'line_away' },
      })
    }
    s[stranded.service === 'sms' ? 'laneSmsLine' : 'laneLine'].run({ lane: stranded.lane, line: chosen.line })
    tx.hints.push({ kind: 'line', id: chosen.line })
    return true
  }

  function repairClock(tx: Tx): number {
    const repaired = s.repair.all({ now: tx.steadyMs })
    for (const { id } of repaired) tx.hints.push({ kind: 'line', id })
    s.repairClosed.run({ now: tx.nowMs })
    return repaired.length + s.repairWaits.run({ now: tx.nowMs, wait: RETRY_FOR_MS, hold: UNKNOWN_HOLD_MS })
  }

  return {
    cancel,
    resend,
    expire,
    move,
    repairClock,
    seal: (tx, id) => s.seal.run({ id, at: tx.nowMs }) === 1,
    away: () => s.away.all({}).map((n) => n.id),
    neverDispatched: (nodes) => nodes.flatMap(neverDispatchedOf),
    fallBackOffline: (tx, waiting) => fallBackOffline(tx, messages, waiting),
    stranded: (nodes, nowMs) => s.stranded.all({ nodes: JSON.stringify(nodes), now: nowMs }),
  }
}

function fallBackOffline(tx: Tx, messages: MessageWrites, { id, isHeld }: NeverDispatched): boolean {
  const row = messages.load(id)
  if (row === undefined || row.attempts > 0) return false
  const reason = isHeld === 1 ? 'node_held' : 'node_offline'
  return messages.apply(tx, row, { event: { kind: 'line_away', reason } }) !== null
}

function prepare(db: Db) {
  return {
    openAttempt: db.statement<{ message: MessageId }, { id: AttemptId; node: NodeId | null }>((k, p) =>
      k
        .selectFrom('attempts')
        .select(['id', 'node'])
        .where('message', '=', p.message)
        .where('state', 'in', ['dispatched', 'taken', 'unknown'])
        .orderBy('n', 'desc')
        .limit(1),
    ),
    due: db.statement((k, p: { now: number; batch: number }) =>
      k
        .selectFrom('messages')
        .select('id')
        .where(IS_QUEUED)
        .where('expires_at', '<=', p.now)
        .orderBy('expires_at')
        .limit(p.batch),
    ),
    seal: db.statement((k, p: { id: MessageId; at: number }) =>
      k
        .updateTable('messages')
        .set({ sealed: 1, updated_at: p.at })
        .where('id', '=', p.id)
        .where('state', '=', 'failed'),
    ),
    repair: db.statement<{ now: number }, { id: LineId }>((k, p) => ({
      compile: () =>
        sql<{ id: LineId }>`update lines set tat = ${p.now} + burst * gap_ms
          where tat > ${p.now} + burst * gap_ms returning id`.compile(k),
    })),
    // Waits that are longer than any this code gives were written by a clock that has been set back since.
    repairWaits: db.statement<{ now: number; wait: number; hold: number }, unknown>((k, p) => ({
      compile: () =>
        sql`update messages set not_before = min(not_before, ${p.now} + ${p.wait}),
            lane_free_at = min(lane_free_at, ${p.now} + ${p.hold})
          where state in ('queued', 'sending', 'unknown')
            and (not_before > ${p.now} + ${p.wait} or lane_free_at > ${p.now} + ${p.hold})`.compile(k),
    })),
    // Nothing is decided by it, but nobody should read that a node went away tomorrow.
    repairClosed: db.statement((k, p: { now: number }) =>
      k.updateTable('nodes').set({ closed_at: p.now }).where('closed_at', '>', p.now),
    ),
    unresolved: db.statement((k, p: { lane: LaneId; now: number }) =>
      k
        .selectFrom('messages')
        .select('id')
        .where('lane', '=', p.lane)
        .where((e) =>
          e.or([e('state', '=', 'sending'), e.and([e('state', '=', 'unknown'), e('lane_free_at', '>', p.now)])]),
        )
        .where(IS_OPEN_MESSAGE)
        .limit(1),
    ),
  }
}

function moveStatements(db: Db) {
  return {
    away: db.statement<object, { id: NodeId }>((k) => ({
      compile: () =>
        sql<{ id: NodeId }>`select id from nodes
          where (closed_at is not null and (gateway is null or (kind = 'provider' and ready = 0)))
            or held is not null or observing is not null`.compile(k),
    })),
    linesOf: db.statement((k, p: { node: NodeId }) =>
      k.selectFrom('lines').select('id').where('node', '=', p.node).where('paused', '=', 0),
    ),
    // Each line for itself: one whose messages cannot fall back must not hide those of others.
    neverDispatched: db.statement<{ id: LineId }, NeverDispatched>((k, p) => ({
      compile: () =>
        sql<NeverDispatched>`select id, line, country,
            exists (select 1 from lines l join nodes n on n.id = l.node
              where l.id = messages.line and n.gateway is not null and (n.held is not null or n.observing is not null)) as isHeld
          from messages where line = ${p.id} and state = 'queued' and fallback = 1 and service = 'imessage'
            and attempts = 0 and hold_reason is null
          order by class desc, created_at, id limit 500`.compile(k),
    })),
    stranded: db.statement<{ nodes: string; now: number }, StrandedLane>((k, p) => ({
      compile: () =>
        sql<StrandedLane>`select distinct m.lane, m.account, m.line, m.service, m.simulated from lines l
          join nodes n on n.id = l.node
          join messages m on m.line = l.id and m.state = 'queued'
          where (l.sends = 0 or (not ${isWorking('n')} and n.id in (select value from json_each(${p.nodes}))))
            and exists (select 1 from lines o join nodes on_ on on_.id = o.node
              where o.account = m.account and o.id <> l.id and o.simulated = m.simulated and o.sends = 1
                and o.paused = 0 and o.suspended = 0 and o.services like '%"' || m.service || '"%'
                and ${isWorking('on_')} and on_.retired_at is null)
            and not exists (select 1 from messages b where b.lane = m.lane and b.state in ('queued', 'sending', 'unknown')
              and (b.state = 'sending' or (b.state = 'unknown' and b.lane_free_at > ${p.now})))
          limit 500`.compile(k),
    })),
    queuedBy: db.statement<StrandedLane, { id: MessageId }>((k, p) =>
      k
        .selectFrom('messages')
        .select('id')
        .where('lane', '=', p.lane)
        .where('line', '=', p.line)
        .where('service', '=', p.service)
        .where('simulated', '=', p.simulated)
        .where(IS_OPEN_MESSAGE)
        .where(IS_QUEUED)
        .orderBy('lane_seq'),
    ),
    move: db.statement((k, p: { id: MessageId; from: LineId; to: LineId; at: number }) =>
      k
        .updateTable('messages')
        .set({ line: p.to, updated_at: p.at })
        .where('id', '=', p.id)
        .where('state', '=', 'queued')
        .where('line', '=', p.from),
    ),
    laneSmsLine: db.statement((k, p: { lane: LaneId; line: LineId }) =>
      k.updateTable('lanes').set({ sms_line: p.line }).where('id', '=', p.lane),
    ),
    laneLine: db.statement((k, p: { lane: LaneId; line: LineId }) =>
      k.updateTable('lanes').set({ line: p.line }).where('id', '=', p.lane),
    ),
  }
}
