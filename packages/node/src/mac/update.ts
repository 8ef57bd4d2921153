/** `update`: the agent becomes the version that its gateway has, when nothing is in flight, and goes back when the new one is not well. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { LockHeldError, takeExclusiveLock } from '@bluewire/platform/exclusive-lock'
import { makeFolder } from '@bluewire/platform/make-folder'
import { programName } from '@bluewire/platform/program-name'
import { readNodeConfig } from '../node-config.ts'
import type { NodeConfig } from '../node-config.ts'
import { agentPaths, versionPaths } from './agent-paths.ts'
import type { AgentPaths } from './agent-paths.ts'
import { currentBundle, forgetBundles, isRunning, placeBundle, proveStarts, useBundle } from './bundle-store.ts'
import { atRest, notInstalled, otherAgents, until } from './launch-agent.ts'
import type { Place } from './launch-agent.ts'
import { Launchd } from './launchd.ts'
import { askForReport, askToRest } from './local-control.ts'
import type { AgentReport } from './local-control.ts'
import { MacError } from './mac-host.ts'

export const HEALTHY_WITHIN_MS = 2 * 60_000
/** For one that is not well, and may have begun to send. */
const REST_BEFORE_ROLLBACK_MS = 60_000

type Known = Readonly<{
  launchd: Launchd
  paths: AgentPaths
  before: AgentReport | null
  old: string
  healthyWithinMs: number
}>

/** @throws MacError with a sentence, also when it went back to the version before */
export async function update(
  place: Place,
  { sha256, healthyWithinMs = HEALTHY_WITHIN_MS }: { sha256: string; healthyWithinMs?: number },
): Promise<void> {
  const { host, directory, say } = place
  const { home } = host
  const config = readNodeConfig(directory)
  const paths = agentPaths(directory, home)
  const launchd = new Launchd(host)
  const old = refuseWhatCannotBeUpdated(place, { config, paths })
  if ((await launchd.state(paths.label)).kind === 'absent') throw new MacError(notInstalled())
  const lock = lockOf(home)
  try {
    const before = await askForReport(paths.socket)
    if (before !== null && isRunning(sha256, before.script, home)) return say('The agent is of this version already.')
    await placeBundle(sha256, config, home)
    say(
      `${await proveStarts(sha256, host)} (${sha256.slice(0, 12)}) was fetched from ${config.url}, and its checksum is right.`,
    )
    const known = { launchd, paths, before, old, healthyWithinMs }
    await change(place, known, sha256)
    const now = await healthy(known, { sha256, home })
    if (now === null) await goBack(place, known, sha256)
    record(place, { from: old, to: sha256, result: 'updated' })
    forgetBundles([sha256, old], home)
    say(`The agent runs as this version (process ${now?.pid ?? '?'}), and is connected.`)
  } finally {
    lock.release()
  }
}

/** Returns the hash of the version in use. */
function refuseWhatCannotBeUpdated(
  { host, directory }: Place,
  { config, paths }: { config: NodeConfig; paths: AgentPaths },
): string {
  if (config.updates === 'forbidden') {
    throw new MacError(
      `This node forbids it: "updates": "forbidden" in ${join(directory, 'node.json')}. Nothing was fetched.`,
    )
  }
  const old = currentBundle(host.home)
  if (old === null) {
    throw new MacError(
      'This node does not run a version that its gateway gave: from a clone it is updated with git. For one of the gateway: npm run admin -- enrol, there.',
    )
  }
  for (const other of otherAgents(paths, host.home)) {
    if (urlOf(other.directory) === config.url) continue
    throw new MacError(
      `The node in ${other.directory} runs the same file, and is of another gateway: one version cannot be right for both. Uninstall one of them, or use another user of this Mac.`,
    )
  }
  return old
}

/** The old one ends before the new one starts, and only when nothing is in flight. */
async function change(place: Place, { launchd, paths }: Known, sha256: string): Promise<void> {
  const resting = await atRest(place, paths)
  useBundle(sha256, place.host.home)
  resting?.hangUp()
  const problem = await launchd.kickstart(paths.label, resting === null ? 'kill' : 'start')
  // One that came to rest is started by launchd anyway.
  if (problem !== null && resting === null) place.say(`launchd did not start it at once: ${problem}`)
}

/** Null: it was not within the time. */
function healthy(
  { paths, before, healthyWithinMs }: Known,
  wanted: { sha256: string; home: string },
): Promise<AgentReport | null> {
  return until(healthyWithinMs, async () => {
    const report = await askForReport(paths.socket, 2_000)
    if (report === null || !isRunning(wanted.sha256, report.script, wanted.home)) return null
    return isAsWellAs(before, report) ? report : null
  })
}

const RANKS = { broken: 0, degraded: 1, ok: 2 } as const

/** Connected, and Messages no worse than before. */
export function isAsWellAs(before: AgentReport | null, now: AgentReport): boolean {
  if (now.session === null) return false
  return RANKS[now.driver.state] >= (before === null ? RANKS.degraded : RANKS[before.driver.state])
}

/** @throws MacError always */
async function goBack(place: Place, known: Known, sha256: string): Promise<never> {
  const { launchd, paths, old } = known
  const { home } = place.host
  const found = await askForReport(paths.socket)
  const why =
    found === null
      ? 'it did not come up'
      : found.session === null
        ? 'it was not connected'
        : `its Messages were ${found.driver.state}`
  const resting = await askToRest(paths.socket, REST_BEFORE_ROLLBACK_MS)
  useBundle(old, home)
  const isResting = resting !== null && resting !== 'busy'
  if (isResting) resting.hangUp()
  await launchd.kickstart(paths.label, isResting ? 'start' : 'kill')
  const back = await until(known.healthyWithinMs, async () => {
    const report = await askForReport(paths.socket, 2_000)
    return report !== null && isRunning(old, report.script, home) ? report : null
  })
  record(place, { from: old, to: sha256, result: 'rolled_back' })
  const after =
    back === null
      ? `That one does not answer either: ${programName('bluewire-node')} logs`
      : `That one runs (process ${back.pid}).`
  throw new MacError(
    `The new version was not well within ${Math.round(known.healthyWithinMs / 1000)} s (${why}). The agent is the version before again (${old.slice(0, 12)}). ${after}`,
  )
}

function lockOf(home: string) {
  const { root } = versionPaths(home)
  makeFolder(root)
  try {
    return takeExclusiveLock(root, 'update')
  } catch (error) {
    if (error instanceof LockHeldError) throw new MacError('Another update is at work. Wait for its end.')
    throw error
  }
}

/** Who changed what and when, beside the log, and never put aside. */
function record({ host, directory }: Place, entry: Readonly<{ from: string; to: string; result: string }>): void {
  const { logs } = agentPaths(directory, host.home)
  makeFolder(logs)
  const line = { at: new Date().toISOString(), by: `${host.user} (${host.uid})`, ...entry }
  appendFileSync(join(logs, 'updates.log'), `${JSON.stringify(line)}\n`, { mode: 0o600 })
}

function urlOf(directory: string): string | null {
  try {
    return readNodeConfig(directory).url
  } catch {
    return null
  }
}
