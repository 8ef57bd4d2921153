/**
 * Which Node.js runs the node. macOS remembers a permission by the signature of the program: one that is built or patched on the
 * machine has another signature after each upgrade, and the permissions are gone (MACOS 5.2).
 */
import { realPath } from './agent-paths.ts'

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

/** Why this Node.js is a bad one for an agent; null when its path says nothing against it. */
export function nodeOriginProblem(path: string): string | null {
  const origin = nodeOrigin(path)
  if (origin.kind !== 'homebrew' && origin.kind !== 'version_manager') return null
  const whose = origin.kind === 'homebrew' ? 'Homebrew' : origin.name
  return `${path} is a Node.js of ${whose}: with its next upgrade macOS takes the permissions of the node away`
}
