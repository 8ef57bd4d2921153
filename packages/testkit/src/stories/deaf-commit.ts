/**
 * A seeded bug for a gateway process, loaded with `--import`: a commit that fails, as on a full disk, is taken for a good one. A story
 * about full disks that does not find it proves nothing.
 */
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'

// eslint-disable-next-line @typescript-eslint/unbound-method -- it is called on its own database below
const { prepare } = DatabaseSync.prototype

DatabaseSync.prototype.prepare = function (this: DatabaseSync, sql: string): StatementSync {
  const statement = prepare.call(this, sql)
  if (sql === 'commit') hearNothing(this, statement)
  return statement
}

function hearNothing(database: DatabaseSync, commit: StatementSync): void {
  const run = commit.run.bind(commit)
  commit.run = () => {
    try {
      return run()
    } catch {
      if (database.isTransaction) database.exec('rollback')
      return { changes: 0, lastInsertRowid: 0 }
    }
  }
}
