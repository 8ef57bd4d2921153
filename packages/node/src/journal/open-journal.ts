/** The journal as a file: opened so that a commit survives a power cut, and replaced when it is damaged. */
import { existsSync, renameSync } from 'node:fs'
import type { JournalId } from '@bluewire/contract/ids'
import { openDurably } from '@bluewire/platform/sqlite'
import { Journal, JournalTooNewError } from './journal.ts'

export type OpenedJournal = Readonly<{
  journal: Journal
  /** A sentence, when the file was damaged and a new journal was begun. */
  damage: string | null
}>

/**
 * A damaged file is moved aside and kept: what it knew is lost to the node, and a new journal has a new id, so the gateway takes
 * nothing it says for proof about older attempts.
 *
 * @throws JournalTooNewError
 */
export function openJournal(path: string, newId: () => JournalId, nowMs: number): OpenedJournal {
  try {
    return { journal: openWhole(path, newId), damage: null }
  } catch (error) {
    if (error instanceof JournalTooNewError || !isDamage(error)) throw error
    const aside = `${path}.damaged-${nowMs}`
    // The log of the old file must not be replayed into the new one.
    for (const suffix of ['', '-wal', '-shm']) if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix)
    const damage = `The journal ${path} is damaged (${(error as Error).message.replace(/\s+/g, ' ')}); it was moved to ${aside} and a new one was begun.`
    return { journal: openWhole(path, newId), damage }
  }
}

function openWhole(path: string, newId: () => JournalId): Journal {
  const raw = openDurably(path)
  try {
    const problem = raw.prepare('pragma quick_check(1)').get() as { quick_check: string } | undefined
    if (problem && problem.quick_check !== 'ok') throw new DamagedError(problem.quick_check)
    return new Journal(raw, newId)
  } catch (error) {
    raw.close()
    throw error
  }
}

class DamagedError extends Error {
  override name = 'DamagedError'
}

const SQLITE_ERROR = 1 // a table of ours is missing
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

function isDamage(error: unknown): boolean {
  if (error instanceof DamagedError) return true
  const code =
    error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : 0
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB || code === SQLITE_ERROR
}
