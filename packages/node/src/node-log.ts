import { pino } from 'pino'
import type { Logger } from 'pino'
import type { AgentLog } from './agent-log.ts'

/** With a stuck reader or a full disk, this much waits; what comes after it is dropped. Logging never stops the node. */
const BUFFER_BYTES_MAX = 1024 * 1024

/** JSON, one entry a line, to standard output or to what is given. */
export function nodeLog(file?: { write(text: string): void }): AgentLog {
  return logTo(pino({ base: null }, file ?? standardOutput()))
}

function standardOutput() {
  const destination = pino.destination({ dest: 1, sync: false, minLength: 0, maxLength: BUFFER_BYTES_MAX })
  destination.on('error', () => undefined) // no space, or nobody reads any more
  process.on('exit', () => {
    try {
      destination.flushSync()
    } catch {
      // not opened yet, or no space: these entries are lost, nothing else
    }
  })
  return destination
}

function logTo(log: Logger): AgentLog {
  return {
    info: (event, fields = {}) => log.info({ event, ...fields }),
    warn: (event, fields = {}) => log.warn({ event, ...fields }),
    error: (event, fields = {}) => log.error({ event, ...fields }),
  }
}
