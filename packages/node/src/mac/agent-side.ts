/** What the running agent does on a Mac besides sending: stays awake, notices sleep, keeps its journal out of backups, answers this user's commands. */
import type { Driver } from '@bluewire/drivers/driver'
import type { Clock } from '@bluewire/platform/clock'
import packageJson from '../../package.json' with { type: 'json' }
import type { Agent } from '../agent.ts'
import type { AgentLog } from '../agent-log.ts'
import type { Link } from '../link.ts'
import type { NodeConfig } from '../node-config.ts'
import { observe } from './acceptance/observe.ts'
import { agentPaths } from './agent-paths.ts'
import { messagesFolder } from './doctor/messages-folder.ts'
import { probePermitted } from './doctor/probe-mac.ts'
import { KeepAwake } from './keep-awake.ts'
import { LocalControl } from './local-control.ts'
import type { AgentReport } from './local-control.ts'
import type { MacHost } from './mac-host.ts'
import { excludeFromBackups } from './time-machine.ts'
import { WakeDetector } from './wake-detector.ts'

const REST_POLL_MS = 100

type Deps = Readonly<{
  host: MacHost
  directory: string
  journal: string
  config: NodeConfig
  agent: Agent
  driver: Driver
  link: Link
  clock: Clock
  log: AgentLog
  /** It was asked to rest, is at rest, and should end. */
  rested(): void
}>

/** Returns how to stop it. */
export async function startAgentSide(deps: Deps): Promise<{ stop(): Promise<void> }> {
  const { host, directory, config, clock, log, driver, link } = deps
  const isAwakeWanted = config.keep_awake ?? true
  const awake = new KeepAwake({ caffeinate: host.tools.caffeinate, clock, log })
  if (isAwakeWanted) awake.start()
  const wakes = new WakeDetector({
    clock,
    woke(gapMs) {
      log.info('machine.woke', { gap_ms: Math.round(gapMs) })
      link.woke()
      driver.woke?.()
    },
  })
  wakes.start()
  void excludeFromBackups(deps.journal, host, log)
  const startedAtMs = clock.nowMs()
  const control = await LocalControl.listen(
    agentPaths(directory, host.home).socket,
    {
      report: () => reportOf(deps, { startedAtMs, awake: { wanted: isAwakeWanted, pid: awake.pid } }),
      findings: () => probePermitted(host, messagesFolder(host.home, config)),
      observe: (watching) => observe({ ...watching, folder: messagesFolder(host.home, config) }),
      rest: () => rest(deps),
    },
    log,
  )
  return {
    async stop() {
      await control?.stop()
      wakes.stop()
      awake.stop()
    },
  }
}

function reportOf(
  { agent, driver, host }: Deps,
  { startedAtMs, awake }: { startedAtMs: number; awake: AgentReport['awake'] },
): AgentReport {
  const { state, provenAtMs, detail } = driver.health()
  return {
    pid: process.pid,
    started_at_ms: startedAtMs,
    version: packageJson.version,
    script: host.script,
    ...agent.status(),
    driver: { name: driver.name, state, proven_at_ms: provenAtMs, ...(detail === undefined ? {} : { detail }) },
    awake,
  }
}

/** Without a connection nothing new comes; what was taken and not started is void, and the gateway gives it out again. */
async function rest({ agent, link, clock, log, rested }: Deps): Promise<{ hungUp(): void }> {
  log.info('agent.resting')
  await link.stop()
  for (;;) {
    const { taken, started } = agent.status()
    if (taken + started === 0) return { hungUp: rested }
    await new Promise<void>((resolve) => void clock.setTimer(REST_POLL_MS, resolve))
  }
}
