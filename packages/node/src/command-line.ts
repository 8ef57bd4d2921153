/** `bluewire-node join | run | status | …`: reads the arguments, does it, and turns every failure into one sentence. */
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { DRIVER_NAMES } from '@bluewire/drivers/registry'
import { LockHeldError } from '@bluewire/platform/exclusive-lock'
import { untilAskedToStop } from '@bluewire/platform/lifeline'
import { programName } from '@bluewire/platform/program-name'
import packageJson from '../package.json' with { type: 'json' }
import { commandProblem, optionProblem } from './arguments-problem.ts'
import { fileProblem } from './file-problem.ts'
import { AddressError } from './gateway-address.ts'
import { JournalTooNewError } from './journal/journal.ts'
import { join } from './join.ts'
import { agentLines } from './mac/launch-agent.ts'
import { macCommand } from './mac/mac-command.ts'
import { macHost, MacError } from './mac/mac-host.ts'
import { isMacVerb } from './mac/mac-verbs.ts'
import { runUnderLaunchd } from './mac/run-under-launchd.ts'
import { nodeLog } from './node-log.ts'
import { defaultDirectory, NodeConfigError } from './node-config.ts'
import { run } from './run.ts'
import { statusOf } from './status.ts'

const PROGRAM = programName('bluewire-node')

const USAGE = `Usage:
  ${PROGRAM} join <url> <code> [--dir D] [--name N] [--driver ${DRIVER_NAMES.join('|')}] [--line +15005550001:imessage,sms]...
                                  [--sim-log FILE] [--min-free-mib N] [--insecure] [--replace | --keep]
  ${PROGRAM} run [--dir D]
  ${PROGRAM} status [--dir D]
On a Mac:
  ${PROGRAM} install [--dir D] [--force]     run it at every login, and again when it ends
  ${PROGRAM} restart [--dir D]               once nothing is in flight
  ${PROGRAM} uninstall [--dir D]             all but the journal
  ${PROGRAM} logs [--dir D] [-n LINES] [-f]
  ${PROGRAM} doctor [--dir D] [--json]       what works, what does not, and what to do about it
  ${PROGRAM} update --sha256 HASH [--dir D]  to the version of its own gateway
  ${PROGRAM} acceptance [--dir D]            checks by hand what has not been seen on a Mac yet`

const EXIT_FAILED = 1
const EXIT_USAGE = 2

export type Print = Readonly<{ out(line: string): void; err(line: string): void }>

/** Returns the exit code. */
export async function commandLine(args: readonly string[], print: Print): Promise<number> {
  try {
    return await obey(args, print)
  } catch (error) {
    print.err(sentenceOf(error))
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED
  }
}

class UsageError extends Error {
  override name = 'UsageError'
}

async function obey(args: readonly string[], print: Print): Promise<number> {
  if (args[0] === '--version') {
    print.out(`Bluewire ${packageJson.version}`)
    return 0
  }
  const { values, positionals } = parsed(args)
  if (values.help || (positionals.length === 1 && positionals[0] === 'help')) {
    print.out(USAGE)
    return 0
  }
  const directory = resolve(values.dir ?? defaultDirectory(homedir()))
  const [verb, ...rest] = positionals
  if (verb === 'run' && rest.length === 0) {
    const running = { directory, untilStop: untilAskedToStop(), say: print.err, mac: macHost() }
    return values.launchd ? runUnderLaunchd(running) : run({ ...running, log: nodeLog() })
  }
  if (verb === 'status' && rest.length === 0) {
    const host = macHost()
    const lines = [...statusOf(directory), ...(host === null ? [] : await agentLines(host, directory))]
    for (const line of lines) print.out(line)
    return 0
  }
  if (isMacVerb(verb) && rest.length === 0) {
    if (values.newest !== undefined && !/^\d{1,6}$/.test(values.newest))
      throw new UsageError('-n wants a number of lines.')
    return macCommand(verb, { directory, values, print })
  }
  const [url, code] = rest
  if (verb !== 'join' || url === undefined || code === undefined || rest.length > 2)
    throw new UsageError(commandProblem(positionals))
  return joinAloud({ url, code, directory }, values, print)
}

const OPTIONS = {
  dir: { type: 'string' },
  name: { type: 'string' },
  driver: { type: 'string' },
  line: { type: 'string', multiple: true, default: [] as string[] },
  'sim-log': { type: 'string' },
  'min-free-mib': { type: 'string' },
  insecure: { type: 'boolean', default: false },
  replace: { type: 'boolean', default: false },
  keep: { type: 'boolean', default: false },
  force: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  sha256: { type: 'string' },
  follow: { type: 'boolean', short: 'f', default: false },
  newest: { type: 'string', short: 'n' },
  /** Given by the agent's plist. */
  launchd: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  } catch (error) {
    throw new UsageError(optionProblem(args, Object.keys(OPTIONS), error), { cause: error })
  }
}

type Values = ReturnType<typeof parsed>['values']

async function joinAloud(
  where: { url: string; code: string; directory: string },
  values: Values,
  print: Print,
): Promise<number> {
  const freeMib = values['min-free-mib']
  if (freeMib !== undefined && !/^\d{1,7}$/.test(freeMib))
    throw new UsageError('--min-free-mib wants a whole number of MiB.')
  const sentence = await join({
    ...where,
    lines: values.line,
    insecure: values.insecure,
    replace: values.replace,
    keep: values.keep,
    ...(values.driver === undefined ? {} : { driver: values.driver }),
    ...(values.name === undefined ? {} : { name: values.name }),
    ...(values['sim-log'] === undefined ? {} : { simulatorLog: resolve(values['sim-log']) }),
    ...(freeMib === undefined ? {} : { freeBytesMin: Number(freeMib) * 1024 ** 2 }),
  })
  print.out(sentence)
  return 0
}

/** Failures we know speak for themselves; others get what the system calls them. */
function sentenceOf(error: unknown): string {
  if (error instanceof LockHeldError) {
    const by = error.pid === null ? 'another process' : `process ${error.pid}`
    return `A Bluewire node runs in this directory already (${by}). Stop it first, or use --dir for another node.`
  }
  const ours = [UsageError, NodeConfigError, MacError, AddressError, JournalTooNewError].some(
    (kind) => error instanceof kind,
  )
  if (ours) return (error as Error).message
  const { message, code } = error as Error & { code?: string }
  if (code === 'ECONNREFUSED') return `Nothing answers at that address (${message}). Is the gateway running?`
  const ofFile = fileProblem(error)
  if (ofFile !== undefined) return ofFile
  return `It failed: ${message}${code === undefined || message.includes(code) ? '' : ` (${code})`}`
}
