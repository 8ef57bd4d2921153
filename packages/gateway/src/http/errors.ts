/** The one way from an error to an answer: every error becomes a BluewireError, and every BluewireError this body. */
import { API_VERSION } from '@bluewire/contract/api/envelope'
import type { AccountCrumbs } from '@bluewire/contract/api/envelope'
import type { ErrorBody } from '@bluewire/contract/api/error-body'
import { BluewireError, ERRORS } from '@bluewire/contract/errors'
import type { ErrorCode } from '@bluewire/contract/errors'
import { AcceptUnknownError, StoreUnavailableError } from '../store/store.ts'
import { errorIdOf } from './envelope.ts'
import type { Stamp, Understood } from './envelope.ts'
import type { HttpAnswer } from './http-deps.ts'

/** Seconds a caller is asked to wait when nothing better is known. */
const RETRY_AFTER_S: Readonly<Partial<Record<ErrorCode, number>>> = {
  draining: 5,
  store_unavailable: 5,
  accept_unknown: 5,
  disk_full: 30,
  line_queue_full: 60,
  rate_limited: 1,
}

export type ErrorContext = Readonly<{
  stamp: Stamp
  publicUrl: string
  /** Null when the account is not known, or cannot be read. */
  crumbs: AccountCrumbs | null
  /** The message the error is about. */
  about: Partial<Understood>
}>

export function errorAnswer(error: BluewireError, context: ErrorContext): HttpAnswer & { body: ErrorBody } {
  const { status } = ERRORS[error.code]
  const metadata = {
    id: errorIdOf(context.stamp.requestId),
    timestamp: context.stamp.nowMs,
    api_version: API_VERSION,
    object: 'error' as const,
  }
  return {
    status,
    headers: headersOf(error),
    body: {
      ...metadata,
      data: {
        error: error.message,
        status,
        code: error.code,
        doc_url: docUrl(context.publicUrl, error.code),
        ...(error.fields.length === 0 ? {} : { fields: [...error.fields] }),
        metadata,
      },
      message: error.message,
      code: status,
      ...(context.crumbs === null ? {} : { crumbs: context.crumbs }),
      ...context.about,
    },
  }
}

export function docUrl(publicUrl: string, code: ErrorCode): string {
  return `${publicUrl}/docs/errors#${code}`
}

function headersOf(error: BluewireError): Record<string, string> {
  const { status, area } = ERRORS[error.code]
  const headers: Record<string, string> = {}
  const retryAfterS = error.retryAfterS ?? RETRY_AFTER_S[error.code]
  if (retryAfterS !== undefined && !error.isFinal) headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterS)))
  if (status === 401) headers['www-authenticate'] = 'Token'
  // An outcome is final, and a key that was used for another request stays used: clients that retry by themselves must not.
  const isFinal = area === 'outcome' || error.code === 'idempotency_mismatch' || error.isFinal
  if (isFinal) headers['x-should-retry'] = 'false'
  return headers
}

/** Never throws. What is not known becomes `internal`, with the real error as its `cause` for the log alone. */
export function asBluewireError(error: unknown, limits: { bodyBytesMax: number }): BluewireError {
  if (error instanceof BluewireError) return error
  if (error instanceof StoreUnavailableError) return storeError(error)
  if (error instanceof AcceptUnknownError) {
    return new BluewireError(
      'accept_unknown',
      `It is not known whether the message was accepted, because the database gave no answer. ` +
        `Ask GET /messages/${error.message_id} before you send it again, or send it again with the same Idempotency-Key.`,
    )
  }
  return frameworkError(error, limits) ?? internalError(error)
}

function storeError(error: StoreUnavailableError): BluewireError {
  return error.diskFull
    ? new BluewireError('disk_full', 'The disk of the gateway is full, so nothing was accepted. Try again later.')
    : new BluewireError(
        'store_unavailable',
        'The database cannot be written, so nothing was accepted. Try again later.',
      )
}

function internalError(cause: unknown): BluewireError {
  return new BluewireError(
    'internal',
    'Something went wrong inside Bluewire. It was logged under the id of this answer.',
    {
      cause,
    },
  )
}

/** What Fastify throws before a route runs. */
function frameworkError(error: unknown, limits: { bodyBytesMax: number }): BluewireError | null {
  if (!(error instanceof Error)) return null
  const code = 'code' in error ? error.code : undefined
  const status = 'statusCode' in error ? error.statusCode : undefined
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new BluewireError(
      'body_too_large',
      `The body is larger than ${limits.bodyBytesMax.toLocaleString('en')} bytes.`,
    )
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new BluewireError(
      'unsupported_media_type',
      'The body must have the Content-Type application/json or application/x-www-form-urlencoded.',
    )
  }
  if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH') {
    return new BluewireError('bad_request', 'The body is not as long as its Content-Length says.')
  }
  if (code === 'FST_ERR_BAD_URL') {
    return new BluewireError('bad_request', 'The address holds a % that does not encode a character.')
  }
  if (typeof status !== 'number' || status < 400 || status > 499) return null
  return new BluewireError('bad_request', 'The request cannot be read as HTTP.', { cause: error })
}
