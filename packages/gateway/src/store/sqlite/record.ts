/** What is newly known of an attempt is written, and what follows for its message, its lane and its account, in one transaction. */
import type { AttemptId } from '@bluewire/contract/ids'
import type { FactKind, NotSentClass } from '@bluewire/contract/node-protocol/common'
import { attemptAfter } from '@bluewire/engine/attempt-state'
import type { AttemptState } from '@bluewire/engine/attempt-state'
import type { MessageEvent } from '@bluewire/engine/message-state'
import { TRIED_AGAIN_AFTER_MS } from '@bluewire/engine/not-on-imessage'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import type { ImessageProof } from './imessage-proof.ts'
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
  /** It is not the message's fault: it keeps its place for this long, and the try does not count. */
  waitMs?: number
}>

/** The caller holds the fence. */
export type RecordFinding = (tx: Tx, attempt: AttemptRow, finding: Finding) => void

/** A message whose refusal is not believed waits longer than its line: when that is tried again, others go first, and one of them may prove it. */
const IN_DOUBT_WAIT_MS = TRIED_AGAIN_AFTER_MS + 60_000

export type RecordParts = Readonly<{ db: Db; append: AppendEvent; messages: MessageWrites; proof: ImessageProof }>

export function prepareRecord(parts: RecordParts): RecordFinding {
  const { db, append, messages, proof } = parts
  const s = prepare(db)
  const lineFreed = prepareLineFreed(db)
  const asBelieved = prepareBelief(db, proof)

  function record(tx: Tx, attempt: AttemptRow, reported: Finding): void {
    const state = attemptAfter(attempt.state, reported.fact)
    if (state === null)
      return reported.wasDowngraded ? downgraded(tx, attempt) : receiptOfRefuted(tx, attempt, reported)
    const finding = asBelieved(tx, attempt, reported)
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
    if (change === null) noteOnly(append, tx, { message, attempt, finding, state })
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

  /** It was known to be sent, and now also that Messages sent it as SMS by itself: some Macs do so minutes later. */
  function downgraded(tx: Tx, attempt: AttemptRow): void {
    if ((attempt.state !== 'sent' && attempt.state !== 'refuted') || attempt.service !== 'imessage') return
    if (s.others.all({ message: attempt.message, not: attempt.id }).some(({ state }) => hasLeft(state))) return
    const message = s.wasSms.get({ message: attempt.message })
    if (message === undefined) return
    s.downgraded.run({ line: attempt.line, at: tx.nowMs })
    append(tx, {
      ...{ account: message.account, message: attempt.message, attempt: attempt.id, line: attempt.line },
      type: 'attempt.evidence',
      data: { fact: 'sent', state: attempt.state, service: 'sms' },
    })
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

  return record
}

/** What an iMessage attempt says of its Apple account, and of its recipient. */
function prepareBelief(db: Db, proof: ImessageProof): (tx: Tx, attempt: AttemptRow, finding: Finding) => Finding {
  const s = beliefStatements(db)
  return (tx, attempt, finding) => {
    if (attempt.service !== 'imessage') return finding
    if (finding.wasDowngraded === true) s.downgraded.run({ line: attempt.line, at: tx.nowMs })
    else if (finding.fact === 'sent') proof.sent(tx, attempt)
    if (finding.fact !== 'not_sent' || finding.reason !== 'recipient_not_on_imessage') return finding
    const { believed, remember } = proof.refused(tx, attempt)
    if (remember) s.notOnImessage.run({ lane: attempt.lane, at: tx.nowMs })
    return believed ? finding : { ...finding, class: 'never_handed', waitMs: IN_DOUBT_WAIT_MS }
  }
}

/** The attempt learnt something that its message no longer needs; the timeline shows it all the same. */
function noteOnly(
  append: AppendEvent,
  tx: Tx,
  known: { message: MessageRow; attempt: AttemptRow; finding: Finding; state: AttemptState },
): void {
  const { message } = known
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
        ...(finding.waitMs === undefined ? {} : { waitMs: finding.waitMs }),
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

function hasLeft(state: AttemptState): boolean {
  return state === 'sent' || state === 'delivered' || state === 'read' || state === 'refuted'
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
    wasSms: db.statement((k, p: { message: MessageRow['id'] }) =>
      k
        .updateTable('messages')
        .set({ sent_service: 'sms' })
        .where('id', '=', p.message)
        .where('sent_service', '=', 'imessage')
        .returning('account'),
    ),
    downgraded: prepareDowngraded(db),
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

function beliefStatements(db: Db) {
  return {
    downgraded: prepareDowngraded(db),
    notOnImessage: db.statement((k, p: { lane: AttemptRow['lane']; at: number }) =>
      k.updateTable('lanes').set({ no_imessage_at: p.at }).where('id', '=', p.lane),
    ),
  }
}

function prepareDowngraded(db: Db) {
  return db.statement((k, p: { line: AttemptRow['line']; at: number }) =>
    k.updateTable('lines').set({ downgraded_at: p.at }).where('id', '=', p.line),
  )
}
