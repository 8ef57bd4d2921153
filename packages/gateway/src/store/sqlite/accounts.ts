/** Accounts, tokens, enrolment and the audit log. Each write appends what was done, by whom, in its own transaction. */
import type { AccountId, TokenId } from '@bluewire/contract/ids'
import type { Selectable } from 'kysely'
import type { Account, Actor, AuditEntry, Token } from '../accounts-store.ts'
import type { Plan, Tables, TokenState } from '../tables.ts'
import type { Tx } from './group-writer.ts'
import { jsonList } from './rows.ts'
import type { Db } from './rows.ts'

/** A token's last use is written at most this often: it is a courtesy, not a fact to pay an fsync for. */
const LAST_USED_GRAIN_MS = 60_000
/** Of a new account. */
const SMS_PER_HOUR = 200

export type AccountChange = {
  plan?: Plan
  quotaLimit?: number | null
  entitlements?: readonly string[]
  region?: string
  smsPerHour?: number
  smsCountries?: Readonly<Record<string, number>>
  suspended?: boolean
  name?: string
}

type NewAccount = {
  id: AccountId
  name: string
  plan: Plan
  quotaLimit: number | null
  entitlements: readonly string[]
  region: string
  smsPerHour?: number
  smsCountries?: Readonly<Record<string, number>>
}
/** As the row has it. */
type AccountValues = Omit<NewAccount, 'entitlements' | 'smsPerHour' | 'smsCountries'> & {
  entitlements: string
  smsPerHour: number
  smsCountries: string
}
type NewToken = { id: TokenId; account: AccountId; name: string; hash: string; hint: string; scopes: readonly string[] }

export interface Accounts {
  create(tx: Tx, actor: Actor, account: NewAccount): Account
  update(tx: Tx, actor: Actor, wanted: { id: AccountId; change: AccountChange }): Account | undefined
  get(id: AccountId): Account | undefined
  list(): Account[]
  createToken(tx: Tx, actor: Actor, token: NewToken): Token
  tokens(account: AccountId): Token[]
  setTokenState(tx: Tx, actor: Actor, wanted: { id: TokenId; state: TokenState }): Token | undefined
  tokenByHash(hash: string): { token: Token; account: Account } | undefined
  tokenUsed(tx: Tx, id: TokenId): void
  tokenUseIsOld(id: TokenId, nowMs: number): boolean
  readonly appendAudit: (tx: Tx, entry: Omit<AuditEntry, 'atMs'>) => void
  audit(limit: number): AuditEntry[]
}

/** Absent keys stay as they are. */
function updatedRow(now: Account, change: AccountChange, nowMs: number) {
  const suspended = change.suspended ?? now.suspendedAtMs !== null
  return {
    id: now.id,
    name: change.name ?? now.name,
    plan: change.plan ?? now.plan,
    quotaLimit: change.quotaLimit === undefined ? now.quotaLimit : change.quotaLimit,
    entitlements: JSON.stringify(change.entitlements ?? now.entitlements),
    region: change.region ?? now.region,
    smsPerHour: change.smsPerHour ?? now.smsPerHour,
    smsCountries: JSON.stringify(change.smsCountries ?? now.smsCountries),
    suspendedAt: suspended ? (now.suspendedAtMs ?? nowMs) : null,
  }
}

export function prepareAccounts(db: Db): Accounts {
  const s = prepare(db)

  const appendAudit = (tx: Tx, entry: Omit<AuditEntry, 'atMs'>): void =>
    void s.audit.run({ ...entry, at: tx.nowMs, data: JSON.stringify(entry.data) })
  const get = (id: AccountId): Account | undefined => {
    const row = s.account.get({ id })
    return row === undefined ? undefined : accountOf(row)
  }
  const token = (id: TokenId): Token | undefined => {
    const row = s.token.get({ id })
    return row === undefined ? undefined : tokenOf(row)
  }

  return {
    get,
    list: () => s.accounts.all({}).map(accountOf),
    appendAudit,
    audit: (limit) => s.audits.all({ limit }).map(auditOf),
    create(tx, actor, account) {
      const first = s.accounts.all({}).length === 0
      s.insertAccount.run({
        ...account,
        entitlements: JSON.stringify(account.entitlements),
        smsPerHour: account.smsPerHour ?? SMS_PER_HOUR,
        smsCountries: JSON.stringify(account.smsCountries ?? {}),
        instance: first ? 1 : 0,
        at: tx.nowMs,
      })
      appendAudit(tx, { actor, action: 'account.create', target: account.id, data: { plan: account.plan } })
      return must(get(account.id))
    },
    update(tx, actor, { id, change }) {
      const now = get(id)
      if (now === undefined) return undefined
      s.updateAccount.run(updatedRow(now, change, tx.nowMs))
      appendAudit(tx, { actor, action: 'account.update', target: id, data: { ...change } })
      return must(get(id))
    },
    createToken(tx, actor, t) {
      s.insertToken.run({ ...t, scopes: JSON.stringify(t.scopes), at: tx.nowMs })
      appendAudit(tx, { actor, action: 'token.create', target: t.id, data: { account: t.account, scopes: t.scopes } })
      return must(token(t.id))
    },
    tokens: (account) => s.tokens.all({ account }).map(tokenOf),
    setTokenState(tx, actor, { id, state }) {
      const now = token(id)
      // Revoked is for good: a token that was called compromised never comes back to life.
      if (now === undefined || now.state === 'revoked') return now
      s.tokenState.run({ id, state })
      appendAudit(tx, { actor, action: `token.${state}`, target: id, data: {} })
      return must(token(id))
    },
    tokenByHash(hash) {
      const row = s.tokenByHash.get({ hash })
      if (row === undefined) return undefined
      const account = get(row.account)
      return account === undefined ? undefined : { token: tokenOf(row), account }
    },
    tokenUsed: (tx, id) => void s.tokenUsed.run({ id, at: tx.nowMs }),
    tokenUseIsOld(id, nowMs) {
      const row = s.token.get({ id })
      return row !== undefined && (row.last_used_at ?? 0) < nowMs - LAST_USED_GRAIN_MS
    },
  }
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a row that was just written is not there')
  return value
}

function auditOf(row: Omit<AuditEntry, 'data'> & { data: string }): AuditEntry {
  return { ...row, data: JSON.parse(row.data) as Record<string, unknown> }
}

function accountOf(row: Selectable<Tables['accounts']>): Account {
  return {
    id: row.id,
    name: row.name,
    plan: row.plan,
    quotaLimit: row.quota_limit,
    entitlements: jsonList(row.entitlements),
    region: row.region,
    smsPerHour: row.sms_per_hour,
    smsCountries: JSON.parse(row.sms_countries) as Record<string, number>,
    isInstance: row.is_instance === 1,
    suspendedAtMs: row.suspended_at,
    createdAtMs: row.created_at,
  }
}

function tokenOf(row: Selectable<Tables['tokens']>): Token {
  return {
    id: row.id,
    account: row.account,
    name: row.name,
    hint: row.hint,
    scopes: jsonList(row.scopes),
    state: row.state,
    createdAtMs: row.created_at,
    lastUsedAtMs: row.last_used_at,
  }
}

function prepare(db: Db) {
  return {
    account: db.statement((k, p: { id: AccountId }) => k.selectFrom('accounts').selectAll().where('id', '=', p.id)),
    accounts: db.statement((k) => k.selectFrom('accounts').selectAll().orderBy('created_at').orderBy('id')),
    insertAccount: db.statement((k, p: AccountValues & { instance: 0 | 1; at: number }) =>
      k.insertInto('accounts').values({
        id: p.id,
        name: p.name,
        plan: p.plan,
        quota_limit: p.quotaLimit,
        entitlements: p.entitlements,
        region: p.region,
        sms_per_hour: p.smsPerHour,
        sms_countries: p.smsCountries,
        is_instance: p.instance,
        created_at: p.at,
      }),
    ),
    updateAccount: db.statement((k, p: AccountValues & { suspendedAt: number | null }) =>
      k
        .updateTable('accounts')
        .set({
          name: p.name,
          plan: p.plan,
          quota_limit: p.quotaLimit,
          entitlements: p.entitlements,
          region: p.region,
          sms_per_hour: p.smsPerHour,
          sms_countries: p.smsCountries,
          suspended_at: p.suspendedAt,
        })
        .where('id', '=', p.id),
    ),
    token: db.statement((k, p: { id: TokenId }) => k.selectFrom('tokens').selectAll().where('id', '=', p.id)),
    tokens: db.statement((k, p: { account: AccountId }) =>
      k.selectFrom('tokens').selectAll().where('account', '=', p.account).orderBy('id'),
    ),
    tokenByHash: db.statement((k, p: { hash: string }) =>
      k.selectFrom('tokens').selectAll().where('hash', '=', p.hash),
    ),
    insertToken: db.statement((k, p: Omit<NewToken, 'scopes'> & { scopes: string; at: number }) =>
      k.insertInto('tokens').values({
        id: p.id,
        account: p.account,
        name: p.name,
        hash: p.hash,
        hint: p.hint,
        scopes: p.scopes,
        state: 'active',
        created_at: p.at,
      }),
    ),
    tokenState: db.statement((k, p: { id: TokenId; state: TokenState }) =>
      k.updateTable('tokens').set({ state: p.state }).where('id', '=', p.id),
    ),
    tokenUsed: db.statement((k, p: { id: TokenId; at: number }) =>
      k.updateTable('tokens').set({ last_used_at: p.at }).where('id', '=', p.id),
    ),
    audit: db.statement((k, p: { at: number; actor: string; action: string; target: string | null; data: string }) =>
      k.insertInto('audit').values({ at: p.at, actor: p.actor, action: p.action, target: p.target, data: p.data }),
    ),
    audits: db.statement((k, p: { limit: number }) =>
      k
        .selectFrom('audit')
        .select(['at as atMs', 'actor', 'action', 'target', 'data'])
        .orderBy('id', 'desc')
        .limit(p.limit),
    ),
  }
}
