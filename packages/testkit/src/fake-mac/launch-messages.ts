/** Starts Messages, as `open` does and as an Apple event to a Messages that does not run. */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { macPaths } from './mac-folder.ts'
import { readSettings, scaled } from './mac-settings.ts'
import { liveProcesses } from './processes.ts'
import { programEnv } from './program.ts'

const LISTENS_WITHIN_MS = 20_000
const LOOK_AGAIN_MS = 20

/** Resolves with true when it takes events, at once when it runs already; false when it could not be started. `slowly`: by an Apple event. */
export async function launchMessages(folder: string, { slowly }: { slowly: boolean }): Promise<boolean> {
  if (isMessagesRunning(folder)) return listens(folder)
  const settings = readSettings(folder)
  await passed(scaled(settings, slowly ? 'slowLaunchMs' : 'launchMs'))
  if (existsSync(macPaths(folder).stopped)) return false
  start(folder)
  return listens(folder)
}

export function isMessagesRunning(folder: string): boolean {
  return liveProcesses(folder).some(({ name }) => name === 'Messages')
}

function start(folder: string): void {
  const log = openSync(macPaths(folder).log, 'a')
  const child = spawn(process.execPath, [join(import.meta.dirname, 'messages-main.ts'), folder], {
    detached: true, // it outlives whoever opened it, and a signal to their group is not for it
    stdio: ['ignore', log, log],
    cwd: folder,
    env: programEnv(),
  })
  child.unref()
  closeSync(log)
}

async function listens(folder: string): Promise<boolean> {
  const { messagesSocket, stopped } = macPaths(folder)
  const deadlineMs = performance.now() + LISTENS_WITHIN_MS
  while (performance.now() < deadlineMs && !existsSync(stopped)) {
    if (await accepts(messagesSocket)) return true
    await passed(LOOK_AGAIN_MS)
  }
  return false
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.on('error', () => resolve(false))
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
