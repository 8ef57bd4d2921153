/** The gateway as a process: settings from the environment, one gateway per data folder, until it is asked to stop. */
import { setTimeout as passed } from 'node:timers/promises'
import { takeExclusiveLock } from '@bluewire/platform/exclusive-lock'
import { untilAskedToStop } from '@bluewire/platform/lifeline'
import { makeFolder } from '@bluewire/platform/make-folder'
import packageJson from '../package.json' with { type: 'json' }
import { plainArgumentsOrExit } from '@bluewire/platform/plain-arguments'
import { startGateway } from './compose.ts'
import { isPublicUrlSet, loadConfig } from './config/config.ts'
import { refuseEmptiedDatabase } from './config/emptied-database.ts'
import type { GatewayConfig } from './config/config.ts'
import { namesInWrongCase } from './config/env.ts'
import { createLogger } from './logger.ts'
import { explainStartFailure, startCommand } from './startup-errors.ts'

/** Whoever stops the gateway may expect it to be gone after 5 s. */
const STOP_MS_MAX = 4700

plainArgumentsOrExit({
  command: 'npm run gateway --',
  summary: [
    'Runs the gateway until it is asked to stop (Ctrl-C). Everything is set in the environment: docs/configuration.md.',
    'Accounts, tokens and nodes are made with the admin command: npm run admin -- --help',
  ],
  version: packageJson.version,
})
const stopAsked = untilAskedToStop()
process.umask(0o077) // texts and numbers of others are in these files
let config: GatewayConfig | undefined
try {
  config = loadConfig(process.env)
  if (process.send === undefined) warnOfNames()
  makeFolder(config.dataDir)
  const lock = takeExclusiveLock(config.dataDir, 'gateway')
  refuseEmptiedDatabase(config.dataDir)
  const logger = createLogger(config.logLevel)
  const gateway = await startGateway(config, logger)
  const url = isPublicUrlSet(process.env) ? config.publicUrl : gateway.url
  logger.info({ url, data_dir: config.dataDir, version: packageJson.version }, 'ready')
  tellParent({ ready: true, url: gateway.url })
  await stopAsked
  const stopped = gateway.stop().catch((error: unknown) => logger.error({ err: error }, 'stop_failed'))
  await Promise.race([stopped, passed(STOP_MS_MAX)])
  lock.release()
  process.exit(0) // what did not stop in time holds nothing that is not stored
} catch (error) {
  const failure = await explainStartFailure(error, config && { ...config, command: startCommand() })
  // Whoever has the channel tells it; standard error may be the log of a gateway that runs.
  if (process.send === undefined) process.stderr.write(`${failure.sentence}\n`)
  tellParent({ failed: failure.sentence, exitCode: failure.exitCode }, () => process.exit(failure.exitCode))
}

function warnOfNames(): void {
  for (const sentence of namesInWrongCase(process.env)) process.stderr.write(`${sentence}\n`)
}

/** Whoever started this process with a channel for messages waits for one of them. */
function tellParent(message: object, told: () => void = () => undefined): void {
  if (process.send === undefined) told()
  else process.send(message, undefined, {}, told)
}
