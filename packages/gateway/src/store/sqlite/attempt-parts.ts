/**
 * The parts in which an SMS was handed to a provider, each with the provider's id and what is known of it (PROTOCOL 41). What they say
 * together is said of the attempt: it is delivered when all are, and failed when one is.
 */
import type { AttemptId, NodeId } from '@bluewire/contract/ids'
import { segmentsOf } from '@bluewire/contract/sms-segments'
import type { ProviderReceipt } from '@bluewire/drivers/provider'
import type { Flag, Tables } from '../tables.ts'
import type { Tx } from './group-writer.ts'
import type { ReceiptOwner } from './receipt-owner.ts'
import type { AttemptRow, Db } from './rows.ts'
import type { Settle } from './settle.ts'

type PartState = Tables['attempt_parts']['state']

/** A receipt never takes back what a better one said. */
const RANK: Readonly<Record<PartState, number>> = { taken: 0, failed: 1, delivered: 2, read: 3 }

export interface AttemptParts {
  /** Their ids are remembered, so that receipts find them. `of`: how many there are, taken or not. */
  taken(tx: Tx, attempt: AttemptRow, known: { refs: ReadonlyMap<number, string>; of: number }): void
  /** Repeats, and what is weaker than what is known, change nothing. */
  apply(tx: Tx, owner: ReceiptOwner, receipt: ProviderReceipt): void
  /** The answer is stored: what receipts said of single parts before it counts now. */
  answered(tx: Tx, id: AttemptId): void
  isRefTaken(node: NodeId, ref: string, except: AttemptId): boolean
}

type Evidence = Pick<ProviderReceipt, 'reason' | 'detail'> & Readonly<{ ofOnePart: boolean }>

export function prepareAttemptParts({ db, settle }: { db: Db; settle: Settle }): AttemptParts {
  const s = prepare(db)

  function taken(tx: Tx, attempt: AttemptRow, known: { refs: ReadonlyMap<number, string>; of: number }): void {
    const { id, node } = attempt
    if (node === null) return
    s.setParts.run({ attempt: id, parts: Math.max(1, known.of) })
    for (const [part, ref] of known.refs)
      s.putPart.run({ attempt: id, part, node, ref: ref === '' ? null : ref, at: tx.nowMs })
  }

  function apply(tx: Tx, owner: ReceiptOwner, r: ProviderReceipt): void {
    const attempt = settle.attempt(owner.attempt)
    if (attempt === undefined || attempt.node === null) return
    const { id, node } = attempt
    const part = owner.part ?? r.part ?? s.partOf.get({ attempt: id, ref: r.ref ?? '' })?.part ?? 1
    s.putPart.run({ attempt: id, part, node, ref: r.ref, at: tx.nowMs })
    const state: PartState = r.fact === 'sent' ? 'taken' : r.fact
    s.raisePart.run({ attempt: id, part, state, rank: RANK[state], at: tx.nowMs })
    settleBy(tx, attempt, { ...r, ofOnePart: owner.part !== null || r.part !== undefined })
  }

  function answered(tx: Tx, id: AttemptId): void {
    const attempt = settle.attempt(id)
    if (attempt?.parts != null && s.states.all({ attempt: id }).some((p) => p.state !== 'taken'))
      settleBy(tx, attempt, { ofOnePart: true })
  }

  /** Before the answer it is not known how many parts there are: one of a text that may need several says nothing of the whole. */
  function partsOf(attempt: AttemptRow, ofOnePart: boolean): number {
    if (attempt.parts !== null || !ofOnePart) return Math.max(attempt.parts ?? 1, 1)
    return segmentsOf(s.text.get({ message: attempt.message })?.body ?? '').count
  }

  function settleBy(tx: Tx, attempt: AttemptRow, r: Evidence): void {
    const parts = s.states.all({ attempt: attempt.id }).map((p) => p.state)
    const isWhole = parts.length >= partsOf(attempt, r.ofOnePart)
    if (parts.includes('failed')) {
      if (attempt.state === 'not_sent') return // it is what the provider refused that did not arrive
      // It was taken, or there would be nothing to report; so the attempt was sent, and then did not arrive.
      if (attempt.state !== 'sent') settle.record(tx, attempt, { fact: 'sent' })
      const now = settle.attempt(attempt.id) ?? attempt
      const { reason, detail } = r
      settle.record(tx, now, { fact: 'bounced', ...(reason ? { reason } : {}), ...(detail ? { detail } : {}) })
    } else if (isWhole && parts.every((p) => p === 'read')) settle.record(tx, attempt, { fact: 'read' })
    else if (isWhole && parts.every((p) => p !== 'taken')) settle.record(tx, attempt, { fact: 'delivered' })
    else if (isWhole) settle.record(tx, attempt, { fact: 'sent' })
  }

  return { taken, apply, answered, isRefTaken: (node, ref, except) => s.owner.get({ node, ref, except }) !== undefined }
}

type Part = { attempt: AttemptId; part: number; node: NodeId; ref: string | null; at: number }

function prepare(db: Db) {
  return {
    setParts: db.statement((k, p: { attempt: AttemptId; parts: number }) =>
      k.updateTable('attempts').set({ parts: p.parts }).where('id', '=', p.attempt),
    ),
    putPart: db.statement((k, p: Part) =>
      k
        .insertInto('attempt_parts')
        .values({ attempt: p.attempt, part: p.part, node: p.node, ref: p.ref, state: 'taken', at: p.at })
        .onConflict((c) =>
          c
            .columns(['attempt', 'part'])
            .doUpdateSet((e) => ({ ref: e.fn.coalesce('attempt_parts.ref', 'excluded.ref') })),
        ),
    ),
    raisePart: db.statement((k, p: { attempt: AttemptId; part: number; state: PartState; rank: number; at: number }) =>
      k
        .updateTable('attempt_parts')
        .set({ state: p.state, at: p.at })
        .where('attempt', '=', p.attempt)
        .where('part', '=', p.part)
        .where((e) =>
          e(
            e
              .case('state')
              .when('taken')
              .then(RANK.taken)
              .when('failed')
              .then(RANK.failed)
              .when('delivered')
              .then(RANK.delivered)
              .else(RANK.read)
              .end(),
            '<',
            p.rank,
          ),
        ),
    ),
    partOf: db.statement((k, p: { attempt: AttemptId; ref: string }) =>
      k.selectFrom('attempt_parts').select('part').where('attempt', '=', p.attempt).where('ref', '=', p.ref),
    ),
    text: db.statement((k, p: { message: AttemptRow['message'] }) =>
      k.selectFrom('messages').select('body').where('id', '=', p.message),
    ),
    states: db.statement<{ attempt: AttemptId }, { state: PartState }>((k, p) =>
      k.selectFrom('attempt_parts').select('state').where('attempt', '=', p.attempt),
    ),
    owner: db.statement<{ node: NodeId; ref: string; except: AttemptId }, { one: Flag }>((k, p) =>
      k
        .selectFrom('attempt_parts')
        .select((e) => e.lit(1).as('one'))
        .where('node', '=', p.node)
        .where('ref', '=', p.ref)
        .where('attempt', '<>', p.except)
        .limit(1),
    ),
  }
}
