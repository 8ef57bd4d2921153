/** Numbered migrations. Code refuses a store whose last breaking migration is newer than what it knows. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'

/** The store was written by a newer Bluewire. `message` is a sentence for people. */
export class NewerSchemaError extends Error {
  override name = 'NewerSchemaError'
}

export type Migration = Readonly<{ number: number; name: string; breaking: boolean; sql: string }>

const DIRECTORY = join(import.meta.dirname, '..', 'migrations')

/** `0007_add_thing.sqlite.sql`; its first line is `-- 0007_add_thing  breaking: yes|no (why)`. */
export function readMigrations(directory: string, database: 'sqlite' | 'postgres'): Migration[] {
  const ending = `.${database}.sql`
  return readdirSync(directory)
    .filter((file) => file.endsWith(ending))
    .sort()
    .map((file) => {
      const text = readFileSync(join(directory, file), 'utf8')
      const name = file.slice(0, -ending.length)
      const head = /^-- (\S+)\s+breaking: (yes|no)/.exec(text)
      if (head?.[1] !== name) throw new Error(`${file} must begin with "-- ${name}  breaking: yes|no"`)
      return { number: Number.parseInt(name, 10), name, breaking: head[2] === 'yes', sql: text }
    })
}

/** Brings the database up to date, each migration in its own transaction. Two processes at once: the second waits and finds it done. */
export function migrate(db: DatabaseSync, migrations = readMigrations(DIRECTORY, 'sqlite')): void {
  db.exec(`create table if not exists migrations (
    number integer primary key, name text not null, breaking integer not null, at integer not null) strict`)
  const newest = migrations.at(-1)?.number ?? 0
  const tooNew = db
    .prepare('select number, name from migrations where number > ? and breaking = 1 order by number limit 1')
    .get(newest)
  if (tooNew !== undefined) {
    throw new NewerSchemaError(
      `The database was made by a newer Bluewire (migration ${String(tooNew['name'])}, this one knows up to ${newest}). ` +
        'Install that version or a later one; this one would damage it.',
    )
  }
  for (const migration of migrations) apply(db, migration)
}

function apply(db: DatabaseSync, migration: Migration): void {
  db.exec('begin immediate')
  try {
    const done = db.prepare('select 1 from migrations where number = ?').get(migration.number)
    if (done === undefined) {
      db.exec(migration.sql)
      db.prepare("insert into migrations values (?, ?, ?, unixepoch('now') * 1000)").run(
        migration.number,
        migration.name,
        migration.breaking ? 1 : 0,
      )
    }
    db.exec('commit')
  } catch (error) {
    if (db.isTransaction) db.exec('rollback')
    throw error
  }
}
