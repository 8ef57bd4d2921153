/** Settings and credentials of a provider, from their row to what its code gets. */
import { programName } from '@bluewire/platform/program-name'
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

/** The key may be put in place, or another in the place of a wrong one, while the gateway runs. */
export interface KeyRing {
  /** Null: there is none. @throws UnusableProvider when there is one that cannot be used. */
  read(): Keys | null
  /** What to say then. */
  readonly missing: string
}

/** A key that was read once is kept when its file goes away: what works goes on working. */
export function keyRing(place: KeyPlace): KeyRing {
  let known: Uint8Array | null = null
  return {
    missing:
      `key missing: ${place.secretsKeyFile} is not there. Put it back (BLUEWIRE_SECRETS_KEY_FILE names another place). ` +
      `If there never was one, make it: ${programName('bluewire-gateway')} key create`,
    read() {
      try {
        known = readKey(place) ?? known
      } catch (error) {
        if (!(error instanceof KeyFileError)) throw error
        if (known === null) throw new UnusableProvider(error.message, { cause: error })
      }
      return known === null ? null : { box: new SecretBox(known), callbacks: subkey(known, 'callbacks') }
    },
  }
}

/** @throws UnusableProvider */
export function openSecrets(keys: KeyRing, row: Pick<ProviderRow, 'id' | 'secrets'>): Record<string, string> {
  if (row.secrets === '') return {}
  const opened = keys.read()
  if (opened === null) throw new UnusableProvider(keys.missing)
  try {
    return opened.box.open(row.id, row.secrets)
  } catch (error) {
    if (error instanceof SecretError) throw new UnusableProvider(error.message, { cause: error })
    throw error
  }
}

/** @throws UnusableProvider that names each value that is wrong; never what it is. `what`: `settings` or `credentials`. */
export function parseSettings<Schema extends z.ZodType>(
  schema: Schema,
  values: Readonly<Record<string, unknown>>,
  what = 'settings',
): z.infer<Schema> {
  const parsed = schema.safeParse(values)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(({ path, message }) => {
    const [name] = path
    const isMissing = path.length === 1 && typeof name === 'string' && values[name] === undefined
    return isMissing ? `${name} is missing` : `${path.join('.') || what}: ${message}`
  })
  throw new UnusableProvider(`Its ${what} cannot be used. ${problems.join('; ')}.`)
}
