/**
 * W3: what a node says about an attempt. Facts are keyed by (attempt, node) and fenced by the node's present epoch: who may write now
 * matters, not who dispatched. A fact that changes nothing (a repeat, or weaker than what is known) is still acknowledged.
 */
import type { AttemptId, NodeId } from '@bluewire/contract/ids'
import { NOT_RUN_REASONS } from '@bluewire/contract/node-protocol/common'
import type { FactFrame, VoidDoneFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { FrameResult, SessionKey, TakenResult } from '../store.ts'
import { prepareAdoption } from './adopt.ts'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import type { ImessageProof } from './imessage-proof.ts'
import type { Journals } from './journals.ts'
import type { MessageWrites } from './message-change.ts'
import { stateNow } from './partial-indexes.ts'
import { prepareRecord } from './record.ts'
import type { Finding, RecordFinding } from './record.ts'
import type { AttemptRow, Db } from './rows.ts'

export interface Settle {
  taken(tx: Tx, session: SessionKey, attempt: AttemptId): TakenResult
  fact(tx: Tx, session: SessionKey, frame: FactFrame): FrameResult
  voidDone(tx: Tx, session: SessionKey, frame: VoidDoneFrame): FrameResult
  giveUp(tx: Tx, session: SessionKey, found: { attempt: AttemptId; reason: string }): FrameResult
  /** For writes that already hold the fence. */
  readonly record: RecordFinding
  fenced(session: SessionKey): boolean
  attempt(id: AttemptId): AttemptRow | undefined
}

export type SettleParts = Readonly<{
  db: Db
  append: AppendEvent
  messages: MessageWrites
  journals: Journals
  proof: ImessageProof
}>

export function prepareSettle({ db, append, messages, journals, proof }: SettleParts): Settle {
  const s = prepare(db)
  const record = prepareRecord({ db, append, messages, proof })
  const adopt = prepareAdoption({ db, append, messages })

  const fenced = (session: SessionKey): boolean => s.session.get(session) === undefined
  const load = (id: AttemptId): AttemptRow | undefined => s.attempt.get({ id })

  function taken(tx: Tx, session: SessionKey, id: AttemptId): TakenResult {
    if (fenced(session)) return { kind: 'fenced' }
    const changed = s.taken.get({ id, node: session.node, at: tx.nowMs })
    if (changed !== undefined) {
      const message = messages.load(changed.message)
      if (message !== undefined) {
        append(tx, {
          account: message.account,
          type: 'message.taken',
          message: message.id,
          attempt: id,
          node: session.node,
        })
      }
    }
    return { kind: 'done' }
  }

  function fact(tx: Tx, session: SessionKey, frame: FactFrame): FrameResult {
    if (fenced(session)) return { kind: 'fenced' }
    const attempt = load(frame.attempt) ?? (adopt(tx, session, frame) ? load(frame.attempt) : undefined)
    if (attempt === undefined || attempt.node !== session.node) {
      journals.orphan(tx, session.node, {
        journalId: frame.journal_id,
        text: JSON.stringify(frame),
        reason: 'no such attempt on this node',
      })
      journals.acked(session.node, frame.journal_id, frame.seq)
      return { kind: 'orphaned' }
    }
    record(tx, attempt, {
      // That it did not go out is proof only when it says of which kind (PROTOCOL 9); else it is silence.
      fact: frame.fact === 'not_sent' && frame.class === undefined ? 'unknown' : frame.fact,
      ...(frame.class === undefined ? {} : { class: frame.class }),
      ...(frame.reason === undefined ? {} : { reason: frame.reason }),
      ...(frame.detail === undefined ? {} : { detail: frame.detail }),
      ...(frame.was_downgraded === undefined ? {} : { wasDowngraded: frame.was_downgraded }),
    })
    journals.acked(session.node, frame.journal_id, frame.seq)
    return { kind: 'done' }
  }

  function voidDone(tx: Tx, session: SessionKey, frame: VoidDoneFrame): FrameResult {
    if (fenced(session)) return { kind: 'fenced' }
    const attempt = load(frame.attempt)
    journals.acked(session.node, frame.journal_id, frame.seq)
    // A tombstone for an attempt this store never had is only good news.
    if (attempt === undefined || attempt.node !== session.node) return { kind: 'done' }
    // It proves something only if this very journal would have known the attempt (PROTOCOL 3).
    const proof = frame.proof && attempt.journal_id === frame.journal_id
    record(tx, attempt, proof ? voided(frame.reason) : { fact: 'unknown', reason: 'journal_lost' })
    return { kind: 'done' }
  }

  function giveUp(tx: Tx, session: SessionKey, found: { attempt: AttemptId; reason: string }): FrameResult {
    if (fenced(session)) return { kind: 'fenced' }
    const attempt = load(found.attempt)
    if (attempt?.node === session.node) record(tx, attempt, { fact: 'unknown', reason: found.reason })
    return { kind: 'done' }
  }

  return { taken, fact, voidDone, giveUp, record, fenced, attempt: load }
}

export function voided(reason: string): Finding {
  const notRun = (NOT_RUN_REASONS as readonly string[]).includes(reason)
  const code = notRun ? 'node_refused' : reason
  return {
    fact: 'not_sent',
    class: 'never_handed',
    reason: code,
    voided: notRun,
    ...(notRun ? { detail: `not run: ${reason}` } : {}),
  }
}

function prepare(db: Db) {
  return {
    session: db.statement((k, p: { node: NodeId; epoch: number }) =>
      k
        .selectFrom('nodes')
        .select('id')
        .where('id', '=', p.node)
        .where('epoch', '=', p.epoch)
        .where('retired_at', 'is', null),
    ),
    attempt: db.statement((k, p: { id: AttemptId }) => k.selectFrom('attempts').selectAll().where('id', '=', p.id)),
    taken: db.statement((k, p: { id: AttemptId; node: NodeId; at: number }) =>
      k
        .updateTable('attempts')
        .set({ state: 'taken', taken_at: p.at })
        .where('id', '=', p.id)
        .where('node', '=', p.node)
        .where(stateNow<AttemptRow['state']>(), '=', 'dispatched')
        .returning('message'),
    ),
  }
}
