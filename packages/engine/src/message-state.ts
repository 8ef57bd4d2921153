/**
 * The one state machine of a message: what each event makes of it, and what that means for its lane, its quota and its next
 * attempt. Pure: the shell (gateway/store) reads the facts, asks here, and writes the answer in one guarded transaction.
 * The picture is docs/state-machine.md (a test compares it).
 */
import type { NotSentClass } from '@bluewire/contract/node-protocol/common'
import type { Service } from '@bluewire/contract/ids'

export const MESSAGE_STATES = [
  'queued',
  'sending',
  'sent',
  'delivered',
  'read',
  'failed',
  'unknown',
  'cancelled',
  'expired',
] as const
export type MessageState = (typeof MESSAGE_STATES)[number]

/** Tries by one service before a message fails; a fallback to SMS has tries of its own. */
export const TRIES_MAX = 3
/**
 * Tries of which each was voided before it began: the node restarted, or lost its link. More than of the others, because nothing speaks
 * against the message; not without end, because it may be what the node dies of.
 */
export const VOIDED_TRIES_MAX = 8
/** A message whose tries were refused keeps its place in the lane this long, counted from its first dispatch. */
export const RETRY_FOR_MS = 60_000
/** Automatic resends of a caller who said `on_unknown: resend`: such a recipient has it twice at the most. */
export const RESENDS_MAX = 1
/** Waits before the second and the third try. */
export const RETRY_AFTER_MS: readonly number[] = [1_000, 5_000]
/** Proof of not sent that comes later than this after the attempt fell silent ends the message: nothing stale goes out by itself. */
export const STALE_PROOF_MS = 10 * 60_000
/** A message whose outcome is unknown holds the next one of its lane at most this long. */
export const UNKNOWN_HOLD_MS = 2 * 60_000

/** What is known of a message when something happens to it. Instants are milliseconds. */
export type MessageFacts = Readonly<{
  state: MessageState
  service: Service
  /** Tries by the present service. */
  tries: number
  /** First dispatch by the present service. */
  firstTryAtMs: number | null
  expiresAtMs: number
  cancelAskedAtMs: number | null
  /** A caller was told that it failed: it may never be tried again. */
  sealed: boolean
  /** SMS was asked for in case of failure, and some line can do it. */
  fallback: boolean
  onUnknown: 'hold' | 'resend'
  /** How often it was sent again although an attempt of it may have gone out. */
  resends: number
  /** When it became unknown. */
  unknownAtMs: number | null
  /** Some attempt of it ever had evidence of sent. */
  everSent: boolean
  /** Its quota was given back. */
  refunded: boolean
  /** An attempt that no longer counts, because it was sent again, may have gone out: nothing has proven that it did not. */
  unproven: boolean
  /** The recipient asked for no more messages. */
  optedOut: boolean
}>

export type MessageEvent =
  | Readonly<{ kind: 'dispatched' }>
  | Readonly<{ kind: 'attempt_sent' | 'attempt_delivered' | 'attempt_read' }>
  | Readonly<{
      kind: 'attempt_not_sent'
      class: NotSentClass
      reason: string
      /** Proven by a tombstone: the node never saw it, or never began. */
      voided: boolean
      /** It is this attempt that the message waits for (the latest one, not an overridden one). */
      current: boolean
      /**
       * Whoever should send it asks for time (a provider that is asked too fast, a Mac whose Apple account is in doubt): the message keeps
       * its place until it expires, and this try does not count. Milliseconds.
       */
      waitMs?: number
    }>
  | Readonly<{ kind: 'attempt_unknown'; reason: string; current: boolean }>
  | Readonly<{ kind: 'attempt_bounced'; reason: string }>
  | Readonly<{ kind: 'cancel_asked' }>
  | Readonly<{ kind: 'expired' }>
  | Readonly<{ kind: 'opted_out' }>
  | Readonly<{ kind: 'resend_asked' }>
  /** The node of its line has been away, or held, for so long that this counts as a failure; nothing of it was ever dispatched. */
  | Readonly<{ kind: 'line_away'; reason: 'node_offline' | 'node_held' }>

/** What becomes of the message. Absent keys stay as they are. */
export type MessageChange = Readonly<{
  state: MessageState
  /** The service of the next attempt, when it changes (fallback). */
  service?: Service
  notBeforeMs?: number
  /** The next of the lane may go from then on although this one is not resolved. */
  laneFreeAtMs?: number
  failure?: string
  cancelAskedAtMs?: number
  refund?: true
  charge?: true
  /** The latest attempt no longer counts: a further one was asked for knowing that it may have gone out. */
  override?: true
  /** The latest try does not count. */
  uncounted?: true
  /** Evidence of sent while another attempt may be out: the recipient may have it twice. */
  duplicateSuspected?: true
}>

const RANK: Readonly<Record<MessageState, number>> = {
  queued: 0,
  sending: 0,
  failed: 0,
  unknown: 0,
  cancelled: 0,
  expired: 0,
  sent: 1,
  delivered: 2,
  read: 3,
}

/** Nothing further happens to it by itself. Late evidence may still move it. */
export function isSettled(state: MessageState): boolean {
  return state !== 'queued' && state !== 'sending'
}

export function isSentOrBetter(state: MessageState): boolean {
  return RANK[state] > 0
}

/** Null: the event changes nothing, and no event is written. */
export function transition(m: MessageFacts, event: MessageEvent, nowMs: number): MessageChange | null {
  switch (event.kind) {
    case 'dispatched':
      return m.state === 'queued' ? { state: 'sending' } : null
    case 'attempt_sent':
      return evidence(m, 'sent')
    case 'attempt_delivered':
      return evidence(m, 'delivered')
    case 'attempt_read':
      return evidence(m, 'read')
    case 'attempt_not_sent':
      return event.current ? afterNotSent(m, event, nowMs) : null
    case 'attempt_unknown':
      return m.state === 'sending' && event.current ? afterUnknown(m, event.reason, nowMs) : null
    case 'attempt_bounced':
      return m.state === 'sent' ? { state: 'failed', failure: event.reason } : null
    case 'cancel_asked':
      if (m.state === 'queued') return { ...ended(m, { state: 'cancelled' }, nowMs), cancelAskedAtMs: nowMs }
      return (m.state === 'sending' || m.state === 'unknown') && m.cancelAskedAtMs === null
        ? { state: m.state, cancelAskedAtMs: nowMs }
        : null
    case 'expired':
      return m.state === 'queued' ? ended(m, { state: 'expired' }, nowMs) : null
    case 'opted_out':
      return m.state === 'queued' ? ended(m, OPTED_OUT, nowMs) : null
    case 'resend_asked':
      return m.state === 'unknown' && !m.sealed && !m.everSent && !m.optedOut && m.cancelAskedAtMs === null
        ? { state: 'queued', override: true, notBeforeMs: nowMs }
        : null
    case 'line_away':
      return m.state === 'queued' && m.tries === 0 && m.resends === 0 ? nextService(m, nowMs) : null
    default:
      return event satisfies never
  }
}

/** Evidence beats every guess, also after the message was called failed, unknown, cancelled or expired. */
function evidence(m: MessageFacts, to: 'sent' | 'delivered' | 'read'): MessageChange | null {
  if (RANK[to] <= RANK[m.state]) return null
  return { state: to, ...(m.refunded ? { charge: true as const } : {}) }
}

type NotSent = Extract<MessageEvent, { kind: 'attempt_not_sent' }>

function afterNotSent(m: MessageFacts, event: NotSent, nowMs: number): MessageChange | null {
  if (m.state !== 'sending' && m.state !== 'unknown') return null
  const next = nextTry(m, event, nowMs) ?? ended(m, endingOf(m, event.reason, nowMs), nowMs)
  return next.state === 'unknown' && m.state === 'unknown' ? null : next
}

function nextTry(m: MessageFacts, event: NotSent, nowMs: number): MessageChange | null {
  if (m.sealed || m.everSent || m.optedOut || m.cancelAskedAtMs !== null || m.expiresAtMs <= nowMs) return null
  return retry(m, event, nowMs) ?? nextService(m, nowMs)
}

function endingOf(m: MessageFacts, reason: string, nowMs: number): Ending {
  if (m.cancelAskedAtMs !== null) return { state: 'cancelled' }
  if (m.expiresAtMs <= nowMs) return { state: 'expired' }
  return m.optedOut ? OPTED_OUT : { state: 'failed', failure: reason }
}

type Ending = Readonly<{ state: 'failed' | 'cancelled' | 'expired'; failure?: string }>

const OPTED_OUT: Ending = { state: 'failed', failure: 'opted_out' }

/** It is not tried again. A failure is said only of what provably did not go out, because who hears of one may send it anew (R4). */
function ended(m: MessageFacts, ending: Ending, nowMs: number): MessageChange {
  return m.unproven ? { state: 'unknown', laneFreeAtMs: nowMs + UNKNOWN_HOLD_MS } : { ...ending, ...refund(m) }
}

function retry(m: MessageFacts, event: NotSent, nowMs: number): MessageChange | null {
  if (event.class !== 'never_handed') return null
  if (event.waitMs !== undefined && m.state === 'sending')
    return { state: 'queued', notBeforeMs: nowMs + event.waitMs, uncounted: true }
  if (m.tries >= (event.voided ? VOIDED_TRIES_MAX : TRIES_MAX)) return null
  // A tombstone proves that nothing was tried: what bounds it is staleness, not the patience with a node that keeps refusing.
  const inTime = event.voided
    ? !isStale(m, nowMs)
    : m.state === 'sending' && nowMs - (m.firstTryAtMs ?? nowMs) <= RETRY_FOR_MS
  if (!inTime) return null
  const wait = event.voided ? 0 : (RETRY_AFTER_MS[m.tries - 1] ?? RETRY_AFTER_MS.at(-1) ?? 0)
  return { state: 'queued', notBeforeMs: nowMs + wait }
}

/** An iMessage that provably did not go out leaves as SMS. Never from an SMS, never on silence. */
function nextService(m: MessageFacts, nowMs: number): MessageChange | null {
  const mayNot = m.sealed || m.everSent || m.optedOut || m.cancelAskedAtMs !== null || m.expiresAtMs <= nowMs
  if (mayNot || !m.fallback || m.service !== 'imessage' || m.unproven || isStale(m, nowMs)) return null
  return { state: 'queued', service: 'sms', notBeforeMs: nowMs }
}

function isStale(m: MessageFacts, nowMs: number): boolean {
  return m.state === 'unknown' && nowMs - (m.unknownAtMs ?? nowMs) > STALE_PROOF_MS
}

function afterUnknown(m: MessageFacts, reason: string, nowMs: number): MessageChange {
  const mayResend = m.onUnknown === 'resend' && m.resends < RESENDS_MAX && !m.optedOut
  if (mayResend && !m.sealed && !m.everSent && m.cancelAskedAtMs === null && m.expiresAtMs > nowMs) {
    return { state: 'queued', override: true, notBeforeMs: nowMs, failure: reason }
  }
  return { state: 'unknown', laneFreeAtMs: nowMs + UNKNOWN_HOLD_MS, failure: reason }
}

function refund(m: MessageFacts): { refund: true } | Record<never, never> {
  return m.refunded ? {} : { refund: true as const }
}
