/**
 * What a caller wrote in `to`, as the one address a message goes to.
 *
 * fixtures/recipients.json holds the promised answers; the API, the SDK and the portal all run it. Each entry has the
 * `row` of the documentation's recipient table, the `input`, the `region` and `body` it arrives with, and what to
 * `expect`; an error's `mentions` are parts of its reason. `needs: "account"` marks what only the gateway can decide:
 * whether an e-mail address is allowed in this request, and whether the recipient is one of the account's own lines.
 */
import { dropTrunkZero, E164, plural, readNationalForm } from './recipient-national.ts'
import type { DialledNumber } from './recipient-national.ts'

export type RecipientErrorCode =
  'recipient_unconvertible' | 'recipient_has_letters' | 'recipient_too_short' | 'recipient_malformed'

/** `reason` is for a person: what is wrong and what to write instead. Like the input, it may hold a full number. */
export type RecipientResult =
  | { ok: true; kind: 'phone'; e164: string }
  | { ok: true; kind: 'email'; email: string }
  | { ok: false; code: RecipientErrorCode; reason: string }

export type RecipientOptions = {
  /** ISO 3166 alpha-2, upper case: whose national numbers are understood without a country code. */
  region: string
  /** The value was decoded from application/x-www-form-urlencoded, where an unencoded `+` arrives as a space. */
  fromForm: boolean
}

type Refusal = Extract<RecipientResult, { ok: false }>

/** UTF-16 units. The longest possible recipient is an e-mail address of 254; the rest is room for padding. */
const INPUT_LENGTH_MAX = 320

const FORM_LOST_PLUS = /^ \d{7,15}$/

/**
 * Characters that show nothing: bidi marks (telephone apps wrap copied numbers in U+202A…U+202C or U+2066…U+2069),
 * zero-width spaces and joiners, soft hyphen, byte order mark. U+202E is missing on purpose: it reverses what
 * follows, so what was seen is not what is stored.
 */
const INVISIBLE = /[\u00ad\u061c\u200b-\u200f\u202a-\u202d\u2060\u2066-\u2069\ufeff]/g

const PHONE_SHAPE = /^[ ().-]*\+?[ ()./\d-]*$/

/**
 * Converts by the rules of the documentation's recipient table; never throws and never guesses. What has E.164 shape
 * (`+`, then 7 to 15 digits that do not begin with 0) is taken as it is, assigned or not, whatever punctuation stands
 * between the digits. Every other form must have exactly one reading in `region`. A result converts to itself.
 */
export function convertRecipient(input: string, options: RecipientOptions): RecipientResult {
  if (input.length > INPUT_LENGTH_MAX) {
    return malformed(
      `The recipient is ${input.length} characters long, and no recipient is longer than ${INPUT_LENGTH_MAX}. ` +
        'Send one request for each recipient.',
    )
  }
  const isLostPlus = options.fromForm && FORM_LOST_PLUS.test(input)
  const visible = (isLostPlus ? `+${input.slice(1)}` : input).replace(INVISIBLE, '').trim()
  const result = /[@＠]/.test(visible) ? readEmail(visible) : readPhone(visible, options.region)
  const mayHaveLostPlus = options.fromForm && (input.startsWith(' ') || / [^@]*@/.test(visible))
  if (result.ok || !mayHaveLostPlus) return result
  return { ...result, reason: `${result.reason} In a form body an unencoded + arrives as a space: write it as %2B.` }
}

function readPhone(visible: string, region: string): RecipientResult {
  const text = toAscii(visible).replace(/^tel:/i, '').trim()
  const refusal = refuseShape(text)
  if (refusal) return refusal
  const dialled = dialledNumber(text)
  if (text.includes('+')) return readInternational(dialled)
  const reading = readNationalForm(dialled, region)
  return 'e164' in reading ? { ok: true, kind: 'phone', e164: reading.e164 } : { ok: false, ...reading }
}

function malformed(reason: string): Refusal {
  return { ok: false, code: 'recipient_malformed', reason }
}

function readEmail(text: string): RecipientResult {
  const [local = '', domain = '', ...more] = text.split('@')
  if (more.length > 0) {
    return malformed(
      'The recipient holds more than one @, as if it were two e-mail addresses. Send one request for each recipient.',
    )
  }
  const localOk = local.length <= 64 && /^[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*$/.test(local)
  const domainOk = /^(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+[a-z](?:[a-z\d-]{0,61}[a-z\d])$/i.test(domain)
  if (localOk && domainOk && text.length <= 254) {
    return { ok: true, kind: 'email', email: `${local}@${domain.toLowerCase()}` }
  }
  return malformed(
    'The recipient holds an @ but is not an e-mail address. Write it alone and in ASCII, as in ann@example.com.',
  )
}

/**
 * Full-width forms, Arabic and Persian digits, and the many dashes, spaces and dots, as the ASCII they stand for. Not
 * NFKC: it would also read a superscript (a footnote mark) as a digit of the number.
 */
function toAscii(text: string): string {
  return text
    .replace(/[\uff01-\uff5e]/g, (char) => String.fromCharCode(char.charCodeAt(0) - 0xfee0))
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (char) => String(char.charCodeAt(0) & 0xf))
    .replace(/[\p{Pd}\u2212]/gu, '-')
    .replace(/\p{Zs}/gu, ' ')
    .replace(/\u00b7/g, '.')
}

/** Why this text cannot be one telephone number, whatever its region; undefined when it may be one. */
function refuseShape(text: string): Refusal | undefined {
  if (/%2b/i.test(text)) {
    return malformed(
      'The recipient holds %2B, a + that was percent-encoded once too often. Encode the request body only once.',
    )
  }
  if (/^\P{L}*\d[ ().,;-]*(?:x|extn?|extension|#)[ .:=]*\d{1,7}[ )]*$/iu.test(text)) {
    return malformed(
      'The recipient ends in an extension, and a message cannot be sent to an extension. Write the number without it.',
    )
  }
  if (/\p{L}/u.test(text)) {
    return {
      ok: false,
      code: 'recipient_has_letters',
      reason:
        'The recipient holds letters, which are never turned into digits. Write the number in digits, with + and its country ' +
        'code, as in +14155552671.',
    }
  }
  if (!/\d/.test(text)) {
    return malformed('The recipient holds no digits. Write the number with + and its country code, as in +14155552671.')
  }
  if (/\d[^+]*\+/.test(text) || /\d *[,;|&\t\r\n].*\d/s.test(text) || hasSlashBetweenNumbers(text)) {
    return malformed(
      'The recipient looks like two numbers. Send one request for each recipient, with nothing else in it.',
    )
  }
  if (/\+[^\d]*\+/.test(text))
    return malformed('The recipient holds more than one +. Write exactly one, before the country code.')
  if (PHONE_SHAPE.test(text)) return undefined
  const stray = [...text].find((char) => !/[ ()+./\d-]/.test(char))
  const what =
    stray === undefined ? 'a + or / where none belongs' : `${nameCharacter(stray)}, which no telephone number has`
  return malformed(`The recipient holds ${what}. Write only the digits, with + and the country code before them.`)
}

/**
 * German and Austrian numbers are written 030/1234567. A slash counts as punctuation only where that is the one
 * meaning: at most 7 digits (country and area code) before it, at least 5 after it. 415 555 2671/72 is two numbers.
 */
function hasSlashBetweenNumbers(text: string): boolean {
  const [before = 0, after, ...more] = text.split('/').map((part) => part.replace(/\D/g, '').length)
  return after !== undefined && (more.length > 0 || before > 7 || after < 5)
}

function nameCharacter(char: string): string {
  if (/[!-~]/.test(char)) return `"${char}"`
  return `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
}

function dialledNumber(text: string): DialledNumber {
  const trunkZero = /\( *0 *\)/.exec(text)
  return {
    digits: text.replace(/\D/g, ''),
    trunkZeroAt: trunkZero ? text.slice(0, trunkZero.index).replace(/\D/g, '').length : -1,
  }
}

function readInternational(dialled: DialledNumber): RecipientResult {
  const e164 = dropTrunkZero(dialled)
  if (E164.test(e164)) return { ok: true, kind: 'phone', e164 }
  if (dialled.digits.startsWith('0')) {
    return malformed(
      'After the +, the recipient begins with 0, and no country code begins with 0. Write + and then the country code.',
    )
  }
  const count = dialled.digits.length
  return malformed(
    `The recipient has ${plural(count, 'digit')} after the +, and an international number has 7 to 15. ` +
      (count > 15 ? 'If these are two numbers, send one request for each.' : 'Write the whole number.'),
  )
}
