/** What there is of providers, and how each is. */
import { PROVIDER_NAMES, providerKind } from '@bluewire/drivers/provider-registry'
import type { ProviderRow } from '../store/providers-store.ts'
import { settingsOf } from './provider-options.ts'
import type { Setting } from './provider-options.ts'
import { instantText, tableLines } from './table.ts'
import type { Answer, Call } from './verb.ts'

export async function listDrivers(): Promise<Answer> {
  const drivers = await Promise.all(
    PROVIDER_NAMES.map(async (name) => {
      const kind = await providerKind(name)
      return { name, summary: kind.summary, settings: settingsOf(kind.settings), secrets: settingsOf(kind.secrets) }
    }),
  )
  const lines = drivers.flatMap((d) => [
    `${d.name}: ${d.summary}`,
    ...settingLines(d.settings, (name) => `--set ${name}=…`, '--set NAME=…'),
    ...settingLines(d.secrets, (name) => `--secret ${name}`, '--secret NAME'),
    '',
  ])
  return { json: drivers, lines: lines.slice(0, -1) }
}

/** Required ones first: nothing works without them. */
function settingLines(settings: readonly Setting[] | null, word: (name: string) => string, any: string): string[] {
  if (settings === null) return [`  ${any}  any name, as often as needed`]
  const inOrder = [...settings.filter((s) => s.required), ...settings.filter((s) => !s.required)]
  const width = Math.max(...inOrder.map((s) => word(s.name).length))
  return inOrder.map((s) => `  ${word(s.name).padEnd(width)}  ${s.required ? '' : '(may be left out) '}${s.help}`)
}

export async function listProviders({ store }: Call): Promise<Answer> {
  const providers = await store.providers()
  const names = new Map((await store.accounts()).map(({ id, name }) => [id, name]))
  const nameOf = (account: ProviderRow['account']) => names.get(account) ?? account
  const rows = providers.map((p) => [
    p.id,
    p.name,
    p.simulated && p.driver !== 'simulator' ? `${p.driver} (simulated)` : p.driver,
    `${nameOf(p.account)}${p.shared ? ' (shared)' : ''}`,
    p.online ? 'connected' : 'not connected',
    p.health,
    linesText(p, nameOf),
    instantText(p.provenAtMs),
  ])
  const notes = providers.flatMap((p) => (p.healthDetail === null ? [] : [`${p.name}: ${p.healthDetail}`]))
  return {
    json: providers.map(jsonOf),
    lines: [
      ...tableLines(['id', 'name', 'driver', 'account', 'state', 'health', 'lines', 'last proof'], rows),
      ...(notes.length > 0 ? ['', ...notes] : []),
    ],
  }
}

/** Whose a line is, where that is not the provider's own account. */
function linesText(p: ProviderRow, nameOf: (account: ProviderRow['account']) => string): string {
  if (p.lines.length === 0) return '-'
  return p.lines.map((l) => (l.account === p.account ? l.address : `${l.address} (${nameOf(l.account)})`)).join(', ')
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
