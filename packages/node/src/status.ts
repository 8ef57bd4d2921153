/** `status`: what this node is and what waits in its journal, read beside a running agent without disturbing it. */
import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { LockHeldError, takeExclusiveLock } from '@bluewire/platform/exclusive-lock'
import { readNodeConfig } from './node-config.ts'
import type { NodeConfig } from './node-config.ts'
import { journalPath, LOCK_NAME } from './node-files.ts'

/** Lines to print. @throws NodeConfigError */
export function statusOf(directory: string): string[] {
  const config = readNodeConfig(directory)
  return [
    `node     ${config.node} (${config.name})`,
    `gateway  ${config.url}`,
    `driver   ${config.driver.name}${linesOf(config)}`,
    `process  ${processOf(directory)}`,
    `journal  ${journalOf(directory)}`,
  ]
}

function linesOf(config: NodeConfig): string {
  const { settings } = config.driver
  const lines = typeof settings === 'object' && settings !== null && 'lines' in settings ? settings.lines : null
  return Array.isArray(lines) ? `, ${lines.length} line${lines.length === 1 ? '' : 's'}` : ''
}

function processOf(directory: string): string {
  try {
    takeExclusiveLock(directory, LOCK_NAME).release()
    return 'not running'
  } catch (error) {
    if (!(error instanceof LockHeldError)) throw error
    return error.pid === null ? 'running' : `running, pid ${error.pid}`
  }
}

function journalOf(directory: string): string {
  const path = journalPath(directory)
  if (!existsSync(path)) return 'none yet'
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
  try {
    const meta = db.prepare('select journal_id, outbox_head, acked, last_session from meta').get()
    const states = db.prepare('select state, count(*) as many from entry group by state order by state').all()
    if (!meta) return 'empty'
    const entries = states.map(({ state, many }) => `${String(many)} ${String(state)}`).join(', ') || 'no attempts'
    const unacked = Number(meta['outbox_head']) - Number(meta['acked'])
    return `${String(meta['journal_id'])}, last session ${String(meta['last_session'])}, ${entries}, ${unacked} frames not acknowledged`
  } finally {
    db.close()
  }
}
