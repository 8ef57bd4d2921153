/** Work that nobody waits for: the heartbeat of this process, and letting go of what is old. */
import { sql } from 'kysely'
import type { SqlBool } from 'kysely'
import type { GatewayId, MessageId } from '@bluewire/contract/ids'
import type { Tx } from './group-writer.ts'
import { KEY_REMEMBERED_MS } from './accept.ts'
import { IS_LOOSE } from './partial-indexes.ts'
import type { Db } from './rows.ts'

/** Final states: what may be erased. */
const FINISHED = ['sent', 'delivered', 'read', 'failed', 'unknown', 'cancelled', 'expired'] as const

export interface Maintenance {
  heartbeat(tx: Tx, gateway: { id: GatewayId; pid: number; host: string }): void
  retain(tx: Tx, limits: { bodiesMs: number; factsMs: number; batch: number }): number
}

export function prepareMaintenance(db: Db): Maintenance {
  const s = prepare(db)
  return {
    heartbeat(tx, gateway) {
      s.beat.run({ ...gateway, at: tx.nowMs })
      // One SQLite file has one gateway (its lock says so): every other row is of a process that is gone.
      if (s.dead.run({ id: gateway.id }) > 0 || s.orphaned.get({ id: gateway.id }) !== undefined) {
        s.closeNodes.run({ id: gateway.id, at: tx.nowMs })
      }
    },
    retain(tx, limits) {
      const erased = s.eraseBodies.run({ before: tx.nowMs - limits.bodiesMs, batch: limits.batch })
      const inbound = s.eraseInbound.run({ before: tx.nowMs - limits.bodiesMs, batch: limits.batch })
      const keys = s.forgetKeys.run({ before: tx.steadyMs - KEY_REMEMBERED_MS, batch: limits.batch })
      const facts = { before: tx.nowMs - limits.factsMs, batch: limits.batch }
      const rest =
        s.dropInbound.run(facts) + s.dropOrphans.run(facts) + s.dropLooseEvents.run(facts) + s.dropCodes.run(facts)
      const old = s.oldMessages.all(facts)
      for (const { id } of old) {
        s.dropEvents.run({ id })
        s.dropParts.run({ id })
        s.dropAttempts.run({ id })
        s.dropMessage.run({ id })
      }
      return erased + inbound + keys + rest + old.length
    },
  }
}

function prepare(db: Db) {
  return {
    beat: db.statement((k, p: { id: GatewayId; pid: number; host: string; at: number }) =>
      k
        .insertInto('gateways')
        .values({ id: p.id, pid: p.pid, host: p.host, started_at: p.at, heartbeat_at: p.at })
        .onConflict((c) => c.column('id').doUpdateSet({ heartbeat_at: p.at })),
    ),
    dead: db.statement((k, p: { id: GatewayId }) => k.deleteFrom('gateways').where('id', '<>', p.id)),
    orphaned: db.statement((k, p: { id: GatewayId }) =>
      k.selectFrom('nodes').select('id').where('gateway', 'is not', null).where('gateway', '<>', p.id).limit(1),
    ),
    closeNodes: db.statement((k, p: { id: GatewayId; at: number }) =>
      k
        .updateTable('nodes')
        .set({ gateway: null, ready: 0, closed_at: p.at })
        .where('gateway', 'is not', null)
        .where('gateway', '<>', p.id),
    ),
    eraseBodies: db.statement((k, p: { before: number; batch: number }) =>
      k
        .updateTable('messages')
        .set({ body: null })
        .where('id', 'in', (e) =>
          e
            .selectFrom('messages')
            .select('id')
            .where('body', 'is not', null)
            .where('created_at', '<', p.before)
            .where('state', 'in', FINISHED)
            .limit(p.batch),
        ),
    ),
    eraseInbound: db.statement((k, p: { before: number; batch: number }) =>
      k
        .updateTable('inbound')
        .set({ body: null, reaction_emoji: null })
        .where('id', 'in', (e) =>
          e
            .selectFrom('inbound')
            .select('id')
            .where('body', 'is not', null)
            .where('received_at', '<', p.before)
            .limit(p.batch),
        ),
    ),
    forgetKeys: db.statement((k, p: { before: number; batch: number }) =>
      k
        .deleteFrom('idempotency')
        .where('created_at', '<', p.before)
        .where('message', 'in', (e) =>
          e.selectFrom('idempotency').select('message').where('created_at', '<', p.before).limit(p.batch),
        ),
    ),
    oldMessages: db.statement<{ before: number; batch: number }, { id: MessageId }>((k, p) =>
      k
        .selectFrom('messages')
        .select('id')
        .where('created_at', '<', p.before)
        .where('state', 'in', FINISHED)
        .limit(p.batch),
    ),
    ...letGo(db),
    dropAttempts: db.statement((k, p: { id: MessageId }) => k.deleteFrom('attempts').where('message', '=', p.id)),
    dropMessage: db.statement((k, p: { id: MessageId }) => k.deleteFrom('messages').where('id', '=', p.id)),
  }
}

/** The newest event of an account stays whatever its age: from it the next one has its number. */
const IS_NOT_THE_NEWEST = sql<SqlBool>`seq < (select max(newer.seq) from events as newer where newer.account = events.account)`

function letGo(db: Db) {
  type Old = { before: number; batch: number }
  return {
    dropParts: db.statement((k, p: { id: MessageId }) =>
      k
        .deleteFrom('attempt_parts')
        .where('attempt', 'in', (e) => e.selectFrom('attempts').select('id').where('message', '=', p.id)),
    ),
    dropEvents: db.statement((k, p: { id: MessageId }) =>
      k.deleteFrom('events').where('message', '=', p.id).where(IS_NOT_THE_NEWEST),
    ),
    /** Of nodes and lines. */
    dropLooseEvents: db.statement((k, p: Old) =>
      k
        .deleteFrom('events')
        .where(IS_NOT_THE_NEWEST)
        .where((e) =>
          e(
            e.refTuple('account', 'seq'),
            'in',
            e
              .selectFrom('events')
              .select(['account', 'seq'])
              .where(IS_LOOSE)
              .where('at', '<', p.before)
              .limit(p.batch)
              .$asTuple('account', 'seq'),
          ),
        ),
    ),
    dropInbound: db.statement((k, p: Old) =>
      k
        .deleteFrom('inbound')
        .where('id', 'in', (e) =>
          e.selectFrom('inbound').select('id').where('received_at', '<', p.before).limit(p.batch),
        ),
    ),
    dropOrphans: db.statement((k, p: Old) =>
      k
        .deleteFrom('orphans')
        .where('id', 'in', (e) => e.selectFrom('orphans').select('id').where('at', '<', p.before).limit(p.batch)),
    ),
    /** Codes that were used, or can be no more. */
    dropCodes: db.statement((k, p: Old) =>
      k
        .deleteFrom('enrolments')
        .where('code_hash', 'in', (e) =>
          e.selectFrom('enrolments').select('code_hash').where('expires_at', '<', p.before).limit(p.batch),
        ),
    ),
  }
}
