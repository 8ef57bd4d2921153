/**
 * Group commit: writes that arrive in one turn of the event loop share one transaction. One fsync then pays for all of them
 * (measured: seven times the rate), and still a write that fails never fails its neighbours: they are run again, each in a
 * savepoint, and when the shared transaction cannot be completed at all, each in a transaction of its own.
 *
 * Another process may hold the file's only write lock (the admin command, an operator's shell). The batch then waits for it here, on a
 * timer, and not inside SQLite, which would hold up the event loop with all that runs on it (docs/decisions/0009).
 */
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { SqliteDatabase } from '@bluewire/platform/sqlite'
import { StoreUnavailableError } from '../store.ts'
import type { Hint } from '../store.ts'
import type { Tables } from '../tables.ts'

/** What a write gets: the time it happens at, and where to leave hints that go out after the commit. */
export type Tx = Readonly<{
  /** Wall clock. May jump. */
  nowMs: number
  /** The store's own clock: what decides by how much time has passed must not notice when the wall clock is set (0007). */
  steadyMs: number
  hints: Hint[]
}>

/** Thrown inside a write whose guard failed: everything it did is undone, and `result` is its answer. */
export class Undo<R> extends Error {
  readonly result: R
  constructor(result: R) {
    super('undone')
    this.result = result
  }
}

type Settled = { ok: true; value: unknown } | { ok: false; error: unknown }
type Waiting = {
  write: (tx: Tx) => unknown
  /** Monotonic. */
  askedAtMs: number
  settle: (outcome: Settled) => void
}

export type GroupWriterOptions = Readonly<{
  clock: Clock
  /** Called after a commit returned, before the callers hear of it. */
  onHints: (hints: readonly Hint[]) => void
  /** An fsync failed: what is on the disk is not known any more, and the process must end (PROTOCOL 25). */
  onFatal: (error: unknown) => void
  /** How long a write waits for another process to let the file go; 0: it has waited inside SQLite already. */
  lockWaitMs: number
  /** The store's own clock as it goes on from its last process. */
  steadyStartMs: number
}>

/** Between two tries to get a lock that another process holds. */
const LOCK_RETRY_MS = 10

export class GroupWriter {
  readonly #db: SqliteDatabase<Tables>
  readonly #options: GroupWriterOptions
  #waiting: Waiting[] = []
  #scheduled = false
  #lockTimer: Timer | null = null
  #dead: unknown = undefined
  readonly #steadyOffsetMs: number

  constructor(db: SqliteDatabase<Tables>, options: GroupWriterOptions) {
    this.#db = db
    this.#options = options
    this.#steadyOffsetMs = options.steadyStartMs - options.clock.monotonicMs()
  }

  /** What a write would get as `tx.steadyMs` now. */
  steadyMs(): number {
    return Math.round(this.#options.clock.monotonicMs() + this.#steadyOffsetMs)
  }

  /** The database is about to be closed: who still waits for its lock is told so. */
  close(): void {
    this.#lockTimer?.cancel()
    this.#lockTimer = null
    for (const one of this.#waiting.splice(0)) one.settle({ ok: false, error: inUse(undefined) })
  }

  /** Resolves after the commit. `write` may run more than once and must not reach outside the database but through `tx`. */
  run<R>(write: (tx: Tx) => R): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.#waiting.push({
        write,
        askedAtMs: this.#options.clock.monotonicMs(),
        settle: (outcome) => {
          if (outcome.ok) resolve(outcome.value as R)
          else reject(outcome.error)
        },
      })
      if (this.#scheduled) return
      this.#scheduled = true
      this.#options.clock.soon(() => this.#flush())
    })
  }

  #flush(): void {
    this.#scheduled = false
    const batch = this.#waiting
    this.#waiting = []
    if (batch.length === 0) return
    const end = this.#dead === undefined ? this.#commitTogether(batch) : 'lost'
    if (end === 'locked') return this.#waitForLock(batch)
    if (end === 'done') return
    for (const [i, one] of batch.entries()) {
      const outcome = this.#commitAlone(one)
      if (outcome === 'locked') return this.#waitForLock(batch.slice(i))
      one.settle(outcome)
    }
  }

  /** Nothing of these is stored. They stay first in the queue, what is asked meanwhile joins them, and each fails at its own deadline. */
  #waitForLock(batch: readonly Waiting[]): void {
    const { clock, lockWaitMs } = this.#options
    const patient = (one: Waiting): boolean => clock.monotonicMs() - one.askedAtMs < lockWaitMs
    for (const one of batch) if (!patient(one)) one.settle({ ok: false, error: inUse(undefined) })
    this.#waiting = [...batch.filter(patient), ...this.#waiting]
    if (this.#waiting.length === 0) return
    this.#scheduled = true
    this.#lockTimer = clock.setTimer(LOCK_RETRY_MS, () => this.#flush())
  }

  /** `lost`: the shared transaction cannot be completed, and nothing of it is stored. `locked`: another process is writing. */
  #commitTogether(batch: readonly Waiting[]): 'done' | 'lost' | 'locked' {
    const hints: Hint[] = []
    const tx = this.#begin(hints)
    let outcomes: Settled[]
    try {
      outcomes =
        this.#withoutFailures(batch, tx) ?? this.#db.transaction(() => batch.map((one) => this.#inSavepoint(one, tx)))
    } catch (error) {
      if (isLocked(error)) return 'locked'
      this.#isFatal(error)
      return 'lost'
    }
    this.#options.onHints(hints)
    batch.forEach((one, i) => one.settle(outcomes[i] ?? { ok: false, error: new Error('no outcome') }))
    return 'done'
  }

  /** Null: one of them failed, and nothing is stored. Savepoints would cost each write of the common case two statements more. */
  #withoutFailures(batch: readonly Waiting[], tx: Tx): Settled[] | null {
    let isFailure = false
    try {
      return this.#db.transaction(() =>
        batch.map((one) => {
          try {
            return { ok: true, value: one.write(tx) }
          } catch (error) {
            isFailure = true
            throw error
          }
        }),
      )
    } catch (error) {
      if (!isFailure) throw error
      tx.hints.length = 0
      return null
    }
  }

  #inSavepoint(one: Waiting, tx: Tx): Settled {
    const hintsBefore = tx.hints.length
    try {
      return { ok: true, value: this.#db.transaction(() => one.write(tx)) }
    } catch (error) {
      if (!this.#db.raw.isTransaction) throw error // the whole batch is gone with it
      tx.hints.length = Math.min(tx.hints.length, hintsBefore) // a dispatch may have taken some away
      return error instanceof Undo ? { ok: true, value: error.result } : { ok: false, error: asStoreError(error) }
    }
  }

  #commitAlone(one: Waiting): Settled | 'locked' {
    if (this.#dead !== undefined) return { ok: false, error: asStoreError(this.#dead) }
    const hints: Hint[] = []
    try {
      const value = this.#db.transaction(() => one.write(this.#begin(hints)))
      this.#options.onHints(hints)
      return { ok: true, value }
    } catch (error) {
      if (error instanceof Undo) return { ok: true, value: error.result }
      if (isLocked(error)) return 'locked'
      this.#isFatal(error)
      return { ok: false, error: asStoreError(error) }
    }
  }

  #begin(hints: Hint[]): Tx {
    return { nowMs: this.#options.clock.nowMs(), steadyMs: this.steadyMs(), hints }
  }

  #isFatal(error: unknown): boolean {
    if (sqliteCode(error) !== SQLITE_IOERR_FSYNC) return false
    this.#dead = error
    this.#options.onFatal(error)
    return true
  }
}

const SQLITE_BUSY = 5
const SQLITE_READONLY = 8
const SQLITE_IOERR = 10
const SQLITE_FULL = 13
const SQLITE_IOERR_FSYNC = 1034

function sqliteCode(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : null
}

function isLocked(error: unknown): boolean {
  return ((sqliteCode(error) ?? 0) & 0xff) === SQLITE_BUSY
}

function inUse(cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError('Another process is writing to the database.', {
    diskFull: false,
    ambiguous: false,
    cause,
  })
}

/** Errors of the database itself become StoreUnavailableError; anything else is a bug and stays what it is. */
function asStoreError(error: unknown): unknown {
  const code = sqliteCode(error)
  if (code === null) return error
  const kind = code & 0xff
  const diskFull = kind === SQLITE_FULL
  if (!diskFull && kind !== SQLITE_IOERR && kind !== SQLITE_READONLY) return kind === SQLITE_BUSY ? inUse(error) : error
  return new StoreUnavailableError(diskFull ? 'The disk is full.' : 'The database cannot be written.', {
    diskFull,
    ambiguous: code === SQLITE_IOERR_FSYNC,
    cause: error,
  })
}
