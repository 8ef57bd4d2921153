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
   * not, the mark must stay where the node still has to begin again. Returns whether it moved.
   */
  acked(node: NodeId, journalId: JournalId, seq: number): boolean
  /** Each frame up to there is applied: the caller has counted them. */
  committedThrough(node: NodeId, through: { journalId: JournalId; seq: number }): void
  /** A frame that cannot be applied is kept raw; of a node that has too many of them, only their number. */
  orphan(tx: Tx, node: NodeId, frame: { journalId: string; text: string; reason: string }): void
}

/** Frames kept of one node, and how much of each: a node must not fill the disk with what makes no sense. */
export const ORPHANS_MAX = 1000
const ORPHAN_CHARS_MAX = 8192

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
  const committedThrough = db.statement((k, p: { node: NodeId; journalId: JournalId; seq: number }) =>
    k
      .updateTable('node_journals')
      .set({ acked_seq: p.seq })
      .where('node', '=', p.node)
      .where('journal_id', '=', p.journalId)
      .where('acked_seq', '<', p.seq),
  )
  const kept = db.statement<{ node: NodeId }, { many: number }>((k, p) =>
    k
      .selectFrom('orphans')
      .select((e) => e.fn.countAll<number>().as('many'))
      .where('node', '=', p.node),
  )
  const drop = db.statement((k, p: { node: NodeId }) =>
    k
      .updateTable('nodes')
      .set((e) => ({ orphans_dropped: e('orphans_dropped', '+', 1) }))
      .where('id', '=', p.node),
  )
  const orphan = db.statement((k, p: { node: NodeId; journalId: string; text: string; reason: string; at: number }) =>
    k
      .insertInto('orphans')
      .values({ node: p.node, journal_id: p.journalId, frame: p.text, reason: p.reason, at: p.at }),
  )
  return {
    get: (node, journalId) => get.get({ node, journalId }),
    saw: (node, journalId, { head, oldest }) => void saw.run({ node, journalId, head, floor: Math.max(0, oldest - 1) }),
    acked: (node, journalId, seq) => acked.run({ node, journalId, seq, before: seq - 1 }) === 1,
    committedThrough: (node, through) => void committedThrough.run({ node, ...through }),
    orphan(tx, node, { journalId, text, reason }) {
      if ((kept.get({ node })?.many ?? 0) >= ORPHANS_MAX) drop.run({ node })
      else orphan.run({ node, journalId, text: text.slice(0, ORPHAN_CHARS_MAX), reason, at: tx.nowMs })
    },
  }
}
