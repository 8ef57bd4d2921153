/**
 * A seeded bug for a gateway process, loaded with `--import`: a commit that fails, as on a full disk, is taken for a good one. A story
 * about full disks that does not find it proves nothing.
 */
import { DatabaseSync } from 'node:sqlite'

// eslint-disable-next-line @typescript-eslint/unbound-method -- called on its own database below
const exec = DatabaseSync.prototype.exec

DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string): void {
  try {
    exec.call(this, sql)
  } catch (error) {
    if (sql !== 'commit') throw error
    if (this.isTransaction) exec.call(this, 'rollback')
  }
}
