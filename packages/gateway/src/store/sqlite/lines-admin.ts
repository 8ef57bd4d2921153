/** What an operator says about a line. Each write appends to the audit log in its own transaction. */
import type { LineId } from '@bluewire/contract/ids'
import type { Actor, AuditEntry, LineOrder } from '../accounts-store.ts'
import type { Flag } from '../tables.ts'
import type { Tx } from './group-writer.ts'
import type { Db } from './rows.ts'

export interface LinesAdmin {
  /** False: there is no such line. */
  order(tx: Tx, actor: Actor, wanted: { id: LineId; order: LineOrder; reason: string | null }): boolean
}

export function prepareLinesAdmin(db: Db, appendAudit: (tx: Tx, entry: Omit<AuditEntry, 'atMs'>) => void): LinesAdmin {
  const pause = db.statement((k, p: { id: LineId; paused: Flag; reason: string | null }) =>
    k.updateTable('lines').set({ paused: p.paused, pause_reason: p.reason }).where('id', '=', p.id),
  )
  const suspend = db.statement((k, p: { id: LineId; suspended: Flag }) =>
    k.updateTable('lines').set({ suspended: p.suspended }).where('id', '=', p.id),
  )

  function write({ id, order, reason }: { id: LineId; order: LineOrder; reason: string | null }): number {
    switch (order) {
      case 'pause':
        return pause.run({ id, paused: 1, reason })
      case 'resume':
        return pause.run({ id, paused: 0, reason: null })
      case 'suspend':
        return suspend.run({ id, suspended: 1 })
      case 'unsuspend':
        return suspend.run({ id, suspended: 0 })
      default:
        return order satisfies never
    }
  }

  return {
    order(tx, actor, wanted) {
      if (write(wanted) === 0) return false
      const { id, order, reason } = wanted
      appendAudit(tx, { actor, action: `line.${order}`, target: id, data: reason === null ? {} : { reason } })
      tx.hints.push({ kind: 'line', id })
      return true
    },
  }
}
