import type { AccountId } from '@bluewire/contract/ids'
import { systemChance, newUlidSource } from '@bluewire/platform/chance'
import type { Account } from '../store/accounts-store.ts'
import type { Plan } from '../store/tables.ts'
import { entitlementNamed } from './entitlement-names.ts'
import { findAccount } from './find-account.ts'
import { PROGRAM } from './program.ts'
import { isRegion } from './region.ts'
import { smsCountriesOf, smsLimitsText, smsPerHourOf } from './sms-limits.ts'
import { instantText, tableLines } from './table.ts'
import { Refused } from './verb.ts'
import type { Answer, Call, Given, Noun, Options } from './verb.ts'

const PLANS: readonly Plan[] = ['free', 'payg', 'unlimited']
/** Messages a month on the `free` plan, where nothing else is said. */
const QUOTA_OF_FREE = 500
const QUOTA_MAX = 1_000_000_000
const NAME_LENGTH_MAX = 100

const SETTABLE = {
  plan: { value: PLANS.join('|'), help: 'the plan' },
  quota: {
    value: 'N|none',
    help: `messages a calendar month (default: that of the plan: free ${QUOTA_OF_FREE}, else none)`,
  },
  region: { value: 'US', help: 'the country of recipients written without a country code (ISO 3166)' },
  'sms-per-hour': { value: 'N', help: 'SMS that it may send within an hour, fallbacks included (default: 200)' },
  'sms-country': {
    value: 'CC=N|none',
    isRepeatable: true,
    help: 'SMS an hour to one country (US=1000), or to all that are not named (*=0); none: the limit of the account again',
  },
} satisfies Options

export const account: Noun = {
  name: 'account',
  summary: 'tenants: who may send, how much',
  verbs: [
    {
      name: 'create',
      summary: 'make an account; the first one is the instance account',
      takes: ['NAME'],
      options: { ...SETTABLE, entitlement: { value: 'NAME', isRepeatable: true, help: 'grant this too (imessage)' } },
      mayCreateStore: true,
      run: createAccount,
    },
    {
      name: 'list',
      summary: 'all accounts',
      takes: [],
      options: {},
      isReading: true,
      async run({ store }) {
        const accounts = await Promise.all(
          (await store.accounts()).map(async (a) => ({ ...a, used: await store.used(a.id) })),
        )
        const rows = accounts.map((a) => [a.id, a.name, a.plan, quotaText(a), entitlementsText(a), stateText(a)])
        return {
          json: accounts.map((a) => jsonOf(a, a.used)),
          lines: tableLines(['id', 'name', 'plan', 'used/quota', 'entitlements', 'state'], rows),
        }
      },
    },
    {
      name: 'show',
      summary: 'one account',
      takes: ['ACCOUNT'],
      options: {},
      isReading: true,
      run: async (call) => answer(call, await findAccount(call, call.given.positionals[0])),
    },
    {
      name: 'set',
      summary: 'change an account',
      takes: ['ACCOUNT'],
      options: {
        name: { value: 'NAME', help: 'its name' },
        ...SETTABLE,
        suspend: { value: null, help: 'its tokens are refused until it is resumed' },
        resume: { value: null, help: 'end a suspension' },
      },
      run: setAccount,
    },
  ],
}

async function createAccount(call: Call): Promise<Answer> {
  const { store, actor, given } = call
  const plan = planOf(given) ?? 'free'
  const name = nameOf(given.positionals[0] ?? '')
  await refuseTakenName(call, name)
  const made = await store.createAccount(actor, {
    id: `acct_${newUlidSource(Date.now, systemChance)()}`,
    name,
    plan,
    quotaLimit: quotaLimitOf(given, plan) ?? null,
    entitlements: (given.list('entitlement') ?? []).map(entitlementNamed),
    region: regionOf(given) ?? 'US',
    ...smsLimitsOf(given, {}),
  })
  return answer(call, made)
}

async function setAccount(call: Call): Promise<Answer> {
  const { given } = call
  const { id, smsCountries } = await findAccount(call, given.positionals[0])
  const name = given.text('name')
  const plan = planOf(given)
  const quotaLimit = quotaLimitOf(given, plan)
  const region = regionOf(given)
  const suspended = suspendedOf(given)
  if (name !== undefined) await refuseTakenName(call, nameOf(name), id)
  const change = {
    ...(name === undefined ? {} : { name: nameOf(name) }),
    ...(plan === undefined ? {} : { plan }),
    ...(quotaLimit === undefined ? {} : { quotaLimit }),
    ...(region === undefined ? {} : { region }),
    ...(suspended === undefined ? {} : { suspended }),
    ...smsLimitsOf(given, smsCountries),
  }
  if (Object.keys(change).length === 0) {
    throw new Refused(`Nothing to change was given. What there is: ${PROGRAM} account set --help`)
  }
  return answer(call, await changed(call, id, change))
}

/** Writes the change and returns the account as it is now. */
export async function changed(
  { store, actor }: Call,
  id: AccountId,
  change: Parameters<typeof store.updateAccount>[2],
): Promise<Account> {
  const now = await store.updateAccount(actor, id, change)
  if (now === undefined) throw new Refused(`The account ${id} does not exist any more.`)
  return now
}

/** One account in full. */
export async function answer({ store }: Call, a: Account): Promise<Answer> {
  const used = await store.used(a.id)
  return {
    json: jsonOf(a, used),
    lines: [
      `account       ${a.id}${a.isInstance ? ' (the instance account)' : ''}`,
      `name          ${a.name}`,
      `plan          ${a.plan}`,
      `used/quota    ${quotaText({ ...a, used })} this month`,
      `entitlements  ${entitlementsText(a)}`,
      `region        ${a.region}`,
      `SMS           ${smsLimitsText(a)}`,
      `state         ${stateText(a)}`,
      `made          ${instantText(a.createdAtMs)}`,
    ],
  }
}

function jsonOf(a: Account, used: number) {
  return {
    id: a.id,
    name: a.name,
    plan: a.plan,
    quota_limit: a.quotaLimit,
    used,
    entitlements: a.entitlements,
    region: a.region,
    sms_per_hour: a.smsPerHour,
    sms_countries: a.smsCountries,
    is_instance: a.isInstance,
    suspended_at: a.suspendedAtMs,
    created_at: a.createdAtMs,
  }
}

const quotaText = (a: Account & { used: number }) => `${a.used}/${a.quotaLimit ?? 'none'}`
const entitlementsText = (a: Account) => (a.entitlements.length === 0 ? '-' : a.entitlements.join(', '))
const stateText = (a: Account) =>
  a.suspendedAtMs === null ? 'active' : `suspended since ${instantText(a.suspendedAtMs)}`

function nameOf(text: string): string {
  const name = text.trim()
  if (name === '' || name.length > NAME_LENGTH_MAX) throw new Refused(`A name has 1 to ${NAME_LENGTH_MAX} characters.`)
  return name
}

/** Two accounts of one name could only be told apart by their ids, and every command that takes a name would refuse it. */
async function refuseTakenName({ store }: Call, name: string, except?: AccountId): Promise<void> {
  const other = (await store.accounts()).find((a) => a.name === name && a.id !== except)
  if (other !== undefined)
    throw new Refused(`There is an account called ${name} already: ${other.id}. Take another name.`)
}

function planOf(given: Given): Plan | undefined {
  const text = given.text('plan')
  const plan = PLANS.find((known) => known === text)
  if (text !== undefined && plan === undefined)
    throw new Refused(`--plan is ${text}, but it must be one of ${PLANS.join(', ')}.`)
  return plan
}

/** Null: no limit. Undefined: not given. */
function quotaOf(given: Given): number | null | undefined {
  const text = given.text('quota')
  if (text === undefined) return undefined
  if (text === 'none') return null
  const quota = /^\d+$/.test(text) ? Number(text) : NaN
  if (!(quota <= QUOTA_MAX))
    throw new Refused(`--quota is ${text}, but it must be a whole number up to ${QUOTA_MAX}, or none.`)
  return quota
}

/** A plan brings its own quota, also one that is set later; what is said explicitly wins. */
function quotaLimitOf(given: Given, plan: Plan | undefined): number | null | undefined {
  const quota = quotaOf(given)
  if (quota !== undefined || plan === undefined) return quota
  return plan === 'free' ? QUOTA_OF_FREE : null
}

function regionOf(given: Given): string | undefined {
  const text = given.text('region')
  if (text === undefined) return undefined
  const region = text.toUpperCase()
  if (!isRegion(region))
    throw new Refused(`--region is ${text}, but it must be a country's two letters, like US or GB.`)
  return region
}

/** Countries that are not named stay as they were `before`. */
function smsLimitsOf(given: Given, before: Account['smsCountries']) {
  const smsPerHour = smsPerHourOf(given.text('sms-per-hour'))
  const smsCountries = smsCountriesOf(given.list('sms-country'), before)
  return {
    ...(smsPerHour === undefined ? {} : { smsPerHour }),
    ...(smsCountries === undefined ? {} : { smsCountries }),
  }
}

function suspendedOf(given: Given): boolean | undefined {
  if (given.flag('suspend') && given.flag('resume')) throw new Refused('Give --suspend or --resume, not both.')
  return given.flag('suspend') ? true : given.flag('resume') ? false : undefined
}
