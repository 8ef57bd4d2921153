/** What a node says of itself: its last word, the checks behind it, and whether it gets work (engine/node-health.ts). */
import { sql } from 'kysely'
import type { AccountId, LineId, NodeId } from '@bluewire/contract/ids'
import type { HealthCheck } from '@bluewire/contract/node-protocol/node-frames'
import { holdOf, SENDING_CHECK, TRIED_AGAIN_AFTER_MS } from '@bluewire/engine/node-health'
import type { HealthHold } from '@bluewire/engine/node-health'
import type { Actor, AuditEntry } from '../accounts-store.ts'
import type { HealthResult, NodeHealth, SessionKey } from '../store.ts'
import type { Flag } from '../tables.ts'
import type { AppendEvent } from './events.ts'
import type { PauseSimulated } from './first-real-node.ts'
import type { Tx } from './group-writer.ts'
import type { Db } from './rows.ts'

export interface NodeHealths {
  said(tx: Tx, session: SessionKey, health: NodeHealth): HealthResult
  checks(node: NodeId): HealthCheck[]
  /**
   * What shows only when a message leaves would hold the node for ever: an operator who has put it right lets one leave. False: its own word
   * does not hold it.
   */
  tryOne(tx: Tx, actor: Actor, node: NodeId): boolean
  /** Nodes that failed too often in a row get one message after a while. Returns how many. */
  tryAgain(tx: Tx): number
}

export type NodeHealthParts = Readonly<{
  db: Db
  append: AppendEvent
  appendAudit: (tx: Tx, entry: Omit<AuditEntry, 'atMs'>) => void
  pauseSimulated: PauseSimulated
}>

export function prepareNodeHealth({ db, append, appendAudit, pauseSimulated }: NodeHealthParts): NodeHealths {
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
    wakeLines(tx, id)
  }

  function triedAgain(tx: Tx, { account, id }: { account: AccountId; id: NodeId }): void {
    append(tx, { account, type: 'node.tried_again', node: id })
    wakeLines(tx, id)
  }

  function wakeLines(tx: Tx, node: NodeId): void {
    for (const line of s.lines.all({ node })) tx.hints.push({ kind: 'line', id: line.id })
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
    tryOne(tx, actor, id) {
      const node = s.tryOne.get({ id, at: tx.nowMs })
      if (node === undefined) return false
      appendAudit(tx, { actor, action: 'node.resume', target: id, data: {} })
      triedAgain(tx, { account: node.account, id })
      return true
    },
    tryAgain(tx) {
      const nodes = s.tryAgain.all({ check: SENDING_CHECK, now: tx.nowMs, before: tx.nowMs - TRIED_AGAIN_AFTER_MS })
      for (const node of nodes) triedAgain(tx, node)
      return nodes.length
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
          // Both are about this very hold.
          trial: sql<Flag>`case when held is ${p.why} and held_check is ${p.check} then trial else 0 end`,
          held_at: sql<number>`case when held is ${p.why} and held_check is ${p.check} then held_at else ${p.at} end`,
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
    tryOne: db.statement((k, p: { id: NodeId; at: number }) =>
      k
        .updateTable('nodes')
        .set({ trial: 1, held_at: p.at })
        .where('id', '=', p.id)
        .where('held', 'is not', null)
        .where('retired_at', 'is', null)
        .returning('account'),
    ),
    tryAgain: db.statement<{ check: string; now: number; before: number }, { id: NodeId; account: AccountId }>(
      (k, p) => ({
        compile: () =>
          sql<{ id: NodeId; account: AccountId }>`update nodes set trial = 1, held_at = ${p.now}
            where held = 'broken' and held_check = ${p.check} and gateway is not null and ready = 1
              and (held_at <= ${p.before} or held_at > ${p.now}) returning id, account`.compile(k),
      }),
    ),
    checks: db.statement((k, p: { node: NodeId }) =>
      k.selectFrom('node_checks').select('checks').where('node', '=', p.node),
    ),
    lines: db.statement<{ node: NodeId }, { id: LineId }>((k, p) =>
      k.selectFrom('lines').select('id').where('node', '=', p.node),
    ),
  }
}
