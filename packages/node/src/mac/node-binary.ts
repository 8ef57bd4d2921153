/**
 * Which Node.js runs the node. macOS remembers a permission by the signature of the program: one that is built or patched on the
 * machine has another signature after each upgrade, and the permissions are gone (MACOS 5.2).
 */
import { runTool } from '@bluewire/platform/run-tool'
import { realPath } from './agent-paths.ts'
import type { MacHost } from './mac-host.ts'

export type NodeOrigin =
  | Readonly<{ kind: 'homebrew' }>
  | Readonly<{ kind: 'version_manager'; name: string }>
  /** Where the package of nodejs.org puts it. */
  | Readonly<{ kind: 'package' }>
  | Readonly<{ kind: 'other' }>

const VERSION_MANAGERS: Readonly<Record<string, RegExp>> = {
  nvm: /\/\.nvm\//,
  fnm: /\/\.?fnm(_multishells)?\//,
  volta: /\/\.volta\//,
  asdf: /\/\.asdf\//,
  mise: /\/mise\/installs\//,
  nodenv: /\/\.nodenv\//,
  n: /\/n\/versions\/node\//,
}

/** By its path alone, links followed. */
export function nodeOrigin(path: string): NodeOrigin {
  const real = realPath(path)
  if (/\/(Cellar|homebrew|linuxbrew)\//i.test(real)) return { kind: 'homebrew' }
  const manager = Object.entries(VERSION_MANAGERS).find(([, pattern]) => pattern.test(real))?.[0]
  if (manager !== undefined) return { kind: 'version_manager', name: manager }
  return real === '/usr/local/bin/node' ? { kind: 'package' } : { kind: 'other' }
}

export type NodeSignature =
  | Readonly<{ kind: 'signed'; by: string }>
  /** Made on some machine, with no maker: the hash of the file is all there is to know it by. */
  | Readonly<{ kind: 'ad_hoc' }>
  | Readonly<{ kind: 'none' }>
  | Readonly<{ kind: 'not_known' }>

const TIME_LIMIT_MS = 10_000

export async function nodeSignature(path: string, codesign: string): Promise<NodeSignature> {
  const asked = await runTool(codesign, ['-d', '--verbose=2', path], { timeoutMs: TIME_LIMIT_MS })
  if (asked.kind !== 'ended') return { kind: 'not_known' }
  const said = asked.stdout + asked.stderr
  const by = /^Authority=(.+)$/m.exec(said)?.[1]
  if (by !== undefined) return { kind: 'signed', by: by.slice(0, 100) }
  if (/^Signature=adhoc$/m.test(said)) return { kind: 'ad_hoc' }
  return /is not signed at all/.test(said) ? { kind: 'none' } : { kind: 'not_known' }
}

/** Why this Node.js is a bad one for an agent; null when nothing speaks against it. */
export async function nodeProblem({ node, tools }: Pick<MacHost, 'node' | 'tools'>): Promise<string | null> {
  return nodeOriginProblem(node) ?? nodeSignatureProblem(node, await nodeSignature(node, tools.codesign))
}

const LOST = 'with its next upgrade macOS takes the permissions of the node away'

export function nodeOriginProblem(path: string): string | null {
  const origin = nodeOrigin(path)
  if (origin.kind !== 'homebrew' && origin.kind !== 'version_manager') return null
  return `${path} is a Node.js of ${origin.kind === 'homebrew' ? 'Homebrew' : origin.name}: ${LOST}`
}

export function nodeSignatureProblem(path: string, { kind }: NodeSignature): string | null {
  if (kind === 'ad_hoc') return `${path} is signed by nobody (ad hoc): ${LOST}`
  return kind === 'none' ? `${path} is not signed: ${LOST}` : null
}
