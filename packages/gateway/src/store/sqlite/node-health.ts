/** What a node says of itself: its last word, the checks behind it, and whether it gets work (engine/node-health.ts). */
import type { AccountId, LineId, NodeId } from '@bluewire/contract/ids'
import type { HealthCheck } from '@bluewire/contract/node-protocol/node-frames'
import { holdOf } from '@bluewire/engine/node-health'
import type { HealthHold } from '@bluewire/engine/node-health'
import type { HealthResult, NodeHealth, SessionKey } from '../store.ts'
import type { AppendEvent } from './events.ts'
import type { PauseSimulated } from './first-real-node.ts'
import type { Tx } from './group-writer.ts'
import type { Db } from './rows.ts'

export interface NodeHealths {
  said(tx: Tx, session: SessionKey, health: NodeHealth): HealthResult
  checks(node: NodeId): HealthCheck[]
}

export type NodeHealthParts = Readonly<{ db: Db; append: AppendEvent; pauseSimulated: PauseSimulated }>

export function prepareNodeHealth({ db, append, pauseSimulated }: NodeHealthParts): NodeHealths {
  const s = prepare(db)

  function tell(tx: Tx, node: Before & { id: NodeId }, now: NodeHealth & { hold: HealthHold | null }): void {
    const { account, id } = node
    if (node.health !== now.state) append(tx, { account, type: 'node.health', node: id, data: { state: now.state } })
    if (now.hold !== null && now.hold.why !== node.held) {
      const { why, check } = now.hold
      append(tx, { account, type: 'node.held', node: id, data: { reason: why, ...(check === null ? {} : { check }) } })
    }
    if (now.hold !== null || node.held === null) return
    append(tx, { account, type: 'node.released', node: id })
    for (const line of s.lines.all({ node: id })) tx.hints.push({ kind: 'line', id: line.id })
  }

  return {
    said(tx, session, health) {
      const { node: id, epoch } = session
      const hold = holdOf(health)
      const before = s.before.get({ id })
      const held = { why: hold?.why ?? null, check: hold?.check ?? null, heldDetail: hold?.detail ?? null }
      const { state, detail, provenAtMs } = health
      if (s.said.run({ id, epoch, state, detail, provenAtMs, ...held, at: tx.nowMs }) !== 1) return { kind: 'fenced' }
      s.keepChecks.run({ node: id, checks: JSON.stringify(health.checks) })
      if (before !== undefined) tell(tx, { ...before, id }, { ...health, hold })
      const mayWork = hold === null && before?.observing === null
      if (mayWork && state === 'ok') pauseSimulated(tx, id)
      const isNews = (hold?.why ?? null) !== (before?.held ?? null)
      return { kind: 'done', hold, isNews, mayWork }
    },
    checks: (node) => JSON.parse(s.checks.get({ node })?.checks ?? '[]') as HealthCheck[],
  }
}

type Before = { account: AccountId; health: string; held: HealthHold['why'] | null; observing: string | null }
type Said = {
  id: NodeId
  epoch: number
  state: string
  detail: string | null
  provenAtMs: number | null
  why: HealthHold['why'] | null
  check: string | null
  heldDetail: string | null
  at: number
}

function prepare(db: Db) {
  return {
    before: db.statement((k, p: { id: NodeId }) =>
      k.selectFrom('nodes').select(['account', 'health', 'held', 'observing']).where('id', '=', p.id),
    ),
    said: db.statement((k, p: Said) =>
      k
        .updateTable('nodes')
        .set({
          health: p.state,
          health_detail: p.detail,
          health_at: p.at,
          proven_at: p.provenAtMs,
          held: p.why,
          held_check: p.check,
          held_detail: p.heldDetail,
        })
        .where('id', '=', p.id)
        .where('epoch', '=', p.epoch),
    ),
    /** Mostly they are what they were a minute ago. */
    keepChecks: db.statement((k, p: { node: NodeId; checks: string }) =>
      k
        .insertInto('node_checks')
        .values({ node: p.node, checks: p.checks })
        .onConflict((c) =>
          c
            .column('node')
            .doUpdateSet({ checks: p.checks })
            .where((e) => e('node_checks.checks', '<>', p.checks)),
        ),
    ),
    checks: db.statement((k, p: { node: NodeId }) =>
      k.selectFrom('node_checks').select('checks').where('node', '=', p.node),
    ),
    lines: db.statement<{ node: NodeId }, { id: LineId }>((k, p) =>
      k.selectFrom('lines').select('id').where('node', '=', p.node),
    ),
  }
}
