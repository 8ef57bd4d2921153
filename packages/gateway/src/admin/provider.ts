import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { isProviderName, PROVIDER_NAMES, providerKind } from '@bluewire/drivers/provider-registry'
import { nearestName } from '@bluewire/platform/nearest-name'
import type { ProviderRow } from '../store/providers-store.ts'
import { findAccount } from './find-account.ts'
import { findProvider } from './find-provider.ts'
import { PROGRAM } from './program.ts'
import { lineVerbs } from './provider-lines.ts'
import { sealed, settingsOf } from './provider-options.ts'
import { testProvider } from './provider-test.ts'
import { instantText, tableLines } from './table.ts'
import { ACCOUNT_OPTION, Refused } from './verb.ts'
import type { Answer, Call, Noun, Options } from './verb.ts'

const SET_OPTIONS = {
  set: { value: 'NAME=VALUE', isRepeatable: true, help: 'a setting of the driver; what there is: provider drivers' },
  secret: {
    value: 'NAME',
    isRepeatable: true,
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
      options: { name: { value: 'NAME', help: 'its name' }, ...SET_OPTIONS },
      run: setProvider,
    },
    {
      name: 'test',
      summary: 'log in with its settings and say what comes of it; nothing is sent',
      takes: ['PROVIDER'],
      options: {},
      isReading: true,
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

async function listDrivers(): Promise<Answer> {
  const drivers = await Promise.all(
    PROVIDER_NAMES.map(async (name) => {
      const kind = await providerKind(name)
      return { name, summary: kind.summary, settings: settingsOf(kind.settings), secrets: settingsOf(kind.secrets) }
    }),
  )
  const lines = drivers.flatMap((d) => [
    `${d.name}: ${d.summary}`,
    ...d.settings.map((s) => `  --set ${s.name}=…${s.required ? '' : ' (may be left out)'}  ${s.help}`),
    ...d.secrets.map((s) => `  --secret ${s.name}${s.required ? '' : ' (may be left out)'}  ${s.help}`),
    '',
  ])
  return { json: drivers, lines: lines.slice(0, -1) }
}

async function listProviders({ store }: Call): Promise<Answer> {
  const providers = await store.providers()
  const rows = providers.map((p) => [
    p.id,
    p.name,
    p.simulated ? `${p.driver} (simulated)` : p.driver,
    p.online ? 'connected' : 'not connected',
    p.health,
    p.lines.length === 0 ? '-' : p.lines.map((l) => l.address).join(', '),
    instantText(p.provenAtMs),
  ])
  const notes = providers.flatMap((p) => (p.healthDetail === null ? [] : [`${p.name}: ${p.healthDetail}`]))
  return {
    json: providers.map(jsonOf),
    lines: [
      ...tableLines(['id', 'name', 'driver', 'state', 'health', 'lines', 'last proof'], rows),
      ...(notes.length > 0 ? ['', ...notes] : []),
    ],
  }
}

async function addProvider(call: Call): Promise<Answer> {
  const { store, actor, given } = call
  const driver = given.text('driver') ?? ''
  if (!isProviderName(driver)) throw new Refused(noSuchDriver(driver))
  const account = await findAccount(call, given.text('account'))
  const name = (given.positionals[0] ?? '').trim()
  if (name === '' || name.length > 100) throw new Refused('A name has 1 to 100 characters.')
  if ((await store.providers()).some((p) => p.name === name))
    throw new Refused(`There is a provider called ${name} already. Take another name.`)
  const id = `prov_${newUlidSource(Date.now, systemChance)()}` as const
  const kind = await providerKind(driver)
  const { settings, secrets } = await sealed(call, { id, kind, before: { settings: {}, secrets: {} } })
  await store.createProvider(actor, {
    id,
    account: account.id,
    name,
    driver,
    shared: given.flag('shared'),
    simulated: driver === 'simulator',
    settings,
    secrets,
  })
  return {
    json: { id, name, driver },
    lines: [
      `The provider ${name} is ${id}.`,
      `Test it:        ${PROGRAM} provider test ${name}`,
      `Give it a line: ${PROGRAM} provider line-add ${name} +1…`,
    ],
  }
}

async function setProvider(call: Call): Promise<Answer> {
  const { store, actor, given } = call
  const row = await findProvider(call)
  const name = given.text('name')?.trim()
  if (!isProviderName(row.driver)) throw new Refused(noSuchDriver(row.driver))
  const hasSettings = ['set', 'secret'].some((o) => given.list(o) !== undefined) || given.text('file') !== undefined
  if (name === undefined && !hasSettings)
    throw new Refused(`Nothing to change was given. What there is: ${PROGRAM} provider set --help`)
  const kind = await providerKind(row.driver)
  const change = hasSettings ? await sealed(call, { id: row.id, kind, before: row }) : {}
  await store.changeProvider(actor, row.id, { ...(name === undefined ? {} : { name }), ...change })
  return {
    json: { id: row.id, changed: true },
    lines: [`The provider ${name ?? row.name} is changed. A running gateway connects it anew within seconds.`],
  }
}

async function removeProvider(call: Call): Promise<Answer> {
  const row = await findProvider(call)
  await call.store.retireNode(call.actor, row.id)
  return {
    json: { id: row.id, removed: true },
    lines: [
      `The provider ${row.name} is out of service, and its lines with it. What it was sending is unknown until somebody looks.`,
    ],
  }
}

function noSuchDriver(driver: string): string {
  const nearest = nearestName(driver, PROVIDER_NAMES)
  const what = driver === '' ? '--driver is missing.' : `There is no driver ${driver}.`
  return `${what} ${nearest === null ? `There are: ${PROVIDER_NAMES.join(', ')}.` : `Did you mean ${nearest}?`}`
}

function jsonOf(p: ProviderRow) {
  return {
    id: p.id,
    name: p.name,
    driver: p.driver,
    account: p.account,
    shared: p.shared,
    simulated: p.simulated,
    connected: p.online,
    health: p.health,
    health_detail: p.healthDetail,
    proven_at: p.provenAtMs,
    settings: p.settings,
    has_secrets: p.secrets !== '',
    lines: p.lines,
  }
}
