/** Free space decides what still goes on (PROTOCOL 44): first accepts stop, later dispatch, so that outcomes can always be recorded. */
import { statfsSync } from 'node:fs'
import type { Clock } from '@bluewire/platform/clock'

/** Asked per request; the file system is asked at most ten times a second. */
const FRESH_MS = 100

export type DiskGuardOptions = Readonly<{
  directory: string
  acceptFreeBytes: number
  dispatchFreeBytes: number
  clock: Clock
  /** The free space could not be learnt. Called once, until it can be learnt again. */
  onError: (error: unknown) => void
  /** For tests. */
  freeBytes?: (directory: string) => number
}>

export class DiskGuard {
  readonly #options: DiskGuardOptions
  #freeBytes = 0
  #checkedAtMs = Number.NEGATIVE_INFINITY
  #isBlind = false

  constructor(options: DiskGuardOptions) {
    this.#options = options
  }

  mayAccept(): boolean {
    return this.#free() >= this.#options.acceptFreeBytes
  }

  mayDispatch(): boolean {
    return this.#free() >= this.#options.dispatchFreeBytes
  }

  /** Never throws: a disk that cannot be asked (unmounted, gone) counts as full, since nothing can be recorded there either. */
  #free(): number {
    const { clock, directory, freeBytes = freeBytesOf, onError } = this.#options
    if (clock.monotonicMs() - this.#checkedAtMs <= FRESH_MS) return this.#freeBytes
    this.#checkedAtMs = clock.monotonicMs()
    try {
      this.#freeBytes = freeBytes(directory)
      this.#isBlind = false
    } catch (error) {
      this.#freeBytes = 0
      if (!this.#isBlind) onError(error)
      this.#isBlind = true
    }
    return this.#freeBytes
  }
}

function freeBytesOf(directory: string): number {
  const stats = statfsSync(directory)
  return stats.bavail * stats.bsize
}
