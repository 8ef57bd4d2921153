/**
 * What happens in the HTTP server, one function per event: log and metric are written together, and the parameters have no room
 * for a text or a number. None of them throws.
 */
import type { AccountId, MessageId, Service, TokenId } from '@bluewire/contract/ids'
import type { Logger } from 'pino'
import type { Metrics } from '../metrics.ts'

export type Sinks = Readonly<{ logger: Logger; metrics: Metrics }>

export type AnsweredRequest = Readonly<{
  id: string
  method: string
  /** The route's pattern, never the address itself. */
  route: string
  status: number
  ms: number
  account: AccountId | undefined
  token: TokenId | undefined
  message: MessageId | undefined
}>

export function requestAnswered({ logger, metrics }: Sinks, e: AnsweredRequest): void {
  metrics.httpSeconds.observe({ route: e.route, method: e.method, status: String(e.status) }, e.ms / 1000)
  logger.info({ ...e, ms: Math.round(e.ms * 10) / 10 }, 'request')
}

export type AcceptOutcome = 'accepted' | 'replayed' | 'mismatch' | 'quota_exceeded' | 'sms_guard' | 'unknown'

export function acceptEnded({ metrics }: Sinks, e: { service: Service; result: AcceptOutcome }): void {
  metrics.accepts.inc(e)
}

/** A bug, or a part that failed in an unforeseen way. The caller sees the id alone. */
export function failedInternally({ logger }: Sinks, e: { id: string; error: unknown }): void {
  logger.error({ id: e.id, err: e.error }, 'internal error')
}

/** The message is accepted, and its outcome could not be read: the caller is told that it is accepted. */
export function outcomeUnread({ logger }: Sinks, e: { id: string; message: MessageId; error: unknown }): void {
  logger.error({ id: e.id, message: e.message, err: e.error }, 'outcome unread')
}
