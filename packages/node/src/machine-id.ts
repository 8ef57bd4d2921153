/** Which machine and user this is: the gateway binds a credential to it, so that a copied disk is noticed. */
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileAtomically } from '@bluewire/platform/atomic-file'

export type MachineSources = Readonly<{
  platform: string
  uid: number
  /** Null when there is no such file. */
  read(path: string): string | null
  /** Output of a program. Null when it cannot be run. */
  run(program: string, args: readonly string[]): string | null
  /** Keeps an id for machines that have none. */
  keep(path: string, content: string): void
}>

/** `directory` is where the node keeps its files. */
export function machineId(directory: string, sources: MachineSources = systemSources()): string {
  const { platform, uid } = sources
  if (platform === 'darwin') {
    const uuid = /"IOPlatformUUID" = "([^"]+)"/.exec(
      sources.run('/usr/sbin/ioreg', ['-rd1', '-c', 'IOPlatformExpertDevice']) ?? '',
    )?.[1]
    if (uuid !== undefined) return `mac:${uuid}:${uid}`
  }
  const system = sources.read('/etc/machine-id')?.trim() ?? ''
  if (/^[0-9a-f]{32}$/.test(system)) return `${platform}:${system}:${uid}`
  return `${platform}:${keptId(join(directory, 'machine-id'), sources)}:${uid}`
}

function keptId(path: string, { read, keep }: MachineSources): string {
  const kept = read(path)?.trim()
  if (kept !== undefined && kept !== '') return kept
  const id = randomUUID()
  keep(path, `${id}\n`)
  return id
}

/** Changes with every start of the operating system; empty where it cannot be learnt. */
export function bootId(sources: MachineSources = systemSources()): string {
  const text =
    sources.platform === 'darwin'
      ? sources.run('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'])
      : sources.read('/proc/sys/kernel/random/boot_id')
  return text?.trim() ?? ''
}

export function systemSources(): MachineSources {
  return {
    platform: process.platform,
    uid: process.getuid?.() ?? 0,
    read(path) {
      try {
        return readFileSync(path, 'utf8')
      } catch {
        return null
      }
    },
    run(program, args) {
      try {
        return execFileSync(program, args, { encoding: 'utf8', timeout: 5_000, stdio: ['ignore', 'pipe', 'ignore'] })
      } catch {
        return null
      }
    },
    keep: writeFileAtomically,
  }
}
