/**
 * Writes to the journal when the disk may be full. What must be stored is tried, then tried again with the ballast given
 * up, then kept in memory and tried every second until it is stored.
 */
import type { Clock, Timer } from '@bluewire/platform/clock'
import { TransactionLostError } from '@bluewire/platform/sqlite'
import type { AgentLog } from './agent-log.ts'
import { errorWord } from './agent-log.ts'

const RETRY_MS = 1000

/** Nothing of the write is stored. */
export class UnwritableError extends Error {
  override name = 'UnwritableError'
}

type Pending = Readonly<{ write: () => void; stored: () => void }>

type Deps = Readonly<{
  clock: Clock
  log: AgentLog
  /** Frees space that was kept for this. False when there is none (left). */
  giveUpBallast(): boolean
  /** What waited is stored: work may go on. */
  recovered(): void
}>

export class DurableWrites {
  readonly #deps: Deps
  #pending: Pending[] = []
  #timer: Timer | null = null
  #stopped = false

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Something that must be stored could not be yet: nothing new may be taken. */
  get stuck(): boolean {
    return this.#pending.length > 0
  }

  /** @throws UnwritableError */
  now<T>(write: () => T): T {
    try {
      return write()
    } catch (error) {
      if (!isStorageError(error)) throw error
      this.#deps.log.warn('journal.write_failed', { error: errorWord(error) })
      if (!this.#deps.giveUpBallast()) throw new UnwritableError('the journal cannot be written', { cause: error })
      this.#deps.log.warn('journal.ballast_given_up')
      return this.#again(write)
    }
  }

  /** Stored now or later, after everything that already waits; `stored` is called once it is. */
  eventually(write: () => void, stored: () => void = () => {}): void {
    this.#pending.push({ write, stored })
    if (this.#pending.length === 1) this.#storePending()
  }

  /** Tries once more and gives up on what still cannot be stored. */
  stop(): void {
    if (this.#stopped) return
    if (this.stuck) this.#storePending()
    this.#stopped = true
    this.#timer?.cancel()
    if (this.stuck) this.#deps.log.error('journal.lost_in_memory', { many: this.#pending.length })
  }

  #again<T>(write: () => T): T {
    try {
      return write()
    } catch (error) {
      if (!isStorageError(error)) throw error
      throw new UnwritableError('the journal cannot be written', { cause: error })
    }
  }

  #storePending(): void {
    for (;;) {
      const next = this.#pending[0]
      if (!next) return
      try {
        this.now(next.write)
      } catch (error) {
        if (!(error instanceof UnwritableError)) {
          this.#pending.shift()
          throw error
        }
        this.#retryLater()
        return
      }
      this.#pending.shift()
      next.stored()
    }
  }

  #retryLater(): void {
    if (this.#stopped) return
    this.#timer?.cancel()
    this.#timer = this.#deps.clock.setTimer(RETRY_MS, () => {
      this.#storePending()
      if (!this.stuck) this.#deps.recovered()
    })
  }
}

/** SQLite's result codes that mean the disk or the file, not the statement. */
const STORAGE_CODES = new Set([
  5, // busy
  7, // out of memory
  8, // read-only
  10, // I/O error
  11, // corrupt
  13, // full
  14, // cannot open
  26, // not a database
])

function isStorageError(error: unknown): boolean {
  if (error instanceof TransactionLostError) return true
  return (
    error instanceof Error &&
    'errcode' in error &&
    typeof error.errcode === 'number' &&
    STORAGE_CODES.has(error.errcode & 0xff)
  )
}
