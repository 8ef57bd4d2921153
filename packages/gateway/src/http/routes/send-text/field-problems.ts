/** What is wrong with a field, from what the schema found: the word of the catalogue and a sentence for a person. */
import { betaFeatures, EXPIRES_IN_S_MAX, EXPIRES_IN_S_MIN } from '@bluewire/contract/api/send-text'
import type { FieldError } from '@bluewire/contract/errors'
import type { z } from 'zod'
import { nearestName } from '@bluewire/platform/nearest-name'

type Issue = z.core.$ZodIssue

const FEATURES = Object.keys(betaFeatures.shape)
/** Ours, and beside `beta_features`, not inside. */
const TOP_LEVEL = ['expires_in', 'on_unknown', 'to', 'message']
const UNKNOWN_NAMES_MAX = 20
const QUOTED_CHARS_MAX = 40

const MISSING: Readonly<Record<string, string>> = {
  to: 'to is missing: the recipient, with + and the country code, as in +14155552671.',
  message: 'message is missing: the text to send.',
  'beta_features.imessage': 'beta_features.imessage is missing: true sends an iMessage, false an SMS. ',
}

const WRONG_TYPE: Readonly<Record<string, string>> = {
  to: 'to must be one recipient, as a string: send one request for each.',
  recipient: 'recipient must be one recipient, as a string.',
  message: 'message must be a string.',
  from: 'from must be one of your lines, as a string.',
  beta_features: 'beta_features must be an object, as in {"imessage": true}.',
  'beta_features.from': 'beta_features.from must be one of your lines, as a string.',
  on_unknown: 'on_unknown must be "hold" or "resend".',
  expires_in: 'expires_in must be a whole number of seconds.',
}

export function missing(field: string): FieldError {
  return { field, code: 'missing_parameter', reason: (MISSING[field] ?? `${field} is missing.`).trim() }
}

export function wrongType(field: string): FieldError {
  const reason = WRONG_TYPE[field] ?? `${field} must be true or false, without quotes.`
  return { field, code: 'wrong_type', reason }
}

/** One issue may name several unknown keys. */
export function problemsOf(issue: Issue, body: unknown): FieldError[] {
  const field = issue.path.map(String).join('.')
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.slice(0, UNKNOWN_NAMES_MAX).map(unknownFeature)
    case 'too_small':
    case 'too_big':
      return [
        {
          field,
          code: 'out_of_range',
          reason: `${field} must be ${EXPIRES_IN_S_MIN} to ${EXPIRES_IN_S_MAX} seconds.`,
        },
      ]
    default:
      return [valueAt(body, issue.path) == null ? missing(field) : wrongType(field)]
  }
}

export function misplaced(name: string): FieldError {
  return {
    field: name,
    code: 'misplaced_parameter',
    reason: `${name} belongs inside beta_features, as in "beta_features": {"imessage": true}.`,
  }
}

function unknownFeature(name: string): FieldError {
  const field = `beta_features.${name.slice(0, QUOTED_CHARS_MAX)}`
  if (TOP_LEVEL.includes(name)) {
    return { field, code: 'misplaced_parameter', reason: `${name} belongs beside beta_features, not inside it.` }
  }
  const near = nearestName(name, FEATURES)
  const hint = near === null ? `It takes ${FEATURES.slice(0, 3).join(', ')}.` : `Did you mean ${near}?`
  return { field, code: 'unknown_parameter', reason: `There is no ${field}. ${hint}` }
}

function valueAt(body: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    body,
  )
}
