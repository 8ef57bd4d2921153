/**
 * W2: the next message of a line becomes an attempt. The line's row is written first: that update is the fence (somebody else's
 * epoch finds 0 rows) and the rate limit (one integer, see engine/pacing.ts) in one. Only after this commit may the frame leave.
 */
import { sql } from 'kysely'
import type { AccountId, AttemptId, LaneId, LineId, MessageId, NodeId, Service } from '@bluewire/contract/ids'
import { segmentsOf } from '@bluewire/contract/sms-segments'
import { mayLeaveAtMs } from '@bluewire/engine/pacing'
import type { Dispatched, DispatchResult } from '../store.ts'
import type { Flag } from '../tables.ts'
import type { AppendEvent } from './events.ts'
import { Undo } from './group-writer.ts'
import type { Tx } from './group-writer.ts'
import { prepareIsQueuedOn } from './line-hints.ts'
import type { AttemptRow, Db } from './rows.ts'

export type DispatchInput = Readonly<{
  line: LineId
  /** Whose session asks. Epochs of two nodes may be equal, and a line may have changed from one to the other. */
  node: NodeId
  epoch: number
  attempt: AttemptId
  maxOpen: number
}>

type LineRow = {
  node: NodeId | null
  address: string
  epoch: number
  paused: Flag
  suspended: Flag
  simulated: Flag
  /** While a restored store, or the line's account, waits for its nodes, only what was accepted after this may leave. 0: no recovery. */
  restored_at: number
  tat: number
  gap_ms: number
  burst: number
  journal_id: AttemptRow['journal_id']
  ready: Flag
  observing: string | null
  held: string | null
  /** Held as it is, it gets one message. */
  trial: Flag
  open: number
  /** Of a provider: until when this gateway may use it, steady milliseconds. Null: the line is on a node. */
  lease_until: number | null
}

type Next = {
  id: MessageId
  account: AccountId
  lane: LaneId
  body: string | null
  recipient: string
  service: Service
  attempts: number
  onUnknown: 'hold' | 'resend'
}

/** A lease must last longer than this, or a request might leave after it ended (W2). */
const LEASE_LEFT_MS = 10_000

const NOTHING = { kind: 'nothing', againInMs: null, why: 'empty' } as const

export function prepareDispatch(db: Db, append: AppendEvent): (tx: Tx, input: DispatchInput) => DispatchResult {
  const s = { ...prepare(db), ...writeStatements(db) }
  const isQueuedOn = prepareIsQueuedOn(db)

  return (tx, input) => {
    const line = s.line.get({ line: input.line })
    if (line === undefined || line.epoch !== input.epoch || line.node !== input.node) return { kind: 'fenced' }
    if (line.paused === 1 || line.suspended === 1 || !mayWork(line)) return { ...NOTHING, why: 'paused' }
    if (line.lease_until !== null && line.lease_until <= tx.steadyMs + LEASE_LEFT_MS)
      return { ...NOTHING, why: 'paused' }
    if (line.open >= input.maxOpen) return { ...NOTHING, why: 'open' }
    const next = s.next.get({
      line: input.line,
      simulated: line.simulated,
      now: tx.nowMs,
      acceptedAfter: line.restored_at,
    })
    if (next === undefined) {
      const at = s.again.get({ line: input.line, now: tx.nowMs })?.at ?? null
      return { ...NOTHING, againInMs: at === null ? null : at - tx.nowMs }
    }
    const pace = { gapMs: line.gap_ms, burst: line.burst }
    const fencedAndPaced = s.pace.run({ line: input.line, epoch: input.epoch, now: tx.steadyMs })
    if (fencedAndPaced !== 1)
      return { ...NOTHING, againInMs: mayLeaveAtMs(line.tat, pace, tx.steadyMs) - tx.steadyMs, why: 'rate' }
    const dispatched = attempt(tx, input, { line, next })
    const more = isQueuedOn(input.line)
    forgetHints(tx, input.line) // the last step: hints cannot be undone
    return { kind: 'dispatched', dispatched, more }
  }

  function attempt(tx: Tx, input: DispatchInput, found: { line: LineRow; next: Next }): Dispatched {
    const { line, next } = found
    const n = next.attempts + 1
    if (s.take.run({ id: next.id, now: tx.nowMs }) !== 1) throw new Undo<DispatchResult>(NOTHING)
    s.insert.run({
      id: input.attempt,
      message: next.id,
      n,
      lane: next.lane,
      line: input.line,
      node: line.node,
      epoch: input.epoch,
      journalId: line.journal_id,
      service: next.service,
      at: tx.nowMs,
    })
    const stick = next.service === 'sms' ? s.stickSms : s.stick
    stick.run({ lane: next.lane, line: input.line })
    if (line.trial === 1) s.trialOver.run({ node: input.node })
    append(tx, {
      account: next.account,
      type: 'message.dispatched',
      message: next.id,
      attempt: input.attempt,
      line: input.line,
      ...(line.node === null ? {} : { node: line.node }),
      data: { n, service: next.service, ...segmentsOfSms(next) },
    })
    return {
      attempt: input.attempt,
      message: next.id,
      n,
      line: line.address,
      recipient: next.recipient,
      body: next.body ?? '',
      service: next.service,
      onUnknown: next.onUnknown,
    }
  }
}

/** The node of the line is past its handshake, and nothing holds it. */
function mayWork({ ready, observing, held, trial }: LineRow): boolean {
  return ready === 1 && observing === null && (held === null || trial === 1)
}

/** What phone companies charge for. */
function segmentsOfSms({ service, body }: Next): { segments?: number } {
  return service === 'sms' ? { segments: segmentsOf(body ?? '').count } : {}
}

/** Of accepts that share this commit: the worker that they would wake has looked just now. */
function forgetHints(tx: Tx, line: LineId): void {
  for (let i = tx.hints.length - 1; i >= 0; i--) {
    const hint = tx.hints[i]
    if (hint?.kind === 'line' && hint.id === line) tx.hints.splice(i, 1)
  }
}

function prepare(db: Db) {
  return {
    line: db.statement<{ line: LineId }, LineRow>((k, p) => ({
      compile: () =>
        sql<LineRow>`select l.node, l.address, l.epoch, l.paused, (l.suspended or a.suspended_at is not null) as suspended,
            l.simulated, l.tat, l.gap_ms, l.burst, n.journal_id, n.ready, n.observing, n.held, n.trial, p.lease_until,
            max(coalesce(a.recovering_at, 0),
              coalesce((select cast(value as integer) from meta where key = 'recovering_at'), 0)) as restored_at,
            (select count(*) from attempts a where a.line = l.id and a.state in ('dispatched', 'taken')) as open
          from lines l join nodes n on n.id = l.node join accounts a on a.id = l.account
            left join providers p on p.id = n.id
          where l.id = ${p.line}`.compile(k),
    })),
    // `not exists` is R6: nothing of the lane in flight (also of a message that late evidence has settled meanwhile), nothing unresolved
    // that still holds it, nothing earlier of its class waiting.
    next: db.statement<{ line: LineId; simulated: Flag; now: number; acceptedAfter: number }, Next>((k, p) => ({
      compile: () =>
        sql<Next>`select m.id, m.account, m.lane, m.body, m.recipient, m.service, m.attempts, m.on_unknown as onUnknown
          from messages m join lanes on lanes.id = m.lane
          where m.line = ${p.line} and m.state = 'queued' and m.not_before <= ${p.now} and m.expires_at > ${p.now}
            and m.cancel_asked_at is null and m.hold_reason is null and (lanes.opted_out = 0 or m.exempt = 1)
            and m.created_at > ${p.acceptedAfter} and m.simulated = ${p.simulated}
            and not exists (select 1 from attempts a where a.lane = m.lane and a.state in ('dispatched', 'taken'))
            and not exists (select 1 from messages b where b.lane = m.lane and b.state in ('queued', 'sending', 'unknown') and (
              b.state = 'sending'
              or (b.state = 'unknown' and b.lane_free_at > ${p.now} and b.id <> m.id)
              or (b.state = 'queued' and b.class = m.class and b.lane_seq < m.lane_seq and b.hold_reason is null)))
          order by m.class desc, m.created_at, m.id limit 1`.compile(k),
    })),
    /**
     * When something of the line becomes possible by the clock alone: a wait ends, or an unresolved message lets its lane go. Asked after
     * every message of a line, so it begins at what waits for the line (`cross` keeps that order): the other way round reads all messages.
     */
    again: db.statement<{ line: LineId; now: number }, { at: number | null }>((k, p) => ({
      compile: () =>
        sql<{ at: number | null }>`select min(at) as at from (
            select min(m.not_before) as at from messages m
              where m.line = ${p.line} and m.state = 'queued' and m.not_before > ${p.now}
            union all
            select min(b.lane_free_at) from messages m
              cross join messages b on b.lane = m.lane and b.state in ('queued', 'sending', 'unknown') and b.state = 'unknown'
              where m.line = ${p.line} and m.state = 'queued' and b.lane_free_at > ${p.now})`.compile(k),
    })),
    pace: db.statement<{ line: LineId; epoch: number; now: number }, unknown>((k, p) => ({
      compile: () =>
        sql`update lines set tat = max(tat, ${p.now}) + gap_ms
          where id = ${p.line} and epoch = ${p.epoch} and paused = 0 and suspended = 0
            and tat - ${p.now} <= (burst - 1) * gap_ms`.compile(k),
    })),
  }
}

function writeStatements(db: Db) {
  return {
    take: db.statement<{ id: MessageId; now: number }, unknown>((k, p) => ({
      compile: () =>
        sql`update messages set state = 'sending', attempts = attempts + 1, tries = tries + 1,
            first_try_at = coalesce(first_try_at, ${p.now}), updated_at = ${p.now}
          where id = ${p.id} and state = 'queued' and cancel_asked_at is null and expires_at > ${p.now}
            and not_before <= ${p.now}`.compile(k),
    })),
    insert: db.statement(
      (
        k,
        p: Pick<AttemptRow, 'id' | 'message' | 'n' | 'lane' | 'line' | 'node' | 'epoch' | 'service'> & {
          journalId: AttemptRow['journal_id']
          at: number
        },
      ) =>
        k.insertInto('attempts').values({
          id: p.id,
          message: p.message,
          n: p.n,
          lane: p.lane,
          line: p.line,
          node: p.node,
          epoch: p.epoch,
          journal_id: p.journalId,
          service: p.service,
          state: 'dispatched',
          dispatched_at: p.at,
        }),
    ),
    trialOver: db.statement((k, p: { node: NodeId }) =>
      k.updateTable('nodes').set({ trial: 0 }).where('id', '=', p.node),
    ),
    stickSms: db.statement((k, p: { lane: LaneId; line: LineId }) =>
      k.updateTable('lanes').set({ sms_line: p.line }).where('id', '=', p.lane).where('sms_line', 'is not', p.line),
    ),
    stick: db.statement((k, p: { lane: LaneId; line: LineId }) =>
      k.updateTable('lanes').set({ line: p.line }).where('id', '=', p.lane).where('line', 'is not', p.line),
    ),
  }
}
