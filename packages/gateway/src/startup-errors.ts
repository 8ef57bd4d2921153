/** Why the gateway could not start, told to the person who started it: what happened, and what to do about it. */
import { readFileSync, statSync, statfsSync } from 'node:fs'
import { createServer } from 'node:net'
import { userInfo } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { LockHeldError } from '@bluewire/platform/exclusive-lock'
import { addressOf, databaseFile } from './config/config.ts'
import { EmptiedDatabaseError } from './config/emptied-database.ts'
import { ConfigError } from './config/env.ts'
import { sizeText } from './config/values.ts'
import { NewerSchemaError } from './store/sqlite/migrate.ts'

export type StartFailure = Readonly<{ sentence: string; exitCode: number }>

/** What was to be started. `command`: how it was started, for the advice to start it otherwise. `isAdmin`: it starts nothing itself. */
export type Attempted = Readonly<{ host: string; port: number; dataDir: string; command: string; isAdmin?: boolean }>

const EXIT_FAILED = 1
/** As in sysexits.h: starting it again changes nothing. */
const EXIT_BAD_CONFIGURATION = 78
const PROBE_TIMEOUT_MS = 2000
const PORTS_TRIED = 50
/** With less than this, SQLite's own "I/O error" means that the disk is full. */
const NEARLY_FULL_BYTES = 1024 * 1024

/** `attempted` is undefined when it failed before anything was decided. */
export async function explainStartFailure(error: unknown, attempted?: Attempted): Promise<StartFailure> {
  if (error instanceof ConfigError) return { sentence: error.message, exitCode: EXIT_BAD_CONFIGURATION }
  const known = attempted === undefined ? undefined : await explain(rootCause(error), attempted)
  return { sentence: known ?? unexpected(error), exitCode: EXIT_FAILED }
}

/** None of the failures that are known: whoever looks into it needs to see where it came from. */
function unexpected(error: unknown): string {
  const trace = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return `Bluewire could not start, for a reason that it does not know. Please report this:\n${trace}`
}

/** How this process was started, for the advice to start it otherwise. */
export function startCommand(): string {
  return process.env['npm_lifecycle_event'] === 'gateway' ? 'npm run gateway' : 'npm start'
}

async function explain(error: Error, attempted: Attempted): Promise<string | undefined> {
  if (error instanceof LockHeldError) return dataDirInUse(error, attempted)
  if (error instanceof EmptiedDatabaseError) return error.message
  if (error instanceof NewerSchemaError) return `${databaseFile(attempted.dataDir)} cannot be used: ${error.message}`
  return (
    (await explainListening(error, attempted)) ?? explainFiles(error, attempted) ?? explainDatabase(error, attempted)
  )
}

/** The error at the bottom, which the system or SQLite raised; those above say where, not why. */
function rootCause(error: unknown): Error {
  let cause = error instanceof Error ? error : new Error(String(error))
  while (cause.cause instanceof Error) cause = cause.cause
  return cause
}

function dataDirInUse(error: LockHeldError, { dataDir, command }: Attempted): string {
  const holder = error.pid === null ? 'another Bluewire gateway' : `another Bluewire gateway, process ${error.pid}`
  return (
    `The data folder ${dataDir} is in use by ${holder}. ` +
    `Stop that one first, or start this one on a folder of its own: BLUEWIRE_DATA_DIR=./data2 ${command}`
  )
}

async function explainListening(error: Error, attempted: Attempted): Promise<string | undefined> {
  if (property(error, 'syscall') !== 'listen' && property(error, 'syscall') !== 'getaddrinfo') return undefined
  const { host, port, command } = attempted
  switch (property(error, 'code')) {
    case 'EADDRINUSE': {
      const isBluewire = await answersAsBluewire(addressOf(host, port))
      const holder = isBluewire ? 'Bluewire already runs there' : 'another program uses it'
      return `Port ${port} of ${host} is taken: ${holder}. Start on another port: ${await otherPort(attempted)}`
    }
    case 'EACCES':
    case 'EPERM':
      return `Port ${port} may not be used by ${userText()}: the system keeps low ports for root. Take a higher one: ${await otherPort({ ...attempted, port: Math.max(port, 8079) })}`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `BLUEWIRE_HOST is ${host}, which is not an address of this machine. Take 127.0.0.1 for this machine only, or 0.0.0.0 for all its addresses: BLUEWIRE_HOST=127.0.0.1 ${command}`
    default:
      return undefined
  }
}

function explainFiles(error: Error, attempted: Attempted): string | undefined {
  const path = resolve(property(error, 'path') ?? attempted.dataDir)
  switch (property(error, 'code')) {
    case 'EACCES':
    case 'EPERM':
      return notWritable(path, attempted)
    case 'EROFS':
      return `${path} cannot be written: its file system is mounted read-only. Choose another folder: ${otherFolder(attempted)}`
    case 'EEXIST':
    case 'ENOTDIR':
      return `BLUEWIRE_DATA_DIR is ${attempted.dataDir}, but that is not a folder. Choose another one: ${otherFolder(attempted)}`
    case 'ENOENT':
      if (property(error, 'syscall') !== 'mkdir') return undefined
      return `BLUEWIRE_DATA_DIR is ${attempted.dataDir}, but the system makes no folder there. Choose another one: ${otherFolder(attempted)}`
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull(attempted)
    default:
      return undefined
  }
}

function explainDatabase(error: Error, attempted: Attempted): string | undefined {
  const errcode = property(error, 'errcode')
  if (errcode === undefined) return undefined
  switch (Number(errcode) & 0xff) {
    case 3: // SQLITE_PERM
    case 8: // SQLITE_READONLY
    case 14: // SQLITE_CANTOPEN
      if (isFolder(databaseFile(attempted.dataDir))) return databaseIsFolder(attempted)
      return isFull(attempted.dataDir) ? diskFull(attempted) : notWritable(attempted.dataDir, attempted)
    case 5: // SQLITE_BUSY
      return `The database in ${attempted.dataDir} is locked by another program. End that program (a database browser, a backup), then start again.`
    case 10: // SQLITE_IOERR
      return isFull(attempted.dataDir)
        ? diskFull(attempted)
        : `The disk failed while reading or writing the database in ${attempted.dataDir} (${error.message}). Check the disk; nothing was changed.`
    case 11: // SQLITE_CORRUPT
    case 26: // SQLITE_NOTADB
      return damaged(error, attempted)
    case 13: // SQLITE_FULL
      return diskFull(attempted)
    default:
      return undefined
  }
}

function damaged(error: Error, { dataDir }: Attempted): string {
  const lock = join(dataDir, 'gateway.lock')
  if (isOverwritten(lock)) return `The lock file ${lock} is damaged. Delete it, then start again; it holds nothing.`
  return (
    `The database ${databaseFile(dataDir)} is damaged (${error.message}); nothing was changed. ` +
    `Put a backup of it in its place, or move ${dataDir} away to start with an empty one.`
  )
}

/** A lock is an empty file, or at most an empty database. */
function isOverwritten(lock: string): boolean {
  try {
    const bytes = readFileSync(lock)
    return bytes.length > 0 && !bytes.toString('latin1').startsWith('SQLite format 3\0')
  } catch {
    return false
  }
}

function databaseIsFolder(attempted: Attempted): string {
  const { dataDir } = attempted
  return (
    `${databaseFile(dataDir)} is a folder, but the database is a file of that name; nothing was changed. ` +
    `Move the folder away, or choose another data folder: ${otherFolder(attempted)}`
  )
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

function diskFull({ dataDir }: Attempted): string {
  const free = freeBytes(dataDir)
  const left = free === undefined ? '' : ` (${sizeText(free)} left)`
  return `The disk that holds ${dataDir} is full${left}. Free some space, then start again; nothing that was stored is lost.`
}

/** The thing that may not be written is the path, or, when that does not exist, the folder in which it was to be made. */
function notWritable(path: string, attempted: Attempted): string {
  const existing = nearestExisting(path)
  const owner = ownerText(existing)
  if (attempted.isAdmin === true) {
    return (
      `${existing} may not be read and written by ${userText()}; it belongs to ${owner}. ` +
      'Run the command as the one who runs the gateway, or name another data folder with BLUEWIRE_DATA_DIR.'
    )
  }
  return (
    `${existing} may not be written by ${userText()}; it belongs to ${owner}. ` +
    `Give it to the one who runs Bluewire (chown -R ${userName()} ${existing}, as root), or choose another folder: ${otherFolder(attempted)}`
  )
}

function otherFolder({ command }: Attempted): string {
  return `BLUEWIRE_DATA_DIR=~/bluewire-data ${command}`
}

async function otherPort({ host, port, command }: Attempted): Promise<string> {
  for (let other = port + 1; other <= Math.min(port + PORTS_TRIED, 65_535); other++) {
    if (await isFree(host, other)) return `BLUEWIRE_PORT=${other} ${command}`
  }
  return `BLUEWIRE_PORT=0 ${command} (takes any free one)`
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer()
    server.on('error', () => done(false))
    server.listen({ host, port, exclusive: true }, () => server.close(() => done(true)))
  })
}

/** Anything may answer `/healthz` with "ok"; the description of the API says whose it is. */
async function answersAsBluewire(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/openapi.json`, {
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
      redirect: 'error',
    })
    const body = (await answer.json()) as { info?: { title?: unknown } } | null
    return body?.info?.title === 'Bluewire'
  } catch {
    return false
  }
}

function nearestExisting(path: string): string {
  try {
    statSync(path)
    return path
  } catch {
    return dirname(path) === path ? path : nearestExisting(dirname(path))
  }
}

function ownerText(path: string): string {
  try {
    const { uid } = statSync(path)
    return uid === 0 ? 'root' : uid === process.getuid?.() ? 'that user, but its mode forbids it' : `user ${uid}`
  } catch {
    return 'somebody else'
  }
}

function userText(): string {
  return `user ${userName()}`
}

function userName(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.()) // a user without an entry in the system's list
  }
}

function isFull(directory: string): boolean {
  const free = freeBytes(directory)
  return free !== undefined && free < NEARLY_FULL_BYTES
}

function freeBytes(directory: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(nearestExisting(directory))
    return bavail * bsize
  } catch {
    return undefined
  }
}

/** Node.js errors carry more than their type says. */
function property(error: Error, name: 'code' | 'syscall' | 'path' | 'errcode'): string | undefined {
  const value = (error as unknown as Record<string, unknown>)[name]
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : undefined
}
