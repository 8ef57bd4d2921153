/**
 * W11: one gateway works a provider, for as long as it renews its lease. Taking the lease raises the epoch of the provider and its lines,
 * so that whoever held it before is fenced. Leases count by the store's steady clock.
 *
 * What an earlier session had in flight is not made unknown here but handed to the new holder, who asks the provider first: a message of
 * `on_unknown: resend` would otherwise be sent again although a list of the provider shows it. Until then its lane waits (docs/decisions/0013).
 */
import { sql } from 'kysely'
import type { AccountId, AttemptId, GatewayId, ProviderId } from '@bluewire/contract/ids'
import type { LeaseResult, OpenAttempt, ProviderResult, ProviderSessionKey } from '../providers-store.ts'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import { IS_OPEN_ATTEMPT } from './partial-indexes.ts'
import type { Providers } from './providers.ts'
import type { Flag } from '../tables.ts'
import type { Db } from './rows.ts'

/** An unknown attempt is looked for this long; afterwards only a person does. */
const LOOK_FOR_MS = 24 * 3600_000
const OPEN_MAX = 1000
/** A proof that is younger than this is not worth a write. */
const PROOF_EVERY_MS = 5 * 60_000

export interface Leases {
  take(tx: Tx, input: { provider: ProviderId; gateway: GatewayId; leaseMs: number }): LeaseResult
  renew(tx: Tx, session: ProviderSessionKey, leaseMs: number): boolean
  ready(tx: Tx, session: ProviderSessionKey, isReady: boolean): ProviderResult & Readonly<{ isNews: boolean }>
  health(tx: Tx, id: ProviderId, health: { state: string; detail: string | null; provenAtMs: number | null }): void
  open(provider: ProviderId, attempt: AttemptId): OpenAttempt | undefined
}

type OpenRow = Omit<OpenAttempt, 'parts' | 'hasTwin'> & { hasTwin: Flag }

export function prepareLeases(parts: { db: Db; append: AppendEvent; providers: Providers }): Leases {
  const { db, append, providers } = parts
  const s = { ...prepare(db), ...stateStatements(db), ...attemptStatements(db) }

  const withParts = (row: OpenRow): OpenAttempt => ({
    ...row,
    hasTwin: row.hasTwin === 1,
    parts: new Map(s.parts.all({ attempt: row.attempt }).map(({ part, ref }) => [part, ref])),
  })

  function take(tx: Tx, input: { provider: ProviderId; gateway: GatewayId; leaseMs: number }): LeaseResult {
    const { provider, gateway } = input
    const node = s.node.get({ id: provider })
    if (node === undefined) return { kind: 'gone' }
    const isHeld = node.gateway !== null && node.gateway !== gateway && node.leaseUntil > tx.steadyMs
    if (isHeld) return { kind: 'held' }
    const epoch = Math.max(node.epoch, s.lineEpoch.get({ id: provider })?.epoch ?? 0) + 1
    s.take.run({ id: provider, gateway, epoch, at: tx.nowMs })
    s.linesEpoch.run({ id: provider, epoch })
    s.lease.run({ id: provider, until: tx.steadyMs + input.leaseMs })
    const since = tx.nowMs - LOOK_FOR_MS
    const open = s.openOf.all({ node: provider, since, limit: OPEN_MAX }).map(withParts)
    return { kind: 'taken', epoch, lines: providers.linesOf(provider), open }
  }

  const ready: Leases['ready'] = (tx, session, isReady) => {
    const { node: id, epoch } = session
    if (s.current.get({ id, epoch }) === undefined) return { kind: 'fenced', isNews: false }
    const changed = isReady ? s.online.get({ id, epoch }) : s.offline.get({ id, epoch, at: tx.nowMs })
    if (changed === undefined) return { kind: 'done', isNews: false }
    append(tx, { account: changed.account, type: isReady ? 'provider.online' : 'provider.offline', node: id })
    if (isReady) for (const line of providers.linesOf(id)) tx.hints.push({ kind: 'line', id: line.id })
    return { kind: 'done', isNews: true }
  }

  return {
    take,
    ready,
    renew: (tx, { node: id, epoch }, leaseMs) => s.renew.run({ id, epoch, until: tx.steadyMs + leaseMs }) === 1,
    health(tx, id, h) {
      const before = s.healthOf.get({ id })?.health
      const changed = s.health.get({ id, ...h })
      if (changed !== undefined && before !== h.state)
        append(tx, { account: changed.account, type: 'provider.health', node: id, data: { state: h.state } })
      if (changed === undefined && h.provenAtMs !== null)
        s.proof.run({ id, at: h.provenAtMs, before: h.provenAtMs - PROOF_EVERY_MS })
    },
    open(provider, attempt) {
      const row = s.openOne.get({ node: provider, attempt })
      return row === undefined ? undefined : withParts(row)
    },
  }
}

type Key = { id: ProviderId; epoch: number }

function prepare(db: Db) {
  return {
    node: db.statement<{ id: ProviderId }, { epoch: number; gateway: GatewayId | null; leaseUntil: number }>((k, p) =>
      k
        .selectFrom('nodes')
        .innerJoin('providers', 'providers.id', 'nodes.id')
        .select(['nodes.epoch', 'nodes.gateway', 'providers.lease_until as leaseUntil'])
        .where('nodes.id', '=', p.id)
        .where('nodes.retired_at', 'is', null),
    ),
    lineEpoch: db.statement<{ id: ProviderId }, { epoch: number | null }>((k, p) =>
      k
        .selectFrom('lines')
        .select((e) => e.fn.max<number | null>('epoch').as('epoch'))
        .where('node', '=', p.id),
    ),
    take: db.statement((k, p: Key & { gateway: GatewayId; at: number }) =>
      k
        .updateTable('nodes')
        .set({ gateway: p.gateway, epoch: p.epoch, ready: 0, connected_at: p.at })
        .where('id', '=', p.id),
    ),
    linesEpoch: db.statement((k, p: Key) => k.updateTable('lines').set({ epoch: p.epoch }).where('node', '=', p.id)),
    lease: db.statement((k, p: { id: ProviderId; until: number }) =>
      k.updateTable('providers').set({ lease_until: p.until }).where('id', '=', p.id),
    ),
    renew: db.statement<Key & { until: number }, unknown>((k, p) => ({
      compile: () =>
        sql`update providers set lease_until = ${p.until} where id = ${p.id} and exists
          (select 1 from nodes n where n.id = ${p.id} and n.epoch = ${p.epoch} and n.gateway is not null
            and n.retired_at is null)`.compile(k),
    })),
  }
}

function stateStatements(db: Db) {
  return {
    current: db.statement((k, p: Key) =>
      k
        .selectFrom('nodes')
        .select('id')
        .where('id', '=', p.id)
        .where('epoch', '=', p.epoch)
        .where('gateway', 'is not', null)
        .where('retired_at', 'is', null),
    ),
    online: db.statement((k, p: Key) =>
      k
        .updateTable('nodes')
        .set({ ready: 1, closed_at: null })
        .where('id', '=', p.id)
        .where('epoch', '=', p.epoch)
        .where('ready', '=', 0)
        .returning('account'),
    ),
    offline: db.statement((k, p: Key & { at: number }) =>
      k
        .updateTable('nodes')
        .set((e) => ({ ready: 0, closed_at: e.fn.coalesce('closed_at', e.val(p.at)) }))
        .where('id', '=', p.id)
        .where('epoch', '=', p.epoch)
        .where((e) => e.or([e('ready', '=', 1), e('closed_at', 'is', null)]))
        .returning('account'),
    ),
    proof: db.statement((k, p: { id: ProviderId; at: number; before: number }) =>
      k
        .updateTable('nodes')
        .set({ proven_at: p.at })
        .where('id', '=', p.id)
        .where((e) => e.or([e('proven_at', 'is', null), e('proven_at', '<', p.before)])),
    ),
    healthOf: db.statement((k, p: { id: ProviderId }) => k.selectFrom('nodes').select('health').where('id', '=', p.id)),
    /** The proof alone is no news, nor is another sentence about the same trouble. */
    health: db.statement<
      { id: ProviderId; state: string; detail: string | null; provenAtMs: number | null },
      { account: AccountId }
    >((k, p) => ({
      compile: () =>
        sql<{
          account: AccountId
        }>`update nodes set health = ${p.state}, health_detail = ${p.detail}, proven_at = ${p.provenAtMs}
          where id = ${p.id} and (health <> ${p.state} or health_detail is not ${p.detail})
          returning account`.compile(k),
    })),
  }
}

function attemptStatements(db: Db) {
  const open = sql`select a.id as attempt, a.message, l.address as line, m.recipient, coalesce(m.body, '') as body, a.state,
      a.dispatched_at as dispatchedAtMs,
      exists (select 1 from attempts b join messages n on n.id = b.message
        where b.node = a.node and b.${IS_OPEN_ATTEMPT} and b.id <> a.id and n.recipient = m.recipient and n.body is m.body) as hasTwin
    from attempts a join messages m on m.id = a.message join lines l on l.id = a.line`
  return {
    openOf: db.statement<{ node: ProviderId; since: number; limit: number }, OpenRow>((k, p) => ({
      compile: () =>
        sql<OpenRow>`${open} where a.node = ${p.node} and a.${IS_OPEN_ATTEMPT}
          and (a.state <> 'unknown' or a.dispatched_at > ${p.since}) order by a.id desc limit ${p.limit}`.compile(k),
    })),
    openOne: db.statement<{ node: ProviderId; attempt: AttemptId }, OpenRow>((k, p) => ({
      compile: () =>
        sql<OpenRow>`${open} where a.id = ${p.attempt} and a.node = ${p.node}
          and a.state in ('dispatched', 'taken', 'unknown')`.compile(k),
    })),
    parts: db.statement<{ attempt: AttemptId }, { part: number; ref: string }>((k, p) =>
      k
        .selectFrom('attempt_parts')
        .select(['part', 'ref'])
        .where('attempt', '=', p.attempt)
        .where('ref', 'is not', null)
        .$narrowType<{ ref: string }>(),
    ),
  }
}
