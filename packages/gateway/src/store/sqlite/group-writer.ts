/**
 * Group commit: writes that arrive in one turn of the event loop share one transaction. One fsync then pays for all of them
 * (measured: seven times the rate), and still a write that fails never fails its neighbours: they are run again, each in a
 * savepoint, and when the shared transaction cannot be completed at all, each in a transaction of its own.
 */
import type { Clock } from '@bluewire/platform/clock'
import type { SqliteDatabase } from '@bluewire/platform/sqlite'
import { StoreUnavailableError } from '../store.ts'
import type { Hint } from '../store.ts'
import type { Tables } from '../tables.ts'

/** What a write gets: the time it happens at, and where to leave hints that go out after the commit. */
export type Tx = Readonly<{
  /** Wall clock. May jump. */
  nowMs: number
  /** The wall clock as it was when this process began, plus what has passed since: pacing must not notice when the clock is set. */
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
  settle: (outcome: Settled) => void
}

export type GroupWriterOptions = Readonly<{
  clock: Clock
  /** Called after a commit returned, before the callers hear of it. */
  onHints: (hints: readonly Hint[]) => void
  /** An fsync failed: what is on the disk is not known any more, and the process must end (PROTOCOL 25). */
  onFatal: (error: unknown) => void
}>

export class GroupWriter {
  readonly #db: SqliteDatabase<Tables>
  readonly #options: GroupWriterOptions
  #waiting: Waiting[] = []
  #scheduled = false
  #dead: unknown = undefined
  readonly #steadyOffsetMs: number

  constructor(db: SqliteDatabase<Tables>, options: GroupWriterOptions) {
    this.#db = db
    this.#options = options
    this.#steadyOffsetMs = options.clock.nowMs() - options.clock.monotonicMs()
  }

  /** Resolves after the commit. `write` may run more than once and must not reach outside the database but through `tx`. */
  run<R>(write: (tx: Tx) => R): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.#waiting.push({
        write,
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
    const together = this.#dead === undefined ? this.#commitTogether(batch) : null
    if (together !== null) return
    for (const one of batch) one.settle(this.#commitAlone(one))
  }

  /** Null when the shared transaction is lost and nothing of it is stored. */
  #commitTogether(batch: readonly Waiting[]): true | null {
    const hints: Hint[] = []
    const tx = this.#begin(hints)
    let outcomes: Settled[]
    try {
      outcomes =
        this.#withoutFailures(batch, tx) ?? this.#db.transaction(() => batch.map((one) => this.#inSavepoint(one, tx)))
    } catch (error) {
      this.#isFatal(error)
      return null
    }
    this.#options.onHints(hints)
    batch.forEach((one, i) => one.settle(outcomes[i] ?? { ok: false, error: new Error('no outcome') }))
    return true
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
      tx.hints.length = hintsBefore
      return error instanceof Undo ? { ok: true, value: error.result } : { ok: false, error: asStoreError(error) }
    }
  }

  #commitAlone(one: Waiting): Settled {
    if (this.#dead !== undefined) return { ok: false, error: asStoreError(this.#dead) }
    const hints: Hint[] = []
    try {
      const value = this.#db.transaction(() => one.write(this.#begin(hints)))
      this.#options.onHints(hints)
      return { ok: true, value }
    } catch (error) {
      if (error instanceof Undo) return { ok: true, value: error.result }
      this.#isFatal(error)
      return { ok: false, error: asStoreError(error) }
    }
  }

  #begin(hints: Hint[]): Tx {
    const { clock } = this.#options
    return { nowMs: clock.nowMs(), steadyMs: Math.round(clock.monotonicMs() + this.#steadyOffsetMs), hints }
  }

  #isFatal(error: unknown): boolean {
    if (sqliteCode(error) !== SQLITE_IOERR_FSYNC) return false
    this.#dead = error
    this.#options.onFatal(error)
    return true
  }
}

const SQLITE_IOERR = 10
const SQLITE_FULL = 13
const SQLITE_IOERR_FSYNC = 1034

function sqliteCode(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : null
}

/** Errors of the database itself become StoreUnavailableError; anything else is a bug and stays what it is. */
function asStoreError(error: unknown): unknown {
  const code = sqliteCode(error)
  if (code === null) return error
  const diskFull = (code & 0xff) === SQLITE_FULL
  const unavailable = diskFull || (code & 0xff) === SQLITE_IOERR || (code & 0xff) === 5 || (code & 0xff) === 8
  if (!unavailable) return error
  return new StoreUnavailableError(diskFull ? 'The disk is full.' : 'The database cannot be written.', {
    diskFull,
    ambiguous: code === SQLITE_IOERR_FSYNC,
    cause: error,
  })
}
