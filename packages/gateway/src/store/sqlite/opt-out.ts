/**
 * W8: a recipient ends or resumes messages, by a word (STOP, START) or through the provider. Kept with the lane, so that it holds for every
 * line and service of the account; what is queued for the recipient ends.
 */
import { sql } from 'kysely'
import type { AccountId, LaneId, LineId, MessageId } from '@bluewire/contract/ids'
import { laneKey } from './accept.ts'
import type { Flag } from '../tables.ts'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import type { MessageWrites } from './message-change.ts'
import { IS_OPEN_MESSAGE, IS_QUEUED } from './partial-indexes.ts'
import type { AttemptRow, Db, WriteParts } from './rows.ts'

export type OptWish = Readonly<{ account: AccountId; line: LineId; recipient: string; stop: boolean; date: number }>

export interface OptOut {
  /** The latest by the message's own date wins, on a tie STOP. Returns whether the recipient has opted out just now, and had not before. */
  apply(tx: Tx, wish: OptWish): boolean
  /** The provider refuses to write to the attempt's recipient, because they asked it to. */
  byProvider(tx: Tx, attempt: AttemptRow): void
}

export function prepareOptOut(all: { parts: WriteParts; append: AppendEvent; messages: MessageWrites }): OptOut {
  const { parts, append, messages } = all
  const s = prepare(parts.db)

  function apply(tx: Tx, { account, line, recipient, stop, date }: OptWish): boolean {
    const id: LaneId = `lane_${parts.ulid()}`
    const before = s.before.get({ account, recipient: laneKey(recipient) })?.opted_out ?? 0
    const lane = s.opt.get({ id, account, recipient: laneKey(recipient), out: stop ? 1 : 0, date })
    if (lane === undefined) return false
    append(tx, { account, type: stop ? 'recipient.opted_out' : 'recipient.opted_in', line })
    if (!stop) return false
    for (const queued of s.queued.all({ lane: lane.id })) {
      const row = messages.load(queued.id)
      if (row !== undefined) messages.apply(tx, row, { event: { kind: 'opted_out' } })
    }
    return before === 0
  }

  return {
    apply,
    byProvider(tx, attempt) {
      const message = messages.load(attempt.message)
      if (message === undefined) return
      const { account, recipient } = message
      apply(tx, { account, line: attempt.line, recipient, stop: true, date: tx.nowMs })
    },
  }
}

function prepare(db: Db) {
  return {
    before: db.statement((k, p: { account: AccountId; recipient: string }) =>
      k.selectFrom('lanes').select('opted_out').where('account', '=', p.account).where('recipient', '=', p.recipient),
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
