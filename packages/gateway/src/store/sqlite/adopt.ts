/**
 * A restored store lacks an attempt that the node ran: it is taken in, so that the message is not sent a second time (PROTOCOL 17).
 * That it has a higher number than the attempt the store holds open proves that one was settled as not sent: it is superseded.
 * A lower one came before something this store did by itself; it counts as evidence only.
 */
import type { AttemptId, LineId, NodeId } from '@bluewire/contract/ids'
import type { FactFrame } from '@bluewire/contract/node-protocol/node-frames'
import { IN_FLIGHT } from '@bluewire/engine/attempt-state'
import { UNKNOWN_HOLD_MS } from '@bluewire/engine/message-state'
import type { SessionKey } from '../store.ts'
import type { Flag } from '../tables.ts'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import type { MessageWrites } from './message-change.ts'
import type { AttemptRow, Db, MessageRow } from './rows.ts'

/** False: it is not about a message and a line that this store knows. */
export type Adopt = (tx: Tx, session: SessionKey, frame: FactFrame) => boolean

export function prepareAdoption(parts: { db: Db; append: AppendEvent; messages: MessageWrites }): Adopt {
  const { db, append, messages } = parts
  const s = { ...attemptStatements(db), ...messageStatements(db) }

  return (tx, session, frame) => {
    const message = messages.load(frame.message)
    const line = s.lineOfNode.get({ node: session.node, address: frame.line })
    if (message === undefined || line === undefined || line.account !== message.account) return false
    const live = s.live.get({ message: message.id })
    const outranked = live !== undefined && live.n >= frame.n
    if (live !== undefined && !outranked) s.supersede.run({ id: live.id })
    const numberTaken = s.numbered.get({ message: message.id, n: frame.n }) !== undefined
    const n = numberTaken ? message.attempts + 1 : frame.n
    s.adopt.run({
      id: frame.attempt,
      message: message.id,
      n,
      lane: message.lane,
      line: line.id,
      node: session.node,
      epoch: session.epoch,
      journalId: frame.journal_id,
      service: frame.service,
      overridden: outranked ? 1 : 0,
      at: frame.at,
    })
    s.adopted.run({
      message: message.id,
      n,
      open: outranked ? 0 : 1,
      at: tx.nowMs,
      laneFree: tx.nowMs + UNKNOWN_HOLD_MS,
    })
    append(tx, {
      account: message.account,
      type: 'attempt.adopted',
      message: message.id,
      attempt: frame.attempt,
      node: session.node,
    })
    return true
  }
}

function attemptStatements(db: Db) {
  return {
    lineOfNode: db.statement((k, p: { node: NodeId; address: string }) =>
      k.selectFrom('lines').select(['id', 'account']).where('node', '=', p.node).where('address', '=', p.address),
    ),
    live: db.statement((k, p: { message: MessageRow['id'] }) =>
      k
        .selectFrom('attempts')
        .select(['id', 'n'])
        .where('message', '=', p.message)
        .where('state', 'not in', ['not_sent', 'refuted'])
        .where('overridden', '=', 0),
    ),
    supersede: db.statement((k, p: { id: AttemptId }) =>
      k
        .updateTable('attempts')
        .set((e) => ({
          overridden: 1,
          state: e
            .case()
            .when('state', 'in', IN_FLIGHT)
            .then('unknown' as const)
            .else(e.ref('state'))
            .end(),
        }))
        .where('id', '=', p.id),
    ),
    numbered: db.statement((k, p: { message: MessageRow['id']; n: number }) =>
      k.selectFrom('attempts').select('id').where('message', '=', p.message).where('n', '=', p.n),
    ),
    adopt: db.statement(
      (
        k,
        p: Pick<AttemptRow, 'id' | 'message' | 'n' | 'lane' | 'node' | 'epoch' | 'service'> & {
          line: LineId
          journalId: AttemptRow['journal_id']
          overridden: Flag
          at: number
        },
      ) =>
        k.insertInto('attempts').values({
          id: p.id,
          message: p.message,
          n: p.n,
          lane: p.lane,
          line: p.line,
          node: p.node,
          epoch: p.epoch,
          journal_id: p.journalId,
          service: p.service,
          // Not in flight: its lane may hold another attempt, and its fact follows in this very transaction.
          state: 'unknown',
          overridden: p.overridden,
          dispatched_at: p.at,
        }),
    ),
  }
}

function messageStatements(db: Db) {
  return {
    adopted: db.statement((k, p: { message: MessageRow['id']; n: number; open: Flag; at: number; laneFree: number }) =>
      k
        .updateTable('messages')
        .set((e) => {
          const waits = e.and([e('state', 'in', ['queued', 'sending']), e(e.val(p.open), '=', 1)])
          return {
            attempts: e.fn<number>('max', ['attempts', e.val(p.n)]),
            tries: e('tries', '+', 1),
            first_try_at: e.fn.coalesce('first_try_at', e.val(p.at)),
            state: e
              .case()
              .when(waits)
              .then('unknown' as const)
              .else(e.ref('state'))
              .end(),
            unknown_at: e.fn.coalesce('unknown_at', e.val(p.at)),
            lane_free_at: e.case().when(waits).then(p.laneFree).else(e.ref('lane_free_at')).end(),
          }
        })
        .where('id', '=', p.message),
    ),
  }
}
