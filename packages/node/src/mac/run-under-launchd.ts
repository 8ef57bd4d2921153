/** `run --launchd`: the agent as launchd runs it. Its log is a file, and a gateway that refuses it is not asked again every ten seconds. */
import { unwatchFile, watchFile } from 'node:fs'
import { makeFolder } from '@bluewire/platform/make-folder'
import { nodeLog } from '../node-log.ts'
import { configPath } from '../node-config.ts'
import { EXIT_REFUSED, run } from '../run.ts'
import type { RunOptions } from '../run.ts'
import { agentPaths } from './agent-paths.ts'
import { LOG_ROTATION, PRINTED_BYTES_MAX } from './logs.ts'
import { putAsideInPlace, RotatingFile } from './rotating-file.ts'

const LOOK_EVERY_MS = 2_000

/** Returns the exit code; launchd starts the agent again, whatever it is. */
export async function runUnderLaunchd(options: Omit<RunOptions, 'log'>): Promise<number> {
  const { directory, untilStop, mac } = options
  const paths = agentPaths(directory, mac?.home ?? '')
  makeFolder(paths.logs)
  putAsideInPlace(paths.printed, PRINTED_BYTES_MAX)
  const log = nodeLog(new RotatingFile(paths.log, LOG_ROTATION))
  const code = await run({ ...options, log })
  if (code === EXIT_REFUSED) {
    log.warn('node.waits_to_be_joined_anew')
    await joinedAnew(directory, untilStop)
  }
  return code
}

/** Resolves when somebody has written another `node.json`, or when asked to stop. */
function joinedAnew(directory: string, untilStop: Promise<unknown>): Promise<void> {
  const path = configPath(directory)
  return new Promise((resolve) => {
    const done = () => {
      unwatchFile(path)
      resolve()
    }
    watchFile(path, { interval: LOOK_EVERY_MS }, done)
    void untilStop.then(done)
  })
}
