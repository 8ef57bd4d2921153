/** W4, W6: whose session is the node's, what it held open, and when it is given up. The epoch is raised first; then the past is settled. */
import type { AccountId, AttemptId, GatewayId, JournalId, NodeId } from '@bluewire/contract/ids'
import type { HelloFrame, ReadyFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { FrameResult, HelloResult, ReadyResult, SessionKey } from '../store.ts'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import type { Journals } from './journals.ts'
import type { LineOffers } from './line-offers.ts'
import type { Recovery } from './recovery.ts'
import type { AttemptRow, Db } from './rows.ts'
import { voided } from './settle.ts'
import type { Settle } from './settle.ts'

/** An unknown attempt is asked about on every new session this long; afterwards only a person looks for it. */
const ASK_UNKNOWN_FOR_MS = 24 * 3600_000

export interface Sessions {
  hello(tx: Tx, input: { gateway: GatewayId; frame: HelloFrame }): HelloResult
  ready(tx: Tx, session: SessionKey, input: { frame: ReadyFrame; resume: readonly AttemptId[] }): ReadyResult
  closed(tx: Tx, session: SessionKey): void
  health(tx: Tx, session: SessionKey, health: { state: string; detail: string | null; provenAtMs: number | null }): FrameResult
  lostCandidates(beforeMs: number): Array<{ id: NodeId; epoch: number }>
  declareLost(tx: Tx, node: { id: NodeId; epoch: number }): boolean
}

export type SessionParts = Readonly<{
  db: Db
  append: AppendEvent
  settle: Settle
  journals: Journals
  offers: LineOffers
  recovery: Recovery
}>

export function prepareSessions(parts: SessionParts): Sessions {
  const { db, append, settle, journals, offers, recovery } = parts
  const s = prepare(db)

  function hello(tx: Tx, { gateway, frame }: { gateway: GatewayId; frame: HelloFrame }): HelloResult {
    const node = s.node.get({ id: frame.node })
    if (node === undefined || node.retired_at !== null) {
      return { kind: 'bye', code: 'revoked', detail: 'This node was removed. Join again with a new code.' }
    }
    if (node.machine !== frame.machine) {
      append(tx, { account: node.account, type: 'node.cloned', node: node.id })
      return { kind: 'bye', code: 'cloned', detail: 'This credential belongs to another machine. Join again here with a new code.' }
    }
    if (frame.conn <= node.conn) {
      return { kind: 'bye', code: 'stale', detail: 'A newer connection of this node is known.', conn: node.conn }
    }
    const journal = journals.get(node.id, frame.journal_id)
    if (journal !== undefined && frame.journal_head < journal.head) {
      return { kind: 'bye', code: 'restored', detail: 'This journal is older than one seen before: give it a new id.' }
    }
    const ahead =
      frame.last_session > node.epoch ||
      frame.outbox.acked > (journal?.acked ?? 0) ||
      frame.store_epoch_seen > recovery.storeEpoch()
    if (ahead) recovery.detected(tx, frame.store_epoch_seen)
    const vouches = journal !== undefined || (node.conn === 0 && frame.last_session === 0)
    if (!vouches && recovery.recovering()) append(tx, { account: node.account, type: 'recovery.cannot_vouch', node: node.id })
    const epoch = Math.max(node.epoch, frame.last_session) + 1
    s.take.run({ ...columnsOf(frame), id: node.id, gateway, epoch, at: tx.nowMs })
    s.linesEpoch.run({ node: node.id, epoch })
    journals.saw(node.id, frame.journal_id, frame.journal_head)
    const lines = offers.take(tx, { account: node.account, node: node.id, epoch, simulated: node.simulated }, frame.lines)
    return {
      kind: 'welcome',
      epoch,
      storeEpoch: recovery.storeEpoch(),
      account: node.account,
      ackedSeq: journal?.acked ?? 0,
      resume: openAttempts(tx, node.id, frame.journal_id),
      lines,
      vouches,
      recoverSinceMs: node.store_epoch < recovery.storeEpoch() ? recovery.sinceMs() : null,
    }
  }

  /** What the gateway holds open on this node. What ran under another journal can prove nothing any more. */
  function openAttempts(tx: Tx, node: NodeId, journalId: JournalId): Array<{ attempt: AttemptId; proof: boolean }> {
    const open = s.open.all({ node, since: tx.nowMs - ASK_UNKNOWN_FOR_MS })
    return open.map((attempt) => {
      const proof = attempt.journal_id === journalId
      if (!proof) settle.record(tx, attempt, { fact: 'unknown', reason: 'journal_lost' })
      return { attempt: attempt.id, proof }
    })
  }

  function ready(tx: Tx, session: SessionKey, input: { frame: ReadyFrame; resume: readonly AttemptId[] }): ReadyResult {
    if (settle.fenced(session)) return { kind: 'fenced' }
    const missing = input.resume.find((id) => input.frame.states[id] === undefined)
    if (missing !== undefined) return { kind: 'incomplete', missing }
    const journalId = s.node.get({ id: session.node })?.journal_id ?? null
    const started: AttemptId[] = []
    for (const id of input.resume) {
      const attempt = settle.attempt(id)
      if (attempt === undefined || attempt.node !== session.node) continue
      const state = input.frame.states[id]
      if (state === 'started') started.push(id)
      else if (state === 'void' && attempt.journal_id === journalId) settle.record(tx, attempt, voided('absent'))
      else if (state === 'lost' || state === 'void') settle.record(tx, attempt, { fact: 'unknown', reason: 'journal_lost' })
      // settled: its fact stands in the outbox and follows
    }
    const node = s.ready.get({ id: session.node, epoch: session.epoch })
    if (node !== undefined) append(tx, { account: node.account, type: 'node.online', node: session.node })
    hintLines(tx, session.node)
    return { kind: 'done', started }
  }

  function closed(tx: Tx, session: SessionKey): void {
    const node = s.closed.get({ id: session.node, epoch: session.epoch, at: tx.nowMs })
    if (node !== undefined) append(tx, { account: node.account, type: 'node.offline', node: session.node })
  }

  function health(tx: Tx, session: SessionKey, h: { state: string; detail: string | null; provenAtMs: number | null }): FrameResult {
    const before = s.node.get({ id: session.node })
    if (s.health.run({ ...session, ...h }) !== 1) return { kind: 'fenced' }
    if (before !== undefined && before.health !== h.state) {
      append(tx, { account: before.account, type: 'node.health', node: session.node, data: { state: h.state } })
    }
    return { kind: 'done' }
  }

  function declareLost(tx: Tx, node: { id: NodeId; epoch: number }): boolean {
    const lost = s.lost.get({ id: node.id, epoch: node.epoch })
    if (lost === undefined) return false
    s.linesEpoch.run({ node: node.id, epoch: node.epoch + 1 })
    append(tx, { account: lost.account, type: 'node.lost', node: node.id })
    for (const attempt of s.open.all({ node: node.id, since: tx.nowMs })) {
      settle.record(tx, attempt, { fact: 'unknown', reason: 'node_lost' })
    }
    return true
  }

  function hintLines(tx: Tx, node: NodeId): void {
    for (const line of s.lines.all({ node })) tx.hints.push({ kind: 'line', id: line.id })
  }

  return { hello, ready, closed, health, declareLost, lostCandidates: (beforeMs) => s.away.all({ before: beforeMs }) }
}

type HelloColumns = {
  conn: number
  journalId: JournalId
  agent: string
  os: string
  driver: string
  atMostOnce: 0 | 1
  capabilities: string
}

function columnsOf(frame: HelloFrame): HelloColumns {
  return {
    conn: frame.conn,
    journalId: frame.journal_id,
    agent: frame.agent,
    os: frame.os,
    driver: frame.driver,
    atMostOnce: frame.at_most_once ? 1 : 0,
    capabilities: JSON.stringify(frame.capabilities),
  }
}

function prepare(db: Db) {
  return {
    node: db.statement((k, p: { id: NodeId }) => k.selectFrom('nodes').selectAll().where('id', '=', p.id)),
    take: db.statement((k, p: HelloColumns & { id: NodeId; gateway: GatewayId; epoch: number; at: number }) =>
      k
        .updateTable('nodes')
        .set({
          epoch: p.epoch,
          conn: p.conn,
          gateway: p.gateway,
          journal_id: p.journalId,
          ready: 0,
          observing: null,
          agent: p.agent,
          os: p.os,
          driver: p.driver,
          at_most_once: p.atMostOnce,
          capabilities: p.capabilities,
          connected_at: p.at,
        })
        .where('id', '=', p.id)
        .where('conn', '<', p.conn),
    ),
    linesEpoch: db.statement((k, p: { node: NodeId; epoch: number }) =>
      k.updateTable('lines').set({ epoch: p.epoch }).where('node', '=', p.node),
    ),
    lines: db.statement((k, p: { node: NodeId }) => k.selectFrom('lines').select('id').where('node', '=', p.node)),
    open: db.statement<{ node: NodeId; since: number }, AttemptRow>((k, p) =>
      k
        .selectFrom('attempts')
        .selectAll()
        .where('node', '=', p.node)
        .where((e) =>
          e.or([
            e('state', 'in', ['dispatched', 'taken']),
            e.and([e('state', '=', 'unknown'), e('settled_at', '>', p.since)]),
          ]),
        )
        .where('state', 'in', ['dispatched', 'taken', 'unknown'])
        .orderBy('id')
        .limit(1000),
    ),
    ready: db.statement<{ id: NodeId; epoch: number }, { account: AccountId }>((k, p) =>
      k
        .updateTable('nodes')
        .set({ ready: 1, closed_at: null })
        .where('id', '=', p.id)
        .where('epoch', '=', p.epoch)
        .returning('account'),
    ),
    closed: db.statement<{ id: NodeId; epoch: number; at: number }, { account: AccountId }>((k, p) =>
      k
        .updateTable('nodes')
        .set({ gateway: null, ready: 0, closed_at: p.at })
        .where('id', '=', p.id)
        .where('epoch', '=', p.epoch)
        .where('gateway', 'is not', null)
        .returning('account'),
    ),
    health: db.statement(
      (k, p: { node: NodeId; epoch: number; state: string; detail: string | null; provenAtMs: number | null }) =>
        k
          .updateTable('nodes')
          .set({ health: p.state, health_detail: p.detail, proven_at: p.provenAtMs })
          .where('id', '=', p.node)
          .where('epoch', '=', p.epoch),
    ),
    away: db.statement<{ before: number }, { id: NodeId; epoch: number }>((k, p) =>
      k
        .selectFrom('nodes')
        .select(['id', 'epoch'])
        .where('gateway', 'is', null)
        .where('closed_at', '<', p.before)
        .where((e) =>
          e.exists(
            e
              .selectFrom('attempts')
              .select('attempts.id')
              .whereRef('attempts.node', '=', 'nodes.id')
              .where('attempts.state', 'in', ['dispatched', 'taken']),
          ),
        ),
    ),
    lost: db.statement<{ id: NodeId; epoch: number }, { account: AccountId }>((k, p) =>
      k
        .updateTable('nodes')
        .set((e) => ({ epoch: e('epoch', '+', 1), ready: 0 }))
        .where('id', '=', p.id)
        .where('epoch', '=', p.epoch)
        .where('gateway', 'is', null)
        .returning('account'),
    ),
  }
}

