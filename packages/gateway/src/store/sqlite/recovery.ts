/**
 * After a restore (PROTOCOL 17): the store forgot what was sent since the copy was made. `store_epoch` is raised, nodes send every fact
 * since that point again, and nothing accepted before is dispatched until every node has, or an operator ends it.
 */
import type { Tx } from './group-writer.ts'
import type { Db } from './rows.ts'
import type { SessionKey } from '../store.ts'

/** Nodes are asked for facts from this long before the newest thing the store remembers: their clocks may differ. */
const MARGIN_MS = 3600_000

export interface Recovery {
  storeEpoch(): number
  /** The operator says that the store was restored just now. Returns the new epoch. */
  begin(tx: Tx): number
  /** A node knows more than the store does; `seen` is the store epoch it knows. */
  detected(tx: Tx, seen: number): void
  /** From when on nodes send again; null when nothing is to be recovered. */
  sinceMs(): number | null
  recovering(): boolean
  /** The node has sent everything again. Returns whether the store still waits for others. */
  nodeDone(session: SessionKey): boolean
  end(): void
}

export function prepareRecovery(db: Db): Recovery {
  const get = db.statement((k, p: { key: string }) => k.selectFrom('meta').select('value').where('key', '=', p.key))
  const set = db.statement((k, p: { key: string; value: string }) =>
    k
      .insertInto('meta')
      .values({ key: p.key, value: p.value })
      .onConflict((c) => c.column('key').doUpdateSet({ value: p.value })),
  )
  const remove = db.statement((k, p: { key: string }) => k.deleteFrom('meta').where('key', '=', p.key))
  const newest = db.statement((k) => k.selectFrom('messages').select((e) => e.fn.max('updated_at').as('at')))
  const nodeDone = db.statement((k, p: SessionKey & { storeEpoch: number }) =>
    k.updateTable('nodes').set({ store_epoch: p.storeEpoch }).where('id', '=', p.node).where('epoch', '=', p.epoch),
  )
  const lift = db.statement((k, p: { from: number; to: number }) =>
    k.updateTable('nodes').set({ store_epoch: p.to }).where('store_epoch', '=', p.from),
  )
  const waitingFor = db.statement((k, p: { storeEpoch: number }) =>
    k
      .selectFrom('nodes')
      .select('id')
      .where('retired_at', 'is', null)
      .where('conn', '>', 0)
      .where('store_epoch', '<', p.storeEpoch)
      .limit(1),
  )

  const storeEpoch = (): number => Number(get.get({ key: 'store_epoch' })?.value ?? 0)
  const recovering = (): boolean => get.get({ key: 'recovering_at' }) !== undefined
  const end = (): void => {
    remove.run({ key: 'recovering_at' })
    remove.run({ key: 'recover_since' })
  }

  return {
    storeEpoch,
    recovering,
    end,
    begin(tx) {
      const epoch = storeEpoch() + 1
      set.run({ key: 'store_epoch', value: String(epoch) })
      if (!recovering()) {
        const since = Math.max(0, (newest.get({})?.at ?? 0) - MARGIN_MS)
        set.run({ key: 'recover_since', value: String(since) })
      }
      set.run({ key: 'recovering_at', value: String(tx.nowMs) })
      return epoch
    },
    detected(tx, seen) {
      if (!recovering()) this.begin(tx)
      const epoch = storeEpoch()
      if (seen < epoch) return
      // Epochs of the lost future were as high as this: go above them. Nodes that have already sent everything need not do it again.
      lift.run({ from: epoch, to: seen + 1 })
      set.run({ key: 'store_epoch', value: String(seen + 1) })
    },
    sinceMs() {
      const since = get.get({ key: 'recover_since' })
      return since === undefined ? null : Number(since.value)
    },
    nodeDone(session) {
      nodeDone.run({ ...session, storeEpoch: storeEpoch() })
      if (recovering() && waitingFor.get({ storeEpoch: storeEpoch() }) === undefined) end()
      return recovering()
    },
  }
}
