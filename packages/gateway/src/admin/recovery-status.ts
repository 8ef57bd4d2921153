/** What a restored store still waits for. The port has no such read: only the operator, beside a gateway, ever asks. */
import { DatabaseSync } from 'node:sqlite'

export type RecoveryStatus = Readonly<{
  /** Null: the store is not recovering. */
  beganAtMs: number | null
  /** Nodes are asked for everything they sent from then on. */
  sinceMs: number | null
  storeEpoch: number
  /** Accounts that are held because a node of theirs knew more than the store. */
  accounts: ReadonlyArray<Readonly<{ id: string; name: string; beganAtMs: number }>>
  /** Nodes that have not yet sent everything again, and real providers, which never can. */
  waitingFor: ReadonlyArray<Readonly<{ id: string; name: string; online: boolean; isProvider: boolean }>>
}>

export function readRecoveryStatus(databasePath: string): RecoveryStatus {
  const db = new DatabaseSync(databasePath, { readOnly: true, timeout: 5000 })
  try {
    const meta = (key: string): number | null => {
      const value = db.prepare('select value from meta where key = ?').get(key)?.['value']
      return typeof value === 'string' ? Number(value) : null
    }
    const storeEpoch = meta('store_epoch') ?? 0
    const beganAtMs = meta('recovering_at')
    const behind = db.prepare(
      `with held as (select id from accounts where recovering_at is not null)
       select id, name, gateway is not null as online, kind from nodes
       where retired_at is null and store_epoch < told_epoch
         and (conn > 0 or (kind = 'provider' and simulated = 0 and connected_at is not null))
         and (? or account in held or id in (select node from lines where account in held)) order by name, id`,
    )
    const waitingFor = behind.all(beganAtMs === null ? 0 : 1).map(waitingNode)
    const held = db.prepare(
      'select id, name, recovering_at from accounts where recovering_at is not null order by name',
    )
    const accounts = held.all().map((a) => ({
      id: String(a['id']),
      name: String(a['name']),
      beganAtMs: Number(a['recovering_at']),
    }))
    return { beganAtMs, sinceMs: meta('recover_since'), storeEpoch, accounts, waitingFor }
  } finally {
    db.close()
  }
}

function waitingNode(row: Record<string, unknown>): RecoveryStatus['waitingFor'][number] {
  return {
    id: String(row['id']),
    name: String(row['name']),
    online: row['online'] === 1,
    isProvider: row['kind'] === 'provider',
  }
}
