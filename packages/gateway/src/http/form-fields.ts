/** A decoded form body. Values keep every space: in `to`, one may be a lost `+`. */
import { isUtf8 } from 'node:buffer'
import { BluewireError } from '@bluewire/contract/errors'

const FIELDS_MAX = 100
const PERCENT = 0x25
const HEX_PAIR = /^[\da-f]{2}$/i

export class FormFields {
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values
  }

  /** Every value of the field, in order. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  names(): readonly string[] {
    return [...this.#values.keys()]
  }
}

/** Throws `bad_form` when an escape is not UTF-8: a text in another encoding would arrive as something else. */
export function readForm(body: string): FormFields {
  const values = new Map<string, string[]>()
  const pairs = body.split('&').filter((pair) => pair !== '')
  if (pairs.length > FIELDS_MAX) throw new BluewireError('bad_form', `The form has more than ${FIELDS_MAX} fields.`)
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1))
    const earlier = values.get(name)
    if (earlier === undefined) values.set(name, [value])
    else earlier.push(value)
  }
  return new FormFields(values)
}

/** As browsers read forms: a % that begins no escape is a per cent sign; bytes that were not escaped are the UTF-8 they are. */
function decode(written: string): string {
  const text = written.replaceAll('+', ' ')
  if (/^[\x00-\x24\x26-\x7f]*$/.test(text)) return text // eslint-disable-line no-control-regex -- all of ASCII but %
  const bytes = Buffer.from(text, 'latin1')
  let length = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0
    const pair = byte === PERCENT ? text.slice(i + 1, i + 3) : ''
    const isEscape = HEX_PAIR.test(pair)
    bytes[length++] = isEscape ? Number.parseInt(pair, 16) : byte
    if (isEscape) i += 2
  }
  const decoded = bytes.subarray(0, length)
  if (isUtf8(decoded)) return decoded.toString('utf8')
  throw new BluewireError('bad_form', 'The form holds a % escape that is not UTF-8. Encode each value once, as UTF-8.')
}
