/**
 * Messages is sandboxed: a file that it cannot read is accepted, and fails later (MACOS 1.6). So each file is copied to where it can read,
 * under its own name, which is what the row is found by; copies are swept when nothing can need them any more.
 */
import { constants, copyFileSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { basename, join } from 'node:path'
import type { OutgoingFile } from '../driver.ts'

const BYTES_MAX = 100 * 1024 ** 2
const KEPT_MS = 48 * 3600_000

export type Staged =
  | Readonly<{ kind: 'staged'; path: string }>
  /** Nothing was touched. */
  | Readonly<{
      kind: 'refused'
      reason: 'file_missing' | 'file_not_plain' | 'file_empty' | 'file_too_large' | 'file_unstageable'
    }>
export type StageFile = (file: OutgoingFile) => Staged

export function stagingFolder(messagesDir: string): string {
  return join(messagesDir, 'Attachments', 'bluewire')
}

export function stager(messagesDir: string): StageFile {
  return ({ path, name }) => {
    const problem = problemOf(path)
    if (problem !== null) return { kind: 'refused', reason: problem }
    const folder = join(stagingFolder(messagesDir), randomUUID())
    const copy = join(folder, basename(name))
    if (basename(name) === '' || copy === folder) return { kind: 'refused', reason: 'file_not_plain' }
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      copyFileSync(path, copy, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    } catch {
      return { kind: 'refused', reason: 'file_unstageable' }
    }
    return { kind: 'staged', path: copy }
  }
}

/** Best effort. */
export function sweepStaged(messagesDir: string, nowMs: number): void {
  const folder = stagingFolder(messagesDir)
  for (const name of namesIn(folder)) {
    const one = join(folder, name)
    try {
      if (statSync(one).mtimeMs < nowMs - KEPT_MS) rmSync(one, { recursive: true, force: true })
    } catch {
      // somebody else removed it
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // nothing was staged yet
  }
}

function problemOf(path: string) {
  try {
    const stat = lstatSync(path)
    if (!stat.isFile()) return 'file_not_plain' // a folder, or a link that leads who knows where
    if (stat.size === 0) return 'file_empty'
    return stat.size > BYTES_MAX ? 'file_too_large' : null
  } catch {
    return 'file_missing'
  }
}
