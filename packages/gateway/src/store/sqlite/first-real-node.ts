/**
 * The first real node of an account that is well takes the place of its simulated ones: they are paused, once. Whoever resumes one of
 * their lines afterwards is not overruled.
 */
import { sql } from 'kysely'
import type { AccountId, LineId, NodeId } from '@bluewire/contract/ids'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import type { Db } from './rows.ts'

/** `node` said just now, in a session that counts, that it is well. */
export type PauseSimulated = (tx: Tx, node: NodeId) => void

export function preparePauseSimulated({ db, append }: { db: Db; append: AppendEvent }): PauseSimulated {
  const s = prepare(db)
  return (tx, node) => {
    const first = s.first.get({ node, at: tx.nowMs })
    if (first === undefined) return
    const { account, name } = first
    const paused = s.pause.all({ account, reason: `the real node ${name} sends now` })
    for (const line of paused) tx.hints.push({ kind: 'line', id: line.id })
    for (const simulated of new Set(paused.map((line) => line.node)))
      append(tx, { account, type: 'node.paused', node: simulated, data: { reason: 'real_node', by: node } })
  }
}

function prepare(db: Db) {
  return {
    /** The guard: of an account this happens once. A node without a line that sends takes nobody's place. */
    first: db.statement<{ node: NodeId; at: number }, { account: AccountId; name: string }>((k, p) => ({
      compile: () =>
        sql<{ account: AccountId; name: string }>`update accounts set real_node_at = ${p.at}
          from nodes as n
          where n.id = ${p.node} and n.kind = 'node' and n.simulated = 0 and n.retired_at is null
            and accounts.id = n.account and accounts.real_node_at is null
            and exists (select 1 from lines as l where l.node = n.id and l.sends = 1)
          returning accounts.id as account, (select name from nodes where id = ${p.node}) as name`.compile(k),
    })),
    pause: db.statement<{ account: AccountId; reason: string }, { id: LineId; node: NodeId }>((k, p) => ({
      compile: () =>
        sql<{ id: LineId; node: NodeId }>`update lines set paused = 1, pause_reason = ${p.reason}
          where account = ${p.account} and paused = 0 and node in (
            select id from nodes where account = ${p.account} and kind = 'node' and simulated = 1 and retired_at is null)
          returning id, node`.compile(k),
    })),
  }
}
