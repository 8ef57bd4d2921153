/** Appending events. The sequence number is given out inside the writing transaction: one writer, so commit order is number order. */
import { sql } from 'kysely'
import type { AccountId, AttemptId, LineId, MessageId, NodeId } from '@bluewire/contract/ids'
import type { Tx } from './group-writer.ts'
import type { WriteParts } from './rows.ts'

export type NewEvent = Readonly<{
  account: AccountId
  type: string
  message?: MessageId
  attempt?: AttemptId
  node?: NodeId
  line?: LineId
  /** Ids, reasons and numbers; never a text or a full number. */
  data?: Readonly<Record<string, unknown>>
}>

export type AppendEvent = (tx: Tx, event: NewEvent) => void

type EventParams = {
  account: AccountId
  id: string
  type: string
  at: number
  message: MessageId | null
  attempt: AttemptId | null
  node: NodeId | null
  line: LineId | null
  data: string
}

export function prepareEvents({ db, ulid }: Pick<WriteParts, 'db' | 'ulid'>): AppendEvent {
  const insert = db.statement((k, p: EventParams) => ({
    compile: () =>
      sql`insert into events (account, seq, id, type, at, message, attempt, node, line, data)
        values (${p.account}, (select coalesce(max(seq), 0) + 1 from events where account = ${p.account}),
          ${p.id}, ${p.type}, ${p.at}, ${p.message}, ${p.attempt}, ${p.node}, ${p.line}, ${p.data})`.compile(k),
  }))
  return (tx, event) => {
    insert.run({
      account: event.account,
      id: `evt_${ulid()}`,
      type: event.type,
      at: tx.nowMs,
      message: event.message ?? null,
      attempt: event.attempt ?? null,
      node: event.node ?? null,
      line: event.line ?? null,
      data: event.data === undefined ? '{}' : JSON.stringify(event.data),
    })
    if (event.message !== undefined) tx.hints.push({ kind: 'message', id: event.message })
  }
}
