/** A body of either kind as the one object that the request schema describes; what a form cannot express is told apart here. */
import { BluewireError } from '@bluewire/contract/errors'
import type { FieldError } from '@bluewire/contract/errors'
import { FormFields } from '../../form-fields.ts'

export type RawBody = Readonly<{
  value: Readonly<Record<string, unknown>>
  problems: readonly FieldError[]
  fromForm: boolean
}>

/** In forms only: JSON has booleans of its own. */
const FORM_BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  on: true,
  false: false,
  '0': false,
  off: false,
}

const SINGLE = ['to', 'recipient', 'message', 'from', 'on_unknown'] as const
const BRACKETED = /^beta_features\[([^\]]*)\]$/

/** Throws `wrong_type` when the body is no object at all. */
export function readBody(body: unknown): RawBody {
  if (body instanceof FormFields) return readFormBody(body)
  if (body === undefined || body === null) return { value: {}, problems: [], fromForm: false }
  if (typeof body === 'object' && !Array.isArray(body)) {
    return { value: body as Record<string, unknown>, problems: [], fromForm: false }
  }
  throw new BluewireError(
    'wrong_type',
    'The body must be a JSON object, as in {"to": "+1234567890", "message": "Hello"}.',
  )
}

function readFormBody(form: FormFields): RawBody {
  const value: Record<string, unknown> = {}
  const problems: FieldError[] = []
  const single = (name: string): string | undefined => {
    const [first, ...more] = form.all(name)
    if (more.length > 0) {
      const what = name === 'to' ? 'one recipient, as a string: send one request for each' : 'given once'
      problems.push({ field: name, code: 'wrong_type', reason: `${name} must be ${what}.` })
    }
    return first
  }
  for (const name of SINGLE) {
    const written = single(name)
    if (written !== undefined) value[name] = written
  }
  const seconds = single('expires_in')
  if (seconds !== undefined) value['expires_in'] = /^\d{1,9}$/.test(seconds) ? Number(seconds) : seconds
  for (const name of ['imessage', 'fallback', 'whatsapp', 'intent', 'attachments']) {
    if (form.all(name).length > 0) value[name] = form.all(name)[0]
  }
  if (form.all('to[]').length > 0) value['to'] ??= form.all('to[]')
  const features = formFeatures(form, single, problems)
  if (features !== undefined) value['beta_features'] = features
  return { value, problems, fromForm: true }
}

/** `beta_features[imessage]=true`, or all of it as one JSON string. */
function formFeatures(form: FormFields, single: (name: string) => string | undefined, problems: FieldError[]): unknown {
  const json = single('beta_features')
  const bracketed = form.names().filter((name) => BRACKETED.test(name))
  if (json !== undefined && bracketed.length > 0) {
    problems.push({
      field: 'beta_features',
      code: 'conflicting_parameters',
      reason: 'beta_features is given as a JSON string and in brackets as well. Use one of the two.',
    })
  }
  if (json !== undefined) return withFormBooleans(parsedOrText(json))
  if (bracketed.length === 0) return undefined
  return withFormBooleans(Object.fromEntries(bracketed.map((name) => [BRACKETED.exec(name)?.[1] ?? '', single(name)])))
}

/** What is not JSON stays a string, which the schema then refuses. */
function parsedOrText(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return json
  }
}

function withFormBooleans(features: unknown): unknown {
  if (typeof features !== 'object' || features === null || Array.isArray(features)) return features
  return Object.fromEntries(
    Object.entries(features).map(([name, value]: [string, unknown]) => [
      name,
      name === 'from' ? value : formBoolean(value),
    ]),
  )
}

function formBoolean(value: unknown): unknown {
  if (typeof value !== 'string' && typeof value !== 'number') return value
  return FORM_BOOLEANS[String(value).toLowerCase()] ?? value
}
