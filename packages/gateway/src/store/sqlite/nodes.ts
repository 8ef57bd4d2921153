/** Enrolment: one-time codes, the nodes they made, and taking a node's credential away. */
import { sql } from 'kysely'
import { isProviderId } from '@bluewire/contract/ids'
import type { AccountId, NodeId } from '@bluewire/contract/ids'
import type { Actor, AuditEntry, NodeView } from '../accounts-store.ts'
import type { Flag } from '../tables.ts'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import { IS_OPEN_ATTEMPT } from './partial-indexes.ts'
import { holdIn } from './reads.ts'
import type { HoldColumns } from './reads.ts'
import type { AttemptRow, Db } from './rows.ts'
import type { Settle } from './settle.ts'

export type NewNode = Readonly<{
  id: NodeId
  name: string
  credentialHash: string
  machine: string
  simulated: boolean
  driver: string
}>

type NodeRow = HoldColumns &
  Omit<NodeView, 'online' | 'simulated' | 'hold'> &
  Readonly<{ online: Flag; simulated: Flag }>

export interface Nodes {
  createEnrolment(tx: Tx, actor: Actor, code: { codeHash: string; account: AccountId; expiresInMs: number }): void
  redeem(tx: Tx, input: { codeHash: string; node: NewNode }): { node: NodeId; account: AccountId } | undefined
  byCredential(hash: string): { id: NodeId; account: AccountId; name: string; retired: Flag } | undefined
  list(account: AccountId): NodeView[]
  retire(tx: Tx, actor: Actor, id: NodeId): boolean
}

export type NodeParts = Readonly<{
  db: Db
  append: AppendEvent
  settle: Settle
  appendAudit: (tx: Tx, entry: Omit<AuditEntry, 'atMs'>) => void
}>

export function prepareNodes({ db, append, settle, appendAudit }: NodeParts): Nodes {
  const s = { ...prepare(db), ...nodeStatements(db), ...machineStatements(db) }

  function retire(tx: Tx, actor: Actor, id: NodeId): boolean {
    const node = s.retire.get({ id, at: tx.nowMs })
    if (node === undefined) return false
    s.linesEpoch.run({ node: id, epoch: node.epoch })
    for (const attempt of s.open.all({ node: id }))
      settle.record(tx, attempt, { fact: 'unknown', reason: 'node_removed' })
    append(tx, { account: node.account, type: 'node.removed', node: id })
    appendAudit(tx, { actor, action: isProviderId(id) ? 'provider.remove' : 'node.retire', target: id, data: {} })
    tx.hints.push({ kind: 'revoked', node: id })
    return true
  }

  return {
    retire,
    byCredential: (hash) => s.byCredential.get({ hash }),
    list: (account) => s.list.all({ account }).map(nodeView),
    createEnrolment(tx, actor, code) {
      s.insertCode.run({
        codeHash: code.codeHash,
        account: code.account,
        expires: tx.nowMs + code.expiresInMs,
        at: tx.nowMs,
      })
      appendAudit(tx, { actor, action: 'enrolment.create', target: code.account, data: {} })
    },
    redeem(tx, { codeHash, node }) {
      const code = s.useCode.get({ codeHash, node: node.id, now: tx.nowMs })
      if (code === undefined) return undefined
      s.insertNode.run({ ...node, account: code.account, simulated: node.simulated ? 1 : 0, at: tx.nowMs })
      s.inheritPosition.run({ id: node.id, account: code.account, machine: node.machine })
      append(tx, { account: code.account, type: 'node.enrolled', node: node.id })
      appendAudit(tx, {
        actor: `node:${node.id}`,
        action: 'node.enrol',
        target: node.id,
        data: { account: code.account },
      })
      // The machine joined anew: what it was before sends no more, and what that had open cannot be learnt from it (PROTOCOL 4).
      // Simulated nodes may be several on one machine: of those, the ones that are away.
      for (const former of s.ofMachine.all({ account: code.account, machine: node.machine, not: node.id }))
        retire(tx, `node:${node.id}`, former.id)
      return { node: node.id, account: code.account }
    },
  }
}

function nodeView({ observing, held, held_check, held_detail, ...row }: NodeRow): NodeView {
  const hold = holdIn({ observing, held, held_check, held_detail })
  return { ...row, online: row.online === 1, simulated: row.simulated === 1, hold }
}

function prepare(db: Db) {
  return {
    insertCode: db.statement((k, p: { codeHash: string; account: AccountId; expires: number; at: number }) =>
      k
        .insertInto('enrolments')
        .values({ code_hash: p.codeHash, account: p.account, expires_at: p.expires, created_at: p.at }),
    ),
    useCode: db.statement<{ codeHash: string; node: NodeId; now: number }, { account: AccountId }>((k, p) =>
      k
        .updateTable('enrolments')
        .set({ node: p.node })
        .where('code_hash', '=', p.codeHash)
        .where('node', 'is', null)
        .where('expires_at', '>', p.now)
        .returning('account'),
    ),
    insertNode: db.statement((k, p: Omit<NewNode, 'simulated'> & { simulated: Flag; account: AccountId; at: number }) =>
      k.insertInto('nodes').values({
        id: p.id,
        account: p.account,
        name: p.name,
        credential_hash: p.credentialHash,
        machine: p.machine,
        simulated: p.simulated,
        driver: p.driver,
        created_at: p.at,
      }),
    ),
    byCredential: db.statement<{ hash: string }, { id: NodeId; account: AccountId; name: string; retired: Flag }>(
      (k, p) =>
        k
          .selectFrom('nodes')
          .select(['id', 'account', 'name'])
          .select((e) =>
            e
              .case()
              .when('retired_at', 'is', null)
              .then(0 as Flag)
              .else(1 as Flag)
              .end()
              .as('retired'),
          )
          .where('credential_hash', '=', p.hash),
    ),
  }
}

function nodeStatements(db: Db) {
  return {
    list: db.statement<{ account: AccountId }, NodeRow>((k, p) =>
      k
        .selectFrom('nodes')
        .select([
          'id',
          'name',
          'simulated',
          'driver',
          'health',
          'health_at as healthAtMs',
          'proven_at as provenAtMs',
          'observing',
          'held',
          'held_check',
          'held_detail',
          'closed_at as closedAtMs',
          'orphans_dropped as framesDropped',
        ])
        .select((e) =>
          e
            .case()
            .when(e.and([e('gateway', 'is not', null), e('ready', '=', 1)]))
            .then(1 as Flag)
            .else(0 as Flag)
            .end()
            .as('online'),
        )
        .where('account', '=', p.account)
        .where('kind', '=', 'node')
        .where('retired_at', 'is', null)
        .orderBy('id'),
    ),
    retire: db.statement<{ id: NodeId; at: number }, { account: AccountId; epoch: number }>((k, p) =>
      k
        .updateTable('nodes')
        .set((e) => ({ retired_at: p.at, epoch: e('epoch', '+', 1), gateway: null, ready: 0, closed_at: p.at }))
        .where('id', '=', p.id)
        .where('retired_at', 'is', null)
        .returning(['account', 'epoch']),
    ),
    linesEpoch: db.statement((k, p: { node: NodeId; epoch: number }) =>
      k.updateTable('lines').set({ epoch: p.epoch, sends: 0 }).where('node', '=', p.node),
    ),
    open: db.statement<{ node: NodeId }, AttemptRow>((k, p) =>
      k
        .selectFrom('attempts')
        .selectAll()
        .where('node', '=', p.node)
        .where(IS_OPEN_ATTEMPT)
        .where('state', 'in', ['dispatched', 'taken']),
    ),
  }
}

/** What the machine was before it joined anew. */
function machineStatements(db: Db) {
  return {
    ofMachine: db.statement<{ account: AccountId; machine: string; not: NodeId }, { id: NodeId }>((k, p) =>
      k
        .selectFrom('nodes')
        .select('id')
        .where('account', '=', p.account)
        .where('machine', '=', p.machine)
        .where('id', '<>', p.not)
        .where((e) => e.or([e('simulated', '=', 0), e('gateway', 'is', null)]))
        .where('retired_at', 'is', null),
    ),
    /** What came in while it was not joined is still there to be read. */
    inheritPosition: db.statement<{ id: NodeId; account: AccountId; machine: string }, unknown>((k, p) => ({
      compile: () =>
        sql`update nodes set (inbound_position, inbound_driver) = (
            select inbound_position, inbound_driver from nodes f
            where f.account = ${p.account} and f.machine = ${p.machine} and f.id <> ${p.id} and f.simulated = 0
              and f.inbound_position is not null order by f.connected_at desc limit 1)
          where id = ${p.id} and simulated = 0`.compile(k),
    })),
  }
}
