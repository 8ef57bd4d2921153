/** What the gateway has seen of each node's journals: sequence numbers drive acknowledgements and nothing else. */
import { sql } from 'kysely'
import type { JournalId, NodeId } from '@bluewire/contract/ids'
import type { Tx } from './group-writer.ts'
import type { Db } from './rows.ts'

export interface Journals {
  get(node: NodeId, journalId: JournalId): { head: number; acked: number } | undefined
  /** Remembers the highest head and number. */
  saw(node: NodeId, journalId: JournalId, head: number): void
  acked(node: NodeId, journalId: JournalId, seq: number): void
  /** A frame that cannot be applied is kept raw. */
  orphan(tx: Tx, node: NodeId, frame: { journalId: string; text: string; reason: string }): void
}

export function prepareJournals(db: Db): Journals {
  const get = db.statement((k, p: { node: NodeId; journalId: JournalId }) =>
    k
      .selectFrom('node_journals')
      .select(['head', 'acked_seq as acked'])
      .where('node', '=', p.node)
      .where('journal_id', '=', p.journalId),
  )
  const remember = db.statement<{ node: NodeId; journalId: JournalId; head: number; seq: number }, unknown>((k, p) => ({
    compile: () =>
      sql`insert into node_journals (node, journal_id, head, acked_seq) values (${p.node}, ${p.journalId}, ${p.head}, ${p.seq})
        on conflict (node, journal_id) do update set head = max(head, excluded.head),
          acked_seq = max(acked_seq, excluded.acked_seq)`.compile(k),
  }))
  const orphan = db.statement((k, p: { node: NodeId; journalId: string; text: string; reason: string; at: number }) =>
    k.insertInto('orphans').values({ node: p.node, journal_id: p.journalId, frame: p.text, reason: p.reason, at: p.at }),
  )
  return {
    get: (node, journalId) => get.get({ node, journalId }),
    saw: (node, journalId, head) => void remember.run({ node, journalId, head, seq: 0 }),
    acked: (node, journalId, seq) => void remember.run({ node, journalId, head: 0, seq }),
    orphan: (tx, node, frame) => void orphan.run({ node, ...frame, at: tx.nowMs }),
  }
}
