import { randomBytes } from 'node:crypto'
import { isProviderName, providerKind } from '@bluewire/drivers/provider-registry'
import { systemClock } from '@bluewire/platform/clock'
import { keyRing, openSecrets, parseSettings, UnusableProvider } from '../providers/provider-settings.ts'
import { findProvider } from './find-provider.ts'
import { Refused } from './verb.ts'
import type { Answer, Call } from './verb.ts'

/** With a connection of its own, beside the gateway's: some providers allow one only, and the answer then says so. */
export async function testProvider(call: Call): Promise<Answer> {
  const row = await findProvider(call)
  if (!isProviderName(row.driver)) throw new Refused(`This version has no provider called ${row.driver}.`)
  const kind = await providerKind(row.driver)
  try {
    const keys = keyRing(call.config).read()
    const provider = kind.create({
      clock: systemClock,
      callbackKey: keys?.callbacks ?? randomBytes(32),
      dataDirectory: call.config.dataDir,
      callbackUrl: `${call.config.publicUrl}/callbacks/${row.id}`,
      settings: parseSettings(kind.settings, row.settings),
      secrets: parseSettings(kind.secrets, row.secrets === '' ? {} : openSecrets(keys, row)),
      log: () => undefined,
    })
    const { ok, lines } = await provider.test().finally(() => provider.stop())
    if (!ok) throw new Refused(lines.join('\n'))
    return { json: { id: row.id, ok, lines }, lines }
  } catch (error) {
    if (error instanceof UnusableProvider) throw new Refused(error.message)
    throw error
  }
}
