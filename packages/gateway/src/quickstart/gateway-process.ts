import { join } from 'node:path'
import { endText, startChild } from './child.ts'
import type { Child } from './child.ts'
import type { LogFile } from './log-file.ts'
import { StartFailed } from './start-failed.ts'

const PROGRAM = join(import.meta.dirname, '..', 'main.ts')

export type GatewayProcess = Readonly<{
  child: Child
  /** Resolves with where it listens, or rejects with StartFailed and its own reason. */
  ready: Promise<{ url: string }>
}>

export function startGatewayProcess(log: LogFile): GatewayProcess {
  const { promise: ready, resolve, reject } = Promise.withResolvers<{ url: string }>()
  const child = startChild({
    file: PROGRAM,
    args: [],
    log: log.fd,
    onMessage: (message) => {
      const { url, failed, exitCode } = readMessage(message)
      if (url !== undefined) resolve({ url })
      if (failed !== undefined) reject(new StartFailed(failed, exitCode))
    },
  })
  void child.ended.then((end) => {
    const reason = log.lastSentence() ?? `see ${log.path}`
    reject(new StartFailed(`The gateway ended while it started (${endText(end)}): ${reason}`))
  })
  return { child, ready }
}

/** What main.ts of the gateway tells whoever started it. */
function readMessage(message: unknown): { url?: string; failed?: string; exitCode?: number } {
  if (typeof message !== 'object' || message === null) return {}
  const { url, failed, exitCode } = message as Record<string, unknown>
  return {
    ...(typeof url === 'string' ? { url } : {}),
    ...(typeof failed === 'string' ? { failed } : {}),
    ...(typeof exitCode === 'number' ? { exitCode } : {}),
  }
}
