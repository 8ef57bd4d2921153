import { pino } from 'pino'
import type { Logger } from 'pino'
import type { LogLevel } from './config/config.ts'

/** With a stuck reader or a full disk, this much waits; what comes after it is dropped. Logging never stops the gateway. */
const BUFFER_BYTES_MAX = 1024 * 1024
/** Entries are written together, at the latest after this. A write for each costs a busy gateway a twentieth of its time. */
const WRITE_BYTES = 8 * 1024
const WRITE_MS = 100

/** None of these is ever given to a log on purpose; should one be by mistake, it does not get there. */
const SECRETS: ReadonlySet<string> = new Set([
  'authorization',
  'x-api-key',
  'cookie',
  'credential',
  'password',
  'secret',
  'body',
  'text',
  'recipient',
])
const DEPTH_MAX = 5

/** JSON, one entry a line, to standard output. */
export function createLogger(level: LogLevel): Logger {
  const destination = pino.destination({
    dest: 1,
    sync: false,
    minLength: WRITE_BYTES,
    periodicFlush: WRITE_MS,
    maxLength: BUFFER_BYTES_MAX,
  })
  destination.on('error', () => undefined) // no space, or nobody reads any more
  process.on('exit', () => {
    try {
      destination.flushSync()
    } catch {
      // not opened yet, or no space: these entries are lost, nothing else
    }
  })
  const options = {
    level,
    base: null,
    formatters: { log: (entry: Record<string, unknown>) => withoutSecrets(entry) as Record<string, unknown> },
    serializers: { err: (error: Error) => withoutSecrets(pino.stdSerializers.err(error)) },
  }
  return pino(options, destination)
}

/**
 * The same value when nothing in it has the name of a secret, else a copy without. pino's own `redact` costs ten times as much for
 * names at any depth, on every line.
 */
export function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error) return value
  if (depth === DEPTH_MAX) return '[too deep]'
  let copy: Record<string, unknown> | null = null
  for (const [key, inner] of Object.entries(value)) {
    const clean = SECRETS.has(key.toLowerCase()) ? '[redacted]' : withoutSecrets(inner, depth + 1)
    if (clean === inner) continue
    copy ??= Array.isArray(value) ? ([...(value as unknown[])] as unknown as Record<string, unknown>) : { ...value }
    copy[key] = clean
  }
  return copy ?? value
}
