import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { databaseFile } from './config.ts'

/** Only a folder in which a quick start has run holds these. They come after the database, so it cannot be one that was never filled. */
const SIGNS_OF_USE = ['quickstart.json', 'node']

/** The database was there and is empty now: to start anew would hide that everything in it is lost. */
export class EmptiedDatabaseError extends Error {
  override name = 'EmptiedDatabaseError'
}

/** @throws EmptiedDatabaseError */
export function refuseEmptiedDatabase(dataDir: string): void {
  const file = databaseFile(dataDir)
  const sign = SIGNS_OF_USE.find((name) => existsSync(join(dataDir, name)))
  if (sign === undefined || statSync(file, { throwIfNoEntry: false })?.size !== 0) return
  throw new EmptiedDatabaseError(
    `The database ${file} is empty, but ${dataDir} was in use before (${sign} is there): what was stored is gone. ` +
      `Put a backup of the database in its place, or remove ${dataDir} to begin with nothing.`,
  )
}
