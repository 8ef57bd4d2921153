/** The file chat.db as its only writer has it open: rows by name of column, whichever of them this version of macOS has. */
import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue } from 'node:sqlite'
import type { MacosVersion } from '../mac-settings.ts'
import { schemaStatements } from './schema.ts'

export type Row = Readonly<Record<string, SQLInputValue>>

/** What `_SqliteDatabaseProperties` says. 18020 was read on a macOS 15; the others only have to differ. */
const CLIENT_VERSIONS: Record<MacosVersion, number> = {
  '12': 15010,
  '13': 16010,
  '14': 17010,
  '15': 18020,
  '26.0': 19010,
  '26.5': 19050,
}

const BUSY_MS = 5000

export class ChatDb implements Disposable {
  readonly raw: DatabaseSync
  readonly #columns = new Map<string, ReadonlySet<string>>()
  #depth = 0

  private constructor(raw: DatabaseSync) {
    this.raw = raw
  }

  /** A new file at a path where none is. `shuffle`: see `schemaStatements`. */
  static create(path: string, { macos, shuffle }: { macos: MacosVersion; shuffle?: number }): ChatDb {
    const db = ChatDb.open(path)
    db.transaction(() => {
      for (const statement of schemaStatements(macos, shuffle)) db.raw.exec(statement)
      for (const [key, value] of [
        ['_ClientVersion', String(CLIENT_VERSIONS[macos])],
        ['counter_in_all', '0'],
        ['counter_out_all', '0'],
        ['counter_last_reset', '0'],
        ['__IMDRecordSequenceNumber', '23'],
        ['__CSDBRecordSequenceNumber', '12537360'],
      ]) {
        db.insert('_SqliteDatabaseProperties', { key: key ?? '', value: value ?? '' })
      }
    })
    return db
  }

  static open(path: string): ChatDb {
    const raw = new DatabaseSync(path, { timeout: BUSY_MS, readBigInts: true, enableForeignKeyConstraints: false })
    try {
      raw.exec('pragma journal_mode = wal; pragma synchronous = normal')
    } catch (error) {
      raw.close()
      throw error
    }
    return new ChatDb(raw)
  }

  close(): void {
    this.raw.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** All or nothing. Inside another one, it is part of that one. */
  transaction<T>(body: () => T): T {
    if (this.#depth++ > 0) {
      try {
        return body()
      } finally {
        this.#depth--
      }
    }
    this.raw.exec('begin immediate')
    try {
      const result = body()
      this.raw.exec('commit')
      return result
    } catch (error) {
      if (this.raw.isTransaction) this.raw.exec('rollback')
      throw error
    } finally {
      this.#depth--
    }
  }

  hasColumn(table: string, column: string): boolean {
    return this.#columnsOf(table).has(column)
  }

  /** Resolves with the ROWID. Columns that this version does not have are left out. */
  insert(table: string, row: Row): number {
    const names = Object.keys(row).filter((name) => this.hasColumn(table, name))
    const sql = `insert into ${table} (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`
    return Number(this.raw.prepare(sql).run(...names.map((name) => row[name] ?? null)).lastInsertRowid)
  }

  /** Columns that this version does not have are left out. */
  update(table: string, rowid: number, row: Row): void {
    const names = Object.keys(row).filter((name) => this.hasColumn(table, name))
    if (names.length === 0) return
    const sql = `update ${table} set ${names.map((name) => `${name} = ?`).join(', ')} where ROWID = ?`
    this.raw.prepare(sql).run(...names.map((name) => row[name] ?? null), rowid)
  }

  /** The first row, with integers as bigints. */
  get(sql: string, ...values: SQLInputValue[]): Record<string, unknown> | undefined {
    return this.raw.prepare(sql).get(...values)
  }

  all(sql: string, ...values: SQLInputValue[]): Record<string, unknown>[] {
    return this.raw.prepare(sql).all(...values)
  }

  #columnsOf(table: string): ReadonlySet<string> {
    const known = this.#columns.get(table)
    if (known !== undefined) return known
    const names = this.all('select name from pragma_table_info(?)', table).map(({ name }) => String(name))
    const columns = new Set(names)
    this.#columns.set(table, columns)
    return columns
  }
}
