/**
 * A telephone number written without `+`, read as someone in a region would dial it.
 *
 * Uses libphonenumber's `max` metadata: the smaller `min` knows neither the number types nor the exact patterns, and
 * would call far more readings valid than are. It is the larger download where it is bundled.
 */
import {
  getCountryCallingCode,
  isSupportedCountry,
  Metadata,
  parsePhoneNumberFromString as parse,
} from 'libphonenumber-js/max'
import type { CountryCode, PhoneNumber } from 'libphonenumber-js/max'

export type DialledNumber = {
  /** ASCII digits only. */
  digits: string
  /** Where in `digits` a zero stands that was written alone in parentheses, as in +44 (0)20; -1 if none. */
  trunkZeroAt: number
}

export type NationalReading =
  { e164: string } | { code: 'recipient_unconvertible' | 'recipient_too_short' | 'recipient_malformed'; reason: string }

/** From 7 digits: the shortest numbers in use (Niue, Tokelau) are a 3-digit country code and 4 digits. */
export const E164 = /^\+[1-9]\d{6,14}$/

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

/**
 * `+` and the digits, without the "(0)" of +44 (0)20 7946 0958 where that country dials a zero only at home. Where the
 * zero is part of the number (Italy), or no zero is dialled (North America), it stays.
 */
export function dropTrunkZero({ digits, trunkZeroAt }: DialledNumber): string {
  const e164 = `+${digits}`
  if (trunkZeroAt < 1) return e164
  const dropped = `+${digits.slice(0, trunkZeroAt)}${digits.slice(trunkZeroAt + 1)}`
  return parse(e164, { extract: false })?.number === dropped ? dropped : e164
}

/** Converts what has exactly one reading in `region`; a number of any other country needs its dialling prefix. */
export function readNationalForm(dialled: DialledNumber, region: string): NationalReading {
  if (!/^[A-Z]{2}$/.test(region) || !isSupportedCountry(region)) {
    return refuse(dialled, [], `the region ${JSON.stringify(region)} is not known, so it has no national numbers`)
  }
  const dialledAbroad = readingsAfterExitCode(dialled, region)
  const readings = new Set(dialledAbroad.filter(isAssigned))
  const callingCode = getCountryCallingCode(region)
  if (callingCode === '1' && readings.size === 0) return readNanp(dialled, region, dialledAbroad)

  const national = parse(`+${callingCode}${dialled.digits}`, { extract: false })
  if (national && isWholeNationalNumber(national, dialled.digits, readings.size > 0)) readings.add(national.number)
  const withCallingCode = dropTrunkZero(dialled)
  if (dialled.digits.startsWith(callingCode) && isAssigned(withCallingCode)) readings.add(withCallingCode)

  const [reading, ...others] = readings
  if (reading === undefined)
    return refuse(dialled, dialledAbroad, { because: notOf(region), digitsMin: shortest(region) })
  if (others.length === 0) return { e164: reading }
  return refuse(dialled, [...readings], 'it can be read in more than one way')
}

/**
 * North America (country code 1) has one rule for 25 regions: 10 digits, or 11 with a leading 1. Area codes begin
 * with 2 to 9, since a first digit of 0 or 1 has always meant operator or long distance (NANPA: NXX, N from 2 to 9).
 * Nothing more is asked, so that new and fictitious numbers convert.
 */
function readNanp(dialled: DialledNumber, region: string, dialledAbroad: readonly string[]): NationalReading {
  const { digits } = dialled
  const number = digits.length === 11 && digits.startsWith('1') ? digits.slice(1) : digits
  if (number.length !== 10) return refuse(dialled, dialledAbroad, { because: notOf(region), digitsMin: 10 })
  if (/^[2-9]/.test(number)) return { e164: `+1${number}` }
  return refuse(dialled, dialledAbroad, `no NANP area code begins with 0 or 1, so ${notOf(region)}`)
}

/** What `+` could stand for the exit code these digits begin with: the region's own, or 00, which most people know. */
function readingsAfterExitCode({ digits, trunkZeroAt }: DialledNumber, region: CountryCode): string[] {
  const readings = new Set<string>()
  for (const exitCode of [planOf(region)?.IDDPrefix() ?? '00', '00']) {
    const length = new RegExp(`^(?:${exitCode})`).exec(digits)?.[0].length ?? 0
    if (length === 0) continue
    const e164 = dropTrunkZero({ digits: digits.slice(length), trunkZeroAt: trunkZeroAt - length })
    if (E164.test(e164)) readings.add(e164)
  }
  return [...readings]
}

/**
 * A number that begins with its trunk prefix (0 in most countries) is certainly national, so a possible length is
 * enough. Without it the digits may be a local number that lacks its area code: they must be assigned, and be a
 * mobile number or be written as that country writes them. A reading after an exit code also asks for `assigned`.
 */
function isWholeNationalNumber(number: PhoneNumber, digits: string, assigned: boolean): boolean {
  if (!E164.test(number.number)) return false
  const hasTrunkPrefix = number.nationalNumber !== digits
  if (hasTrunkPrefix && !assigned) return number.isPossible()
  if (!number.isValid()) return false
  const type = number.getType()
  if (hasTrunkPrefix || type === 'MOBILE' || type === 'FIXED_LINE_OR_MOBILE') return true
  return number.formatNational().replace(/\D/g, '') === digits
}

function isAssigned(e164: string): boolean {
  const number = parse(e164, { extract: false })
  return number?.number === e164 && number.isValid()
}

function planOf(region: CountryCode) {
  const metadata = new Metadata()
  metadata.selectNumberingPlan(region)
  return metadata.numberingPlan
}

function shortest(region: CountryCode): number {
  return Math.min(...(planOf(region)?.possibleLengths() ?? [7]))
}

const notOf = (region: string): string => `it is not a number of region ${region}`

/** The refusal that fits the number of digits, with the numbers that may have been meant. */
function refuse(
  dialled: DialledNumber,
  meant: readonly string[],
  why: string | { because: string; digitsMin: number },
): NationalReading {
  const { because, digitsMin } = typeof why === 'string' ? { because: why, digitsMin: 7 } : why
  const count = dialled.digits.length
  const suggestion = suggest(dialled, meant)
  if (count < Math.max(digitsMin, 6)) {
    return {
      code: 'recipient_too_short',
      reason:
        `The recipient has only ${plural(count, 'digit')}: the area code may be missing, and short codes and emergency numbers ` +
        `are not supported${suggestion} Write the whole number with + and its country code, as in +14155552671.`,
    }
  }
  if (count > 15 && meant.length === 0) {
    return {
      code: 'recipient_malformed',
      reason:
        `The recipient has ${count} digits, and a telephone number has at most 15. If these are two numbers, send one request ` +
        'for each.',
    }
  }
  return {
    code: 'recipient_unconvertible',
    reason:
      `The recipient has no + and country code, and ${because}${suggestion} Write the number with + and its ` +
      'country code, as in +14155552671.',
  }
}

function suggest(dialled: DialledNumber, meant: readonly string[]): string {
  const withPlus = parse(`+${dialled.digits}`, { extract: false })
  const asInternational = withPlus?.isValid() && E164.test(withPlus.number) ? [withPlus.number] : []
  const all = [...new Set([...meant, ...asInternational])]
  return all.length === 0 ? '.' : `: did you mean ${all.join(' or ')}?`
}
