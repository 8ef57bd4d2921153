import { createKeyFile, KeyFileError, readKey } from '../secrets/key-file.ts'
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
      options: {},
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

async function createKey({ store, actor, config }: Call): Promise<Answer> {
  const path = config.secretsKeyFile
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
    ],
  }
}

function showKey({ config }: Call): Promise<Answer> {
  const place = config.secretsKey === null ? config.secretsKeyFile : 'BLUEWIRE_SECRETS_KEY'
  let state = 'in use'
  try {
    if (readKey(config) === null) state = 'missing'
  } catch (error) {
    if (!(error instanceof KeyFileError)) throw error
    state = error.message
  }
  return Promise.resolve({ json: { place, state }, lines: [`key    ${place}`, `state  ${state}`] })
}
