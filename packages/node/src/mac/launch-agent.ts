/** The agent as something that macOS starts at every login and starts again when it ends: put there, looked at, started anew. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { SIMULATED_DRIVERS } from '@bluewire/drivers/registry'
import type { DriverName } from '@bluewire/drivers/registry'
import { writeFileAtomically } from '@bluewire/platform/atomic-file'
import { LockHeldError, takeExclusiveLock } from '@bluewire/platform/exclusive-lock'
import { makeFolder } from '@bluewire/platform/make-folder'
import { programName } from '@bluewire/platform/program-name'
import { readNodeConfig } from '../node-config.ts'
import { LOCK_NAME } from '../node-files.ts'
import { agentPaths, bundleHash, launchAgentsFolder, PLIST_NAME, realPath, versionPaths } from './agent-paths.ts'
import type { AgentPaths } from './agent-paths.ts'
import { launchAgentPlist, programOfPlist } from './launch-agent-plist.ts'
import { Launchd } from './launchd.ts'
import type { AgentState } from './launchd.ts'
import { askForReport, askToRest } from './local-control.ts'
import { MacError } from './mac-host.ts'
import type { MacHost } from './mac-host.ts'
import { nodeProblem } from './node-binary.ts'

/** A send ends by itself within this: the barrier, and what comes before it (docs/node-protocol.md). */
export const REST_WITHIN_MS = 5 * 60_000
const RUNS_WITHIN_MS = 20_000
const POLL_MS = 200

export type Place = Readonly<{ host: MacHost; directory: string; say: (line: string) => void }>

/**
 * Puts the agent there, or brings what is there up to date; in both cases it runs afterwards. Nothing happens when all of it is so.
 * @throws MacError or NodeConfigError, each with a sentence
 */
export async function install(place: Place, options: { force: boolean }): Promise<void> {
  const { host, directory, say } = place
  const launchd = new Launchd(host)
  const paths = agentPaths(directory, host.home)
  const config = readNodeConfig(directory)
  const session = await launchd.session()
  if (session !== 'Aqua') throw new MacError(notAqua(session))
  const objection = await nodeProblem(host)
  if (objection !== null && !options.force) throw new MacError(`${objection}. ${BETTER_NODE} Or: install --force.`)
  if (!SIMULATED_DRIVERS.includes(config.driver.name as DriverName)) refuseSecondAgent(paths, host)

  const program = programToRun(host)
  const plist = launchAgentPlist(paths, { node: host.node, script: program, directory }, host)
  const isSame = textOf(paths.plist) === plist
  const before = await launchd.state(paths.label)
  const report = await askForReport(paths.socket)
  if (isSame && before.kind === 'running' && report?.script === realPath(program)) {
    return say(`The agent ${paths.label} is installed and runs (process ${before.pid}).`)
  }
  if (before.kind === 'absent') refuseBesideAnother(directory)
  else await takeOut(place, { launchd, paths })
  makeFolder(paths.logs)
  makeFolder(launchAgentsFolder(host.home))
  if (!isSame) writeFileAtomically(paths.plist, plist)
  const problem = await launchd.bootstrap(paths.plist)
  if (problem !== null) throw new MacError(`launchd did not take ${paths.plist}: ${problem}`)
  await sayThatItRuns(place, { launchd, paths, notPid: null })
  if (objection !== null) say(`${objection}. ${BETTER_NODE}`)
}

/** Ends the agent when nothing is in flight, and starts it anew. @throws MacError */
export async function restart(place: Place): Promise<void> {
  const { host, directory } = place
  const launchd = new Launchd(host)
  const paths = agentPaths(directory, host.home)
  const before = await launchd.state(paths.label)
  if (before.kind === 'absent') throw new MacError(notInstalled())
  const notPid = before.kind === 'running' ? before.pid : null
  const resting = await atRest(place, paths)
  resting?.hangUp()
  // One that does not answer hangs, or ends again and again: there is nobody to ask.
  const problem = await launchd.kickstart(paths.label, resting === null ? 'kill' : 'start')
  if (problem !== null && resting === null) throw new MacError(`launchd did not start the agent: ${problem}`)
  await sayThatItRuns(place, { launchd, paths, notPid })
}

/** Takes the agent out of launchd, when nothing is in flight, and waits for its end. @throws MacError */
export async function takeOut(place: Place, known: { launchd: Launchd; paths: AgentPaths }): Promise<void> {
  const { launchd, paths } = known
  const resting = await atRest(place, paths)
  try {
    const problem = await launchd.bootout(paths.label)
    if (problem !== null && (await launchd.state(paths.label)).kind !== 'absent')
      throw new MacError(`launchd did not let go of ${paths.label}: ${problem}`)
  } finally {
    resting?.hangUp()
  }
  await until(RUNS_WITHIN_MS, () => (pidInFolder(place.directory) === undefined ? true : null))
  refuseBesideAnother(place.directory)
}

/** Null: nobody is there to be asked. @throws MacError when something is in flight for too long */
export async function atRest({ say }: Place, paths: AgentPaths): Promise<{ hangUp(): void } | null> {
  const report = await askForReport(paths.socket)
  if (report === null) return null
  if (report.started > 0) say('A message is being sent: waiting until it is known what became of it.')
  const resting = await askToRest(paths.socket, REST_WITHIN_MS)
  if (resting !== 'busy') return resting
  throw new MacError(
    'A message has been on its way for minutes, and an agent that ends now could not tell what became of it. Nothing was changed; it takes nothing new and starts anew by itself once this message is settled.',
  )
}

/** The process that holds the folder of a node; null when it cannot be named, undefined when there is none. */
export function pidInFolder(directory: string): number | null | undefined {
  if (!existsSync(directory)) return undefined
  try {
    takeExclusiveLock(directory, LOCK_NAME).release()
    return undefined
  } catch (error) {
    if (error instanceof LockHeldError) return error.pid
    throw error
  }
}

/** Lines for `status`. */
export async function agentLines(host: MacHost, directory: string): Promise<string[]> {
  const paths = agentPaths(directory, host.home)
  const state = await new Launchd(host).state(paths.label)
  const report = await askForReport(paths.socket)
  const installed = existsSync(paths.plist)
    ? `installed as ${paths.label}, ${wordsOf(state)}`
    : `not installed: ${programName('bluewire-node')} install`
  if (report === null) return [`agent    ${installed}`]
  const { session, driver, phase } = report
  const hash = bundleHash(report.script, host.home)
  return [
    `agent    ${installed}`,
    `program  version ${report.version}${hash === null ? `, ${report.script}` : `, bundle ${hash.slice(0, 12)}`}`,
    `session  ${session === null ? phase : `${session}, ${phase}`}`,
    `health   ${driver.state}${driver.detail === undefined ? '' : `: ${driver.detail}`}`,
  ]
}

export function wordsOf(state: AgentState): string {
  switch (state.kind) {
    case 'running':
      return `running, pid ${state.pid}`
    case 'not_running':
      return `not running${state.lastExit === null ? '' : ` (it ended with ${state.lastExit})`}`
    case 'absent':
      return 'not loaded: it starts at the next login'
    case 'failed':
      return state.detail
    default:
      return state satisfies never
  }
}

export function notInstalled(): string {
  return `The agent is not installed. ${programName('bluewire-node')} install`
}

const BETTER_NODE =
  'Install Node.js 24 from https://nodejs.org/en/download (the macOS Installer) and join and install with that one.'

function notAqua(session: string | null): string {
  const where =
    session === null ? 'launchctl does not say which session this is' : `This session is "${session}", not "Aqua"`
  return `${where}: only where a person is logged in at the screen may a program talk to Messages, and be asked for permission. Open Terminal at the screen of this Mac (or by Screen Sharing), not over SSH, and run it there.`
}

/** Two agents of one user would drive one Messages. */
function refuseSecondAgent(paths: AgentPaths, { home }: MacHost): void {
  for (const other of otherAgents(paths, home)) {
    if (!isReal(other.directory)) continue
    throw new MacError(
      `This user has an agent already, ${other.label}, for the node in ${other.directory}: one user has one Messages. Uninstall that one first (uninstall --dir ${other.directory}), or use another user of this Mac.`,
    )
  }
}

export function otherAgents(paths: AgentPaths, home: string): Array<{ label: string; directory: string }> {
  const folder = launchAgentsFolder(home)
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap((name) => {
    if (!PLIST_NAME.test(name) || name === basename(paths.plist)) return []
    const program = programOfPlist(textOf(join(folder, name)) ?? '')
    return program ? [{ label: name.replace(/\.plist$/, ''), directory: program.directory }] : []
  })
}

function isReal(directory: string): boolean {
  try {
    return !SIMULATED_DRIVERS.includes(readNodeConfig(directory).driver.name as DriverName)
  } catch {
    return false // nothing can run there
  }
}

function refuseBesideAnother(directory: string): void {
  const pid = pidInFolder(directory)
  if (pid === undefined) return
  throw new MacError(
    `A node runs in ${directory} already (${pid === null ? 'another process' : `process ${pid}`}), and launchd did not start it. Stop it first (Ctrl-C where it was started).`,
  )
}

/** An installed bundle is named by the link, so that an update needs no new plist. */
function programToRun({ script, home }: MacHost): string {
  return bundleHash(script, home) === null ? script : versionPaths(home).program
}

async function sayThatItRuns(
  { say }: Place,
  { launchd, paths, notPid }: { launchd: Launchd; paths: AgentPaths; notPid: number | null },
): Promise<void> {
  const pid = await until(RUNS_WITHIN_MS, async () => {
    const report = await askForReport(paths.socket, 1_000)
    return report === null || report.pid === notPid ? null : report.pid
  })
  if (pid === null) {
    const state = wordsOf(await launchd.state(paths.label))
    throw new MacError(
      `launchd has the agent ${paths.label}, but it does not answer (${state}). What it said: ${programName('bluewire-node')} logs`,
    )
  }
  say(`The agent ${paths.label} runs (process ${pid}), and will after every login. Its log: ${paths.log}`)
}

/** The first answer that is not null; null when there is none in time. */
export async function until<T>(withinMs: number, look: () => T | null | Promise<T | null>): Promise<T | null> {
  for (const endMs = Date.now() + withinMs; ;) {
    const seen = await look()
    if (seen !== null || Date.now() > endMs) return seen
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}
