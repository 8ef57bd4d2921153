/** `acceptance`: a person goes through what nobody has seen on a real Mac yet; the report holds states and times, never a text or an address. */
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { writeFileAtomically } from '@bluewire/platform/atomic-file'
import packageJson from '../../../package.json' with { type: 'json' }
import { readNodeConfig } from '../../node-config.ts'
import { agentPaths } from '../agent-paths.ts'
import { runChecks } from '../doctor/doctor-checks.ts'
import { gather } from '../doctor/gather.ts'
import { messagesFolder } from '../doctor/messages-folder.ts'
import type { Place } from '../launch-agent.ts'
import { askForReport, askToObserve } from '../local-control.ts'
import { observation, observe } from './observe.ts'
import type { Observation, Watching } from './observe.ts'
import { errorWords, linesOf, STEPS } from './steps.ts'
import type { Step } from './steps.ts'

/** Longer than what is watched. */
const ANSWER_MS = 10_000

type Answers = AsyncIterator<string>

/** Returns the exit code: 0 when every step was gone through, 2 when some were left out or nothing was seen. */
export async function acceptance(place: Place, input: NodeJS.ReadableStream): Promise<number> {
  const { host, directory, say } = place
  readNodeConfig(directory) // refuses a folder without a node
  const findings = await gather(host, directory)
  const report: string[] = [
    `# Acceptance of a node on a Mac, ${new Date().toISOString().slice(0, 16)} UTC`,
    '',
    `Bluewire ${packageJson.version}, macOS ${findings.macos ?? 'unknown'}, Node.js ${findings.permitted.node.version}, watched by ${findings.askedBy === 'agent' ? 'the agent' : 'this terminal'}.`,
    '',
    '## doctor',
    '',
    ...runChecks(findings).map(({ check, state }) => `- ${check}: ${state}`),
  ]
  for (const line of report) say(line)
  const lines = createInterface({ input })
  const answers = lines[Symbol.asyncIterator]()
  let isWhole = true
  for (const step of STEPS) {
    const found = await goThrough(step, place, answers)
    isWhole &&= found !== null
    const part = [
      '',
      `## ${step.id}: ${step.title}`,
      '',
      `Believed: ${step.believed}`,
      ...(found ?? ['left out']).map((line) => `- ${line}`),
    ]
    for (const line of found === null ? ['left out'] : found) say(`  ${line}`)
    report.push(...part)
  }
  lines.close()
  const path = join(directory, `acceptance-${new Date().toISOString().slice(0, 10)}.md`)
  writeFileAtomically(path, `${report.join('\n')}\n`)
  say(`\nThe report is ${path}. It holds no text, number or address.`)
  return isWhole ? 0 : 2
}

/** Null: it was left out. */
async function goThrough(step: Step, place: Place, answers: Answers): Promise<string[] | null> {
  const { host, say } = place
  say(`\n${step.id}: ${step.title}`)
  if (step.watch === undefined) return errorWords(host)
  say(`  ${step.ask ?? ''}\n  Enter begins to watch (for ${step.watch.seconds} s at most); s and Enter leaves it out.`)
  const answer = await answers.next()
  if (answer.done === true || answer.value.trim().toLowerCase() === 's') return null
  return linesOf(await watched(place, step.watch))
}

/** By the agent, whose permissions and whose process it is about; by this command where none answers. */
async function watched({ host, directory }: Place, watching: Watching): Promise<Observation> {
  const { socket } = agentPaths(directory, host.home)
  if ((await askForReport(socket)) !== null) {
    const parsed = observation.safeParse(await askToObserve(socket, watching, watching.seconds * 1000 + ANSWER_MS))
    if (parsed.success) return parsed.data
  }
  return observe({ ...watching, folder: messagesFolder(host.home, readNodeConfig(directory)) })
}
