/** Settings and credentials of a provider, from their row to what its code gets. */
import type { z } from 'zod'
import type { ProviderRow } from '../store/providers-store.ts'
import { KeyFileError, readKey } from '../secrets/key-file.ts'
import type { KeyPlace } from '../secrets/key-file.ts'
import { SecretBox, SecretError, subkey } from '../secrets/secret-box.ts'

/** It cannot work as it is set up. The message is for its operator: what is wrong, and what to do. */
export class UnusableProvider extends Error {
  override name = 'UnusableProvider'
}

export type Keys = Readonly<{ box: SecretBox; callbacks: Uint8Array }>

/** The key may be put in place while the gateway runs. */
export interface KeyRing {
  /** Null: there is none. @throws UnusableProvider when there is one that cannot be used. */
  read(): Keys | null
  /** What to say then. */
  readonly missing: string
}

export function keyRing(place: KeyPlace): KeyRing {
  let known: Keys | null = null
  return {
    missing: `key missing: ${place.secretsKeyFile} is not there, so credentials cannot be read. Put the key back (BLUEWIRE_SECRETS_KEY_FILE names its place); without one, make it with: bluewire-gateway key create`,
    read() {
      try {
        const key = known === null ? readKey(place) : null
        if (key !== null) known = { box: new SecretBox(key), callbacks: subkey(key, 'callbacks') }
        return known
      } catch (error) {
        if (error instanceof KeyFileError) throw new UnusableProvider(error.message, { cause: error })
        throw error
      }
    },
  }
}

/** @throws UnusableProvider */
export function openSecrets(keys: Keys | null, row: Pick<ProviderRow, 'id' | 'secrets'>): Record<string, string> {
  if (keys === null) throw new UnusableProvider('key missing')
  try {
    return keys.box.open(row.id, row.secrets)
  } catch (error) {
    if (error instanceof SecretError) throw new UnusableProvider(error.message, { cause: error })
    throw error
  }
}

/** @throws UnusableProvider that names each value that is wrong; never what it is. */
export function parseSettings<Schema extends z.ZodType>(schema: Schema, values: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(values)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'settings'}: ${issue.message}`)
  throw new UnusableProvider(`Its settings cannot be used. ${problems.join('; ')}`)
}
