/** Where a node on a Mac keeps what is not in its own folder, and what its parts are called. */
import { createHash } from 'node:crypto'
import { realpathSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { defaultDirectory } from '../node-config.ts'

const LABEL = 'com.bluewire.node'
/** launchd's files of all nodes of a user. */
export const PLIST_NAME = /^com\.bluewire\.node(\.[0-9a-f]{8})?\.plist$/

export const BUNDLE_NAME = 'bluewire-node.mjs'
const SHA256 = /^[0-9a-f]{64}$/

export type AgentPaths = Readonly<{
  /** What launchd knows the agent by. */
  label: string
  plist: string
  logs: string
  /** What the agent logs. */
  log: string
  /** What it prints besides: sentences for people, and the last words of a crash. */
  printed: string
  /** Where it answers questions of this user's other programs. */
  socket: string
}>

/** One agent for each folder of a node; the usual folder has the plain name. */
export function agentPaths(directory: string, home: string): AgentPaths {
  const label = isSameFolder(directory, defaultDirectory(home)) ? LABEL : `${LABEL}.${shortHash(realPath(directory))}`
  const logs = join(directory, 'logs')
  return {
    label,
    plist: join(launchAgentsFolder(home), `${label}.plist`),
    logs,
    log: join(logs, 'agent.log'),
    printed: join(logs, 'launchd.log'),
    socket: join(directory, 'agent.sock'),
  }
}

export function launchAgentsFolder(home: string): string {
  return join(home, 'Library/LaunchAgents')
}

export type VersionPaths = Readonly<{
  root: string
  versions: string
  /** A symbolic link to the folder of the version in use. */
  current: string
  /** The program of the version in use. */
  program: string
}>

/** Where install.sh and `update` put the bundles of a gateway. */
export function versionPaths(home: string): VersionPaths {
  const root = join(home, 'Library/Application Support/Bluewire')
  const current = join(root, 'current')
  return { root, versions: join(root, 'versions'), current, program: join(current, BUNDLE_NAME) }
}

/** The hash that an installed bundle is filed under; null for a program that is not one (a checkout). */
export function bundleHash(script: string, home: string): string | null {
  const [hash, file, ...rest] = relative(realPath(versionPaths(home).versions), realPath(script)).split(sep)
  return hash !== undefined && SHA256.test(hash) && file === BUNDLE_NAME && rest.length === 0 ? hash : null
}

export function isSha256(text: string): boolean {
  return SHA256.test(text)
}

function isSameFolder(a: string, b: string): boolean {
  return realPath(a) === realPath(b)
}

/** Links followed; a path that leads nowhere as it is. */
export function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}
