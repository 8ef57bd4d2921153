/**
 * A body as the message it asks for, or everything that is wrong with it at once. Pure: what only the account can tell (its lines,
 * its entitlements, its quota) is decided later.
 */
import { sendTextRequest } from '@bluewire/contract/api/send-text'
import type { SendTextRequest } from '@bluewire/contract/api/send-text'
import type { FieldError } from '@bluewire/contract/errors'
import type { Service } from '@bluewire/contract/ids'
import { convertRecipient } from '@bluewire/contract/recipient'
import { misplaced, missing, problemsOf } from './field-problems.ts'
import { readBody } from './read-body.ts'
import type { RawBody } from './read-body.ts'

export type ParsedSend = Readonly<{
  service: Service
  /** Without `beta_features`: whether that means SMS depends on the account's lines. */
  plain: boolean
  /** E.164, or an e-mail address. */
  to: string
  toEmail: boolean
  text: string
  /** The line asked for, as written. */
  from: string | null
  fallback: boolean
  /** SMS was asked for in case of failure, and an e-mail address cannot get one. */
  fallbackIgnored: boolean
  expiresInMs: number | null
  onUnknown: 'hold' | 'resend'
}>

export type ParseOptions = Readonly<{ region: string; textUnitsMax: number }>

export type ParseResult = Readonly<
  { ok: true; send: ParsedSend } | { ok: false; service: Service; plain: boolean; problems: readonly FieldError[] }
>

type Raw = RawBody['value']

/** Features that, beside `beta_features`, would be silently lost. */
const FEATURES_ONLY = ['imessage', 'fallback', 'whatsapp', 'intent'] as const

/** Throws `wrong_type` only when the body is no object. */
export function parseSendText(body: unknown, options: ParseOptions): ParseResult {
  const read = readBody(body)
  const raw = withOldName(read.value)
  const features = featuresOf(raw)
  const service: Service = features?.['imessage'] === true ? 'imessage' : 'sms'
  const parsed = sendTextRequest.safeParse(raw)
  const smsAsked = features === null || features['imessage'] === false
  const to = readRecipient(raw, { region: options.region, fromForm: read.fromForm, smsAsked })
  const problems = [
    ...read.problems,
    ...(to.ok ? [] : to.problems),
    ...textProblems(raw['message'], options.textUnitsMax),
    ...placeProblems(raw, features),
    ...(features === null ? [] : unsupportedFeatures(features)),
    ...(parsed.success ? [] : parsed.error.issues.flatMap((issue) => problemsOf(issue, raw))),
  ]
  if (problems.length === 0 && parsed.success && to.ok) return { ok: true, send: asSend(parsed.data, to, service) }
  return { ok: false, service, plain: raw['beta_features'] == null, problems: inOrder(problems) }
}

function asSend(request: SendTextRequest, to: Recipient, service: Service): ParsedSend {
  const features = request.beta_features ?? null
  const fallback = service === 'imessage' && features?.fallback === true
  return {
    service,
    plain: features === null,
    to: to.address,
    toEmail: to.email,
    text: request.message,
    from: features?.from ?? request.from ?? null,
    fallback: fallback && !to.email,
    fallbackIgnored: fallback && to.email,
    expiresInMs: request.expires_in == null ? null : request.expires_in * 1000,
    onUnknown: request.on_unknown ?? 'hold',
  }
}

/** The first clients of the hosted service said `recipient`. */
function withOldName(raw: Raw): Raw {
  const noTo = raw['to'] === undefined || raw['to'] === null || raw['to'] === ''
  return noTo && raw['recipient'] != null ? { ...raw, to: raw['recipient'], recipient: null } : raw
}

function featuresOf(raw: Raw): Record<string, unknown> | null {
  const features = raw['beta_features']
  const isMap = typeof features === 'object' && features !== null && !Array.isArray(features)
  return isMap ? (features as Record<string, unknown>) : null
}

type Recipient = Readonly<{ ok: true; address: string; email: boolean }>

function readRecipient(
  raw: Raw,
  how: { region: string; fromForm: boolean; smsAsked: boolean },
): Recipient | { ok: false; problems: FieldError[] } {
  const { to, recipient } = raw
  if (typeof to !== 'string') return { ok: false, problems: [] } // the schema says so
  if (to.trim() === '') return { ok: false, problems: [missing('to')] }
  const understood = convertRecipient(to, how)
  if (!understood.ok)
    return { ok: false, problems: [{ field: 'to', code: understood.code, reason: understood.reason }] }
  const address = understood.kind === 'email' ? understood.email : understood.e164
  if (typeof recipient === 'string' && recipient !== '' && !isSame(address, recipient, how)) {
    const reason = 'to and recipient name two recipients. recipient is an older name of to: send to alone.'
    return { ok: false, problems: [{ field: 'recipient', code: 'conflicting_parameters', reason }] }
  }
  if (understood.kind === 'email' && how.smsAsked) {
    const reason =
      'The recipient is an e-mail address, and only an iMessage can reach one. Set beta_features.imessage to true.'
    return { ok: false, problems: [{ field: 'to', code: 'recipient_is_email', reason }] }
  }
  return { ok: true, address, email: understood.kind === 'email' }
}

function isSame(address: string, written: string, how: { region: string; fromForm: boolean }): boolean {
  const other = convertRecipient(written, how)
  return other.ok && address === (other.kind === 'email' ? other.email : other.e164)
}

function textProblems(text: unknown, unitsMax: number): FieldError[] {
  if (typeof text !== 'string') return []
  if (text.trim() === '') return [missing('message')]
  if (text.length > unitsMax) {
    const reason = `message is ${text.length} UTF-16 units long, and at most ${unitsMax} can be sent. Send it in parts.`
    return [{ field: 'message', code: 'message_too_long', reason }]
  }
  if (text.includes('\0')) {
    return [
      { field: 'message', code: 'bad_text', reason: 'message holds a NUL character, which no message can carry.' },
    ]
  }
  if (!text.isWellFormed()) {
    const reason =
      'message holds half of a character (a lone surrogate). It was probably cut in the middle of an emoji.'
    return [{ field: 'message', code: 'bad_text', reason }]
  }
  return []
}

/** A feature beside `beta_features` is never silently dropped: what was meant as an iMessage would go out as SMS. */
function placeProblems(raw: Raw, features: Record<string, unknown> | null): FieldError[] {
  const lost = FEATURES_ONLY.filter((name) => raw[name] != null && features?.[name] == null)
  const problems = lost.map(misplaced)
  const { attachments, from } = raw
  const inner = features?.['from']
  if (attachments != null && !(Array.isArray(attachments) && attachments.length === 0)) {
    problems.push({
      field: 'attachments',
      code: 'not_supported',
      reason: 'Attachments are not supported here yet. Send the text alone.',
    })
  }
  if (from != null && inner != null && from !== inner) {
    problems.push({
      field: 'from',
      code: 'conflicting_parameters',
      reason: 'from and beta_features.from name two lines. Keep the one inside beta_features.',
    })
  }
  return [...problems, ...emptyFrom('from', from), ...emptyFrom('beta_features.from', inner)]
}

function emptyFrom(field: string, value: unknown): FieldError[] {
  if (typeof value !== 'string' || value.trim() !== '') return []
  return [{ field, code: 'wrong_type', reason: `${field} is empty. Leave it out to let Bluewire choose the line.` }]
}

function unsupportedFeatures(features: Record<string, unknown>): FieldError[] {
  return ['whatsapp', 'intent']
    .filter((name) => features[name] === true)
    .map((name) => ({
      field: `beta_features.${name}`,
      code: 'not_supported',
      reason: `beta_features.${name} is not supported: Bluewire sends iMessages and SMS.`,
    }))
}

const FIELD_ORDER = ['to', 'recipient', 'message', 'beta_features', 'from']

/** In the order of the documentation, each field once. */
function inOrder(problems: readonly FieldError[]): FieldError[] {
  const rank = (field: string): number => {
    const at = FIELD_ORDER.indexOf(field.split('.')[0] ?? field)
    return at === -1 ? FIELD_ORDER.length : at
  }
  const once = problems.filter((p, i) => problems.findIndex((other) => other.field === p.field) === i)
  return once.sort((a, b) => rank(a.field) - rank(b.field))
}
