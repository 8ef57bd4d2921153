/** The country of a number, for what an SMS there may cost. */
import { getCountries, getCountryCallingCode, parsePhoneNumberFromString as parse } from 'libphonenumber-js/max'

/** Calling codes that several countries share: whose an unassigned number of it is taken to be. */
const MAIN: Readonly<Record<string, string>> = {
  '1': 'US',
  '7': 'RU',
  '39': 'IT',
  '44': 'GB',
  '47': 'NO',
  '61': 'AU',
  '212': 'MA',
  '262': 'RE',
  '290': 'SH',
  '358': 'FI',
  '590': 'GP',
  '599': 'CW',
}

let byCallingCode: ReadonlyMap<string, string> | undefined

/** ISO 3166 alpha-2. Null: its calling code is no country's (satellite and other networks, which are dear, and codes that nobody has). */
export function countryOf(e164: string): string | null {
  const number = parse(e164, { extract: false })
  if (number === undefined) return null
  byCallingCode ??= new Map(getCountries().map((country) => [getCountryCallingCode(country), country]))
  return number.country ?? MAIN[number.countryCallingCode] ?? byCallingCode.get(number.countryCallingCode) ?? null
}
