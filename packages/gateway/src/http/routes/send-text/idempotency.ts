/** `Idempotency-Key`: the same key with the same request is the same message. What was refused is not remembered. */
import { hash } from 'node:crypto'
import { BluewireError } from '@bluewire/contract/errors'
import type { NewMessage } from '../../../store/store.ts'
import type { ParsedSend } from './parse-request.ts'

const VISIBLE_ASCII = /^[!-~]{1,255}$/

/** Null without the header. Throws `bad_idempotency_key`. */
export function readIdempotencyKey(header: string | string[] | undefined): string | null {
  if (header === undefined) return null
  if (typeof header === 'string' && VISIBLE_ASCII.test(header)) return header
  throw new BluewireError(
    'bad_idempotency_key',
    'The Idempotency-Key must be 1 to 255 visible ASCII characters, without spaces, given once.',
  )
}

/** Key and fingerprint. Two bodies that ask for the same have the same fingerprint, however they are written. */
export function idempotencyOf(key: string | null, send: ParsedSend): NewMessage['idempotency'] {
  if (key === null) return null
  const asked = [
    'POST /send/text',
    send.service,
    send.plain,
    send.to,
    send.text,
    send.from,
    send.fallback,
    send.expiresInMs,
    send.onUnknown,
  ]
  return { key, fingerprint: hash('sha256', JSON.stringify(asked), 'hex') }
}

export function idempotencyMismatch(): BluewireError {
  return new BluewireError(
    'idempotency_mismatch',
    'This Idempotency-Key was used within 24 hours for another request. Use a new key for each message.',
  )
}
