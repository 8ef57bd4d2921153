/** A node's session after its hello (W4), its end, and when a node that stays away is given up (W6): fenced first, then its past is settled. */
import { isProviderId } from '@bluewire/contract/ids'
import type { AccountId, AttemptId, GatewayId, NodeId } from '@bluewire/contract/ids'
import type { ReadyFrame } from '@bluewire/contract/node-protocol/node-frames'
import { IN_FLIGHT } from '@bluewire/engine/attempt-state'
import type { FrameResult, HeldNode, ReadyResult, SessionKey } from '../store.ts'
import type { AppendEvent } from './events.ts'
import type { PauseSimulated } from './first-real-node.ts'
import type { Tx } from './group-writer.ts'
import { IS_OPEN_ATTEMPT } from './partial-indexes.ts'
import type { Db } from './rows.ts'
import { voided } from './settle.ts'
import type { Settle } from './settle.ts'

export interface Sessions {
  ready(tx: Tx, session: SessionKey, input: { frame: ReadyFrame; resume: readonly AttemptId[] }): ReadyResult
  closed(tx: Tx, session: SessionKey): void
  health(
    tx: Tx,
    session: SessionKey,
    health: { state: string; detail: string | null; provenAtMs: number | null },
  ): FrameResult
  held(gateway: GatewayId): HeldNode[]
  standing(session: SessionKey): 'current' | 'fenced' | 'retired'
  /** Nodes that are away with something in flight. */
  lostCandidates(): Array<{ id: NodeId; epoch: number }>
  declareLost(tx: Tx, node: { id: NodeId; epoch: number }): boolean
}

export type SessionParts = Readonly<{
  db: Db
  append: AppendEvent
  settle: Settle
  pauseSimulated: PauseSimulated
}>

export function prepareSessions(parts: SessionParts): Sessions {
  const { db, append, settle, pauseSimulated } = parts
  const s = { ...prepare(db), ...connectionStatements(db) }

  function ready(tx: Tx, session: SessionKey, input: { frame: ReadyFrame; resume: readonly AttemptId[] }): ReadyResult {
    if (settle.fenced(session)) return { kind: 'fenced' }
    const missing = input.resume.find((id) => input.frame.states[id] === undefined)
    if (missing !== undefined) return { kind: 'incomplete', missing }
    const journalId = s.node.get({ id: session.node })?.journal_id ?? null
    const awaited: AttemptId[] = []
    for (const id of input.resume) {
      const attempt = settle.attempt(id)
      if (attempt === undefined || attempt.node !== session.node) continue
      const state = input.frame.states[id]
      // settled: its fact stands in the outbox and follows
      if (state === 'started' || state === 'settled') awaited.push(id)
      else if (state === 'void' && attempt.journal_id === journalId) settle.record(tx, attempt, voided('absent'))
      else if (state === 'lost' || state === 'void')
        settle.record(tx, attempt, { fact: 'unknown', reason: 'journal_lost' })
    }
    const node = s.ready.get({ id: session.node, epoch: session.epoch })
    if (node !== undefined) append(tx, { account: node.account, type: 'node.online', node: session.node })
    hintLines(tx, session.node)
    return { kind: 'done', awaited }
  }

  function closed(tx: Tx, session: SessionKey): void {
    const node = s.closed.get({ id: session.node, epoch: session.epoch, at: tx.nowMs })
    if (node === undefined) return
    const type = isProviderId(session.node) ? 'provider.offline' : 'node.offline'
    append(tx, { account: node.account, type, node: session.node })
  }

  function health(
    tx: Tx,
    session: SessionKey,
    h: { state: string; detail: string | null; provenAtMs: number | null },
  ): FrameResult {
    const before = s.node.get({ id: session.node })
    if (s.health.run({ ...session, ...h }) !== 1) return { kind: 'fenced' }
    if (before !== undefined && before.health !== h.state) {
      append(tx, { account: before.account, type: 'node.health', node: session.node, data: { state: h.state } })
    }
    if (h.state === 'ok') pauseSimulated(tx, session.node)
    return { kind: 'done' }
  }

  function declareLost(tx: Tx, node: { id: NodeId; epoch: number }): boolean {
    const lost = s.lost.get({ id: node.id, epoch: node.epoch })
    if (lost === undefined) return false
    s.linesEpoch.run({ node: node.id, epoch: node.epoch + 1 })
    append(tx, { account: lost.account, type: 'node.lost', node: node.id })
    for (const attempt of s.open.all({ node: node.id })) {
      settle.record(tx, attempt, { fact: 'unknown', reason: 'node_lost' })
    }
    return true
  }

  function hintLines(tx: Tx, node: NodeId): void {
    for (const line of s.lines.all({ node })) tx.hints.push({ kind: 'line', id: line.id })
  }

  function standing(session: SessionKey): 'current' | 'fenced' | 'retired' {
    const node = s.node.get({ id: session.node })
    if (node === undefined || node.retired_at !== null) return 'retired'
    return node.epoch === session.epoch && node.gateway !== null ? 'current' : 'fenced'
  }

  return {
    ready,
    closed,
    health,
    declareLost,
    standing,
    held: (gateway) => s.held.all({ gateway }),
    lostCandidates: () => s.away.all({}),
  }
}

function prepare(db: Db) {
  return {
    node: db.statement((k, p: { id: NodeId }) => k.selectFrom('nodes').selectAll().where('id', '=', p.id)),
    linesEpoch: db.statement((k, p: { node: NodeId; epoch: number }) =>
      k.updateTable('lines').set({ epoch: p.epoch }).where('node', '=', p.node),
    ),
    lines: db.statement((k, p: { node: NodeId }) => k.selectFrom('lines').select('id').where('node', '=', p.node)),
    open: db.statement((k, p: { node: NodeId }) =>
      k
        .selectFrom('attempts')
        .selectAll()
        .where('node', '=', p.node)
        .where(IS_OPEN_ATTEMPT)
        .where('state', 'in', IN_FLIGHT)
        .orderBy('id'),
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

function connectionStatements(db: Db) {
  return {
    held: db.statement<{ gateway: GatewayId }, HeldNode>((k, p) =>
      k
        .selectFrom('nodes')
        .select(['id as node', 'epoch', 'told_epoch as toldEpoch'])
        .where('gateway', '=', p.gateway)
        .where('kind', '=', 'node'),
    ),
    away: db.statement<object, { id: NodeId; epoch: number }>((k) =>
      k
        .selectFrom('nodes')
        .select(['id', 'epoch'])
        .where('gateway', 'is', null)
        .where((e) =>
          e.exists(
            e
              .selectFrom('attempts')
              .select('attempts.id')
              .whereRef('attempts.node', '=', 'nodes.id')
              .where(IS_OPEN_ATTEMPT)
              .where('attempts.state', 'in', IN_FLIGHT),
          ),
        ),
    ),
  }
}
