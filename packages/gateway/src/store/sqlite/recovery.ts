/**
 * After a restore (PROTOCOL 17): the store forgot what was sent since the copy was made. Nodes are told a higher store epoch, send every
 * fact since that point again, and nothing accepted before is dispatched until every node has, or an operator ends it.
 *
 * The operator's word holds the whole instance. What a node says holds no more than the account of that node: else any node could stop
 * everybody. A real provider cannot tell again what it sent: with one, it is the operator who ends it. For the same reason the epoch that one node claims moves what that node is told, and nothing else.
 */
import type { AccountId, NodeId } from '@bluewire/contract/ids'
import type { SessionKey } from '../store.ts'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import { recoveryStatements } from './recovery-statements.ts'
import type { Db } from './rows.ts'

/** Nodes are asked for facts from this long before the newest thing the store remembers: their clocks may differ. */
const MARGIN_MS = 3600_000

type KnownNode = Readonly<{ id: NodeId; account: AccountId; store_epoch: number; told_epoch: number }>

export interface Recovery {
  /** The operator says that the store was restored just now. Returns the new epoch. */
  begin(tx: Tx): number
  /** A node knows more than the store does; `seen` is the store epoch it knows. Its account is held. */
  detected(tx: Tx, node: KnownNode, seen: number): void
  /** What the node is told; `sinceMs` is null when it has nothing to send again. */
  toldTo(node: NodeId): { epoch: number; sinceMs: number | null }
  recovering(account: AccountId): boolean
  /** The node has sent everything again. Returns whether its account still waits for others. */
  nodeDone(session: SessionKey): boolean
  /** Nothing is waited for any more, in any account. */
  end(): void
}

export function prepareRecovery(db: Db, append: AppendEvent): Recovery {
  const s = recoveryStatements(db)

  const meta = (key: string): number | null => {
    const row = s.meta.get({ key })
    return row === undefined ? null : Number(row.value)
  }
  const held = (account: AccountId) => s.account.get({ account })
  const endForAll = (): void => {
    s.unset.run({ key: 'recovering_at' })
    s.unset.run({ key: 'recover_since' })
  }

  function recovering(account: AccountId): boolean {
    return meta('recovering_at') !== null || held(account)?.recovering_at != null
  }

  return {
    recovering,
    begin(tx) {
      const epoch = (meta('store_epoch') ?? 0) + 1
      s.set.run({ key: 'store_epoch', value: String(epoch) })
      if (meta('recovering_at') === null) {
        const since = Math.max(0, (s.newest.get({})?.at ?? 0) - MARGIN_MS)
        s.set.run({ key: 'recover_since', value: String(since) })
      }
      s.set.run({ key: 'recovering_at', value: String(tx.nowMs) })
      s.tellAll.run({ atLeast: epoch })
      return epoch
    },
    detected(tx, node, seen) {
      s.tell.run({ node: node.id, epoch: Math.max(node.told_epoch, seen + 1, node.store_epoch + 1) })
      if (recovering(node.account)) return
      const since = Math.max(0, (s.newestOf.get({ account: node.account })?.at ?? 0) - MARGIN_MS)
      s.hold.run({ account: node.account, at: tx.nowMs, since })
      s.tellOthers.run({ account: node.account, node: node.id })
      append(tx, { account: node.account, type: 'recovery.began', node: node.id })
    },
    toldTo(id) {
      const node = s.node.get({ id })
      if (node === undefined) return { epoch: 0, sinceMs: null }
      const sinces = [meta('recover_since'), held(node.account)?.recover_since ?? null].filter((at) => at !== null)
      const owes = node.store_epoch < node.told_epoch && sinces.length > 0
      return { epoch: node.told_epoch, sinceMs: owes ? Math.min(...sinces) : null }
    },
    nodeDone(session) {
      s.nodeDone.run(session)
      const account = s.node.get({ id: session.node })?.account
      if (account === undefined) return false
      if (held(account)?.recovering_at != null && s.waitingFor.get({ account }) === undefined)
        s.release.run({ account })
      if (meta('recovering_at') !== null && s.waitingFor.get({ account: null }) === undefined) endForAll()
      return recovering(account)
    },
    end() {
      endForAll()
      s.release.run({ account: null })
    },
  }
}
