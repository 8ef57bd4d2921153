/** 16 MiB of disk that are given up when it is full, so that what became of the last attempts can still be written. */
import { randomFillSync } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'

export const BALLAST_BYTES = 16 * 1024 * 1024
/** It is made only when this many times its size is free. */
const ROOM_FACTOR = 4

export class Ballast {
  readonly #path: string
  readonly #bytes: number

  constructor(directory: string, bytes = BALLAST_BYTES) {
    this.#path = join(directory, 'ballast')
    this.#bytes = bytes
  }

  /** Makes it when there is room. Never throws: a node without ballast still works. */
  ensure(freeBytes: number): boolean {
    if (existsSync(this.#path)) return true
    if (freeBytes < this.#bytes * ROOM_FACTOR) return false
    try {
      const file = openSync(this.#path, 'wx', 0o600)
      try {
        // Random bytes: a file system that compresses would keep nothing back for zeros.
        writeSync(file, randomFillSync(Buffer.alloc(this.#bytes)))
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      return true
    } catch {
      this.giveUp()
      return false
    }
  }

  /** False when there was none. */
  giveUp(): boolean {
    if (!existsSync(this.#path)) return false
    rmSync(this.#path, { force: true })
    return true
  }
}

export function freeBytesAt(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}
