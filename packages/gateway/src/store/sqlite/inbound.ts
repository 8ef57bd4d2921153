/** W10: what came in. Its effects (opt-out, what is known of the recipient) happen once, however often it is reported. */
import type { AccountId, LineId, NodeId } from '@bluewire/contract/ids'
import type { InboundFrame } from '@bluewire/contract/node-protocol/node-frames'
import { optWord } from '@bluewire/engine/opt-out'
import type { ProviderInbound } from '@bluewire/drivers/provider'
import type { ProviderInboundResult, ProviderSessionKey } from '../providers-store.ts'
import type { InboundResult, SessionKey, Stopped } from '../store.ts'
import type { Flag } from '../tables.ts'
import { laneKey } from './accept.ts'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import { eventData, EVENT_OF, whatOf } from './inbound-kind.ts'
import type { CameIn } from './inbound-kind.ts'
import { prepareInboundRows } from './inbound-rows.ts'
import type { Received } from './inbound-rows.ts'
import type { Journals } from './journals.ts'
import type { OptOut, OptWish } from './opt-out.ts'
import type { Db, WriteParts } from './rows.ts'
import type { Settle } from './settle.ts'

export type InboundParts = Readonly<{
  parts: WriteParts
  append: AppendEvent
  settle: Settle
  journals: Journals
  optOut: OptOut
}>

export interface Inbound {
  fromNode(tx: Tx, session: SessionKey, frame: InboundFrame): InboundResult
  fromProvider(tx: Tx, session: ProviderSessionKey, message: ProviderInbound): ProviderInboundResult
}

type Line = Readonly<{ id: LineId; account: AccountId; simulated: Flag }>

/** In a group people talk to each other, and what a reaction or an edit holds was not written as a message. */
function isSaidToUs({ chat, about }: CameIn): boolean {
  return chat === undefined && about === undefined
}

export function prepareInbound(all: InboundParts): Inbound {
  const { parts, append, settle, journals, optOut } = all
  const s = prepare(parts.db)
  const rows = prepareInboundRows(parts)

  /** Returns whom it has opted out. */
  function receive(tx: Tx, line: Line & { node: NodeId }, m: Received): Stopped[] {
    const { account } = line
    if (!rows.insert(tx, line, m)) return []
    append(tx, { account, type: EVENT_OF[whatOf(m)], line: line.id, node: line.node, data: eventData(m) })
    // Whoever wrote it, also into a group; the group itself is no address.
    if (m.service === 'imessage')
      s.isOnImessage.run({ account, recipient: laneKey(m.from), at: Math.min(m.dateMs, tx.nowMs) })
    const word = isSaidToUs(m) ? optWord(m.body) : null
    if (word === null) return []
    if (!optOut.apply(tx, wishOf(tx, line, { ...m, stop: word === 'stop' }))) return []
    return [{ account, line: line.id, service: m.service, recipient: m.from, simulated: line.simulated === 1 }]
  }

  /** A date that is still to come would outlive every later wish. */
  function wishOf(tx: Tx, { account, id }: Line, m: { from: string; dateMs: number; stop: boolean }): OptWish {
    return { account, line: id, recipient: m.from, stop: m.stop, date: Math.min(m.dateMs, tx.nowMs) }
  }

  /** Those who wrote to the sender from this line; where none did by this one last, whoever knows the sender at all. */
  function readers(lines: readonly Line[], from: string): { known: readonly Line[]; readers: readonly Line[] } {
    const recipient = laneKey(from)
    const lanes = new Map(lines.map((line) => [line, s.lane.get({ account: line.account, recipient })]))
    const known = lines.filter((line) => lanes.get(line) !== undefined)
    const fromIt = known.filter((line) => lanes.get(line)?.sms_line === line.id)
    return { known, readers: fromIt.length > 0 ? fromIt : known.length > 0 ? known : lines.slice(0, 1) }
  }

  function fromProvider(tx: Tx, session: ProviderSessionKey, message: ProviderInbound): ProviderInboundResult {
    if (settle.fenced(session)) return { kind: 'fenced' }
    const lines = s.lines.all({ node: session.node, address: message.line })
    if (lines.length === 0) {
      const text = JSON.stringify({ ...message, body: '' })
      journals.orphan(tx, session.node, { journalId: '', text, reason: 'no such line on this provider' })
      return { kind: 'unmatched' }
    }
    const { known, readers: all } = readers(lines, message.from)
    const received = { ...message, service: 'sms', backfilled: false } as const
    const stopped = all.flatMap((line) => receive(tx, { ...line, node: session.node }, received))
    // The text is not theirs to read, but they may have written from the number too.
    if (optWord(message.body) === 'stop')
      for (const line of known) if (!all.includes(line)) optOut.apply(tx, wishOf(tx, line, { ...message, stop: true }))
    return { kind: 'done', stopped }
  }

  return {
    fromNode(tx, session, frame) {
      if (settle.fenced(session)) return { kind: 'fenced' }
      const isNext = journals.acked(session.node, frame.journal_id, frame.seq)
      // Not beyond a gap: a node whose journal is lost goes on from here, and what is missing would never come.
      if (isNext && frame.position !== undefined) s.position.run({ node: session.node, position: frame.position })
      const line = s.line.get({ node: session.node, address: frame.line })
      if (line === undefined) {
        const text = JSON.stringify({ ...frame, body: '' })
        journals.orphan(tx, session.node, { journalId: frame.journal_id, text, reason: 'no such line on this node' })
        return { kind: 'orphaned' }
      }
      return {
        kind: 'done',
        stopped: receive(tx, { ...line, node: session.node }, { ...frame, dateMs: frame.date }),
      }
    },
    /** A number that several accounts share: a text is for those who wrote to the sender from it, or else for whoever had it first. */
    fromProvider,
  }
}

function prepare(db: Db) {
  return {
    line: db.statement((k, p: { node: NodeId; address: string }) =>
      k
        .selectFrom('lines')
        .select(['id', 'account', 'simulated'])
        .where('node', '=', p.node)
        .where('address', '=', p.address),
    ),
    lines: db.statement((k, p: { node: NodeId; address: string }) =>
      k
        .selectFrom('lines')
        .select(['id', 'account', 'simulated'])
        .where('node', '=', p.node)
        .where('address', '=', p.address)
        .orderBy('id'),
    ),
    lane: db.statement((k, p: { account: AccountId; recipient: string }) =>
      k.selectFrom('lanes').select('sms_line').where('account', '=', p.account).where('recipient', '=', p.recipient),
    ),
    isOnImessage: db.statement((k, p: { account: AccountId; recipient: string; at: number }) =>
      k
        .updateTable('lanes')
        .set({ no_imessage_at: null })
        .where('account', '=', p.account)
        .where('recipient', '=', p.recipient)
        .where('no_imessage_at', '<=', p.at),
    ),
    position: db.statement((k, p: { node: NodeId; position: string }) =>
      k
        .updateTable('nodes')
        .set((e) => ({ inbound_position: p.position, inbound_driver: e.ref('driver') }))
        .where('id', '=', p.node),
    ),
  }
}
