/** What a node keeps in its folder. */
import { join } from 'node:path'

export const LOCK_NAME = 'node'

export function journalPath(directory: string): string {
  return join(directory, 'journal.sqlite')
}
