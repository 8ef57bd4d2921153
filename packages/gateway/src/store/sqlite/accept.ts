/** W1: a message becomes durable, with its place in the lane, its charge and its event, in one transaction. */
import type { AccountId, LaneId, LineId, Service } from '@bluewire/contract/ids'
import { isRemembered } from '@bluewire/engine/not-on-imessage'
import type { AcceptResult, NewMessage } from '../store.ts'
import type { AppendEvent } from './events.ts'
import { Undo } from './group-writer.ts'
import type { Tx } from './group-writer.ts'
import { monthOf } from './rows.ts'
import type { Db, MessageRow, WriteParts } from './rows.ts'
import type { SmsSpend } from './sms-spend.ts'
import type { Usage } from './usage.ts'

/** An Idempotency-Key is remembered this long, across restarts, by the store's steady clock: setting the wall clock forgets none. */
export const KEY_REMEMBERED_MS = 24 * 3600_000

export type AcceptParts = Readonly<{ parts: WriteParts; append: AppendEvent; usage: Usage; spend: SmsSpend }>

/** How it leaves first. */
type Way = Readonly<{
  service: Service
  line: LineId | null
  /** Why it leaves as SMS although an iMessage was asked for. */
  instead: string | null
}>

export function prepareAccept(all: AcceptParts): (tx: Tx, m: NewMessage) => AcceptResult {
  const { parts, append, usage, spend } = all
  const statements = prepare(parts.db)

  return (tx, m) => {
    const earlier = claimKey(tx, m)
    if (earlier !== null) return earlier
    const month = monthOf(tx.nowMs)
    const { account } = m
    const recipient = laneKey(m.recipient)
    const line = m.service === 'imessage' ? m.line : null
    const smsLine = m.service === 'sms' ? m.line : null
    const lane = statements.nextInLane.get({ id: `lane_${parts.ulid()}`, account, recipient, line, smsLine })
    if (lane === undefined) throw new Error('the lane gave no place')
    const failure = m.failure ?? (lane.opted_out === 1 && m.exempt !== true ? 'opted_out' : null)
    const way = wayOf(m, lane.no_imessage_at, tx.nowMs)
    if (failure === null && way.service === 'sms') {
      const refused = spend.spend(tx, { account, country: m.country, body: m.body })
      if (refused !== null) throw new Undo<AcceptResult>({ kind: 'sms_guard', ...refused })
    }
    const used =
      failure === null ? usage.charge({ account, month, service: m.service }) : usage.used(account, month).all
    if (used === null) {
      const limit = statements.plan.get({ account })?.quota_limit ?? 0
      throw new Undo<AcceptResult>({ kind: 'quota_exceeded', used: usage.used(account, month).all, limit })
    }
    statements.insert.run(newRow(tx, m, { lane: lane.id, laneSeq: lane.next_seq, month, failure, way }))
    append(tx, {
      account: m.account,
      type: 'message.accepted',
      message: m.id,
      ...(m.line === null ? {} : { line: m.line }),
      data: { service: m.service, fallback: m.fallback },
    })
    if (failure !== null) append(tx, { account, type: 'message.failed', message: m.id, data: { reason: failure } })
    else announceWay(tx, m, way)
    return { kind: 'accepted', id: m.id, used }
  }

  function announceWay(tx: Tx, m: NewMessage, { line, instead }: Way): void {
    if (line === null) return
    if (instead !== null) {
      const data = { reason: instead, remembered: true }
      append(tx, { account: m.account, type: 'message.fallback_started', message: m.id, line, data })
    }
    tx.hints.push({ kind: 'line', id: line })
  }

  /** Null: the key is new (or there is none). The key is claimed in this very transaction: a crash never leaves it half claimed. */
  function claimKey(tx: Tx, m: NewMessage): AcceptResult | null {
    if (m.idempotency === null) return null
    const { key, fingerprint } = m.idempotency
    statements.forgetKey.run({ account: m.account, key, before: tx.steadyMs - KEY_REMEMBERED_MS })
    const claimed = statements.claimKey.run({ account: m.account, key, fingerprint, message: m.id, at: tx.steadyMs })
    if (claimed === 1) return null
    const owner = statements.keyOwner.get({ account: m.account, key })
    return owner?.fingerprint === fingerprint ? { kind: 'replayed', id: owner.message } : { kind: 'mismatch' }
  }
}

/** Handles are compared without their case: Messages reports a sender in lower case, however the recipient was written. */
export function laneKey(recipient: string): string {
  return recipient.toLowerCase()
}

/** What is remembered of the recipient saves an attempt that would fail; who asked for no fallback gets the attempt. */
function wayOf(m: NewMessage, notOnImessageAtMs: number | null, nowMs: number): Way {
  const goesAsSms = m.fallback && m.service === 'imessage' && m.fallbackLine !== null
  return goesAsSms && isRemembered(notOnImessageAtMs, nowMs)
    ? { service: 'sms', line: m.fallbackLine, instead: 'recipient_not_on_imessage' }
    : { service: m.service, line: m.line, instead: null }
}

function newRow(
  tx: Tx,
  m: NewMessage,
  place: { lane: LaneId; laneSeq: number; month: string; failure: string | null; way: Way },
): MessageRow {
  return {
    id: m.id,
    account: m.account,
    token: m.token,
    lane: place.lane,
    lane_seq: place.laneSeq,
    class: m.class,
    recipient: m.recipient,
    country: m.country,
    body: m.body,
    asked_service: m.service,
    service: place.way.service,
    asked_from: m.from,
    line: place.way.line,
    simulated: m.simulated ? 1 : 0,
    state: place.failure === null ? 'queued' : 'failed',
    failure: place.failure,
    failure_detail: null,
    fallback_reason: place.way.instead,
    hold_reason: null,
    not_before: 0, // at once, whatever the wall clock does meanwhile
    expires_at: tx.nowMs + m.expiresInMs,
    cancel_asked_at: null,
    sealed: 0,
    exempt: m.exempt === true ? 1 : 0,
    fallback: m.fallback ? 1 : 0,
    on_unknown: m.onUnknown,
    attempts: 0,
    tries: 0,
    first_try_at: null,
    resends: 0,
    ever_sent: 0,
    sent_service: null,
    unknown_at: null,
    lane_free_at: null,
    charged_month: place.failure === null ? place.month : null,
    refunded_month: null,
    ad: m.ad ? 1 : 0,
    created_at: tx.nowMs,
    updated_at: tx.nowMs,
  }
}

function prepare(db: Db) {
  return {
    forgetKey: db.statement((k, p: { account: AccountId; key: string; before: number }) =>
      k
        .deleteFrom('idempotency')
        .where('account', '=', p.account)
        .where('key', '=', p.key)
        .where('created_at', '<', p.before),
    ),
    claimKey: db.statement(
      (k, p: { account: AccountId; key: string; fingerprint: string; message: NewMessage['id']; at: number }) =>
        k
          .insertInto('idempotency')
          .values({ account: p.account, key: p.key, fingerprint: p.fingerprint, message: p.message, created_at: p.at })
          .onConflict((c) => c.doNothing()),
    ),
    keyOwner: db.statement((k, p: { account: AccountId; key: string }) =>
      k
        .selectFrom('idempotency')
        .select(['message', 'fingerprint'])
        .where('account', '=', p.account)
        .where('key', '=', p.key),
    ),
    // The first line that a recipient is given sticks, for each service.
    nextInLane: db.statement(
      (k, p: { id: LaneId; account: AccountId; recipient: string; line: LineId | null; smsLine: LineId | null }) =>
        k
          .insertInto('lanes')
          .values({
            id: p.id,
            account: p.account,
            recipient: p.recipient,
            next_seq: 1,
            line: p.line,
            sms_line: p.smsLine,
          })
          .onConflict((c) =>
            c.columns(['account', 'recipient']).doUpdateSet((e) => ({
              next_seq: e('lanes.next_seq', '+', 1),
              line: e.fn.coalesce('lanes.line', 'excluded.line'),
              sms_line: e.fn.coalesce('lanes.sms_line', 'excluded.sms_line'),
            })),
          )
          .returning(['id', 'next_seq', 'opted_out', 'no_imessage_at']),
    ),
    plan: db.statement((k, p: { account: AccountId }) =>
      k.selectFrom('accounts').select('quota_limit').where('id', '=', p.account),
    ),
    ...insertStatement(db),
  }
}

function insertStatement(db: Db) {
  return {
    insert: db.statement((k, p: MessageRow) =>
      k.insertInto('messages').values({
        id: p.id,
        account: p.account,
        token: p.token,
        lane: p.lane,
        lane_seq: p.lane_seq,
        class: p.class,
        recipient: p.recipient,
        country: p.country,
        body: p.body,
        asked_service: p.asked_service,
        service: p.service,
        asked_from: p.asked_from,
        line: p.line,
        simulated: p.simulated,
        state: p.state,
        failure: p.failure,
        fallback_reason: p.fallback_reason,
        exempt: p.exempt,
        not_before: p.not_before,
        expires_at: p.expires_at,
        fallback: p.fallback,
        on_unknown: p.on_unknown,
        charged_month: p.charged_month,
        ad: p.ad,
        created_at: p.created_at,
        updated_at: p.updated_at,
      }),
    ),
  }
}
