/** Programs as people start them: whole processes, of which a test sees what a person sees. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chownSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, expect } from 'vitest'

export const ROOT = resolve(import.meta.dirname, '../../../..')
export const LAUNCHER = join(ROOT, 'scripts/launch.cjs')
export const QUICKSTART = join(ROOT, 'packages/gateway/src/quickstart/main.ts')
export const GATEWAY = join(ROOT, 'packages/gateway/src/main.ts')
export const ADMIN = join(ROOT, 'packages/gateway/src/admin/main.ts')

/** Somebody who owns nothing. Only root can become him; anybody else is unprivileged already. */
const NOBODY = 65_534
export const isRoot = process.getuid?.() === 0

export type Ended = Readonly<{ code: number | null; signal: NodeJS.Signals | null }>

type CommandOptions = Readonly<{
  env?: Readonly<Record<string, string>>
  cwd?: string
  /** Run as somebody without rights. */
  isUnprivileged?: boolean
  /** What is typed; without it, standard input is empty. */
  input?: string
  /** It is ended after the last test of the file, not after the present one. */
  isForAllTests?: boolean
}>

const started: Command[] = []
const startedForAll: Command[] = []

/** One command, from its start to its end. */
export class Command {
  stdout = ''
  stderr = ''
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess
  #waiting: Array<() => void> = []
  #end: Ended | undefined

  constructor(words: readonly [string, ...string[]], options: CommandOptions = {}) {
    const { env, cwd, isUnprivileged, input, isForAllTests } = options
    const [program, ...args] = words
    this.#child = spawn(program, args, {
      cwd: cwd ?? ROOT,
      env: { ...plainEnvironment(), ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      detached: true, // a process group, like that of a terminal's foreground job
      ...(isUnprivileged === true && isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
    })
    this.#child.stdin?.end(input)
    this.#child.stdout?.on('data', (bytes: Buffer) => this.#heard(() => (this.stdout += bytes.toString())))
    this.#child.stderr?.on('data', (bytes: Buffer) => this.#heard(() => (this.stderr += bytes.toString())))
    this.ended = new Promise((done, failed) => {
      this.#child.on('error', failed)
      this.#child.on('close', (code, signal) => this.#heard(() => done((this.#end = { code, signal }))))
    })
    ;(isForAllTests === true ? startedForAll : started).push(this)
  }

  get pid(): number {
    return this.#child.pid ?? Number.NaN
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** As a terminal does with Ctrl-C. */
  killGroup(signal: NodeJS.Signals): void {
    if (this.#end !== undefined) return // its number may be another's by now; what it left behind ends by itself
    try {
      process.kill(-this.pid, signal)
    } catch {
      // all of it is gone
    }
  }

  /** Resolves when `condition` holds for what was printed so far; rejects when the command ends before. */
  async until(condition: (command: this) => boolean): Promise<void> {
    while (!condition(this)) {
      if (this.#end !== undefined)
        throw new Error(`It ended too early (${JSON.stringify(this.#end)}).\n${this.stdout}\n${this.stderr}`)
      await new Promise<void>((wake) => this.#waiting.push(wake))
    }
  }

  #heard(what: () => void): void {
    what()
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

/** Runs it to its end. */
export async function run(words: readonly [string, ...string[]], options?: CommandOptions) {
  const command = new Command(words, options)
  const { code } = await command.ended
  return { code, stdout: command.stdout, stderr: command.stderr }
}

/** Nothing that a test started survives it. */
afterEach(() => endAll(started))

async function endAll(commands: Command[]): Promise<void> {
  for (const command of commands) command.killGroup('SIGKILL')
  await Promise.all(commands.splice(0).map((command) => command.ended.catch(() => undefined)))
}

const folders: string[] = []
afterAll(async () => {
  await endAll(startedForAll)
  // A gateway whose parent was killed a moment ago may still be writing.
  for (const folder of folders.splice(0))
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
})

/** A folder of its own, which also somebody without rights may use. */
export function newFolder({ isOwnedByNobody = false } = {}): string {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'bluewire-test-'))
  folders.push(folder)
  if (isOwnedByNobody && isRoot) chownSync(folder, NOBODY, NOBODY)
  return folder
}

/** What a fresh shell has: nothing of the test runner (but its store of compiled code), of npm, or of settings for Bluewire. */
function plainEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '/', TMPDIR, NODE_COMPILE_CACHE } = process.env
  const optional = Object.entries({ TMPDIR, NODE_COMPILE_CACHE }).filter(([, value]) => value !== undefined)
  return { PATH, HOME, ...(Object.fromEntries(optional) as Record<string, string>) }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}

export function isListening(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1')
    const tell = (answer: boolean) => {
      socket.destroy()
      done(answer)
    }
    socket.on('connect', () => tell(true))
    socket.on('error', () => tell(false))
  })
}

/** A process that has ended but was not yet waited for by its parent does not run. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !(process.platform === 'linux' && /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')))
  } catch {
    return false
  }
}

/** The process that holds a lock of a data folder. */
export function lockHolder(directory: string, name: string): number {
  return Number(readFileSync(join(directory, `${name}.lock.pid`), 'utf8'))
}

export async function expectGone(pids: readonly number[], withinMs: number): Promise<void> {
  await expect.poll(() => pids.filter(isRunning), { timeout: withinMs, interval: 20 }).toEqual([])
}
