/**
 * Typed statements on one node:sqlite database. Kysely builds each statement once, at start; running one costs what the bare
 * driver costs, and is synchronous, so a transaction can never be interleaved with another.
 */
import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue, StatementSync } from 'node:sqlite'
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import type { Compilable } from 'kysely'

/** SQLite rolled the whole transaction back by itself (disk full, I/O error, out of memory): nothing of it is stored. */
export class TransactionLostError extends Error {
  override name = 'TransactionLostError'
}

export type Statement<Params, Row> = Readonly<{
  get(params: Params): Row | undefined
  all(params: Params): Row[]
  /** Rows changed. */
  run(params: Params): number
}>

const PARAMETER = Symbol('parameter')
type Placeholder = { [PARAMETER]: string }

export class SqliteDatabase<Tables> {
  readonly raw: DatabaseSync
  readonly #builder: Kysely<Tables>
  #depth = 0
  readonly #controls = new Map<string, StatementSync>()

  constructor(raw: DatabaseSync) {
    this.raw = raw
    this.#builder = new Kysely<Tables>({
      dialect: {
        createAdapter: () => new SqliteAdapter(),
        createDriver: () => new DummyDriver(), // statements run below, not through Kysely
        createIntrospector: (db) => new SqliteIntrospector(db),
        createQueryCompiler: () => new SqliteQueryCompiler(),
      },
    })
  }

  /**
   * Builds and prepares a statement. Inside `build`, `p.name` stands for the parameter of that name:
   * `statement((k, p: { id: string }) => k.selectFrom('nodes').selectAll().where('id', '=', p.id))`
   */
  statement<Params extends object, Row>(
    build: (k: Kysely<Tables>, p: Params) => Compilable<Row>,
  ): Statement<Params, Row> {
    const placeholders = new Proxy({}, { get: (_, name) => ({ [PARAMETER]: String(name) }) }) as Params
    const compiled = build(this.#builder, placeholders).compile()
    const order = compiled.parameters.map((value) => (isPlaceholder(value) ? { name: value[PARAMETER] } : { value }))
    let prepared: StatementSync | undefined
    const use = <R>(params: Params, go: (s: StatementSync, values: SQLInputValue[]) => R): R => {
      prepared ??= this.raw.prepare(compiled.sql)
      const values = order.map((o) =>
        toSql(o.name === undefined ? o.value : (params as Record<string, unknown>)[o.name]),
      )
      const s = prepared
      this.#assertOpen()
      return go(s, values)
    }
    return {
      get: (params) => use(params, (s, v) => s.get(...v) as Row | undefined),
      all: (params) => use(params, (s, v) => s.all(...v) as Row[]),
      run: (params) => use(params, (s, v) => Number(s.run(...v).changes)),
    }
  }

  /** All or nothing. Nested calls become savepoints: an error in one undoes just that one. */
  transaction<R>(body: () => R): R {
    const depth = this.#depth
    const savepoint = `s${depth}`
    this.#control(depth > 0 ? `savepoint ${savepoint}` : 'begin immediate')
    this.#depth = depth + 1
    try {
      const result = body()
      this.#assertOpen()
      this.#control(depth > 0 ? `release ${savepoint}` : 'commit')
      return result
    } catch (error) {
      // After a full disk SQLite has rolled everything back by itself: nothing is left to undo, also not for the levels above.
      if (this.raw.isTransaction)
        this.raw.exec(depth > 0 ? `rollback to ${savepoint}; release ${savepoint}` : 'rollback')
      throw error
    } finally {
      this.#depth = depth
    }
  }

  /** Prepared once: on the path of every write, parsing these few words costs more than obeying them. */
  #control(words: string): void {
    const prepared = this.#controls.get(words) ?? this.raw.prepare(words)
    this.#controls.set(words, prepared)
    prepared.run()
  }

  /** SQLite may end a transaction by itself; what came after would then be stored on its own, although refused (PROTOCOL 24). */
  #assertOpen(): void {
    if (this.#depth > 0 && !this.raw.isTransaction)
      throw new TransactionLostError('SQLite ended the transaction by itself')
  }
}

/** Opens a database file so that a commit survives a power cut. `':memory:'` for tests. */
export function openDurably(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: 5000 })
  try {
    // fullfsync: on macOS a plain fsync leaves data in the drive's cache. Elsewhere it does nothing.
    db.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma fullfsync = 1;
      pragma checkpoint_fullfsync = 1; pragma foreign_keys = on; pragma temp_store = memory`)
  } catch (error) {
    db.close()
    throw error
  }
  return db
}

function isPlaceholder(value: unknown): value is Placeholder {
  return typeof value === 'object' && value !== null && PARAMETER in value
}

function toSql(value: unknown): SQLInputValue {
  if (value === undefined) throw new Error('a parameter is missing')
  if (typeof value === 'boolean') return value ? 1 : 0
  return value as SQLInputValue
}
