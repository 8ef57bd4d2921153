import { pino } from 'pino'
import type { Logger } from 'pino'
import type { LogLevel } from './config/config.ts'

/** With a stuck reader or a full disk, this much waits; what comes after it is dropped. Logging never stops the gateway. */
const BUFFER_BYTES_MAX = 1024 * 1024

/** None of these is ever given to a log on purpose; should one be by mistake, it does not get there. */
const SECRETS = [
  'authorization',
  '["x-api-key"]',
  'cookie',
  'credential',
  'password',
  'secret',
  'body',
  'text',
  'recipient',
]

/** JSON, one entry a line, to standard output. */
export function createLogger(level: LogLevel): Logger {
  const destination = pino.destination({ dest: 1, sync: false, minLength: 0, maxLength: BUFFER_BYTES_MAX })
  destination.on('error', () => undefined) // no space, or nobody reads any more
  process.on('exit', () => {
    try {
      destination.flushSync()
    } catch {
      // not opened yet, or no space: these entries are lost, nothing else
    }
  })
  return pino({ level, base: null, redact: { paths: SECRETS.flatMap(atAnyDepth), censor: '[redacted]' } }, destination)
}

/** Entries are flat or hold a request; two levels are enough. */
function atAnyDepth(key: string): string[] {
  const last = key.startsWith('[') ? key : `.${key}`
  return [key, `*${last}`, `*.*${last}`]
}
