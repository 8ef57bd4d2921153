/** The statements of recovery.ts. `account: null` means every account. */
import { sql } from 'kysely'
import type { AccountId, NodeId } from '@bluewire/contract/ids'
import type { SessionKey } from '../store.ts'
import type { Db } from './rows.ts'

type ForAccount = { account: AccountId | null }

/** Nodes of the account, and shared providers of others that its lines are on. */
const worksFor = (account: AccountId | null) =>
  sql`(account = ${account} or id in (select node from lines where account = ${account}))`

export function recoveryStatements(db: Db) {
  return { ...metaStatements(db), ...accountStatements(db), ...nodeStatements(db) }
}

function metaStatements(db: Db) {
  return {
    meta: db.statement((k, p: { key: string }) => k.selectFrom('meta').select('value').where('key', '=', p.key)),
    set: db.statement((k, p: { key: string; value: string }) =>
      k
        .insertInto('meta')
        .values({ key: p.key, value: p.value })
        .onConflict((c) => c.column('key').doUpdateSet({ value: p.value })),
    ),
    unset: db.statement((k, p: { key: string }) => k.deleteFrom('meta').where('key', '=', p.key)),
    newest: db.statement((k) => k.selectFrom('messages').select((e) => e.fn.max('updated_at').as('at'))),
  }
}

function accountStatements(db: Db) {
  return {
    account: db.statement((k, p: { account: AccountId }) =>
      k.selectFrom('accounts').select(['recovering_at', 'recover_since']).where('id', '=', p.account),
    ),
    newestOf: db.statement((k, p: { account: AccountId }) =>
      k
        .selectFrom('messages')
        .select((e) => e.fn.max('updated_at').as('at'))
        .where('account', '=', p.account),
    ),
    hold: db.statement((k, p: { account: AccountId; at: number; since: number }) =>
      k.updateTable('accounts').set({ recovering_at: p.at, recover_since: p.since }).where('id', '=', p.account),
    ),
    release: db.statement<ForAccount, unknown>((k, p) => ({
      compile: () =>
        sql`update accounts set recovering_at = null, recover_since = null
          where recovering_at is not null and (${p.account} is null or id = ${p.account})`.compile(k),
    })),
  }
}

function nodeStatements(db: Db) {
  return {
    node: db.statement((k, p: { id: NodeId }) =>
      k.selectFrom('nodes').select(['account', 'store_epoch', 'told_epoch']).where('id', '=', p.id),
    ),
    tell: db.statement((k, p: { node: NodeId; epoch: number }) =>
      k.updateTable('nodes').set({ told_epoch: p.epoch }).where('id', '=', p.node),
    ),
    tellAll: db.statement<{ atLeast: number }, unknown>((k, p) => ({
      compile: () =>
        sql`update nodes set told_epoch = max(told_epoch + 1, ${p.atLeast}) where retired_at is null`.compile(k),
    })),
    tellOthers: db.statement<{ account: AccountId; node: NodeId }, unknown>((k, p) => ({
      compile: () =>
        sql`update nodes set told_epoch = told_epoch + 1
          where ${worksFor(p.account)} and id <> ${p.node} and retired_at is null`.compile(k),
    })),
    nodeDone: db.statement<SessionKey, unknown>((k, p) => ({
      compile: () =>
        sql`update nodes set store_epoch = told_epoch where id = ${p.node} and epoch = ${p.epoch}`.compile(k),
    })),
    waitingFor: db.statement<ForAccount, { id: NodeId }>((k, p) => ({
      compile: () =>
        sql<{ id: NodeId }>`select id from nodes
          where (${p.account} is null or ${worksFor(p.account)}) and retired_at is null
            and (conn > 0 or (kind = 'provider' and simulated = 0 and connected_at is not null))
            and store_epoch < told_epoch limit 1`.compile(k),
    })),
  }
}
