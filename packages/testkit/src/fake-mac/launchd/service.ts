/** One program that launchd keeps: started with the environment of its LaunchAgent only, ended with its whole group, started again. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { readSettings } from '../mac-settings.ts'
import { registerProcess } from '../processes.ts'
import type { LaunchAgent } from './launch-agent.ts'

/** EX_CONFIG: it cannot be started as it asks to be. */
const CONFIG_ERROR = 78

export type LastExit = Readonly<{ code: number }> | Readonly<{ signal: NodeJS.Signals }> | null

export class Service {
  readonly agent: LaunchAgent
  readonly #folder: string
  readonly #sessionEnvironment: () => Readonly<Record<string, string>>
  #child: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()
  #again: NodeJS.Timeout | undefined
  #startedAtMs = -Infinity
  #isRemoved = false
  runs = 0
  lastExit: LastExit = null

  constructor(
    agent: LaunchAgent,
    { folder, environment }: { folder: string; environment: () => Readonly<Record<string, string>> },
  ) {
    this.agent = agent
    this.#folder = folder
    this.#sessionEnvironment = environment
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  get state(): 'running' | 'spawn scheduled' | 'not running' {
    if (this.#child !== undefined) return 'running'
    return this.#again === undefined ? 'not running' : 'spawn scheduled'
  }

  get isRemoved(): boolean {
    return this.#isRemoved
  }

  environment(): Record<string, string> {
    return {
      ...this.#sessionEnvironment(),
      XPC_SERVICE_NAME: this.agent.label,
      XPC_FLAGS: '0x0',
      ...this.agent.environment,
    }
  }

  start(): void {
    clearTimeout(this.#again)
    this.#again = undefined
    if (this.#child !== undefined || this.#isRemoved) return
    this.runs++
    this.#startedAtMs = performance.now()
    const child = this.#spawn()
    if (child?.pid === undefined) {
      this.#over({ code: CONFIG_ERROR })
      return
    }
    this.#child = child
    const { words } = this.agent
    registerProcess(this.#folder, { pid: child.pid, name: basename(words[0] ?? ''), command: words.join(' ') })
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#child = undefined
        this.#killGroup(child.pid ?? 0, 'SIGKILL') // what it left behind
        this.#over(signal === null ? { code: code ?? 0 } : { signal })
        resolve()
      })
    })
  }

  /** Resolves when it has ended: by itself after SIGTERM, or killed when its time is over. */
  async end(): Promise<void> {
    clearTimeout(this.#again)
    this.#again = undefined
    const { pid } = this
    if (pid === undefined) return
    process.kill(pid, 'SIGTERM')
    const timer = setTimeout(() => this.#killGroup(pid, 'SIGKILL'), this.agent.exitTimeOut * 1000)
    await this.#ended
    clearTimeout(timer)
  }

  remove(): Promise<void> {
    this.#isRemoved = true
    return this.end()
  }

  killNow(): void {
    this.#isRemoved = true
    if (this.pid !== undefined) this.#killGroup(this.pid, 'SIGKILL')
  }

  signal(signal: NodeJS.Signals): void {
    if (this.pid !== undefined) process.kill(this.pid, signal)
  }

  /** It ends and starts at once, whatever its throttle says. */
  async restart(): Promise<void> {
    await this.end()
    this.start()
  }

  #spawn(): ChildProcess | undefined {
    const { words, workingDirectory, stdoutPath, stderrPath } = this.agent
    const [program = '', ...args] = words
    const files: number[] = []
    const file = (path: string | undefined) => {
      const opened = openSync(path ?? '/dev/null', 'a', 0o644)
      files.push(opened)
      return opened
    }
    try {
      accessSync(program, constants.X_OK)
      if (workingDirectory !== undefined) statSync(workingDirectory)
      return spawn(program, args, {
        cwd: workingDirectory ?? '/',
        detached: true, // a group of its own, of which nothing is left when it ends
        env: this.environment(),
        stdio: ['ignore', file(stdoutPath), file(stderrPath)],
      }).on('error', () => undefined)
    } catch {
      return undefined
    } finally {
      for (const opened of files) closeSync(opened)
    }
  }

  #over(exit: Exclude<LastExit, null>): void {
    this.lastExit = exit
    const { keepAlive, throttleInterval } = this.agent
    const isSuccess = 'code' in exit && exit.code === 0
    if (this.#isRemoved || !(isSuccess ? keepAlive.afterSuccess : keepAlive.afterFailure)) return
    // Not so long after its end, but after its start: one that ran longer is started at once.
    const throttleMs = throttleInterval * 1000 * readSettings(this.#folder).timeScale
    const waitMs = Math.max(0, this.#startedAtMs + throttleMs - performance.now())
    this.#again = setTimeout(() => this.start(), waitMs)
  }

  #killGroup(pid: number, signal: NodeJS.Signals): void {
    try {
      process.kill(-pid, signal)
    } catch {
      // nothing is left of it
    }
  }
}

/** True when it has ended within the time. */
export async function endedWithin(ended: Promise<void>, ms: number): Promise<boolean> {
  const tooLong = new AbortController()
  const late = passed(ms, false, { signal: tooLong.signal }).catch(() => false)
  const result = await Promise.race([ended.then(() => true), late])
  tooLong.abort()
  return result
}
