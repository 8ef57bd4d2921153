/** What an exchange with Twilio says of a message, and of the account. No I/O. */
import { REASONS } from '../provider.ts'
import type { ProviderOutcome } from '../provider.ts'
import { whyOf } from '../web/exchange.ts'
import type { Exchange } from '../web/exchange.ts'
import { retryAfterMs } from '../web/retry-after.ts'
import type { Problem } from '../web/upstream.ts'
import { errorCodeOf } from './twilio-call.ts'
import { isMessageSid } from './twilio-callback.ts'
import { meaningOf, REST_MS } from './twilio-errors.ts'

/** What the client read in a success. */
export type Created = Readonly<{ sid: unknown; status: unknown; errorCode: unknown }>

/** `problem`: undefined where this tells nothing of Twilio; null: all is well. */
export type Reading = Readonly<{ outcome: ProviderOutcome; problem?: Problem | null }>

type How = Readonly<{
  created: Created | null
  nowMs: number
  /** How long to rest when Twilio does not say. */
  restMs: number
}>

const NEVER = { kind: 'not_sent', class: 'never_handed' } as const

export function readExchange(exchange: Exchange | null, how: How): Reading {
  switch (exchange?.kind) {
    case 'withheld':
      return { outcome: { ...NEVER, reason: REASONS.leaseLost } }
    case undefined:
      return { outcome: { ...NEVER, reason: REASONS.notConnected, detail: 'The request could not be made.' } }
    case 'never_left': {
      const problem = unreachable(exchange.code)
      return { outcome: { ...NEVER, reason: REASONS.notConnected, detail: problem.detail }, problem }
    }
    case 'lost': {
      const detail = `No whole answer came from Twilio: ${whyOf(exchange.code)}.`
      const reason = exchange.code.startsWith('HPE_') ? REASONS.answerUnreadable : REASONS.noAnswer
      return { outcome: { kind: 'unknown', reason, detail }, problem: { state: 'degraded', detail } }
    }
    case 'answered':
      return exchange.status >= 200 && exchange.status < 300
        ? readSuccess(exchange.status, how.created)
        : readError(exchange, how)
  }
}

export function unreachable(code: string): Problem {
  return { state: 'broken', detail: `Twilio cannot be reached: ${whyOf(code)}.` }
}

export function refusesUs(said: string): Problem {
  return {
    state: 'broken',
    detail: `Twilio refuses us (${said}): look at the account, its credentials and its credit.`,
  }
}

/** Statuses of a message that was made and is dead already. */
const DEAD = new Set<unknown>(['failed', 'undelivered', 'canceled'])

function readSuccess(status: number, created: Created | null): Reading {
  if (created !== null && isMessageSid(created.sid)) {
    if (!DEAD.has(created.status)) return { outcome: { kind: 'sent', refs: [created.sid] }, problem: null }
    const code = typeof created.errorCode === 'number' ? created.errorCode : 0
    return { outcome: refused(String(code), status).outcome, problem: null }
  }
  return unreadable(status, null)
}

function readError(
  { status, headers, ...rest }: Extract<Exchange, { kind: 'answered' }>,
  { nowMs, restMs }: How,
): Reading {
  const code = errorCodeOf({ status, headers, ...rest })
  // 429 is refused at the door. Any other answer without a code is not Twilio's: who wrote it, and what became of the request?
  if (code === null && status !== 429) return unreadable(status, code)
  if (status >= 500) return unreadable(status, code)
  const after = headers['retry-after']
  if (status === 429 || meaningOf(code ?? '') === 'throttled') {
    const saidMs = retryAfterMs(typeof after === 'string' ? after : undefined, nowMs)
    const detail = `Twilio is asked too fast (${said(status, code)})`
    const forMs = saidMs ?? REST_MS[code ?? ''] ?? restMs
    return { outcome: { ...NEVER, reason: REASONS.throttled, detail, retryAfterMs: forMs }, problem: null }
  }
  return status >= 400 && code !== null ? refused(code, status) : unreadable(status, code)
}

function refused(code: string, status: number): Reading {
  const detail = `Twilio refused it (${said(status, code)})`
  const because = (reason: string): ProviderOutcome => ({ kind: 'not_sent', class: 'refused', reason, detail })
  const meaning = meaningOf(code)
  switch (meaning) {
    case 'unreachable':
      return { outcome: because(REASONS.unreachable), problem: null }
    case 'opted_out':
      return { outcome: because(REASONS.optedOut), problem: null }
    case 'account':
      // Not a try of the message: it waits until the account is mended.
      return { outcome: { ...NEVER, reason: REASONS.notConnected, detail }, problem: refusesUs(said(status, code)) }
    case 'line': {
      const advice = `Twilio does not let a line send (${said(status, code)}): is its number in this account, and can it send SMS?`
      return { outcome: because(`twilio_${code}`), problem: { state: 'degraded', detail: advice } }
    }
    case 'throttled':
    case 'refused':
      return { outcome: because(`twilio_${code}`), problem: null }
    default:
      return meaning satisfies never
  }
}

function unreadable(status: number, code: string | null): Reading {
  const detail = `Twilio's answer does not say whether it took it (${said(status, code)}).`
  return {
    outcome: { kind: 'unknown', reason: REASONS.answerUnreadable, detail },
    problem: { state: 'degraded', detail },
  }
}

const said = (status: number, code: string | null): string => `HTTP ${status}${code === null ? '' : `, error ${code}`}`
