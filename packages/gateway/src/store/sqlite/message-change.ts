/** Writes what the engine decided about a message: one guarded update, its quota, its events, and the hints that follow. */
import type { AttemptId, LaneId, LineId, Service } from '@bluewire/contract/ids'
import { isSentOrBetter, isSettled, transition, UNKNOWN_HOLD_MS } from '@bluewire/engine/message-state'
import type { MessageChange, MessageEvent } from '@bluewire/engine/message-state'
import { route } from '@bluewire/engine/routing'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import { prepareLineFreed } from './line-hints.ts'
import { stateNow } from './partial-indexes.ts'
import { factsOf } from './rows.ts'
import type { Db, Doubts, MessageRow } from './rows.ts'
import type { RoutingLines } from './routing-lines.ts'
import type { SmsSpend } from './sms-spend.ts'
import type { Usage } from './usage.ts'

/** What the event is about, for the timeline and the row. */
export type About = Readonly<{
  attempt?: AttemptId
  detail?: string | null
  /** With evidence of sent: the service that really carried it. */
  service?: Service
  data?: Readonly<Record<string, unknown>>
}>

export interface MessageWrites {
  load(id: MessageRow['id']): MessageRow | undefined
  /** Applies the event to the message. Null: it changed nothing. */
  apply(tx: Tx, row: MessageRow, step: { event: MessageEvent; about?: About }): MessageChange | null
}

type Decided = Readonly<{ change: MessageChange; event: MessageEvent }>
type Settled = Readonly<{ change: MessageChange; line: LineId | null }>
/** Null: nothing changes after all. */
type SettleLine = (tx: Tx, row: MessageRow, decided: Decided) => Settled | null

const NO_DOUBT: Doubts = { unproven: false, optedOut: false }

type Update = Pick<
  MessageRow,
  | 'id'
  | 'state'
  | 'service'
  | 'line'
  | 'tries'
  | 'first_try_at'
  | 'resends'
  | 'not_before'
  | 'lane_free_at'
  | 'failure'
  | 'failure_detail'
  | 'fallback_reason'
  | 'cancel_asked_at'
  | 'unknown_at'
  | 'ever_sent'
  | 'sent_service'
  | 'charged_month'
  | 'refunded_month'
  | 'updated_at'
> & { was: MessageRow['state'] }

export type MessageWriteParts = Readonly<{
  db: Db
  append: AppendEvent
  usage: Usage
  spend: SmsSpend
  routing: RoutingLines
}>

export function prepareMessageWrites({ db, append, usage, spend, routing }: MessageWriteParts): MessageWrites {
  const statements = prepare(db)
  const lineFreed = prepareLineFreed(db)
  const settleLine = prepareServiceChange({ db, spend, routing })

  function apply(
    tx: Tx,
    row: MessageRow,
    { event, about = {} }: { event: MessageEvent; about?: About },
  ): MessageChange | null {
    const decided = transition(factsOf(row, doubtsAbout(row, event)), event, tx.nowMs)
    if (decided === null) return null
    const settled = settleLine(tx, row, { change: decided, event })
    if (settled === null) return null
    const { change, line } = settled
    const next = updated(row, { change, line, event, about, nowMs: tx.nowMs })
    if (statements.update.run(next) !== 1) throw new Error(`message ${row.id} changed under its own lock`)
    if (change.override === true) statements.override.run({ message: row.id })
    const { account, asked_service: service, charged_month: charged, refunded_month: refunded } = row
    if (change.refund === true && charged !== null) usage.giveBack({ account, month: charged, service })
    if (change.charge === true && refunded !== null) usage.chargeAgain({ account, month: refunded, service })
    announce(tx, row, { change, event, about, line })
    return change
  }

  /** Evidence of sent leaves no doubt that matters, and it is what mostly comes. */
  function doubtsAbout(row: MessageRow, event: MessageEvent): Doubts {
    if (event.kind === 'attempt_sent' || event.kind === 'attempt_delivered' || event.kind === 'attempt_read')
      return NO_DOUBT
    return {
      unproven: row.resends > 0 && statements.unproven.get({ message: row.id }) !== undefined,
      optedOut: statements.optedOut.get({ lane: row.lane })?.opted_out === 1,
    }
  }

  function announce(
    tx: Tx,
    row: MessageRow,
    step: { change: MessageChange; event: MessageEvent; about: About; line: LineId | null },
  ): void {
    const { change, about } = step
    const common = {
      account: row.account,
      message: row.id,
      ...(about.attempt === undefined ? {} : { attempt: about.attempt }),
      ...(step.line === null ? {} : { line: step.line }),
    }
    const reason =
      change.failure !== undefined
        ? { reason: change.failure }
        : step.event.kind === 'line_away'
          ? { reason: step.event.reason }
          : {}
    append(tx, { ...common, type: typeOf(row, change, step.event), data: { ...reason, ...about.data } })
    if (change.duplicateSuspected === true) append(tx, { ...common, type: 'message.duplicate_suspected' })
    // A receipt of what was sent before frees nothing.
    if (step.line !== null && !(isSentOrBetter(row.state) && isSentOrBetter(change.state))) lineFreed(tx, step.line)
    if (isSettled(change.state)) tx.hints.push({ kind: 'outcome', status: change.state, reason: change.failure ?? '' })
  }

  return { load: (id) => statements.load.get({ id }), apply }
}

/**
 * A change of service needs a line that does it, and an SMS more. Where there is none any more, what was tried has failed after all;
 * what was never tried waits on.
 */
function prepareServiceChange({ db, spend, routing }: Pick<MessageWriteParts, 'db' | 'spend' | 'routing'>): SettleLine {
  const smsLine = db.statement((k, p: { lane: LaneId }) =>
    k.selectFrom('lanes').select('sms_line').where('id', '=', p.lane),
  )
  return function settleLine(tx: Tx, row: MessageRow, { change, event }: Decided): Settled | null {
    const { account } = row
    if (change.service === undefined || change.service === row.service) {
      const costs = change.override === true && row.service === 'sms'
      if (!costs || spend.spend(tx, row) === null) return { change, line: row.line }
      return event.kind === 'attempt_unknown' ? { change: unknownStill(event.reason, tx.nowMs), line: row.line } : null
    }
    const sticky = smsLine.get({ lane: row.lane })?.sms_line ?? row.line
    const wish = { service: change.service, from: null, sticky, simulated: row.simulated === 1 }
    const lines = routing.of(account)
    // Who gives up waiting for one line does not wait for another: a Mac that is away is so for its SMS as well.
    const chosen = route(wish, event.kind === 'line_away' ? lines.filter((line) => line.online) : lines)
    const isPossible = chosen.kind === 'line' && spend.spend(tx, row) === null
    if (isPossible) return { change, line: chosen.line }
    if (event.kind === 'line_away') return null
    const failure =
      chosen.kind === 'line' ? 'sms_limit_reached' : event.kind === 'attempt_not_sent' ? event.reason : 'no_line'
    return { change: { state: 'failed', failure, refund: true }, line: row.line }
  }
}

/** It would be sent again, and may cost no more. */
function unknownStill(reason: string, nowMs: number): MessageChange {
  return { state: 'unknown', laneFreeAtMs: nowMs + UNKNOWN_HOLD_MS, failure: reason }
}

/** The event's name in the timeline. */
function typeOf(row: MessageRow, change: MessageChange, event: MessageEvent): string {
  if (change.state === 'queued') {
    if (change.service !== undefined && change.service !== row.service) return 'message.fallback_started'
    return change.override === true ? 'message.resent' : 'message.retry_scheduled'
  }
  if (event.kind === 'cancel_asked' && change.state !== 'cancelled') return 'message.cancel_asked'
  return `message.${change.state}`
}

type Step = Readonly<{
  change: MessageChange
  line: LineId | null
  event: MessageEvent
  about: About
  nowMs: number
}>

function updated(row: MessageRow, { change, line, event, about, nowMs }: Step): Update {
  const evidence = change.state === 'sent' || change.state === 'delivered' || change.state === 'read'
  const fellBack = change.service !== undefined && change.service !== row.service
  const isFresh = fellBack || change.override === true
  const tries = change.uncounted === true ? row.tries - 1 : row.tries
  return {
    id: row.id,
    was: row.state,
    state: change.state,
    service: change.service ?? row.service,
    line,
    tries: isFresh ? 0 : tries,
    first_try_at: isFresh || tries === 0 ? null : row.first_try_at,
    resends: row.resends + (change.override === true ? 1 : 0),
    not_before: change.notBeforeMs ?? row.not_before,
    lane_free_at: change.laneFreeAtMs ?? (change.state === 'unknown' ? row.lane_free_at : null),
    failure: evidence ? null : (change.failure ?? row.failure),
    failure_detail: evidence ? null : (about.detail ?? row.failure_detail),
    fallback_reason: fellBack || change.failure === 'sms_limit_reached' ? fallbackReason(event) : row.fallback_reason,
    cancel_asked_at: change.cancelAskedAtMs ?? row.cancel_asked_at,
    unknown_at: change.state === 'unknown' && row.state !== 'unknown' ? nowMs : row.unknown_at,
    ever_sent: evidence ? 1 : row.ever_sent,
    sent_service: evidence ? (row.sent_service ?? about.service ?? row.service) : row.sent_service,
    charged_month: change.refund === true ? null : change.charge === true ? row.refunded_month : row.charged_month,
    refunded_month: change.refund === true ? row.charged_month : change.charge === true ? null : row.refunded_month,
    updated_at: nowMs,
  }
}

function fallbackReason(event: MessageEvent): string {
  return event.kind === 'attempt_not_sent' || event.kind === 'line_away' ? event.reason : 'send_refused'
}

function prepare(db: Db) {
  return {
    load: db.statement((k, p: { id: MessageRow['id'] }) => k.selectFrom('messages').selectAll().where('id', '=', p.id)),
    update: db.statement((k, p: Update) =>
      k
        .updateTable('messages')
        .set({
          state: p.state,
          service: p.service,
          line: p.line,
          tries: p.tries,
          first_try_at: p.first_try_at,
          resends: p.resends,
          not_before: p.not_before,
          lane_free_at: p.lane_free_at,
          failure: p.failure,
          failure_detail: p.failure_detail,
          fallback_reason: p.fallback_reason,
          cancel_asked_at: p.cancel_asked_at,
          unknown_at: p.unknown_at,
          ever_sent: p.ever_sent,
          sent_service: p.sent_service,
          charged_month: p.charged_month,
          refunded_month: p.refunded_month,
          updated_at: p.updated_at,
        })
        .where('id', '=', p.id)
        .where(stateNow<MessageRow['state']>(), '=', p.was),
    ),
    unproven: db.statement((k, p: { message: MessageRow['id'] }) =>
      k
        .selectFrom('attempts')
        .select('id')
        .where('message', '=', p.message)
        .where('overridden', '=', 1)
        .where('state', 'in', ['dispatched', 'taken', 'unknown'])
        .limit(1),
    ),
    optedOut: db.statement((k, p: { lane: LaneId }) =>
      k.selectFrom('lanes').select('opted_out').where('id', '=', p.lane),
    ),
    override: db.statement((k, p: { message: MessageRow['id'] }) =>
      k
        .updateTable('attempts')
        .set({ overridden: 1 })
        .where('message', '=', p.message)
        .where('state', 'not in', ['not_sent', 'refuted']),
    ),
  }
}
