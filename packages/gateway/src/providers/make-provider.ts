/** From the row of a provider to its code, ready to start. */
import { randomBytes } from 'node:crypto'
import type { Provider, ProviderContext, ProviderKind } from '@bluewire/drivers/provider'
import type { Clock } from '@bluewire/platform/clock'
import type { ProviderRow } from '../store/providers-store.ts'
import { openSecrets, parseSettings, UnusableProvider } from './provider-settings.ts'
import type { KeyRing } from './provider-settings.ts'

export type MakerDeps = Readonly<{
  clock: Clock
  keys: KeyRing
  dataDirectory: string
  /** Without a slash at the end. */
  publicUrl: string
  /** Null: this version has none of that name. */
  kindOf: (driver: string) => Promise<ProviderKind | null>
  log: ProviderContext['log']
}>

type Made = Pick<ProviderRow, 'id' | 'driver' | 'simulated' | 'settings' | 'secrets'>

/** @throws UnusableProvider */
export async function makeProvider(row: Made, deps: MakerDeps): Promise<Provider> {
  const kind = await deps.kindOf(row.driver)
  if (kind === null) throw new UnusableProvider(`This version has no provider called ${row.driver}.`)
  const key = deps.keys.read()
  // Also where there is no credential: the addresses that a provider calls are signed with it.
  if (key === null && !row.simulated) throw new UnusableProvider(deps.keys.missing)
  return kind.create({
    clock: deps.clock,
    callbackKey: key?.callbacks ?? randomBytes(32),
    dataDirectory: deps.dataDirectory,
    callbackUrl: `${deps.publicUrl}/callbacks/${row.id}`,
    ...usableSettings(kind, row.settings, openSecrets(deps.keys, row)),
    log: deps.log,
  })
}

/** Checked one by one and together. @throws UnusableProvider */
export function usableSettings(
  kind: ProviderKind,
  given: Made['settings'],
  opened: Readonly<Record<string, string>>,
): Pick<ProviderContext, 'settings' | 'secrets'> {
  const settings = parseSettings(kind.settings, given)
  const secrets = parseSettings(kind.secrets, opened, 'credentials')
  const problem = kind.problem?.(settings, secrets) ?? null
  if (problem !== null) throw new UnusableProvider(problem)
  return { settings, secrets }
}
