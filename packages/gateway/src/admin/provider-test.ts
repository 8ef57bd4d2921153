import { providerKindOf } from '@bluewire/drivers/provider-registry'
import type { Provider } from '@bluewire/drivers/provider'
import { systemClock } from '@bluewire/platform/clock'
import { makeProvider } from '../providers/make-provider.ts'
import { keyRing, UnusableProvider } from '../providers/provider-settings.ts'
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

function made({ config }: Call, row: ProviderRow): Promise<Provider> {
  return makeProvider(row, {
    clock: systemClock,
    keys: keyRing(config),
    dataDirectory: config.dataDir,
    publicUrl: config.publicUrl,
    kindOf: providerKindOf,
    log: () => undefined,
  })
}
