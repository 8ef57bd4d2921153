/**
 * Which attempt a receipt is about (PROTOCOL 40). Ids of a provider wrap, restart and collide, so an id counts only together with the
 * destination, and the newest attempt wins. An echo of our own reference wins over all; text and destination decide only where one attempt
 * alone can be meant.
 */
import { sql } from 'kysely'
import type { SqlBool } from 'kysely'
import type { AttemptId, NodeId, ProviderId } from '@bluewire/contract/ids'
import { shortReference } from '@bluewire/contract/short-reference'
import type { ProviderReceipt } from '@bluewire/drivers/provider'
import type { Tx } from './group-writer.ts'
import type { Db } from './rows.ts'

/** An id means an attempt of these last hours. */
const MATCHED_MS = 72 * 3600_000
/** Parts of a long SMS that a reference is tried for: more than any text of the longest length has, at 67 units each. */
const PARTS_MAX = 300
/** Attempts with one id to one destination that are looked at. */
const ALIKE_MAX = 20

export type ReceiptOwner = Readonly<{ attempt: AttemptId; part: number | null }>
export type FindReceiptOwner = (tx: Tx, provider: ProviderId, receipt: ProviderReceipt) => ReceiptOwner | null

type OpenOne = { attempt: AttemptId; state: string; body: string | null }

export function prepareReceiptOwner(db: Db): FindReceiptOwner {
  const s = prepare(db)

  function byReference(open: readonly OpenOne[], receipt: ProviderReceipt): ReceiptOwner | null {
    if (receipt.reference === undefined) return null
    const parts = receipt.part === undefined ? Array.from({ length: PARTS_MAX }, (_, i) => i + 1) : [receipt.part]
    const owners = open.flatMap(({ attempt, body }) =>
      parts
        .filter((part) => part <= Math.max(1, body?.length ?? 0) && shortReference(attempt, part) === receipt.reference)
        .map((part) => ({ attempt, part })),
    )
    return owners.length === 1 ? (owners[0] ?? null) : null
  }

  /** Only of attempts whose answer comes no more, and only when nothing else could be meant. */
  function byText(open: readonly OpenOne[], { textStart = '' }: ProviderReceipt): ReceiptOwner | null {
    const only = open.length === 1 ? open[0] : undefined
    const fits = only?.state === 'unknown' && textStart !== '' && only.body?.startsWith(textStart) === true
    return fits ? { attempt: only.attempt, part: null } : null
  }

  /** The newest attempt with that id at that destination; one that an echo contradicts is not meant. */
  function byId(node: ProviderId, { ref, to, reference }: ProviderReceipt, since: number): ReceiptOwner | null {
    if (ref === null) return null
    const known = s.byRef.all({ node, ref, to: to ?? '', anyTo: to === null ? 1 : 0, since })
    const fits = (one: { attempt: AttemptId; part: number }): boolean =>
      reference === undefined || shortReference(one.attempt, one.part) === reference
    return known.find(fits) ?? null
  }

  return (tx, node, receipt) => {
    const since = tx.nowMs - MATCHED_MS
    if (receipt.attempt !== undefined) {
      const mine = s.mine.get({ node, attempt: receipt.attempt })
      return mine === undefined ? null : { attempt: mine.id, part: receipt.part ?? null }
    }
    const known = byId(node, receipt, since)
    if (known !== null || receipt.to === null) return known
    const open = s.openTo.all({ node, to: receipt.to, since })
    return byReference(open, receipt) ?? byText(open, receipt)
  }
}

function prepare(db: Db) {
  return {
    mine: db.statement((k, p: { node: NodeId; attempt: AttemptId }) =>
      k.selectFrom('attempts').select('id').where('id', '=', p.attempt).where('node', '=', p.node),
    ),
    byRef: db.statement<
      { node: ProviderId; ref: string; to: string; anyTo: number; since: number },
      { attempt: AttemptId; part: number }
    >((k, p) =>
      k
        .selectFrom('attempt_parts')
        .innerJoin('attempts', 'attempts.id', 'attempt_parts.attempt')
        .innerJoin('messages', 'messages.id', 'attempts.message')
        .select(['attempt_parts.attempt', 'attempt_parts.part'])
        .where('attempt_parts.node', '=', p.node)
        .where('attempt_parts.ref', '=', p.ref)
        .where('attempts.dispatched_at', '>', p.since)
        .where((e) => e.or([e('messages.recipient', '=', p.to), e(e.val(p.anyTo), '=', 1)]))
        .orderBy('attempt_parts.attempt', 'desc')
        .limit(ALIKE_MAX),
    ),
    openTo: db.statement<{ node: ProviderId; to: string; since: number }, OpenOne>((k, p) =>
      k
        .selectFrom('attempts')
        .innerJoin('messages', 'messages.id', 'attempts.message')
        .select(['attempts.id as attempt', 'attempts.state', 'messages.body'])
        .where('attempts.node', '=', p.node)
        .where('attempts.dispatched_at', '>', p.since)
        .where('messages.recipient', '=', p.to)
        .where(sql<SqlBool>`attempts.state in ('dispatched', 'taken', 'unknown')`),
    ),
  }
}
