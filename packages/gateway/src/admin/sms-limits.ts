/** How many SMS an account may send within an hour, as words and back. */
import type { Account } from '../store/accounts-store.ts'
import { isRegion } from './region.ts'
import { Refused } from './verb.ts'

type Countries = Account['smsCountries']

const LIMIT_MAX = 1_000_000
const OTHERS = '*'

/** Undefined: not given. */
export function smsPerHourOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const limit = wholeNumber(text)
  if (limit === undefined)
    throw new Refused(`--sms-per-hour is ${text}, but it must be a whole number up to ${LIMIT_MAX}.`)
  return limit
}

/** All countries, with what the pairs change. Undefined: none is given. */
export function smsCountriesOf(pairs: readonly string[] | undefined, before: Countries): Countries | undefined {
  if (pairs === undefined) return undefined
  const changes = pairs.map((pair) => [countryOf(pair), limitOf(pair)] as const)
  const twice = changes.find(([country], i) => changes.findIndex(([other]) => other === country) !== i)
  if (twice !== undefined) throw new Refused(`--sms-country names ${twice[0]} twice.`)
  const after = [...new Map<string, number | null>([...Object.entries(before), ...changes])]
  const limits = after.filter((entry): entry is [string, number] => entry[1] !== null)
  return Object.fromEntries(limits.sort(([a], [b]) => (sortedAs(a) < sortedAs(b) ? -1 : 1)))
}

/** `200 an hour; of these to US 1000, every other country 0` */
export function smsLimitsText({ smsPerHour, smsCountries }: Pick<Account, 'smsPerHour' | 'smsCountries'>): string {
  const { [OTHERS]: others, ...named } = smsCountries
  const each = Object.entries(named).map(([country, limit]) => `${country} ${limit}`)
  if (others !== undefined) each.push(`${each.length > 0 ? 'every other country' : 'every country'} ${others}`)
  return [`${smsPerHour} an hour`, ...(each.length > 0 ? [`of these to ${each.join(', ')}`] : [])].join('; ')
}

const sortedAs = (country: string) => (country === OTHERS ? '~' : country)

function countryOf(pair: string): string {
  const country = pair.split('=', 1).join('').toUpperCase()
  if (!pair.includes('='))
    throw new Refused(`--sms-country is ${pair}, but it must be a country and a number, like US=1000.`)
  if (country !== OTHERS && !isRegion(country))
    throw new Refused(
      `--sms-country is ${pair}, but ${country} is no country: it must be a country's two letters, like US or GB, or * for all that are not named.`,
    )
  return country
}

/** Null: no limit of its own. */
function limitOf(pair: string): number | null {
  const text = pair.slice(pair.indexOf('=') + 1)
  if (text === 'none') return null
  const limit = wholeNumber(text)
  if (limit === undefined)
    throw new Refused(`--sms-country is ${pair}, but it must be a whole number up to ${LIMIT_MAX}, or none.`)
  return limit
}

function wholeNumber(text: string): number | undefined {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  return number <= LIMIT_MAX ? number : undefined
}
