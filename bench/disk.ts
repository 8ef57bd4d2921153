/** What the disk itself can do: append and fdatasync, one after the other, as a log that is committed line by line. */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { spread, rate } from './numbers.ts'
import type { Row } from './table.ts'

const SECONDS = 2
/** About one group commit of SQLite: a few pages. */
const BYTES = 4096

export function measureDisk(directory: string): Row {
  const path = join(directory, 'fsync')
  const file = openSync(path, 'a')
  const block = Buffer.alloc(BYTES, 'x')
  const took: number[] = []
  try {
    const endMs = performance.now() + SECONDS * 1000
    while (performance.now() < endMs) {
      const beganMs = performance.now()
      writeSync(file, block)
      fdatasyncSync(file)
      took.push(performance.now() - beganMs)
    }
  } finally {
    closeSync(file)
    rmSync(path)
  }
  return { what: 'the disk: append 4 KiB + fdatasync', measured: `${rate(took.length / SECONDS)}, ${spread(took)}` }
}
