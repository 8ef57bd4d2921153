/**
 * A database whose disk can run full in the middle of a transaction, the way SQLite then behaves: the statement fails with SQLITE_FULL,
 * and the whole transaction is rolled back by itself, so that whoever goes on writes outside of it (PROTOCOL 24, measured).
 */
import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue, StatementSync } from 'node:sqlite'

const SQLITE_FULL = 13

export class FailingDatabase extends DatabaseSync {
  #failIn: number | null = null

  /** The statement that comes so many statements from now fails, if it is part of a transaction; else the next one that is. */
  failIn(statements: number): void {
    this.#failIn = statements
  }

  override prepare(sql: string): StatementSync {
    const statement = super.prepare(sql)
    const run = statement.run.bind(statement)
    const get = statement.get.bind(statement)
    const all = statement.all.bind(statement)
    return Object.assign(statement, {
      run: (...values: SQLInputValue[]) => this.#counted(() => run(...values)),
      get: (...values: SQLInputValue[]) => this.#counted(() => get(...values)),
      all: (...values: SQLInputValue[]) => this.#counted(() => all(...values)),
    })
  }

  #counted<R>(body: () => R): R {
    if (this.#failIn !== null && --this.#failIn <= 0 && this.isTransaction) {
      this.#failIn = null
      this.exec('rollback')
      throw Object.assign(new Error('database or disk is full'), { code: 'ERR_SQLITE_ERROR', errcode: SQLITE_FULL })
    }
    return body()
  }
}
