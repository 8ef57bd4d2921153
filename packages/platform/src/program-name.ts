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

export function programName(bin: keyof typeof PROGRAMS): string {
  return SCRIPTS.includes(process.env['npm_lifecycle_event'] ?? '') ? PROGRAMS[bin] : bin
}
