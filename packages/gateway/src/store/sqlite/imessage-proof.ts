/**
 * What an Apple account is known to do: when it last sent an iMessage and to whom, and how often in a row Messages said "not on iMessage".
 * Together they tell whether such a refusal is about the recipient or about the account (PROTOCOL 39, engine/not-on-imessage.ts).
 */
import { sql } from 'kysely'
import type { AccountId, LaneId, LineId, NodeId } from '@bluewire/contract/ids'
import { TRIED_AGAIN_AFTER_MS, verdictOnRefusal } from '@bluewire/engine/not-on-imessage'
import type { Verdict } from '@bluewire/engine/not-on-imessage'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import type { AttemptRow, Db } from './rows.ts'

/** Why a line waits; people see it. */
export const IN_DOUBT =
  'Messages says of everybody that they are not on iMessage: is its Apple account still signed in?'
/** The proof is written at most so often: it is good for ten minutes. */
const WRITTEN_EVERY_MS = 60_000

export interface ImessageProof {
  sent(tx: Tx, attempt: AttemptRow): void
  /** "Not on iMessage". When it is not believed, the lines of the node wait. */
  refused(tx: Tx, attempt: AttemptRow): Verdict
  /** Lines that were stopped for it long enough are tried again. Returns how many. */
  tryAgain(tx: Tx): number
}

export function prepareImessageProof(db: Db, append: AppendEvent): ImessageProof {
  const s = prepare(db)
  return {
    sent(tx, { node, lane }) {
      if (node !== null) s.sent.run({ node, lane, at: tx.nowMs, before: tx.nowMs - WRITTEN_EVERY_MS })
    },
    refused(tx, { node, lane }) {
      const known = node === null ? undefined : s.refused.get({ node, lane })
      // A simulated Mac is signed in to nothing: its refusals are what they say.
      if (node === null || known === undefined || known.simulated === 1) return { believed: true, remember: true }
      const verdict = verdictOnRefusal(known.refusals, known.sentToOtherAt, tx.nowMs)
      if (!verdict.believed)
        for (const line of s.stop.all({ node, reason: IN_DOUBT, at: tx.nowMs }))
          append(tx, { account: line.account, type: 'line.in_doubt', node, line: line.id })
      return verdict
    },
    tryAgain(tx) {
      const lines = s.resume.all({ reason: IN_DOUBT, before: tx.nowMs - TRIED_AGAIN_AFTER_MS })
      for (const line of lines) {
        append(tx, { account: line.account, type: 'line.tried_again', line: line.id })
        tx.hints.push({ kind: 'line', id: line.id })
      }
      return lines.length
    },
  }
}

type Known = { refusals: number; simulated: 0 | 1; sentToOtherAt: number | null }

function prepare(db: Db) {
  return {
    sent: db.statement<{ node: NodeId; lane: LaneId; at: number; before: number }, unknown>((k, p) => ({
      compile: () =>
        sql`update nodes set refusals = 0, sent_at = ${p.at}, sent_lane = ${p.lane},
            sent_before_at = case when sent_lane is ${p.lane} then sent_before_at else sent_at end,
            sent_before_lane = case when sent_lane is ${p.lane} then sent_before_lane else sent_lane end
          where id = ${p.node} and (refusals > 0 or sent_at is null or sent_at < ${p.before}
            or (sent_lane <> ${p.lane} and coalesce(sent_before_at, 0) < ${p.before}))`.compile(k),
    })),
    refused: db.statement<{ node: NodeId; lane: LaneId }, Known>((k, p) => ({
      compile: () =>
        sql<Known>`update nodes set refusals = refusals + 1 where id = ${p.node}
          returning refusals, simulated,
            case when sent_lane is not ${p.lane} then sent_at else sent_before_at end as sentToOtherAt`.compile(k),
    })),
    stop: db.statement<{ node: NodeId; reason: string; at: number }, { id: LineId; account: AccountId }>((k, p) => ({
      compile: () =>
        sql<{
          id: LineId
          account: AccountId
        }>`update lines set paused = 1, pause_reason = ${p.reason}, in_doubt_at = ${p.at}
          where node = ${p.node} and paused = 0 and services like '%"imessage"%' returning id, account`.compile(k),
    })),
    resume: db.statement<{ reason: string; before: number }, { id: LineId; account: AccountId }>((k, p) => ({
      compile: () =>
        sql<{ id: LineId; account: AccountId }>`update lines set paused = 0, pause_reason = null
          where paused = 1 and pause_reason = ${p.reason} and in_doubt_at <= ${p.before} returning id, account`.compile(
          k,
        ),
    })),
  }
}
