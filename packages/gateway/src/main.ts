/** The gateway as a process: settings from the environment, one gateway per data folder, until it is asked to stop. */
import { mkdirSync } from 'node:fs'
import { setTimeout as passed } from 'node:timers/promises'
import { takeExclusiveLock } from '@bluewire/platform/exclusive-lock'
import { untilAskedToStop } from '@bluewire/platform/lifeline'
import { startGateway } from './compose.ts'
import { loadConfig } from './config/config.ts'
import type { GatewayConfig } from './config/config.ts'
import { createLogger } from './logger.ts'
import { explainStartFailure, startCommand } from './startup-errors.ts'

/** Whoever stops the gateway may expect it to be gone after 5 s. */
const STOP_MS_MAX = 4700

const stopAsked = untilAskedToStop()
process.umask(0o077) // texts and numbers of others are in these files
let config: GatewayConfig | undefined
try {
  config = loadConfig(process.env)
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const lock = takeExclusiveLock(config.dataDir, 'gateway')
  const logger = createLogger(config.logLevel)
  const gateway = await startGateway(config, logger)
  tellParent({ ready: true, url: gateway.url })
  await stopAsked
  const stopped = gateway.stop().catch((error: unknown) => logger.error({ err: error }, 'stop_failed'))
  await Promise.race([stopped, passed(STOP_MS_MAX)])
  lock.release()
  process.exit(0) // what did not stop in time holds nothing that is not stored
} catch (error) {
  const failure = await explainStartFailure(error, config && { ...config, command: startCommand() })
  process.stderr.write(`${failure.sentence}\n`)
  tellParent({ failed: failure.sentence, exitCode: failure.exitCode }, () => process.exit(failure.exitCode))
}

/** Whoever started this process with a channel for messages waits for one of them. */
function tellParent(message: object, told: () => void = () => undefined): void {
  if (process.send === undefined) told()
  else process.send(message, undefined, {}, told)
}
