/** The quick start as the stories use it: started on a folder, and read from what it printed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, freePort, LAUNCHER, lockHolder, QUICKSTART, run } from './command.ts'

const LAST_LINE = /^Stop {3}.*\n/m

export type Story = Readonly<{
  command: Command
  dataDir: string
  port: number
  tookMs: number
  url: string
  token: string
  /** As printed, all its lines. */
  curl: string
  gatewayPid: number
  nodePid: number
}>

export async function startQuickstart(
  dataDir: string,
  {
    env = {},
    words = ['node', LAUNCHER, QUICKSTART],
    isForAllTests = false,
  }: { env?: Record<string, string>; words?: [string, ...string[]]; isForAllTests?: boolean } = {},
): Promise<Story> {
  const port = Number(env['BLUEWIRE_PORT'] ?? (await freePort()))
  const beganAtMs = performance.now()
  const command = new Command(words, {
    env: { BLUEWIRE_DATA_DIR: dataDir, BLUEWIRE_PORT: String(port), ...env },
    isForAllTests,
  })
  await command.until(({ stdout }) => LAST_LINE.test(stdout))
  const tookMs = performance.now() - beganAtMs
  return {
    command,
    dataDir,
    port,
    tookMs,
    url: /^URL +(\S+)$/m.exec(command.stdout)?.[1] ?? '',
    token: /^Token +(\S+)/m.exec(command.stdout)?.[1] ?? '',
    curl: /^curl [^]*?^ {2}\}'$/m.exec(command.stdout)?.[0] ?? '',
    gatewayPid: lockHolder(dataDir, 'gateway'),
    nodePid: lockHolder(join(dataDir, 'node'), 'node'),
  }
}

export async function stop({ command }: Story): Promise<void> {
  command.killGroup('SIGINT')
  await command.ended
}

/** Runs what was printed, with nothing added, in a shell. */
export async function sendAsPrinted({ curl }: Story): Promise<Record<string, unknown>> {
  const { code, stdout } = await run(['sh', '-c', curl])
  if (code !== 0) throw new Error(`curl ended with ${code}`)
  return JSON.parse(stdout) as Record<string, unknown>
}

export function savedFile({ dataDir }: Story): Record<string, unknown> {
  return JSON.parse(readFileSync(join(dataDir, 'quickstart.json'), 'utf8')) as Record<string, unknown>
}

/** What reached the simulated phones. */
export function sentRows(dataDir: string): Array<Record<string, unknown>> {
  return readFileSync(join(dataDir, 'simulator.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
