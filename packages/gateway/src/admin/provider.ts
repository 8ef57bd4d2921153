import { isProviderId } from '@bluewire/contract/ids'
import type { ProviderId } from '@bluewire/contract/ids'
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { isProviderName, PROVIDER_NAMES, providerKind } from '@bluewire/drivers/provider-registry'
import { nearestName } from '@bluewire/platform/nearest-name'
import { keyRing, UnusableProvider } from '../providers/provider-settings.ts'
import { findAccount } from './find-account.ts'
import { findProvider } from './find-provider.ts'
import { PROGRAM } from './program.ts'
import { lineVerbs } from './provider-lines.ts'
import { listDrivers, listProviders } from './provider-list.ts'
import { NOTHING, sealed } from './provider-options.ts'
import { testProvider } from './provider-test.ts'
import { ACCOUNT_OPTION, Refused } from './verb.ts'
import type { Answer, Call, Noun, Options } from './verb.ts'

const NAME_LENGTH_MAX = 100

const SET_OPTIONS = {
  set: { value: 'NAME=VALUE', isRepeatable: true, help: 'a setting of the driver; what there is: provider drivers' },
  secret: {
    value: 'NAME',
    isRepeatable: true,
    isOfCredential: true,
    help: 'a credential; its value is read from the variable BLUEWIRE_SECRET_NAME, or else asked for on standard input',
  },
  file: { value: 'PATH', help: 'settings from a JSON file; --set wins over it' },
} satisfies Options

export const provider: Noun = {
  name: 'provider',
  summary: 'how an SMS leaves when no node sends it',
  verbs: [
    {
      name: 'drivers',
      summary: 'the kinds of providers there are, and their settings',
      takes: [],
      options: {},
      isReading: true,
      run: listDrivers,
    },
    {
      name: 'list',
      summary: 'all providers, with their state',
      takes: [],
      options: {},
      isReading: true,
      run: listProviders,
    },
    {
      name: 'add',
      summary: 'set one up; then give it a line: provider line-add',
      takes: ['NAME'],
      options: {
        driver: { value: PROVIDER_NAMES.join('|'), help: 'its kind' },
        ...ACCOUNT_OPTION,
        shared: { value: null, help: 'lines of every account may be on it' },
        ...SET_OPTIONS,
      },
      run: addProvider,
    },
    {
      name: 'set',
      summary: 'change settings or credentials; it is connected anew',
      takes: ['PROVIDER'],
      options: {
        name: { value: 'NAME', help: 'its name' },
        ...SET_OPTIONS,
        unset: { value: 'NAME', isRepeatable: true, help: 'a setting or credential that it shall have no more' },
      },
      run: setProvider,
    },
    {
      name: 'test',
      summary: 'log in with its settings and say what comes of it; nothing is sent',
      takes: ['PROVIDER'],
      options: {},
      run: testProvider,
    },
    {
      name: 'remove',
      summary: 'take it out of service for good; its history stays',
      takes: ['PROVIDER'],
      options: {},
      run: removeProvider,
    },
    ...lineVerbs,
  ],
}

async function addProvider(call: Call): Promise<Answer> {
  const { store, actor, given } = call
  const driver = given.text('driver') ?? ''
  if (!isProviderName(driver)) throw new Refused(noSuchDriver(driver))
  const account = await findAccount(call, given.text('account'))
  const name = await freeName(call, given.positionals[0] ?? '')
  const id = `prov_${newUlidSource(Date.now, systemChance)()}` as const
  const simulated = driver === 'simulator'
  if (!simulated) refuseWithoutKey(call)
  const kind = await providerKind(driver)
  const { settings = {}, secrets = '' } = await sealed(call, { id, kind, row: NOTHING })
  await store.createProvider(actor, {
    ...{ id, account: account.id, name, driver, simulated, settings, secrets },
    shared: given.flag('shared'),
  })
  return {
    json: { id, name, driver },
    lines: [
      `The provider ${name} is ${id}.`,
      `Test it:        ${PROGRAM} provider test ${asWord(name, id)}`,
      `Give it a line: ${PROGRAM} provider line-add ${asWord(name, id)} +1…`,
    ],
  }
}

async function setProvider(call: Call): Promise<Answer> {
  const { store, actor, given } = call
  const row = await findProvider(call)
  const newName = given.text('name')
  if (!isProviderName(row.driver)) throw new Refused(noSuchDriver(row.driver))
  const hasSettings =
    ['set', 'secret', 'unset'].some((o) => given.list(o) !== undefined) || given.text('file') !== undefined
  if (newName === undefined && !hasSettings)
    throw new Refused(`Nothing to change was given. What there is: ${PROGRAM} provider set --help`)
  const name = newName === undefined ? undefined : await freeName(call, newName, row.id)
  const kind = await providerKind(row.driver)
  const { forgotten, ...change } = hasSettings ? await sealed(call, { id: row.id, kind, row }) : { forgotten: false }
  const isChanged = await store.changeProvider(actor, row.id, { ...(name === undefined ? {} : { name }), ...change })
  if (!isChanged) throw new Refused(`The provider ${row.name} does not exist any more.`)
  return {
    json: { id: row.id, changed: true },
    lines: [
      `The provider ${name ?? row.name} is changed. A running gateway connects it anew within seconds.`,
      ...(forgotten ? ['Its credentials from before could not be read: it has only those that were given now.'] : []),
    ],
  }
}

async function removeProvider(call: Call): Promise<Answer> {
  const row = await findProvider(call)
  const isRemoved = await call.store.retireNode(call.actor, row.id)
  if (!isRemoved) throw new Refused(`The provider ${row.name} does not exist any more.`)
  return {
    json: { id: row.id, removed: true },
    lines: [
      `The provider ${row.name} is out of service, and its lines with it. What it was sending is unknown until somebody looks.`,
    ],
  }
}

/** Two of one name could only be told apart by their ids. A name that looks like an id would be none. */
async function freeName({ store }: Call, text: string, except?: ProviderId): Promise<string> {
  const name = text.trim()
  if (name === '' || name.length > NAME_LENGTH_MAX) throw new Refused(`A name has 1 to ${NAME_LENGTH_MAX} characters.`)
  if (isProviderId(name)) throw new Refused('A name must not look like the id of a provider.')
  const isTaken = (await store.providers()).some((p) => p.name === name && p.id !== except)
  if (isTaken) throw new Refused(`There is a provider called ${name} already. Take another name.`)
  return name
}

/** Also where there is no credential: the addresses that a provider calls are signed with it. */
function refuseWithoutKey({ config }: Call): void {
  const keys = keyRing(config)
  try {
    if (keys.read() === null) throw new Refused(keys.missing)
  } catch (error) {
    if (error instanceof UnusableProvider) throw new Refused(error.message)
    throw error
  }
}

/** What stands for it in a command that can be copied. */
function asWord(name: string, id: ProviderId): string {
  return /^[\w.@:+][\w.@:+-]*$/.test(name) ? name : id
}

function noSuchDriver(driver: string): string {
  const nearest = nearestName(driver, PROVIDER_NAMES)
  const what = driver === '' ? '--driver is missing.' : `There is no driver ${driver}.`
  return `${what} ${nearest === null ? `There are: ${PROVIDER_NAMES.join(', ')}.` : `Did you mean ${nearest}?`}`
}
