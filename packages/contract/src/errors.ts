/**
 * The catalogue of everything that can go wrong for a caller: the word code in `data.code`, the HTTP status it is
 * answered with, and whether the same request may succeed later. docs/errors.md lists exactly these (a test compares).
 *
 * Codes of area `outcome` also stand in a message's `failure.code`: it was accepted and then provably not sent.
 */
export type ErrorArea = 'request' | 'recipient' | 'access' | 'limit' | 'outcome' | 'service'

export type ErrorSpec = Readonly<{ area: ErrorArea; status: number; title: string; retryable: boolean }>

export const ERRORS = {
  bad_form: { area: 'request', status: 400, title: 'The form body cannot be read', retryable: false },
  bad_json: { area: 'request', status: 400, title: 'The body is not JSON', retryable: false },
  bad_request: { area: 'request', status: 400, title: 'The request cannot be read', retryable: false },
  bad_text: { area: 'request', status: 400, title: 'The text holds a character that cannot be sent', retryable: false },
  bad_idempotency_key: { area: 'request', status: 400, title: 'The Idempotency-Key cannot be used', retryable: false },
  conflicting_parameters: {
    area: 'request',
    status: 400,
    title: 'Two parameters contradict each other',
    retryable: false,
  },
  fallback_impossible: { area: 'request', status: 400, title: 'No line can send the fallback', retryable: false },
  from_cannot: { area: 'request', status: 400, title: 'The line asked for cannot do this service', retryable: false },
  from_not_yours: { area: 'request', status: 400, title: 'No such line in this account', retryable: false },
  magic_number: {
    area: 'request',
    status: 400,
    title: 'A test recipient cannot be reached from a real line',
    retryable: false,
  },
  message_too_long: { area: 'request', status: 400, title: 'The text is too long', retryable: false },
  misplaced_parameter: { area: 'request', status: 400, title: 'A parameter is in the wrong place', retryable: false },
  missing_parameter: { area: 'request', status: 400, title: 'A required parameter is missing', retryable: false },
  not_supported: { area: 'request', status: 400, title: 'This is not supported', retryable: false },
  out_of_range: { area: 'request', status: 400, title: 'A value is out of range', retryable: false },
  unknown_parameter: { area: 'request', status: 400, title: 'No such parameter', retryable: false },
  wrong_type: { area: 'request', status: 400, title: 'A parameter has the wrong type', retryable: false },
  not_found: { area: 'request', status: 404, title: 'Not found', retryable: false },
  method_not_allowed: { area: 'request', status: 405, title: 'This method is not possible here', retryable: false },
  request_timeout: { area: 'request', status: 408, title: 'The request took too long to arrive', retryable: true },
  body_too_large: { area: 'request', status: 413, title: 'The body is too large', retryable: false },
  unsupported_media_type: {
    area: 'request',
    status: 415,
    title: 'The content type is not supported',
    retryable: false,
  },
  idempotency_mismatch: {
    area: 'request',
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    retryable: false,
  },
  headers_too_large: { area: 'request', status: 431, title: 'The request headers are too large', retryable: false },

  recipient_has_letters: { area: 'recipient', status: 400, title: 'The recipient holds letters', retryable: false },
  recipient_is_email: {
    area: 'recipient',
    status: 400,
    title: 'An e-mail address can only be reached by iMessage',
    retryable: false,
  },
  recipient_is_own_line: {
    area: 'recipient',
    status: 400,
    title: 'The recipient is a line of this account',
    retryable: false,
  },
  recipient_malformed: {
    area: 'recipient',
    status: 400,
    title: 'The recipient is not a phone number',
    retryable: false,
  },
  recipient_too_short: { area: 'recipient', status: 400, title: 'The recipient is too short', retryable: false },
  recipient_unconvertible: {
    area: 'recipient',
    status: 400,
    title: 'The recipient cannot be converted to E.164',
    retryable: false,
  },

  suspended: { area: 'access', status: 401, title: 'The token or its account is suspended', retryable: false },
  unauthorized: { area: 'access', status: 401, title: 'The token is missing or not valid', retryable: false },
  enrolment_refused: { area: 'access', status: 401, title: 'The enrolment code is not valid', retryable: false },
  entitlement_required: { area: 'access', status: 403, title: 'The account lacks an entitlement', retryable: false },
  scope_required: { area: 'access', status: 403, title: 'The token lacks a scope', retryable: false },

  quota_exceeded: { area: 'limit', status: 400, title: 'The monthly quota is used up', retryable: false },
  line_queue_full: {
    area: 'limit',
    status: 429,
    title: 'The queue is longer than this message may wait',
    retryable: true,
  },
  rate_limited: { area: 'limit', status: 429, title: 'Too many requests', retryable: true },

  apple_error: { area: 'outcome', status: 500, title: 'Messages reported an error', retryable: false },
  cancelled: { area: 'outcome', status: 500, title: 'Cancelled before it was sent', retryable: false },
  expired: { area: 'outcome', status: 500, title: 'Expired before it could be sent', retryable: false },
  line_suspended: { area: 'outcome', status: 500, title: 'The line is suspended', retryable: false },
  no_line: { area: 'outcome', status: 500, title: 'The account has no line for this service', retryable: false },
  node_disk_full: { area: 'outcome', status: 500, title: 'The disk of the node is full', retryable: false },
  node_refused: { area: 'outcome', status: 500, title: 'The node did not take the message', retryable: false },
  opted_out: { area: 'outcome', status: 500, title: 'The recipient has opted out', retryable: false },
  recipient_not_on_imessage: {
    area: 'outcome',
    status: 500,
    title: 'The recipient is not on iMessage',
    retryable: false,
  },
  send_refused: { area: 'outcome', status: 500, title: 'Messages refused to send', retryable: false },
  undeliverable: { area: 'outcome', status: 500, title: 'Sent, and then reported as failed', retryable: false },

  internal: { area: 'service', status: 500, title: 'An internal error', retryable: true },
  accept_unknown: {
    area: 'service',
    status: 503,
    title: 'It is not known whether the message was accepted',
    retryable: true,
  },
  disk_full: { area: 'service', status: 503, title: 'The disk of the gateway is full', retryable: true },
  draining: { area: 'service', status: 503, title: 'The gateway is shutting down', retryable: true },
  store_unavailable: { area: 'service', status: 503, title: 'The database cannot be written', retryable: true },
} as const satisfies Record<string, ErrorSpec>

export type ErrorCode = keyof typeof ERRORS

/** Codes a message may fail with after it was accepted. */
export type FailureCode = {
  [C in ErrorCode]: (typeof ERRORS)[C]['area'] extends 'outcome' ? C : never
}[ErrorCode]

export function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(ERRORS, code) && ERRORS[code as ErrorCode].area === 'outcome'
}

/** The word of the catalogue for a reason that a driver gave in a word of its own. Null: there is none. */
export function failureCodeOf(reason: string): FailureCode | null {
  if (isFailureCode(reason)) return reason
  if (reason === 'apple_error_22') return 'recipient_not_on_imessage'
  return reason.startsWith('apple_error') ? 'apple_error' : null
}

export type FieldError = Readonly<{ field: string; code: ErrorCode; reason: string }>

/** An error meant for the caller. `message` is a full sentence: what happened, why, what to do. */
export class BluewireError extends Error {
  override name = 'BluewireError'
  readonly code: ErrorCode
  readonly fields: readonly FieldError[]
  /** Seconds, for 429 and 503. */
  readonly retryAfterS: number | undefined

  constructor(
    code: ErrorCode,
    message: string,
    more: { fields?: readonly FieldError[]; retryAfterS?: number; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.fields = more.fields ?? []
    this.retryAfterS = more.retryAfterS
  }
}
