import { keyRing, openSecrets, UnusableProvider } from '../providers/provider-settings.ts'
import { createKeyFile, KeyFileError, readKey } from '../secrets/key-file.ts'
import type { ProviderRow } from '../store/providers-store.ts'
import { PROGRAM } from './program.ts'
import { Refused } from './verb.ts'
import type { Answer, Call, Noun } from './verb.ts'

export const key: Noun = {
  name: 'key',
  summary: "the key that encrypts providers' credentials",
  verbs: [
    {
      name: 'create',
      summary: 'make the key file; it is never overwritten',
      takes: [],
      options: {
        lost: { value: null, help: 'the key before is lost: what it encrypted has to be set again' },
      },
      run: createKey,
    },
    {
      name: 'show',
      summary: 'where it is, and whether it can be used; never the key',
      takes: [],
      options: {},
      isReading: true,
      run: showKey,
    },
  ],
}

async function createKey({ store, actor, config, given }: Call): Promise<Answer> {
  const path = config.secretsKeyFile
  if (config.secretsKey !== null)
    throw new Refused('BLUEWIRE_SECRETS_KEY holds the key already, and a file would not be read.')
  const encrypted = (await store.providers()).filter((p) => p.secrets !== '')
  if (encrypted.length > 0 && !given.flag('lost') && isMissing(config)) throw new Refused(isNeeded(path, encrypted))
  try {
    createKeyFile(path)
  } catch (error) {
    if (error instanceof KeyFileError) throw new Refused(error.message)
    throw error
  }
  await store.appendAudit({ actor, action: 'key.create', target: path, data: {} })
  return {
    json: { key_file: path },
    lines: [
      `The key is in ${path}, readable by you alone.`,
      'Keep a copy of it, and not where the copies of the data folder are: with both, the credentials can be read.',
      ...encrypted.map((p) => `Set the credentials of ${p.name} again: ${PROGRAM} provider set ${p.id} --secret NAME`),
    ],
  }
}

function isMissing(config: Call['config']): boolean {
  try {
    return readKey(config) === null
  } catch (error) {
    if (error instanceof KeyFileError) return false // there is a file, which says more than that a key is needed
    throw error
  }
}

function isNeeded(path: string, encrypted: readonly ProviderRow[]): string {
  const names = encrypted.map((p) => p.name).join(', ')
  return (
    `The credentials of ${names} were encrypted with a key that is not there, and a new one cannot read them. Put it back: ${path}. ` +
    `If it is lost: ${PROGRAM} key create --lost`
  )
}

async function showKey({ store, config }: Call): Promise<Answer> {
  const place = config.secretsKey === null ? config.secretsKeyFile : 'BLUEWIRE_SECRETS_KEY'
  const encrypted = (await store.providers()).filter((p) => p.secrets !== '')
  const unreadable = encrypted.filter((p) => !canOpen(config, p)).map((p) => p.name)
  const state = stateOf(config, unreadable)
  return {
    json: { place, state, used_by: encrypted.map((p) => p.name), unreadable },
    lines: [`key      ${place}`, `state    ${state}`, `used by  ${encrypted.map((p) => p.name).join(', ') || '-'}`],
  }
}

function stateOf(config: Call['config'], unreadable: readonly string[]): string {
  try {
    if (readKey(config) === null) return 'missing'
  } catch (error) {
    if (error instanceof KeyFileError) return error.message
    throw error
  }
  return unreadable.length === 0 ? 'in use' : `not the key of ${unreadable.join(', ')}`
}

function canOpen(config: Call['config'], provider: ProviderRow): boolean {
  try {
    openSecrets(keyRing(config), provider)
    return true
  } catch (error) {
    if (error instanceof UnusableProvider) return false
    throw error
  }
}
