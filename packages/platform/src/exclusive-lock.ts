import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Somebody else holds the lock. `pid` is null when the holder has not written it yet. */
export class LockHeldError extends Error {
  override name = 'LockHeldError'
  readonly pid: number | null
  constructor(path: string, pid: number | null) {
    super(`${path} is in use by ${pid === null ? 'another process' : `process ${pid}`}`)
    this.pid = pid
  }
}

export interface ExclusiveLock {
  release(): void
}

/**
 * One process per data directory, for life. Node.js has no flock; SQLite does lock its files through the operating system, so an
 * open exclusive transaction on an otherwise empty database is such a lock: the system lets go of it when the process dies, however it dies.
 *
 * @throws LockHeldError when another process holds it.
 */
export function takeExclusiveLock(directory: string, name: string): ExclusiveLock {
  const path = join(directory, `${name}.lock`)
  const pidPath = `${path}.pid`
  const db = new DatabaseSync(path, { timeout: 0 })
  try {
    // A rollback journal, not WAL: under WAL an exclusive transaction still lets others open the file.
    db.exec('pragma journal_mode = delete; pragma locking_mode = exclusive; begin exclusive')
  } catch (error) {
    db.close()
    if (isBusy(error)) throw new LockHeldError(path, readPid(pidPath))
    throw error
  }
  writeFileSync(pidPath, `${process.pid}\n`, { mode: 0o600 })
  return { release: () => db.close() }
}

function isBusy(error: unknown): boolean {
  return (
    error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 0xff) === 5
  )
}

function readPid(path: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(path, 'utf8'), 10)
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null
  } catch {
    return null
  }
}
