/**
 * The catalogue of everything that can go wrong for a caller: the word code in `data.code`, the HTTP status it is
 * answered with, and whether the same request may succeed later. docs/errors.md lists exactly these (a test compares).
 *
 * Codes of area `outcome` also stand in a message's `failure.code`: it was accepted and then provably not sent.
 */
export type ErrorArea = 'request' | 'recipient' | 'access' | 'limit' | 'outcome' | 'service'

export type ErrorSpec = Readonly<{
  area: ErrorArea
  status: number
  title: string
  retryable: boolean
  /** What the caller does about it. Markdown, one line. */
  todo: string
}>

export const ERRORS = {
  bad_form: {
    area: 'request',
    status: 400,
    title: 'The form body cannot be read',
    retryable: false,
    todo: 'Encode the body as `application/x-www-form-urlencoded` in UTF-8.',
  },
  bad_json: {
    area: 'request',
    status: 400,
    title: 'The body is not JSON',
    retryable: false,
    todo: 'Mend the body; the text names the position.',
  },
  bad_request: {
    area: 'request',
    status: 400,
    title: 'The request cannot be read',
    retryable: false,
    todo: 'Mend what the text names.',
  },
  bad_text: {
    area: 'request',
    status: 400,
    title: 'The text holds a character that cannot be sent',
    retryable: false,
    todo: 'Remove NUL and half surrogate pairs. Everything else is sent unchanged.',
  },
  bad_idempotency_key: {
    area: 'request',
    status: 400,
    title: 'The Idempotency-Key cannot be used',
    retryable: false,
    todo: 'Use 1 to 255 visible ASCII characters, once.',
  },
  conflicting_parameters: {
    area: 'request',
    status: 400,
    title: 'Two parameters contradict each other',
    retryable: false,
    todo: 'Leave one of them out.',
  },
  fallback_impossible: {
    area: 'request',
    status: 400,
    title: 'No line can send the fallback',
    retryable: false,
    todo: 'Leave `fallback` out, or add a line that sends SMS. Nothing was accepted.',
  },
  from_cannot: {
    area: 'request',
    status: 400,
    title: 'The line asked for cannot do this service',
    retryable: false,
    todo: 'Name one of the lines that the text lists.',
  },
  from_not_yours: {
    area: 'request',
    status: 400,
    title: 'No such line in this account',
    retryable: false,
    todo: 'Name one of the lines that the text lists, or leave `from` out.',
  },
  magic_number: {
    area: 'request',
    status: 400,
    title: 'A test recipient cannot be reached from a real line',
    retryable: false,
    todo: 'Send from a simulated line: name it in `from`. See [simulator.md](simulator.md).',
  },
  message_too_long: {
    area: 'request',
    status: 400,
    title: 'The text is too long',
    retryable: false,
    todo: 'Shorten it to 20,000 UTF-16 units, or send several.',
  },
  misplaced_parameter: {
    area: 'request',
    status: 400,
    title: 'A parameter is in the wrong place',
    retryable: false,
    todo: 'Move it to where the text says.',
  },
  missing_parameter: {
    area: 'request',
    status: 400,
    title: 'A required parameter is missing',
    retryable: false,
    todo: 'Add what `fields` names.',
  },
  not_supported: {
    area: 'request',
    status: 400,
    title: 'This is not supported',
    retryable: false,
    todo: 'Leave it out.',
  },
  out_of_range: {
    area: 'request',
    status: 400,
    title: 'A value is out of range',
    retryable: false,
    todo: 'Use a value in the range that the text gives.',
  },
  unknown_parameter: {
    area: 'request',
    status: 400,
    title: 'No such parameter',
    retryable: false,
    todo: 'Correct the name; the text suggests the nearest one.',
  },
  wrong_type: {
    area: 'request',
    status: 400,
    title: 'A parameter has the wrong type',
    retryable: false,
    todo: 'Use the type that the text gives. In JSON, `"true"` and `1` are not `true`.',
  },
  not_found: {
    area: 'request',
    status: 404,
    title: 'Not found',
    retryable: false,
    todo: 'Check the address or the id. What belongs to another account is not found either.',
  },
  method_not_allowed: {
    area: 'request',
    status: 405,
    title: 'This method is not possible here',
    retryable: false,
    todo: 'Use a method that the `Allow` header lists.',
  },
  request_timeout: {
    area: 'request',
    status: 408,
    title: 'The request took too long to arrive',
    retryable: true,
    todo: 'Send it again, whole within 30 s. Nothing was accepted.',
  },
  body_too_large: {
    area: 'request',
    status: 413,
    title: 'The body is too large',
    retryable: false,
    todo: 'Keep the body within 256 KiB.',
  },
  unsupported_media_type: {
    area: 'request',
    status: 415,
    title: 'The content type is not supported',
    retryable: false,
    todo: 'Send `application/json` or `application/x-www-form-urlencoded`.',
  },
  idempotency_mismatch: {
    area: 'request',
    status: 422,
    title: 'The Idempotency-Key was used for another request',
    retryable: false,
    todo: 'Use a new key for each message. A retry sends the same body.',
  },
  headers_too_large: {
    area: 'request',
    status: 431,
    title: 'The request headers are too large',
    retryable: false,
    todo: 'Send fewer or shorter headers.',
  },

  recipient_has_letters: {
    area: 'recipient',
    status: 400,
    title: 'The recipient holds letters',
    retryable: false,
    todo: 'Write digits only. Letters are never turned into digits.',
  },
  recipient_is_email: {
    area: 'recipient',
    status: 400,
    title: 'An e-mail address can only be reached by iMessage',
    retryable: false,
    todo: 'Set `imessage` to true, or write to a phone number.',
  },
  recipient_is_own_line: {
    area: 'recipient',
    status: 400,
    title: 'The recipient is a line of this account',
    retryable: false,
    todo: 'Write to somebody else.',
  },
  recipient_malformed: {
    area: 'recipient',
    status: 400,
    title: 'The recipient is not a phone number',
    retryable: false,
    todo: 'Write `+`, country code and number. The text says what is wrong.',
  },
  recipient_too_short: {
    area: 'recipient',
    status: 400,
    title: 'The recipient is too short',
    retryable: false,
    todo: 'Write the whole number. Short codes and emergency numbers cannot be reached.',
  },
  recipient_unconvertible: {
    area: 'recipient',
    status: 400,
    title: 'The recipient cannot be converted to E.164',
    retryable: false,
    todo: 'Write `+` and the country code. The text may suggest what was meant; it is never guessed.',
  },

  suspended: {
    area: 'access',
    status: 401,
    title: 'The token or its account is suspended',
    retryable: false,
    todo: 'Ask the administrator; the text says whether token or account is suspended.',
  },
  unauthorized: {
    area: 'access',
    status: 401,
    title: 'The token is missing or not valid',
    retryable: false,
    todo: 'Send `Authorization: Token YOUR_TOKEN` with a token that is valid.',
  },
  enrolment_refused: {
    area: 'access',
    status: 401,
    title: 'The enrolment code is not valid',
    retryable: false,
    todo: 'Make a new code (`npm run admin -- enrol`) and join within 15 minutes. Each works once.',
  },
  entitlement_required: {
    area: 'access',
    status: 403,
    title: 'The account lacks an entitlement',
    retryable: false,
    todo: 'Ask the administrator to grant it (`npm run admin -- entitlement grant imessage`).',
  },
  scope_required: {
    area: 'access',
    status: 403,
    title: 'The token lacks a scope',
    retryable: false,
    todo: 'Use a token with the scope that the text names.',
  },

  quota_exceeded: {
    area: 'limit',
    status: 400,
    title: 'The monthly quota is used up',
    retryable: false,
    todo: 'Wait for the next UTC month, or have the limit raised.',
  },
  line_queue_full: {
    area: 'limit',
    status: 429,
    title: 'The queue is longer than this message may wait',
    retryable: true,
    todo: 'Try again after `Retry-After`, allow more with `expires_in`, or use another line. Nothing was accepted.',
  },
  sms_guard: {
    area: 'limit',
    status: 429,
    title: 'The account may send no more SMS there now',
    retryable: true,
    todo: 'Wait for `Retry-After`, or have the limit raised: [what an SMS may cost](fallback.md#what-it-may-cost). Nothing was accepted.',
  },
  rate_limited: {
    area: 'limit',
    status: 429,
    title: 'Too many requests',
    retryable: true,
    todo: 'Wait for `Retry-After`. The `RateLimit` header tells how many requests are left.',
  },

  apple_error: {
    area: 'outcome',
    status: 500,
    title: 'Messages reported an error',
    retryable: false,
    todo: 'Look at Messages on the Mac, then send it as a new message.',
  },
  cancelled: {
    area: 'outcome',
    status: 500,
    title: 'Cancelled before it was sent',
    retryable: false,
    todo: 'Nothing. Send a new message if it is wanted after all.',
  },
  expired: {
    area: 'outcome',
    status: 500,
    title: 'Expired before it could be sent',
    retryable: false,
    todo: 'Send a new message if it is still wanted, with a longer `expires_in`.',
  },
  line_suspended: {
    area: 'outcome',
    status: 500,
    title: 'The line is suspended',
    retryable: false,
    todo: 'Use another line, or ask the administrator.',
  },
  no_line: {
    area: 'outcome',
    status: 500,
    title: 'The account has no line for this service',
    retryable: false,
    todo: 'Add a line that does this service, then send a new message.',
  },
  node_disk_full: {
    area: 'outcome',
    status: 500,
    title: 'The disk of the node is full',
    retryable: false,
    todo: 'Free space on the disk of the node, then send a new message.',
  },
  node_refused: {
    area: 'outcome',
    status: 500,
    title: 'The node did not take the message',
    retryable: false,
    todo: 'Look at the node and its log, then send a new message.',
  },
  opted_out: {
    area: 'outcome',
    status: 500,
    title: 'The recipient has opted out',
    retryable: false,
    todo: 'Respect it. The recipient can write START to the line.',
  },
  recipient_not_on_imessage: {
    area: 'outcome',
    status: 500,
    title: 'The recipient is not on iMessage',
    retryable: false,
    todo: 'Send an SMS, or ask for `fallback`.',
  },
  recipient_unreachable: {
    area: 'outcome',
    status: 500,
    title: 'The number cannot get an SMS',
    retryable: false,
    todo: 'Check the number with the person.',
  },
  send_refused: {
    area: 'outcome',
    status: 500,
    title: 'Messages, or the provider, refused to send',
    retryable: false,
    todo: 'Look at Messages on the Mac, or at the provider; the text may say more. Then send a new message.',
  },
  sms_limit_reached: {
    area: 'outcome',
    status: 500,
    title: 'Not on iMessage, and the account may send no SMS now',
    retryable: false,
    todo: 'Send it again later, or ask the administrator to raise the limit of [SMS an hour](fallback.md#what-it-may-cost).',
  },
  undeliverable: {
    area: 'outcome',
    status: 500,
    title: 'Sent, and then reported as failed',
    retryable: false,
    todo: 'Check the number with the person.',
  },

  internal: {
    area: 'service',
    status: 500,
    title: 'An internal error',
    retryable: true,
    todo: 'Send it again with the same Idempotency-Key. If it stays, report it with the `id` of the answer.',
  },
  accept_unknown: {
    area: 'service',
    status: 503,
    title: 'It is not known whether the message was accepted',
    retryable: true,
    todo: 'Ask `GET /messages/:id` with the `message_id` of the answer, or send it again with the same Idempotency-Key.',
  },
  disk_full: {
    area: 'service',
    status: 503,
    title: 'The disk of the gateway is full',
    retryable: true,
    todo: 'Free space on the disk of the gateway; it goes on by itself. Nothing was accepted.',
  },
  draining: {
    area: 'service',
    status: 503,
    title: 'The gateway is shutting down',
    retryable: true,
    todo: 'Send it again after `Retry-After`. Nothing was accepted.',
  },
  store_unavailable: {
    area: 'service',
    status: 503,
    title: 'The database cannot be written',
    retryable: true,
    todo: 'Send it again after `Retry-After`. Nothing was accepted. If it stays, look at the disk of the gateway.',
  },
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
  /** The same request will never succeed, although others with this code may. */
  readonly isFinal: boolean

  constructor(
    code: ErrorCode,
    message: string,
    more: { fields?: readonly FieldError[]; retryAfterS?: number; isFinal?: boolean; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.code = code
    this.fields = more.fields ?? []
    this.retryAfterS = more.retryAfterS
    this.isFinal = more.isFinal ?? false
  }
}
