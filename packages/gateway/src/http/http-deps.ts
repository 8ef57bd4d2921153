/** What the HTTP server is given, and what it remembers of a request while it answers it. */
import type { MessageId, Service, Ulid } from '@bluewire/contract/ids'
import type { Clock } from '@bluewire/platform/clock'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { Waiters } from '../delivery/waiters.ts'
import type { Metrics } from '../metrics.ts'
import type { Account, Token } from '../store/accounts-store.ts'
import type { Store } from '../store/store.ts'

export type HttpOptions = Readonly<{
  /** What people are told to connect to, without a slash at the end. */
  publicUrl: string
  /** Whose `X-Forwarded-*` headers are believed. */
  trustProxy: boolean | string | readonly string[]
  /** How long a caller of `POST /send/text` waits for the outcome. */
  sendWaitMs: number
  /** Appended to texts on the free plan. Null or empty: none. */
  adText: string | null
  /** Requests of one token, sustained, and at once after a rest. */
  tokenRatePerS: number
  tokenBurst: number
  bodyBytesMax: number
  /** UTF-16 units. */
  textUnitsMax: number
  expiresInMsDefault: number
}>

export const HTTP_DEFAULTS = {
  tokenRatePerS: 100,
  tokenBurst: 200,
  bodyBytesMax: 256 * 1024,
  textUnitsMax: 20_000,
  expiresInMsDefault: 4 * 3600_000,
} as const

/** What the rest of the gateway knows of itself. Both are asked before anything new is accepted. */
export type GatewayState = Readonly<{ draining(): boolean; diskFull(): boolean }>

export type HttpDeps = Readonly<{
  store: Store
  waiters: Waiters
  clock: Clock
  ulid: Ulid
  options: HttpOptions
  logger: Logger
  state: GatewayState
  metrics: Metrics
}>

/** Who asks. */
export type Caller = Readonly<{ token: Token; account: Account }>

declare module 'fastify' {
  interface FastifyRequest {
    /** Null before the token was checked, and on routes that need none. */
    caller: Caller | null
    /** The service asked for, once the body of a send was read. */
    service: Service | null
    /** The message this request is about, once there is one. */
    messageId: MessageId | null
  }
}

/** Behind a hook of auth.ts there always is one. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error('the route let a request pass without a caller')
  return request.caller
}

/** An answer made by a pure function; `sendAnswer` writes it. */
export type HttpAnswer = Readonly<{ status: number; headers: Readonly<Record<string, string>>; body: object }>

export function sendAnswer(reply: FastifyReply, answer: HttpAnswer): FastifyReply {
  return reply.code(answer.status).headers(answer.headers).send(answer.body)
}
