/** The provider of the quick start: SMS that leave this machine no more than its iMessages do. */
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import type { GatewayConfig } from '../config/config.ts'
import { createKeyFile, KeyFileError, readKey } from '../secrets/key-file.ts'
import type { Account, Actor } from '../store/accounts-store.ts'
import type { Store } from '../store/store.ts'

/** A number that belongs to nobody. */
export const SIMULATED_SMS_LINE = '+15005550002'
const PROVIDER_NAME = 'quickstart'
const ACTOR: Actor = 'quickstart'

/** Made at the first start; one that was removed since stays away. */
export async function prepareProvider(store: Store, account: Account, config: GatewayConfig): Promise<void> {
  const isKnown = (await store.lines(account.id)).some((line) => line.address === SIMULATED_SMS_LINE)
  if (isKnown) return
  const ulid = newUlidSource(Date.now, systemChance)
  const provider = `prov_${ulid()}` as const
  await store.createProvider(ACTOR, {
    id: provider,
    account: account.id,
    name: PROVIDER_NAME,
    driver: 'simulator',
    shared: false,
    simulated: true,
    settings: {},
    secrets: '',
  })
  await store.addProviderLine(ACTOR, {
    id: `line_${ulid()}`,
    provider,
    account: account.id,
    address: SIMULATED_SMS_LINE,
    gapMs: config.lineGapMs,
    burst: config.lineBurst,
  })
}

/**
 * The key for credentials of real providers, beside the data folder and never in it. Null: there is none, and the sentence says why.
 * A key is made only while nothing was encrypted with another one.
 */
export async function prepareKey(
  store: Store,
  config: GatewayConfig,
): Promise<{ path: string | null; isNew: boolean; problem: string | null }> {
  const path = config.secretsKey === null ? config.secretsKeyFile : null
  try {
    if (readKey(config) !== null) return { path, isNew: false, problem: null }
    const encrypted = (await store.providers()).filter((p) => p.secrets !== '').map((p) => p.name)
    if (encrypted.length > 0) {
      const problem = `The key ${config.secretsKeyFile} is missing, so these providers cannot work: ${encrypted.join(', ')}. Put it back.`
      return { path: null, isNew: false, problem }
    }
    createKeyFile(config.secretsKeyFile)
    return { path, isNew: true, problem: null }
  } catch (error) {
    if (error instanceof KeyFileError) return { path: null, isNew: false, problem: error.message }
    throw error
  }
}
