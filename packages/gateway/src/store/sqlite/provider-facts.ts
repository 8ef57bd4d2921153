/**
 * What a provider says of an attempt: its answer, and receipts that come early, late, twice, out of order, or about nothing we know
 * (PROTOCOL 40). One part that was taken excludes `not_sent`.
 */
import type { AttemptId, ProviderId } from '@bluewire/contract/ids'
import type { ProviderReceipt } from '@bluewire/drivers/provider'
import type { ProviderFinding, ProviderResult, ProviderSessionKey, ReceiptResult } from '../providers-store.ts'
import type { AttemptParts } from './attempt-parts.ts'
import type { Tx } from './group-writer.ts'
import type { OptOut } from './opt-out.ts'
import type { FindReceiptOwner } from './receipt-owner.ts'
import type { AttemptRow, Db } from './rows.ts'
import type { Settle } from './settle.ts'

/** A receipt that fits nothing waits this long for its attempt: the answer with its id may still be on its way. */
const KEPT_MS = 10 * 60_000
/** Receipts kept of one provider: one that lies must not fill the disk. */
const KEPT_MAX = 10_000
/** Of one recipient, looked at for an attempt that got no answer. */
const KEPT_TO_ONE_MAX = 20

type Kept = { id: number; receipt: string }

export interface ProviderFacts {
  finding(tx: Tx, session: ProviderSessionKey, about: { attempt: AttemptId; finding: ProviderFinding }): ProviderResult
  receipt(tx: Tx, session: ProviderSessionKey, receipt: ProviderReceipt): ReceiptResult
  dropOld(tx: Tx): number
}

export type ProviderFactParts = Readonly<{
  db: Db
  settle: Settle
  parts: AttemptParts
  optOut: OptOut
  ownerOf: FindReceiptOwner
}>

export function prepareProviderFacts({ db, settle, parts, optOut, ownerOf }: ProviderFactParts): ProviderFacts {
  const s = prepare(db)

  function finding(
    tx: Tx,
    session: ProviderSessionKey,
    about: { attempt: AttemptId; finding: ProviderFinding },
  ): ProviderResult {
    if (settle.fenced(session)) return { kind: 'fenced' }
    const attempt = settle.attempt(about.attempt)
    if (attempt?.node !== session.node) return { kind: 'done' }
    record(tx, attempt, about.finding)
    parts.answered(tx, attempt.id)
    applyKept(tx, session.node, attempt.id)
    if (about.finding.kind === 'unknown')
      applyEach(tx, session.node, { attempt: attempt.id, kept: keptTo(tx, session.node, attempt.id) })
    return { kind: 'done' }
  }

  function record(tx: Tx, attempt: AttemptRow, found: ProviderFinding): void {
    switch (found.kind) {
      case 'sent':
        parts.taken(tx, attempt, { refs: new Map(found.refs.map((ref, i) => [i + 1, ref])), of: found.refs.length })
        return settle.record(tx, attempt, { fact: 'sent' })
      case 'unknown':
        parts.taken(tx, attempt, { refs: found.parts ?? new Map(), of: found.of ?? 1 })
        return settle.record(tx, attempt, { fact: 'unknown', reason: found.reason, ...detailOf(found) })
      case 'not_sent': {
        if (found.reason === 'opted_out') optOut.byProvider(tx, attempt)
        const { class: howFirm, reason, waitMs } = found
        const wait = waitMs === undefined ? {} : { waitMs: Math.ceil(waitMs) } // of a clock that counts in fractions
        return settle.record(tx, attempt, { fact: 'not_sent', class: howFirm, reason, ...detailOf(found), ...wait })
      }
      default:
        return found satisfies never
    }
  }

  function receipt(tx: Tx, session: ProviderSessionKey, r: ProviderReceipt): ReceiptResult {
    if (settle.fenced(session)) return { kind: 'fenced' }
    const owner = ownerOf(tx, session.node, r)
    if (owner !== null) {
      parts.apply(tx, owner, r)
      applyKept(tx, session.node, owner.attempt) // its id may be news
      return { kind: 'done' }
    }
    if (r.ref === null || (s.kept.get({ node: session.node })?.n ?? 0) >= KEPT_MAX) return { kind: 'unmatched' }
    s.keep.run({ node: session.node, ref: r.ref, recipient: r.to, receipt: JSON.stringify(r), at: tx.nowMs })
    return { kind: 'kept' }
  }

  /** Receipts that came before the answer with their id: now they have an owner, unless they are of another destination. */
  function applyKept(tx: Tx, node: ProviderId, attempt: AttemptId): void {
    applyEach(tx, node, { attempt, kept: s.keptFor.all({ attempt, since: tx.nowMs - KEPT_MS }) })
  }

  const keptTo = (tx: Tx, node: ProviderId, attempt: AttemptId): Kept[] =>
    s.keptTo.all({ attempt, node, since: tx.nowMs - KEPT_MS })

  function applyEach(tx: Tx, node: ProviderId, { attempt, kept }: { attempt: AttemptId; kept: Kept[] }): void {
    for (const { id, receipt: text } of kept) {
      const one = JSON.parse(text) as ProviderReceipt
      const owner = ownerOf(tx, node, one)
      if (owner?.attempt !== attempt) continue
      s.dropKept.run({ id })
      parts.apply(tx, owner, one)
    }
  }

  return { finding, receipt, dropOld: (tx) => s.dropOld.run({ before: tx.nowMs - KEPT_MS }) }
}

function detailOf({ detail }: { detail?: string }): { detail?: string } {
  return detail === undefined ? {} : { detail: detail.slice(0, 500) }
}

function prepare(db: Db) {
  return {
    kept: db.statement<{ node: ProviderId }, { n: number }>((k, p) =>
      k
        .selectFrom('receipts')
        .select((e) => e.fn.countAll<number>().as('n'))
        .where('node', '=', p.node),
    ),
    keep: db.statement(
      (k, p: { node: ProviderId; ref: string; recipient: string | null; receipt: string; at: number }) =>
        k
          .insertInto('receipts')
          .values({ node: p.node, ref: p.ref, recipient: p.recipient, receipt: p.receipt, received_at: p.at }),
    ),
    /** Of the attempt's recipient: one of them may be told by its text, now that no answer comes any more. */
    keptTo: db.statement<{ attempt: AttemptId; node: ProviderId; since: number }, { id: number; receipt: string }>(
      (k, p) =>
        k
          .selectFrom('attempts')
          .innerJoin('messages', 'messages.id', 'attempts.message')
          .innerJoin('receipts', 'receipts.recipient', 'messages.recipient')
          .select(['receipts.id', 'receipts.receipt'])
          .where('attempts.id', '=', p.attempt)
          .where('receipts.node', '=', p.node)
          .where('receipts.received_at', '>=', p.since)
          .orderBy('receipts.id')
          .limit(KEPT_TO_ONE_MAX),
    ),
    keptFor: db.statement<{ attempt: AttemptId; since: number }, { id: number; receipt: string }>((k, p) =>
      k
        .selectFrom('attempt_parts')
        .innerJoin('receipts', (j) =>
          j.onRef('receipts.node', '=', 'attempt_parts.node').onRef('receipts.ref', '=', 'attempt_parts.ref'),
        )
        .select(['receipts.id', 'receipts.receipt'])
        .where('attempt_parts.attempt', '=', p.attempt)
        .where('receipts.received_at', '>=', p.since)
        .orderBy('receipts.id'),
    ),
    dropKept: db.statement((k, p: { id: number }) => k.deleteFrom('receipts').where('id', '=', p.id)),
    dropOld: db.statement((k, p: { before: number }) => k.deleteFrom('receipts').where('received_at', '<', p.before)),
  }
}
