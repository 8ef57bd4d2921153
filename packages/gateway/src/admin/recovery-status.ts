/** What a restored store still waits for. The port has no such read: only the operator, beside a gateway, ever asks. */
import { DatabaseSync } from 'node:sqlite'

export type RecoveryStatus = Readonly<{
  /** Null: the store is not recovering. */
  beganAtMs: number | null
  /** Nodes are asked for everything they sent from then on. */
  sinceMs: number | null
  storeEpoch: number
  /** Nodes that have not yet sent everything again. */
  waitingFor: ReadonlyArray<Readonly<{ id: string; name: string; online: boolean }>>
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
      `select id, name, gateway is not null as online from nodes
       where retired_at is null and conn > 0 and store_epoch < ? order by name, id`,
    )
    const waitingFor = beganAtMs === null ? [] : behind.all(storeEpoch).map(waitingNode)
    return { beganAtMs, sinceMs: meta('recover_since'), storeEpoch, waitingFor }
  } finally {
    db.close()
  }
}

function waitingNode(row: Record<string, unknown>): RecoveryStatus['waitingFor'][number] {
  return { id: String(row['id']), name: String(row['name']), online: row['online'] === 1 }
}
