/** A decoded form body. Values keep every space: in `to`, one may be a lost `+`. */
import { BluewireError } from '@bluewire/contract/errors'

const FIELDS_MAX = 100

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

function decode(written: string): string {
  try {
    return decodeURIComponent(asEscapes(written.replaceAll('+', ' ')))
  } catch (error) {
    throw new BluewireError(
      'bad_form',
      'The form holds a % escape that is not UTF-8. Encode each value once, as UTF-8.',
      {
        cause: error,
      },
    )
  }
}

/** As browsers read forms: a % that begins no escape is a per cent sign; bytes that were not escaped are the UTF-8 they are. */
function asEscapes(written: string): string {
  return written
    .replace(/%(?![\da-f]{2})/gi, '%25')
    .replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`)
}
