/** API tokens: 256 random bits, shown once, stored only as a hash. */
import { hash, randomBytes } from 'node:crypto'

/** Clients of the hosted service check that a token begins with this. */
export const TOKEN_PREFIX = 'contiguity_sk_'

export const SCOPES = [
  'messages:send',
  'messages:read',
  'lines:read',
  'lines:write',
  'nodes:read',
  'nodes:write',
  'webhooks:write',
  'tokens:write',
  'account:read',
  'instance:admin',
] as const
export type Scope = (typeof SCOPES)[number]

/** Those that a route asks for. The others are reserved: a token may have them already, for routes that are to come. */
export const SCOPES_IN_USE: readonly Scope[] = ['messages:send', 'messages:read', 'lines:read']

/** What a new token may do unless more is asked for. */
export const DEFAULT_SCOPES: readonly Scope[] = ['messages:send', 'messages:read']

const SECRET_BYTES = 32
const HINT_CHARS = 4

export function isScope(word: string): word is Scope {
  return (SCOPES as readonly string[]).includes(word)
}

/** `token` is shown once; `hash` is what the store keeps; `hint` is its end, by which people tell tokens apart. */
export function newToken(prefix: string = TOKEN_PREFIX): { token: string; hash: string; hint: string } {
  const token = `${prefix}${randomBytes(SECRET_BYTES).toString('base64url')}`
  return { token, hash: tokenHash(token), hint: token.slice(-HINT_CHARS) }
}

/**
 * The hash a token is looked up by. Plain SHA-256 is enough, because a token has 256 random bits and cannot be guessed from its
 * hash; and because the hash is looked up, not the token, the time a lookup takes tells nothing about any token.
 */
export function tokenHash(token: string): string {
  return hash('sha256', token, 'hex')
}
