/** What is newly known of an attempt is written, and what follows for its message, its lane and its account, in one transaction. */
import type { AttemptId } from '@bluewire/contract/ids'
import type { FactKind, NotSentClass } from '@bluewire/contract/node-protocol/common'
import { attemptAfter } from '@bluewire/engine/attempt-state'
import type { AttemptState } from '@bluewire/engine/attempt-state'
import type { MessageEvent } from '@bluewire/engine/message-state'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import type { About, MessageWrites } from './message-change.ts'
import { prepareLineFreed } from './line-hints.ts'
import { IS_OPEN_MESSAGE, IS_QUEUED, stateNow } from './partial-indexes.ts'
import type { AttemptRow, Db, MessageRow } from './rows.ts'

/** What is now known of an attempt, from whichever side it came. */
export type Finding = Readonly<{
  fact: FactKind
  class?: NotSentClass
  reason?: string
  detail?: string
  /** Not sent because it never ran, as opposed to: the node refused it. */
  voided?: boolean
  wasDowngraded?: boolean
}>

/** The caller holds the fence. */
export type RecordFinding = (tx: Tx, attempt: AttemptRow, finding: Finding) => void

export function prepareRecord(parts: { db: Db; append: AppendEvent; messages: MessageWrites }): RecordFinding {
  const { db, append, messages } = parts
  const s = prepare(db)
  const lineFreed = prepareLineFreed(db)

  function record(tx: Tx, attempt: AttemptRow, finding: Finding): void {
    const state = attemptAfter(attempt.state, finding.fact)
    if (state === null) return receiptOfRefuted(tx, attempt, finding)
    const changed = s.settle.run({
      id: attempt.id,
      was: attempt.state,
      state,
      class: finding.class ?? null,
      reason: finding.reason ?? null,
      detail: finding.detail ?? null,
      at: tx.nowMs,
    })
    if (changed !== 1) throw new Error(`attempt ${attempt.id} changed under its own lock`)
    const message = messages.load(attempt.message)
    if (message === undefined) return
    const refuted = state === 'refuted'
    const about = aboutOf(attempt, finding)
    const event = messageEvent(finding, isWaitedFor(attempt, finding))
    const change = messages.apply(tx, message, { event, about })
    if (change === null) noteOnly(tx, message, { attempt, finding, state })
    if ((refuted || isOverriddenEvidence(attempt, finding)) && mayBeTwice(attempt)) {
      append(tx, {
        account: message.account,
        type: 'message.duplicate_suspected',
        message: message.id,
        attempt: attempt.id,
      })
    }
    if (isReceiptOfSent(attempt, finding)) return // nothing waited for it
    lineFreed(tx, attempt.line)
    if (s.waitsInLane.get({ lane: attempt.lane }) === undefined) return
    for (const { line } of s.linesOfLane.all({ lane: attempt.lane }))
      if (line !== null) tx.hints.push({ kind: 'line', id: line })
  }

  /** A refuted attempt stays refuted, but what the recipient's phone says of it is still the truth about the message. */
  function receiptOfRefuted(tx: Tx, attempt: AttemptRow, finding: Finding): void {
    if (attempt.state !== 'refuted' || (finding.fact !== 'delivered' && finding.fact !== 'read')) return
    const message = messages.load(attempt.message)
    if (message === undefined) return
    messages.apply(tx, message, { event: messageEvent(finding, false), about: aboutOf(attempt, finding) })
  }

  /** Another attempt of the message may have gone out as well. */
  function mayBeTwice(attempt: AttemptRow): boolean {
    return s.others.all({ message: attempt.message, not: attempt.id }).some((other) => other.state !== 'not_sent')
  }

  /**
   * At most one attempt of a message is open and not overridden (attempts_one_live): it is the one the message waits for. When that one
   * did not go out, the message waits for proof of the others, and the last such proof settles it.
   */
  function isWaitedFor(attempt: AttemptRow, finding: Finding): boolean {
    return attempt.overridden === 0 || (finding.fact === 'not_sent' && !mayBeTwice(attempt))
  }

  /** The attempt learnt something that its message no longer needs; the timeline shows it all the same. */
  function noteOnly(
    tx: Tx,
    message: MessageRow,
    known: { attempt: AttemptRow; finding: Finding; state: AttemptState },
  ): void {
    append(tx, {
      account: message.account,
      type: 'attempt.evidence',
      message: message.id,
      attempt: known.attempt.id,
      line: known.attempt.line,
      data: {
        fact: known.finding.fact,
        state: known.state,
        ...(known.finding.reason ? { reason: known.finding.reason } : {}),
      },
    })
  }

  return record
}

function messageEvent(finding: Finding, current: boolean): MessageEvent {
  switch (finding.fact) {
    case 'sent':
      return { kind: 'attempt_sent' }
    case 'delivered':
      return { kind: 'attempt_delivered' }
    case 'read':
      return { kind: 'attempt_read' }
    case 'not_sent':
      return {
        kind: 'attempt_not_sent',
        class: finding.class ?? 'never_handed',
        reason: finding.reason ?? 'send_refused',
        voided: finding.voided === true,
        current,
      }
    case 'unknown':
      return { kind: 'attempt_unknown', reason: finding.reason ?? 'unknown', current }
    case 'bounced':
      return { kind: 'attempt_bounced', reason: 'undeliverable' }
    default:
      return finding.fact satisfies never
  }
}

function aboutOf(attempt: AttemptRow, finding: Finding): About {
  return {
    attempt: attempt.id,
    detail: finding.detail ?? null,
    service: finding.wasDowngraded === true ? 'sms' : attempt.service,
    data: {
      n: attempt.n,
      service: finding.wasDowngraded === true ? 'sms' : attempt.service,
      ...(finding.reason === undefined ? {} : { reason: finding.reason }),
      ...(finding.detail === undefined ? {} : { detail: finding.detail }),
      ...(finding.class === undefined ? {} : { class: finding.class }),
    },
  }
}

/** It was known to be sent, and now its receipt comes: neither its lane nor its line was held by it. */
function isReceiptOfSent(attempt: AttemptRow, finding: Finding): boolean {
  return (
    (attempt.state === 'sent' || attempt.state === 'delivered') &&
    (finding.fact === 'delivered' || finding.fact === 'read')
  )
}

/** Evidence for an attempt that a person, or the caller's wish, had already written off. */
function isOverriddenEvidence(attempt: AttemptRow, finding: Finding): boolean {
  return (
    attempt.overridden === 1 && (finding.fact === 'sent' || finding.fact === 'delivered' || finding.fact === 'read')
  )
}

function prepare(db: Db) {
  return {
    settle: db.statement(
      (k, p: Pick<AttemptRow, 'id' | 'state' | 'class' | 'reason' | 'detail'> & { was: AttemptState; at: number }) =>
        k
          .updateTable('attempts')
          .set((e) => ({
            state: p.state,
            class: e.fn.coalesce(e.val(p.class), 'class'),
            reason: e.fn.coalesce(e.val(p.reason), 'reason'),
            detail: e.fn.coalesce(e.val(p.detail), 'detail'),
            settled_at: e.fn.coalesce('settled_at', e.val(p.at)),
          }))
          .where('id', '=', p.id)
          .where(stateNow<AttemptState>(), '=', p.was),
    ),
    others: db.statement((k, p: { message: MessageRow['id']; not: AttemptId }) =>
      k.selectFrom('attempts').select('state').where('message', '=', p.message).where('id', '<>', p.not),
    ),
    /** Asked first: `distinct` costs eight times as much, and mostly nothing waits. */
    waitsInLane: db.statement((k, p: { lane: AttemptRow['lane'] }) =>
      k.selectFrom('messages').select('id').where('lane', '=', p.lane).where(IS_OPEN_MESSAGE).where(IS_QUEUED).limit(1),
    ),
    /** Where the rest of the lane waits: it may go now, by whichever line. */
    linesOfLane: db.statement((k, p: { lane: AttemptRow['lane'] }) =>
      k
        .selectFrom('messages')
        .select('line')
        .distinct()
        .where('lane', '=', p.lane)
        .where(IS_OPEN_MESSAGE)
        .where(IS_QUEUED)
        .limit(10),
    ),
  }
}
