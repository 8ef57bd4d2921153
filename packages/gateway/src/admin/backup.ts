/** A copy of the database that is whole although a gateway writes it: copying the file is not, because what is newest is beside it. */
import { chmodSync, closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { backup as copyOnline, DatabaseSync } from 'node:sqlite'
import { databaseFile } from '../config/config.ts'
import { sizeText } from '../config/values.ts'
import { Refused } from './verb.ts'
import type { Answer, Call, Noun } from './verb.ts'

/**
 * In one step: the database is read as it was at one moment, and in WAL mode that holds up no writer. In several, SQLite begins anew after
 * each commit of another process, and beside a busy gateway it would never end.
 */
const ALL_PAGES = 2 ** 31 - 1

export const backup: Noun = {
  name: 'backup',
  summary: 'copy the database, also while a gateway runs',
  verbs: [
    {
      name: '',
      summary: 'write a whole copy of the database to a new file, also while a gateway runs',
      takes: ['FILE'],
      options: {},
      run: makeBackup,
    },
  ],
}

async function makeBackup({ store, config, actor, given }: Call): Promise<Answer> {
  const file = resolve(given.positionals[0] ?? '')
  refuseExisting(file)
  if (!existsSync(dirname(file))) throw new Refused(`There is no folder ${dirname(file)}. Make it first.`)
  const draft = `${file}.${process.pid}.tmp`
  try {
    closeSync(openSync(draft, 'wx', 0o600))
    await copyDatabase(databaseFile(config.dataDir), draft)
    publish(draft, file)
  } catch (error) {
    throw refusalOf(error, file)
  } finally {
    for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(draft + suffix, { force: true })
  }
  await store.appendAudit({ actor, action: 'backup', target: null, data: { file } })
  const bytes = statSync(file).size
  const isKeyNeeded = (await store.providers()).some((p) => p.secrets !== '')
  return {
    json: { file, bytes, needs_key: isKeyNeeded },
    lines: [
      `${file} is a copy of the database as it was a moment ago (${sizeText(bytes)}).`,
      ...(isKeyNeeded ? [keyNote(config)] : []),
    ],
  }
}

/** With both, whoever finds the copy has the credentials. */
function keyNote({ secretsKey, secretsKeyFile }: Call['config']): string {
  const place = secretsKey === null ? secretsKeyFile : 'BLUEWIRE_SECRETS_KEY'
  return `The key that opens the credentials of its providers is not in it: ${place}. Keep a copy of that too, in another place.`
}

/** The draft is one plain file with everything in it: no WAL stays beside it, and it is checked before anybody relies on it. */
async function copyDatabase(from: string, draft: string): Promise<void> {
  const source = new DatabaseSync(from, { timeout: 5000 })
  try {
    await copyOnline(source, draft, { rate: ALL_PAGES })
  } finally {
    source.close()
  }
  const copy = new DatabaseSync(draft)
  try {
    copy.exec('pragma journal_mode = delete')
    const found = Object.values(copy.prepare('pragma quick_check').get() ?? {})
    if (found[0] !== 'ok')
      throw new Refused(`The copy is damaged (${String(found[0])}), so the database is too. Nothing was written.`)
  } finally {
    copy.close()
  }
  chmodSync(draft, 0o600)
}

/** A link, unlike a renamed file, never takes the place of one that somebody made meanwhile. */
function publish(draft: string, file: string): void {
  sync(draft)
  try {
    linkSync(draft, file)
  } catch (error) {
    refuseExisting(file)
    if (!(error instanceof Error && 'code' in error && ['EPERM', 'ENOTSUP', 'EOPNOTSUPP'].includes(String(error.code))))
      throw error
    renameSync(draft, file) // a file system without links
  }
  sync(dirname(file))
}

function sync(path: string): void {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function refuseExisting(file: string): void {
  if (existsSync(file)) throw new Refused(`${file} exists already, and a backup overwrites nothing. Name a new file.`)
}

/** What the system says about the place that was named; everything else is the database's. */
function refusalOf(error: unknown, file: string): unknown {
  const { code, message, errcode } = error as { code?: unknown; message?: unknown; errcode?: unknown }
  const isFull = code === 'ENOSPC' || code === 'EDQUOT' || errcode === 13
  if (isFull) return new Refused(`There is not enough space for ${file}. Nothing was written.`)
  if (!['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EISDIR'].includes(String(code))) return error
  return new Refused(`${file} cannot be written (${String(message)}). Name another file.`)
}
