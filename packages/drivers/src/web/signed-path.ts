/**
 * Addresses that only this instance can have made: the end of a path is a signature of what stands before it. A provider is given one for
 * each message, so a call of it names the message beyond doubt. `scope` keeps the addresses of one provider from being another's.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'

export type PathKey = Readonly<{ key: Uint8Array; scope: string }>

/** Callback addresses end with the provider's id: what the outside calls the host may change, and signatures stay good. */
export function pathKey({ callbackKey, callbackUrl }: { callbackKey: Uint8Array; callbackUrl: string }): PathKey {
  return { key: callbackKey, scope: new URL(callbackUrl).pathname }
}

export function signPath({ key, scope }: PathKey, path: string): string {
  const signature = createHmac('sha256', key).update(`${scope}\n${path}`).digest('base64url')
  return `${path}/${signature}`
}

/** What was signed, without a slash before it; null when it was not, or not by us. */
export function readSignedPath(key: PathKey, path: string): string | null {
  const given = path.replace(/^\//, '')
  const end = given.lastIndexOf('/')
  if (end < 1) return null
  const signed = given.slice(0, end)
  const right = Buffer.from(signPath(key, signed))
  const claimed = Buffer.from(given)
  return right.length === claimed.length && timingSafeEqual(right, claimed) ? signed : null
}
