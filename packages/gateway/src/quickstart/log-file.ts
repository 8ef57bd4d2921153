/** What the parts print goes to a file each; nothing of it belongs on the terminal. */
import { fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Larger ones are put aside at the start, one generation. */
const SIZE_MAX = 16 * 1024 * 1024
const TAIL_BYTES = 4096

export type LogFile = Readonly<{
  path: string
  fd: number
  /** The last thing written since it was opened; undefined when that is nothing, or no sentence. */
  lastSentence(): string | undefined
}>

/** Of one of the two processes. */
export function logPath(dataDir: string, of: 'gateway' | 'node'): string {
  return join(dataDir, `${of}.log`)
}

export function openLogFile(path: string): LogFile {
  putAside(path)
  const fd = openSync(path, 'a+', 0o600)
  const begin = fstatSync(fd).size
  return { path, fd, lastSentence: () => lastSentenceOf(fd, begin) }
}

function putAside(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size > SIZE_MAX) renameSync(path, `${path}.1`)
}

/** Programs say why they end in a plain line; entries of a log are JSON, and lines of a stack trace are indented. */
function lastSentenceOf(fd: number, begin: number): string | undefined {
  const lines = readFrom(fd, begin).split('\n')
  return lines.findLast((line) => /^[^{\s]/.test(line))
}

/** Through the open file: its name may lead elsewhere by now, or nowhere. */
function readFrom(fd: number, begin: number): string {
  const end = fstatSync(fd).size
  const from = Math.max(begin, end - TAIL_BYTES)
  const bytes = Buffer.alloc(Math.max(0, end - from))
  return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, from))
}
