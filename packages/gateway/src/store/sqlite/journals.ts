/** What the gateway has seen of each node's journals: sequence numbers drive acknowledgements and nothing else. */
import { sql } from 'kysely'
import type { JournalId, NodeId } from '@bluewire/contract/ids'
import type { Tx } from './group-writer.ts'
import type { Db } from './rows.ts'

export interface Journals {
  get(node: NodeId, journalId: JournalId): { head: number; acked: number } | undefined
  /** At hello: remembers the highest head, and that what is older than the outbox's oldest frame will never come any more. */
  saw(node: NodeId, journalId: JournalId, seen: { head: number; oldest: number }): void
  /**
   * The frame is applied. Only the next one in order moves the mark: if the one before it failed (a full disk) while this one did
   * not, the mark must stay where the node still has to begin again.
   */
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
  const saw = db.statement<{ node: NodeId; journalId: JournalId; head: number; floor: number }, unknown>((k, p) => ({
    compile: () =>
      sql`insert into node_journals (node, journal_id, head, acked_seq) values (${p.node}, ${p.journalId}, ${p.head}, ${p.floor})
        on conflict (node, journal_id) do update set head = max(head, excluded.head),
          acked_seq = max(acked_seq, excluded.acked_seq)`.compile(k),
  }))
  const acked = db.statement((k, p: { node: NodeId; journalId: JournalId; seq: number; before: number }) =>
    k
      .updateTable('node_journals')
      .set({ acked_seq: p.seq })
      .where('node', '=', p.node)
      .where('journal_id', '=', p.journalId)
      .where('acked_seq', '=', p.before),
  )
  const orphan = db.statement((k, p: { node: NodeId; journalId: string; text: string; reason: string; at: number }) =>
    k
      .insertInto('orphans')
      .values({ node: p.node, journal_id: p.journalId, frame: p.text, reason: p.reason, at: p.at }),
  )
  return {
    get: (node, journalId) => get.get({ node, journalId }),
    saw: (node, journalId, { head, oldest }) => void saw.run({ node, journalId, head, floor: Math.max(0, oldest - 1) }),
    acked: (node, journalId, seq) => void acked.run({ node, journalId, seq, before: seq - 1 }),
    orphan: (tx, node, frame) => void orphan.run({ node, ...frame, at: tx.nowMs }),
  }
}
