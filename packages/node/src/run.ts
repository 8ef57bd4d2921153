/** `run`: puts the parts together on a real machine, and takes them apart again when asked to stop. */
import { release } from 'node:os'
import { createDriver, DRIVER_NAMES, isDriverName } from '@bluewire/drivers/registry'
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { systemClock } from '@bluewire/platform/clock'
import { takeExclusiveLock } from '@bluewire/platform/exclusive-lock'
import packageJson from '../package.json' with { type: 'json' }
import { Agent } from './agent.ts'
import type { AgentLog } from './agent-log.ts'
import { Ballast, freeBytesAt } from './ballast.ts'
import { gatewayAddress } from './gateway-address.ts'
import { openJournal } from './journal/open-journal.ts'
import type { Journal } from './journal/journal.ts'
import { Link } from './link.ts'
import { bootId, machineId } from './machine-id.ts'
import { startAgentSide } from './mac/agent-side.ts'
import type { MacHost } from './mac/mac-host.ts'
import { NodeConfigError, readNodeConfig } from './node-config.ts'
import type { NodeConfig } from './node-config.ts'
import { journalPath, LOCK_NAME } from './node-files.ts'

export const EXIT_REFUSED = 3

const BALLAST_AGAIN_MS = 3600_000
/** The longest setInterval takes without complaint. */
const FOREVER_MS = 2 ** 30

export type RunOptions = Readonly<{
  directory: string
  log: AgentLog
  /** Resolves when the process is asked to stop. */
  untilStop: Promise<string>
  /** A sentence a person should read, besides the log. */
  say(sentence: string): void
  /** The user session of macOS it runs in; none elsewhere. */
  mac?: MacHost | null
}>

/**
 * Runs until asked to stop. Returns the exit code: 0, or 3 when the gateway refuses this node for good.
 * @throws NodeConfigError, AddressError or LockHeldError, each with a sentence
 */
export async function run(options: RunOptions): Promise<number> {
  const { directory, log, untilStop, say } = options
  const config = readNodeConfig(directory)
  const lock = takeExclusiveLock(directory, LOCK_NAME)
  // Timers do not keep a process alive, and while there is no connection nothing else does.
  const alive = setInterval(() => undefined, FOREVER_MS)
  try {
    const refused = Promise.withResolvers<string>()
    const rested = Promise.withResolvers<null>()
    const parts = await assemble({
      ...options,
      config,
      refused: refused.resolve,
      rested: () => rested.resolve(null),
    })
    try {
      log.info('node.started', { node: config.node, driver: config.driver.name, pid: process.pid })
      const refusal = await Promise.race([untilStop.then(() => null), rested.promise, refused.promise])
      if (refusal !== null) say(refusal)
      return refusal === null ? 0 : EXIT_REFUSED
    } finally {
      await parts.stop()
      log.info('node.stopped', { node: config.node })
    }
  } finally {
    clearInterval(alive)
    lock.release()
  }
}

type Parts = Readonly<{ stop(): Promise<void> }>

type Assembling = RunOptions & Readonly<{ config: NodeConfig; refused(sentence: string): void; rested(): void }>

async function assemble(o: Assembling): Promise<Parts> {
  const { directory, log, config } = o
  const clock = systemClock
  const address = gatewayAddress(config.url)
  const ballast = new Ballast(directory)
  const ballastTimer = setInterval(() => ballast.ensure(freeBytesAt(directory)), BALLAST_AGAIN_MS)
  ballast.ensure(freeBytesAt(directory))
  const journal = openJournalAloud(o)
  const { insecure, credential } = config
  const link = new Link({ address, credential, insecure, clock, chance: systemChance, log, refused: o.refused })
  const driver = await driverOf(config, directory)
  const agent = new Agent({
    clock,
    journal,
    driver,
    identity: {
      node: config.node,
      machine: machineId(directory),
      bootId: bootId(),
      agent: `bluewire-node/${packageJson.version}`,
      os: `${process.platform} ${release()}`.slice(0, 100),
    },
    freeBytes: () => freeBytesAt(directory),
    ...(config.free_bytes_min === undefined ? {} : { freeBytesMin: config.free_bytes_min }),
    giveUpBallast: () => ballast.giveUp(),
    log,
    link: link.control,
  })
  await agent.start()
  link.start(agent)
  const { mac, rested } = o
  const beside = { directory, journal: journalPath(directory), config, agent, driver, link, clock, log, rested }
  const side = mac ? await startAgentSide({ ...beside, host: mac }) : null
  return {
    async stop() {
      clearInterval(ballastTimer)
      await side?.stop()
      await agent.stop()
      await link.stop()
      journal.close()
    },
  }
}

function openJournalAloud({ directory, log, say }: RunOptions): Journal {
  const newId = newUlidSource(() => systemClock.nowMs(), systemChance)
  const { journal, damage } = openJournal(journalPath(directory), () => `journal_${newId()}`, systemClock.nowMs())
  if (damage !== null) {
    log.error('journal.damaged', { journal: journal.heads().journalId })
    say(damage)
  }
  return journal
}

function driverOf(config: NodeConfig, dataDirectory: string) {
  const { name, settings } = config.driver
  if (!isDriverName(name)) {
    throw new NodeConfigError(
      `node.json names the driver ${name}, which this version does not have. It has: ${DRIVER_NAMES.join(', ')}.`,
    )
  }
  return createDriver(name, { clock: systemClock, dataDirectory, settings })
}
