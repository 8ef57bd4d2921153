/** The lines a node says it has: new ones are made, known ones follow their node, and an address is a sending line of one node only. */
import type { AccountId, LineId, NodeId } from '@bluewire/contract/ids'
import type { LineOffer } from '@bluewire/contract/node-protocol/node-frames'
import type { Flag } from '../tables.ts'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import type { Db, WriteParts } from './rows.ts'

export type OfferingNode = Readonly<{ account: AccountId; node: NodeId; epoch: number; simulated: Flag }>

export interface LineOffers {
  /** Of the lines that `take` will give it: each number that ever fenced one of them stays below the node's new one. */
  highestEpoch(from: Omit<OfferingNode, 'epoch'>, offers: readonly LineOffer[]): number
  /** Returns the lines that this node now sends from. */
  take(tx: Tx, from: OfferingNode, offers: readonly LineOffer[]): Array<{ id: LineId; address: string }>
}

export function prepareLineOffers(parts: WriteParts, append: AppendEvent): LineOffers {
  const s = prepare(parts.db)
  const { gapMs, burst } = parts.lineDefaults

  function heldBefore(from: Omit<OfferingNode, 'epoch'>, { address }: LineOffer) {
    const held = s.held.get({ account: from.account, address, node: from.node })
    const mayTake = held === undefined || (held.taken === 0 && held.simulated === from.simulated)
    return { held, mayTake }
  }

  function takeOne(tx: Tx, from: OfferingNode, offer: LineOffer): void {
    const { held, mayTake } = heldBefore(from, offer)
    if (held !== undefined && !mayTake) {
      append(tx, { account: from.account, type: 'line.conflict', node: from.node, line: held.id })
      return
    }
    const id: LineId = held?.id ?? `line_${parts.ulid()}`
    s.upsert.run({
      id,
      ...from,
      address: offer.address,
      services: JSON.stringify(offer.services),
      sends: offer.sends ? 1 : 0,
      gapMs,
      burst,
      at: tx.nowMs,
    })
    if (held !== undefined && held.node !== from.node)
      append(tx, { account: from.account, type: 'line.moved', node: from.node, line: id })
    if (held === undefined) append(tx, { account: from.account, type: 'line.added', node: from.node, line: id })
  }

  return {
    highestEpoch: (from, offers) =>
      Math.max(
        0,
        ...offers.map((offer) => {
          const { held, mayTake } = heldBefore(from, offer)
          return mayTake ? (held?.epoch ?? 0) : 0
        }),
      ),
    take(tx, from, offers) {
      for (const offer of offers) takeOne(tx, from, offer)
      const offered = new Set(offers.map((o) => o.address))
      const mine = s.mine.all({ node: from.node })
      for (const line of mine) if (!offered.has(line.address)) s.silence.run({ id: line.id })
      return mine.filter((l) => offered.has(l.address) && l.sends === 1).map((l) => ({ id: l.id, address: l.address }))
    },
  }
}

type Upsert = OfferingNode & {
  id: LineId
  address: string
  services: string
  sends: Flag
  gapMs: number
  burst: number
  at: number
}

function prepare(db: Db) {
  return {
    /** `taken`: another node that is neither removed nor away sends from it. */
    held: db.statement<
      { account: AccountId; address: string; node: NodeId },
      { id: LineId; node: NodeId | null; simulated: Flag; epoch: number; taken: Flag }
    >((k, p) =>
      k
        .selectFrom('lines')
        .leftJoin('nodes', 'nodes.id', 'lines.node')
        .select(['lines.id', 'lines.node', 'lines.simulated', 'lines.epoch'])
        .select((e) =>
          e
            .case()
            .when(
              e.and([
                e('nodes.id', '<>', p.node),
                e('nodes.retired_at', 'is', null),
                e('lines.sends', '=', 1),
                // A provider keeps its numbers while it is out of order too: it was given them by name.
                e.or([e('nodes.gateway', 'is not', null), e('nodes.kind', '=', 'provider')]),
              ]),
            )
            .then(1 as Flag)
            .else(0 as Flag)
            .end()
            .as('taken'),
        )
        .where('lines.account', '=', p.account)
        .where('lines.address', '=', p.address),
    ),
    upsert: db.statement((k, p: Upsert) =>
      k
        .insertInto('lines')
        .values({
          id: p.id,
          account: p.account,
          node: p.node,
          address: p.address,
          services: p.services,
          sends: p.sends,
          simulated: p.simulated,
          epoch: p.epoch,
          gap_ms: p.gapMs,
          burst: p.burst,
          created_at: p.at,
        })
        .onConflict((c) =>
          c.columns(['account', 'address']).doUpdateSet({
            node: p.node,
            services: p.services,
            sends: p.sends,
            epoch: p.epoch,
            gap_ms: p.gapMs,
            burst: p.burst,
          }),
        ),
    ),
    mine: db.statement((k, p: { node: NodeId }) =>
      k.selectFrom('lines').select(['id', 'address', 'sends']).where('node', '=', p.node),
    ),
    silence: db.statement((k, p: { id: LineId }) => k.updateTable('lines').set({ sends: 0 }).where('id', '=', p.id)),
  }
}
