import { randomBytes } from 'node:crypto'
import { isProviderName, providerKind } from '@bluewire/drivers/provider-registry'
import type { Provider } from '@bluewire/drivers/provider'
import { systemClock } from '@bluewire/platform/clock'
import { keyRing, openSecrets, parseSettings, UnusableProvider } from '../providers/provider-settings.ts'
import type { ProviderRow } from '../store/providers-store.ts'
import { findProvider } from './find-provider.ts'
import { Refused } from './verb.ts'
import type { Answer, Call } from './verb.ts'

/** With a connection of its own, beside the gateway's: some providers allow one only, and the answer then says so. */
export async function testProvider(call: Call): Promise<Answer> {
  const row = await findProvider(call)
  const { ok, lines } = await tried(call, row)
  await call.store.appendAudit({ actor: call.actor, action: 'provider.test', target: row.id, data: { ok } })
  if (!ok) throw new Refused(lines.join('\n'))
  return { json: { id: row.id, ok, lines }, lines }
}

async function tried(call: Call, row: ProviderRow): ReturnType<Provider['test']> {
  try {
    const provider = await made(call, row)
    return await provider.test().finally(() => provider.stop())
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error)
    return { ok: false, lines: [error instanceof UnusableProvider ? text : `It could not be tested: ${text}`] }
  }
}

async function made({ config }: Call, row: ProviderRow): Promise<Provider> {
  if (!isProviderName(row.driver)) throw new UnusableProvider(`This version has no provider called ${row.driver}.`)
  const kind = await providerKind(row.driver)
  const keys = keyRing(config)
  const opened = keys.read()
  // As in the gateway: without it the addresses that the test prints would be wrong too.
  if (opened === null && !row.simulated) throw new UnusableProvider(keys.missing)
  return kind.create({
    clock: systemClock,
    callbackKey: opened?.callbacks ?? randomBytes(32),
    dataDirectory: config.dataDir,
    callbackUrl: `${config.publicUrl}/callbacks/${row.id}`,
    settings: parseSettings(kind.settings, row.settings),
    secrets: parseSettings(kind.secrets, row.secrets === '' ? {} : openSecrets(keys, row), 'credentials'),
    log: () => undefined,
  })
}
