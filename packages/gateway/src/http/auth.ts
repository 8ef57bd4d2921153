/** Who asks: the token in the headers, looked up by its hash, with its state, its scopes and its request rate. */
import type { IncomingHttpHeaders } from 'node:http'
import { BluewireError } from '@bluewire/contract/errors'
import type { Clock } from '@bluewire/platform/clock'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { tokenHash } from '../accounts/tokens.ts'
import type { Scope } from '../accounts/tokens.ts'
import type { Store } from '../store/store.ts'
import type { Caller, HttpDeps } from './http-deps.ts'
import { rateLimited } from './rate-limit.ts'
import type { TokenBuckets } from './rate-limit.ts'

const TOKEN_CHARS_MAX = 512
/** A token's last use is remembered this exactly. */
const LAST_USED_GRAIN_MS = 60_000

export type AuthParts = Pick<HttpDeps, 'store' | 'clock'> & Readonly<{ buckets: TokenBuckets; callers: CallerLookup }>

export type AuthHook = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/** A hook that lets only active tokens with this scope pass. Null: any active token. */
export function authenticate(parts: AuthParts, scope: Scope | null): AuthHook {
  return async (request, reply) => {
    const token = readToken(request.headers)
    const caller = token === null ? undefined : await parts.callers.find(token)
    if (caller === undefined || caller.token.state === 'revoked') throw unauthorized()
    request.caller = caller
    refuseSuspended(caller)
    const verdict = parts.buckets.take(caller.token.id)
    reply.headers(verdict.headers)
    if (!verdict.allowed) throw rateLimited()
    if (scope !== null && !caller.token.scopes.includes(scope)) throw scopeRequired(scope)
    rememberUse(parts, caller)
  }
}

/** The token itself, without its scheme; null when there is none. */
export function readToken(headers: IncomingHttpHeaders): string | null {
  const authorization = /^(?:token|bearer)[ \t]+(\S+)[ \t]*$/i.exec(headers.authorization ?? '')?.[1]
  const apiKey = headers['x-api-key']
  const token =
    authorization ??
    (typeof apiKey === 'string' ? /^(?:(?:token|bearer)[ \t]+)?(\S+)[ \t]*$/i.exec(apiKey)?.[1] : undefined)
  return token === undefined || token.length > TOKEN_CHARS_MAX ? null : token
}

/**
 * Who a token belongs to. Requests with one token that arrive in the same turn of the event loop share a read; nothing is
 * remembered beyond it, so a token that was revoked is refused at once.
 */
export class CallerLookup {
  readonly #store: Pick<Store, 'tokenByHash'>
  readonly #clock: Clock
  readonly #turn = new Map<string, Promise<Caller | undefined>>()

  constructor(store: Pick<Store, 'tokenByHash'>, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  find(token: string): Promise<Caller | undefined> {
    const asked = this.#turn.get(token)
    if (asked !== undefined) return asked
    if (this.#turn.size === 0) this.#clock.soon(() => this.#turn.clear())
    const found = this.#store.tokenByHash(tokenHash(token))
    this.#turn.set(token, found)
    return found
  }
}

/** One text whether there is no token, an unknown one or a revoked one: the answer tells nothing about tokens. */
function unauthorized(): BluewireError {
  return new BluewireError(
    'unauthorized',
    'The token is missing or not valid. Send it as the header Authorization: Token YOUR_TOKEN.',
  )
}

function refuseSuspended({ token, account }: Caller): void {
  if (token.state === 'suspended') {
    throw new BluewireError(
      'suspended',
      'Invalid or suspended token: this token is suspended. Who administers the account can make it active again.',
    )
  }
  if (account.suspendedAtMs !== null) {
    throw new BluewireError(
      'suspended',
      'Invalid or suspended token: the account is suspended. Ask the administrator of this Bluewire instance.',
    )
  }
}

function scopeRequired(scope: Scope): BluewireError {
  return new BluewireError(
    'scope_required',
    `This token lacks the scope ${scope}. Use a token that has it, or have one made (bluewire-gateway token create).`,
  )
}

/** A courtesy to people who look for unused tokens: when it cannot be written, the request goes on. */
function rememberUse({ store, clock }: AuthParts, { token }: Caller): void {
  if ((token.lastUsedAtMs ?? 0) > clock.nowMs() - LAST_USED_GRAIN_MS) return
  store.tokenUsed(token.id).catch(() => undefined)
}
