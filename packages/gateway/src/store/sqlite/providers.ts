/** The rows of providers and of their lines. A provider stands in `nodes` like a node; what only it has is in `providers`. */
import { sql } from 'kysely'
import type { AccountId, LineId, ProviderId } from '@bluewire/contract/ids'
import type { Actor, AuditEntry } from '../accounts-store.ts'
import type { NewProvider, ProviderLine, ProviderRow } from '../providers-store.ts'
import type { Flag } from '../tables.ts'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import type { Db } from './rows.ts'

export type ProviderChange = Readonly<{
  id: ProviderId
  name?: string
  settings?: Readonly<Record<string, unknown>>
  secrets?: string
}>
export type NewProviderLine = Readonly<{
  id: LineId
  provider: ProviderId
  account: AccountId
  address: string
  gapMs: number
  burst: number
}>

export interface Providers {
  create(tx: Tx, actor: Actor, provider: NewProvider): void
  change(tx: Tx, actor: Actor, change: ProviderChange): boolean
  list(): ProviderRow[]
  linesOf(id: ProviderId): ProviderLine[]
  addLine(tx: Tx, actor: Actor, line: NewProviderLine): 'added' | 'taken' | 'no_provider'
  removeLine(tx: Tx, actor: Actor, id: LineId): boolean
}

export type ProviderParts = Readonly<{
  db: Db
  append: AppendEvent
  appendAudit: (tx: Tx, entry: Omit<AuditEntry, 'atMs'>) => void
}>

type Row = Omit<ProviderRow, 'shared' | 'simulated' | 'settings' | 'online' | 'lines'> & {
  shared: Flag
  simulated: Flag
  settings: string
  online: Flag
}

export function prepareProviders({ db, append, appendAudit }: ProviderParts): Providers {
  const s = { ...prepare(db), ...lineStatements(db) }
  const linesOf = (id: ProviderId): ProviderLine[] => s.lines.all({ id })

  function addLine(tx: Tx, actor: Actor, line: NewProviderLine): 'added' | 'taken' | 'no_provider' {
    const provider = s.provider.get({ id: line.provider })
    if (provider === undefined) return 'no_provider'
    const { simulated, epoch } = provider
    const added = s.addLine.get({ ...line, simulated, epoch, at: tx.nowMs })
    if (added === undefined) return 'taken'
    append(tx, { account: line.account, type: 'line.added', node: line.provider, line: added.id })
    appendAudit(tx, { actor, action: 'provider.line.add', target: added.id, data: { provider: line.provider } })
    return 'added'
  }

  return {
    linesOf,
    addLine,
    create(tx, actor, p) {
      s.insertNode.run({ ...p, simulated: p.simulated ? 1 : 0, at: tx.nowMs })
      const settings = JSON.stringify(p.settings)
      s.insertProvider.run({ id: p.id, shared: p.shared ? 1 : 0, settings, secrets: p.secrets })
      append(tx, { account: p.account, type: 'provider.added', node: p.id })
      const data = { driver: p.driver, shared: p.shared, settings: Object.keys(p.settings) }
      appendAudit(tx, { actor, action: 'provider.add', target: p.id, data })
    },
    change(tx, actor, { id, name, settings, secrets }) {
      if (s.provider.get({ id }) === undefined) return false
      if (name !== undefined) s.rename.run({ id, name })
      if (settings !== undefined) s.settings.run({ id, settings: JSON.stringify(settings) })
      if (secrets !== undefined) s.secrets.run({ id, secrets })
      s.revise.run({ id })
      const data = {
        ...(name === undefined ? {} : { name }),
        ...(settings === undefined ? {} : { settings: Object.keys(settings) }),
        ...(secrets === undefined ? {} : { secrets: true }),
      }
      appendAudit(tx, { actor, action: 'provider.set', target: id, data })
      return true
    },
    list: () =>
      s.list.all({}).map((row) => ({
        ...row,
        shared: row.shared === 1,
        simulated: row.simulated === 1,
        online: row.online === 1,
        settings: JSON.parse(row.settings) as Record<string, unknown>,
        lines: linesOf(row.id),
      })),
    removeLine(tx, actor, id) {
      if (s.silence.run({ id }) !== 1) return false
      appendAudit(tx, { actor, action: 'provider.line.remove', target: id, data: {} })
      return true
    },
  }
}

function prepare(db: Db) {
  return {
    provider: db.statement<{ id: ProviderId }, { simulated: Flag; epoch: number }>((k, p) =>
      k
        .selectFrom('nodes')
        .select(['simulated', 'epoch'])
        .where('id', '=', p.id)
        .where('kind', '=', 'provider')
        .where('retired_at', 'is', null),
    ),
    insertNode: db.statement((k, p: Omit<NewProvider, 'simulated'> & { simulated: Flag; at: number }) =>
      k.insertInto('nodes').values({
        id: p.id,
        kind: 'provider',
        account: p.account,
        name: p.name,
        credential_hash: p.id, // no hash looks like it: nobody can connect with it
        machine: '',
        simulated: p.simulated,
        driver: p.driver,
        created_at: p.at,
      }),
    ),
    insertProvider: db.statement((k, p: { id: ProviderId; shared: Flag; settings: string; secrets: string }) =>
      k.insertInto('providers').values({ id: p.id, shared: p.shared, settings: p.settings, secrets: p.secrets }),
    ),
    rename: db.statement((k, p: { id: ProviderId; name: string }) =>
      k.updateTable('nodes').set({ name: p.name }).where('id', '=', p.id),
    ),
    settings: db.statement((k, p: { id: ProviderId; settings: string }) =>
      k.updateTable('providers').set({ settings: p.settings }).where('id', '=', p.id),
    ),
    secrets: db.statement((k, p: { id: ProviderId; secrets: string }) =>
      k.updateTable('providers').set({ secrets: p.secrets }).where('id', '=', p.id),
    ),
    revise: db.statement((k, p: { id: ProviderId }) =>
      k
        .updateTable('providers')
        .set((e) => ({ revision: e('revision', '+', 1) }))
        .where('id', '=', p.id),
    ),
    list: db.statement<object, Row>((k) => ({
      compile: () =>
        sql<Row>`select n.id, n.account, n.name, n.driver, n.simulated, n.health, n.health_detail as healthDetail,
            n.proven_at as provenAtMs, p.shared, p.settings, p.secrets, p.revision,
            (n.gateway is not null and n.ready = 1) as online
          from providers p join nodes n on n.id = p.id where n.retired_at is null order by n.id`.compile(k),
    })),
  }
}

function lineStatements(db: Db) {
  return {
    lines: db.statement<{ id: ProviderId }, ProviderLine>((k, p) =>
      k
        .selectFrom('lines')
        .select(['id', 'account', 'address'])
        .where('node', '=', p.id)
        .where('sends', '=', 1)
        .orderBy('id'),
    ),
    /**
     * An address that the account had on a node or provider that is gone is taken over, with its history. Its epoch is the provider's: with
     * a higher one, the provider's session would find itself fenced. Whoever had the line before is fenced by its node.
     */
    addLine: db.statement<NewProviderLine & { simulated: Flag; epoch: number; at: number }, { id: LineId }>((k, p) => ({
      compile: () =>
        sql<{
          id: LineId
        }>`insert into lines (id, account, node, address, services, sends, simulated, epoch, gap_ms, burst, created_at)
          values (${p.id}, ${p.account}, ${p.provider}, ${p.address}, '["sms"]', 1, ${p.simulated}, ${p.epoch}, ${p.gapMs}, ${p.burst}, ${p.at})
          on conflict (account, address) do update set node = excluded.node, services = excluded.services, sends = 1,
            epoch = excluded.epoch, gap_ms = excluded.gap_ms, burst = excluded.burst
            where lines.simulated = excluded.simulated and (lines.sends = 0 or lines.node = excluded.node
              or exists (select 1 from nodes n where n.id = lines.node and n.retired_at is not null))
          returning id`.compile(k),
    })),
    silence: db.statement((k, p: { id: LineId }) =>
      k.updateTable('lines').set({ sends: 0 }).where('id', '=', p.id).where('sends', '=', 1),
    ),
  }
}
