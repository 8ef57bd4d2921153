/** W10, W8: a message from a recipient. Its effects (opt-out) happen once, however often it is reported. */
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { AccountId, LaneId, LineId, MessageId, NodeId } from '@bluewire/contract/ids'
import type { InboundFrame } from '@bluewire/contract/node-protocol/node-frames'
import { optWord } from '@bluewire/engine/opt-out'
import type { FrameResult, SessionKey } from '../store.ts'
import type { Flag, Tables } from '../tables.ts'
import { laneKey } from './accept.ts'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import type { Journals } from './journals.ts'
import type { MessageWrites } from './message-change.ts'
import { IS_OPEN_MESSAGE, IS_QUEUED } from './partial-indexes.ts'
import type { Db, WriteParts } from './rows.ts'
import type { Settle } from './settle.ts'

export type InboundParts = Readonly<{
  parts: WriteParts
  append: AppendEvent
  settle: Settle
  journals: Journals
  messages: MessageWrites
}>

export function prepareInbound(all: InboundParts): (tx: Tx, session: SessionKey, frame: InboundFrame) => FrameResult {
  const { parts, append, settle, journals, messages } = all
  const s = prepare(parts.db)

  return (tx, session, frame) => {
    if (settle.fenced(session)) return { kind: 'fenced' }
    journals.acked(session.node, frame.journal_id, frame.seq)
    const line = s.line.get({ node: session.node, address: frame.line })
    if (line === undefined) {
      const text = JSON.stringify({ ...frame, body: '' })
      journals.orphan(tx, session.node, { journalId: frame.journal_id, text, reason: 'no such line on this node' })
      return { kind: 'orphaned' }
    }
    const inserted = s.insert.run({
      id: `evt_${parts.ulid()}`,
      account: line.account,
      line: line.id,
      guid: frame.guid,
      sender: frame.from,
      service: frame.service,
      body: frame.body,
      bodyHash: createHash('sha256').update(frame.body).digest('base64url'),
      date: frame.date,
      backfilled: frame.backfilled ? 1 : 0,
      at: tx.nowMs,
    })
    if (inserted === 0) return { kind: 'done' }
    append(tx, {
      account: line.account,
      type: 'message.received',
      line: line.id,
      node: session.node,
      data: { guid: frame.guid },
    })
    const word = optWord(frame.body)
    if (word !== null) opt(tx, line, { recipient: frame.from, stop: word === 'stop', date: frame.date })
    return { kind: 'done' }
  }

  /** The latest by the message's own date wins, on a tie STOP; what is queued for the recipient ends. */
  function opt(
    tx: Tx,
    line: { id: LineId; account: AccountId },
    word: { recipient: string; stop: boolean; date: number },
  ): void {
    const lane = s.opt.get({
      id: `lane_${parts.ulid()}`,
      account: line.account,
      recipient: laneKey(word.recipient),
      out: word.stop ? 1 : 0,
      date: word.date,
    })
    if (lane === undefined) return
    append(tx, { account: line.account, type: word.stop ? 'recipient.opted_out' : 'recipient.opted_in', line: line.id })
    if (!word.stop) return
    for (const { id } of s.queued.all({ lane: lane.id })) {
      const row = messages.load(id)
      if (row !== undefined) messages.apply(tx, row, { event: { kind: 'opted_out' } })
    }
  }
}

type NewInbound = {
  id: Tables['inbound']['id']
  account: AccountId
  line: LineId
  guid: string
  sender: string
  service: Tables['inbound']['service']
  body: string
  bodyHash: string
  date: number
  backfilled: Flag
  at: number
}

function prepare(db: Db) {
  return {
    line: db.statement((k, p: { node: NodeId; address: string }) =>
      k.selectFrom('lines').select(['id', 'account']).where('node', '=', p.node).where('address', '=', p.address),
    ),
    insert: db.statement((k, p: NewInbound) =>
      k
        .insertInto('inbound')
        .values({
          id: p.id,
          account: p.account,
          line: p.line,
          guid: p.guid,
          sender: p.sender,
          service: p.service,
          body: p.body,
          body_hash: p.bodyHash,
          date: p.date,
          backfilled: p.backfilled,
          received_at: p.at,
        })
        .onConflict((c) => c.doNothing()),
    ),
    opt: db.statement<{ id: LaneId; account: AccountId; recipient: string; out: Flag; date: number }, { id: LaneId }>(
      (k, p) => ({
        compile: () =>
          sql<{ id: LaneId }>`insert into lanes (id, account, recipient, next_seq, opted_out, opt_date)
          values (${p.id}, ${p.account}, ${p.recipient}, 0, ${p.out}, ${p.date})
          on conflict (account, recipient) do update set opted_out = excluded.opted_out, opt_date = excluded.opt_date
            where opt_date is null or opt_date < excluded.opt_date
              or (opt_date = excluded.opt_date and excluded.opted_out = 1)
          returning id`.compile(k),
      }),
    ),
    queued: db.statement<{ lane: LaneId }, { id: MessageId }>((k, p) =>
      k
        .selectFrom('messages')
        .select('id')
        .where('lane', '=', p.lane)
        .where(IS_OPEN_MESSAGE)
        .where(IS_QUEUED)
        .orderBy('lane_seq'),
    ),
  }
}
