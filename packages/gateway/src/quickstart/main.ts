/** `npm start`: a gateway and one simulated node, each a process of its own, and how to send with them. */
import { styleText } from 'node:util'
import { untilAskedToStop } from '@bluewire/platform/lifeline'
import { plainArgumentsOrExit } from '@bluewire/platform/plain-arguments'
import packageJson from '../../package.json' with { type: 'json' }
import { loadConfig } from '../config/config.ts'
import type { GatewayConfig } from '../config/config.ts'
import { namesInWrongCase } from '../config/env.ts'
import { explainStartFailure, startCommand } from '../startup-errors.ts'
import { announcementLines } from './announcement.ts'
import { endText } from './child.ts'
import { logPath } from './log-file.ts'
import { Quickstart } from './quickstart.ts'
import { StartFailed } from './start-failed.ts'

plainArgumentsOrExit({
  command: 'npm start --',
  summary: [
    'The quick start: a gateway on 127.0.0.1:8080 and one simulated node, until Ctrl-C. It prints a request that is ready to paste.',
    'Everything is set in the environment: docs/configuration.md.',
  ],
  version: packageJson.version,
})
let config: GatewayConfig | undefined
let quickstart: Quickstart | undefined
let ending: Promise<void> | undefined

// However far the start has come, being asked to stop ends it, and that is no failure.
void untilAskedToStop().then(() => end(0))
process.umask(0o077) // also for the two processes: texts and credentials are in their files
process.stdout.on('error', () => undefined) // `npm start | head`
try {
  config = loadConfig(process.env)
  for (const sentence of namesInWrongCase(process.env)) process.stderr.write(`${sentence}\n`)
  quickstart = new Quickstart(config, (sentence) => process.stderr.write(`${sentence}\n`))
  const { gatewayEnded, ...announced } = await quickstart.start()
  process.stdout.write(announcementLines(announced).map(highlighted).join('\n') + '\n')
  const gatewayEnd = await gatewayEnded
  await end(
    gatewayEnd.code ?? 1,
    `The gateway ended by itself (${endText(gatewayEnd)}; its log is ${logPath(config.dataDir, 'gateway')}), and the quick start with it.`,
  )
} catch (error) {
  const { sentence, exitCode } = await reasonOf(error)
  await end(exitCode, sentence)
}

/** Stops everything. What comes second, while it does, is a consequence of the first. */
function end(exitCode: number, sentence?: string): Promise<void> {
  return (ending ??= stopAll(exitCode, sentence))
}

async function stopAll(exitCode: number, sentence: string | undefined): Promise<void> {
  if (sentence !== undefined) process.stderr.write(`${sentence}\n`)
  await quickstart?.stop()
  process.exit(exitCode)
}

async function reasonOf(error: unknown): Promise<{ sentence: string; exitCode: number }> {
  if (error instanceof StartFailed) return { sentence: error.message, exitCode: error.exitCode }
  return explainStartFailure(error, config && { ...config, command: startCommand() })
}

/** The two things that people copy; plain where nobody looks, or where colours are not wanted. */
function highlighted(line: string): string {
  const [, label, value] = /^(URL {4}|Token {2})(\S+)/.exec(line) ?? []
  if (!process.stdout.isTTY || label === undefined || value === undefined) return line
  return label + styleText('bold', value, { stream: process.stdout }) + line.slice(label.length + value.length)
}
