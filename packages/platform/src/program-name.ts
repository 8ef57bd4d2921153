import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'

/**
 * How people call a program from where this one was called. In a clone the programs are not on the PATH, and npm's scripts are how they
 * are reached; whoever linked them uses their own names. A hint has to work as it stands.
 */
const PROGRAMS = {
  'bluewire-gateway': 'npm run admin --',
  'bluewire-node': 'npm run node --',
} as const

/** Scripts of the clone that begin one of our programs. npm says in the environment which one it runs. */
const SCRIPTS = ['start', 'gateway', 'node', 'admin']

/** The node agent as a gateway serves it: one file, beside whose versions install.sh puts a program that calls it. */
const AGENT_FILE = 'bluewire-node.mjs'

export function programName(bin: keyof typeof PROGRAMS): string {
  const script = process.argv[1] ?? ''
  if (bin === 'bluewire-node' && basename(script) === AGENT_FILE) {
    const program = join(script, '..', '..', bin)
    return existsSync(program) ? quoted(program) : `node ${quoted(script)}`
  }
  return SCRIPTS.includes(process.env['npm_lifecycle_event'] ?? '') ? PROGRAMS[bin] : bin
}

/** As a shell reads it: one word. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
