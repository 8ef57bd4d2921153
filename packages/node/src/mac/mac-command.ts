/** The commands of a node that need macOS around it. */
import { untilAskedToStop } from '@bluewire/platform/lifeline'
import { acceptance } from './acceptance/acceptance.ts'
import { agentPaths, isSha256 } from './agent-paths.ts'
import { doctor } from './doctor/doctor.ts'
import { install, restart } from './launch-agent.ts'
import { follow, lastLines } from './logs.ts'
import { macHost, MacError } from './mac-host.ts'
import type { MacVerb } from './mac-verbs.ts'
import { update } from './update.ts'
import { uninstall } from './uninstall.ts'

const LINES_SHOWN = 100

type Values = Readonly<{
  force: boolean
  json: boolean
  follow: boolean
  newest?: string | undefined
  sha256?: string | undefined
}>

type Given = Readonly<{
  directory: string
  values: Values
  print: Readonly<{ out(line: string): void; err(line: string): void }>
}>

/** Returns the exit code. @throws MacError and others, each with a sentence */
export async function macCommand(verb: MacVerb, { directory, values, print }: Given): Promise<number> {
  const host = macHost()
  if (host === null)
    throw new MacError(`\`${verb}\` is for a Mac; this is ${process.platform}. Here a node is started with \`run\`.`)
  const place = { host, directory, say: print.out }
  switch (verb) {
    case 'install':
      await install(place, values)
      return 0
    case 'uninstall':
      await uninstall(place)
      return 0
    case 'restart':
      await restart(place)
      return 0
    case 'logs':
      return showLogs({ directory, values, print }, host.home)
    case 'doctor':
      return doctor(place, values)
    case 'update':
      await update(place, { sha256: hashOf(values) })
      return 0
    case 'acceptance':
      return acceptance(place, process.stdin)
    default:
      return verb satisfies never
  }
}

/** @throws MacError */
function hashOf({ sha256 }: Values): string {
  const hash = sha256?.toLowerCase() ?? ''
  if (isSha256(hash)) return hash
  throw new MacError(
    '--sha256 wants the 64 hexadecimal digits of the version. The gateway says them: npm run admin -- enrol',
  )
}

async function showLogs({ directory, values, print }: Given, home: string): Promise<number> {
  const paths = agentPaths(directory, home)
  const lines = lastLines(paths, values.newest === undefined ? LINES_SHOWN : Number(values.newest))
  for (const line of lines) print.out(line)
  if (values.follow) await follow(paths, print.out, untilAskedToStop())
  else if (lines.length === 0) throw new MacError(`Nothing is in ${paths.logs}: the agent has not run yet.`)
  return 0
}
