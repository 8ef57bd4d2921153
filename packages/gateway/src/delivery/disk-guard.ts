/** Free space decides what still goes on (PROTOCOL 44): first accepts stop, later dispatch, so that outcomes can always be recorded. */
import { statfsSync } from 'node:fs'

export class DiskGuard {
  readonly #directory: string
  readonly #limits: { acceptFreeBytes: number; dispatchFreeBytes: number }
  #freeBytes = Number.POSITIVE_INFINITY
  #checkedAtMs = 0

  constructor(directory: string, limits: { acceptFreeBytes: number; dispatchFreeBytes: number }) {
    this.#directory = directory
    this.#limits = limits
  }

  mayAccept(): boolean {
    return this.#free() >= this.#limits.acceptFreeBytes
  }

  mayDispatch(): boolean {
    return this.#free() >= this.#limits.dispatchFreeBytes
  }

  /** Asked per request; the file system is asked at most ten times a second. */
  #free(): number {
    const nowMs = performance.now()
    if (nowMs - this.#checkedAtMs > 100) {
      this.#checkedAtMs = nowMs
      this.#freeBytes = freeBytes(this.#directory)
    }
    return this.#freeBytes
  }
}

function freeBytes(directory: string): number {
  const stats = statfsSync(directory)
  return stats.bavail * stats.bsize
}
