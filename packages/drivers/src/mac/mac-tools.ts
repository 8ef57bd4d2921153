/** The programs of macOS that a node runs, by absolute path: a PATH that somebody changed must not choose them. */
import { join } from 'node:path'

const PATHS = {
  caffeinate: '/usr/bin/caffeinate',
  codesign: '/usr/bin/codesign',
  defaults: '/usr/bin/defaults',
  ioreg: '/usr/sbin/ioreg',
  launchctl: '/bin/launchctl',
  open: '/usr/bin/open',
  osascript: '/usr/bin/osascript',
  pgrep: '/usr/bin/pgrep',
  pkill: '/usr/bin/pkill',
  pmset: '/usr/bin/pmset',
  ps: '/bin/ps',
  stat: '/usr/bin/stat',
  swVers: '/usr/bin/sw_vers',
  tmutil: '/usr/bin/tmutil',
} as const

export type MacTools = Readonly<Record<keyof typeof PATHS, string>>

/**
 * `directory`: where the same programs are found by their names instead; how a Mac that is not there is stood in for. Without it the
 * environment may name one.
 */
export function macTools(directory = process.env['BLUEWIRE_MAC_TOOLS']): MacTools {
  if (directory === undefined || directory === '') return PATHS
  const entries = Object.entries(PATHS).map(([name, path]) => [
    name,
    join(directory, path.slice(path.lastIndexOf('/') + 1)),
  ])
  return Object.fromEntries(entries) as MacTools
}
