/** Two machines that use one credential: both are paused, until an operator says that it is one again (PROTOCOL 4). */
import type { AccountId, LineId, NodeId } from '@bluewire/contract/ids'
import type { HelloFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { TwoMachinesHold } from '@bluewire/engine/node-health'
import { areTwoMachines, remember } from '@bluewire/engine/two-machines'
import type { Beginning } from '@bluewire/engine/two-machines'
import type { Selectable } from 'kysely'
import type { Actor, AuditEntry } from '../accounts-store.ts'
import type { Tables } from '../tables.ts'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import type { Db } from './rows.ts'

export const TWO_MACHINES: TwoMachinesHold = {
  why: 'two_machines',
  check: null,
  detail:
    'Two machines use the credential of this node by turns: a copy of it runs somewhere. Stop the agent on one of them and remove its files there; ' +
    'then end the pause with the command node resume.',
}

export interface TwoMachines {
  /** A session begins; called in the transaction of its hello. `isNew`: it was found just now. */
  begins(tx: Tx, node: KnownNode, frame: HelloFrame): { hold: TwoMachinesHold | null; isNew: boolean }
  /** An operator ends the pause. False: there is no such pause. The node has to say hello anew, for it was told to observe. */
  resume(tx: Tx, actor: Actor, id: NodeId): boolean
}

type KnownNode = Pick<Selectable<Tables['nodes']>, 'id' | 'account' | 'gateway' | 'observing' | 'beginnings'>

export type TwoMachinesParts = Readonly<{
  db: Db
  append: AppendEvent
  appendAudit: (tx: Tx, entry: Omit<AuditEntry, 'atMs'>) => void
}>

export function prepareTwoMachines({ db, append, appendAudit }: TwoMachinesParts): TwoMachines {
  const s = prepare(db)
  return {
    begins(tx, node, { boot_id: bootId, journal_id: journalId }) {
      if (node.observing !== null) return { hold: TWO_MACHINES, isNew: false }
      const before = JSON.parse(node.beginnings) as Beginning[]
      const begins = { bootId, journalId, atMs: tx.steadyMs, isTakeover: node.gateway !== null }
      const beginnings = remember(before, begins)
      if (beginnings === before) return { hold: null, isNew: false }
      s.remember.run({ id: node.id, beginnings: JSON.stringify(beginnings) })
      if (!areTwoMachines(beginnings)) return { hold: null, isNew: false }
      s.pause.run({ id: node.id })
      append(tx, { account: node.account, type: 'node.paused', node: node.id, data: { reason: TWO_MACHINES.why } })
      return { hold: TWO_MACHINES, isNew: true }
    },
    resume(tx, actor, id) {
      const node = s.resume.get({ id, at: tx.nowMs })
      if (node === undefined) return false
      s.linesEpoch.run({ node: id, epoch: node.epoch })
      append(tx, { account: node.account, type: 'node.resumed', node: id })
      appendAudit(tx, { actor, action: 'node.resume', target: id, data: {} })
      for (const line of s.lines.all({ node: id })) tx.hints.push({ kind: 'line', id: line.id })
      return true
    },
  }
}

function prepare(db: Db) {
  return {
    remember: db.statement((k, p: { id: NodeId; beginnings: string }) =>
      k.updateTable('nodes').set({ beginnings: p.beginnings }).where('id', '=', p.id),
    ),
    pause: db.statement((k, p: { id: NodeId }) =>
      k.updateTable('nodes').set({ observing: 'two_machines' }).where('id', '=', p.id),
    ),
    /** Fences whoever is connected. */
    resume: db.statement<{ id: NodeId; at: number }, { account: AccountId; epoch: number }>((k, p) =>
      k
        .updateTable('nodes')
        .set((e) => ({
          observing: null,
          beginnings: '[]',
          epoch: e('epoch', '+', 1),
          gateway: null,
          ready: 0,
          closed_at: e.fn.coalesce('closed_at', e.val(p.at)),
        }))
        .where('id', '=', p.id)
        .where('observing', 'is not', null)
        .where('retired_at', 'is', null)
        .returning(['account', 'epoch']),
    ),
    linesEpoch: db.statement((k, p: { node: NodeId; epoch: number }) =>
      k.updateTable('lines').set({ epoch: p.epoch }).where('node', '=', p.node),
    ),
    lines: db.statement<{ node: NodeId }, { id: LineId }>((k, p) =>
      k.selectFrom('lines').select('id').where('node', '=', p.node),
    ),
  }
}
