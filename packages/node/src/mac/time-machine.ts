/** A journal that comes back from a backup does not know what was sent since: it must not be in one (docs/what-we-promise.md). */
import { existsSync } from 'node:fs'
import { runTool } from '@bluewire/platform/run-tool'
import type { AgentLog } from '../agent-log.ts'
import type { MacHost } from './mac-host.ts'

const TIME_LIMIT_MS = 30_000

/**
 * Keeps the journal out of Time Machine. The mark is on each file and goes with it, so it is set at every start, once the journal is
 * open. That it fails is only logged: a journal that went back is noticed by other means.
 */
export async function excludeFromBackups(journal: string, { tools }: MacHost, log: AgentLog): Promise<void> {
  const files = ['', '-wal', '-shm'].map((suffix) => journal + suffix).filter((path) => existsSync(path))
  const result = await runTool(tools.tmutil, ['addexclusion', ...files], { timeoutMs: TIME_LIMIT_MS })
  if (result.kind === 'ended' && result.code === 0) return
  const why = result.kind === 'ended' ? `ended_${result.code ?? result.signal ?? '?'}` : result.kind
  log.warn('journal.not_excluded_from_backups', { why })
}
