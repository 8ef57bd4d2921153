/** Messages as a process: which one runs, making one run, making one end. By absolute paths of the tools, never by script (MACOS 1.5). */
import type { Clock } from '@bluewire/platform/clock'
import { runTool } from '@bluewire/platform/run-tool'
import type { MacTools } from '../mac/mac-tools.ts'
import { ATTEMPT_MARK } from './scripts.ts'

/** A process number alone is used again; with its start it is one process. */
export type MessagesProcess = Readonly<{ pid: number; started: string }>

const BUNDLE = 'com.apple.MobileSMS'
const TOOL_MS = 5_000
const POLL_MS = 100
const STARTS_WITHIN_MS = 15_000
const ENDS_WITHIN_MS = 5_000

export class MessagesControl {
  readonly #tools: MacTools
  readonly #clock: Clock

  constructor(tools: MacTools, clock: Clock) {
    this.#tools = tools
    this.#clock = clock
  }

  async find(): Promise<MessagesProcess | null> {
    const [pid] = await this.#pids(['-x', 'Messages'])
    if (pid === undefined) return null
    const started = await this.#startOf(pid)
    return started === null ? null : { pid, started }
  }

  async isRunning({ pid, started }: MessagesProcess): Promise<boolean> {
    return (await this.#startOf(pid)) === started
  }

  /** The one that runs, started in the background when none does; null when it does not come. */
  async ensure(): Promise<MessagesProcess | null> {
    const running = await this.find()
    if (running !== null) return running
    await runTool(this.#tools.open, ['-gjb', BUNDLE], { timeoutMs: TOOL_MS })
    return this.#until(STARTS_WITHIN_MS, () => this.find())
  }

  /** True when none runs any more. What it had accepted and not carried out is gone with it. */
  async end(): Promise<boolean> {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const running = await this.find()
      if (running === null) return true
      kill(running.pid, signal)
      if (await this.#until(ENDS_WITHIN_MS, async () => !(await this.isRunning(running)))) return this.#noneLeft()
    }
    return this.#noneLeft()
  }

  /** Ends, and waits for, every osascript that an agent before this one left behind (PROTOCOL hole 5). False: one will not end. */
  async endOrphans(): Promise<boolean> {
    const pids = await this.#pids(['-f', ATTEMPT_MARK])
    for (const pid of pids) kill(pid, 'SIGKILL')
    const gone = async () => (await this.#pids(['-f', ATTEMPT_MARK])).length === 0
    return pids.length === 0 || (await this.#until(ENDS_WITHIN_MS, gone)) === true
  }

  async #noneLeft(): Promise<boolean> {
    return (await this.find()) === null
  }

  async #pids(query: readonly string[]): Promise<number[]> {
    const result = await runTool(this.#tools.pgrep, query, { timeoutMs: TOOL_MS })
    if (result.kind !== 'ended') return []
    return result.stdout
      .split('\n')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid > 1)
  }

  async #startOf(pid: number): Promise<string | null> {
    const result = await runTool(this.#tools.ps, ['-o', 'lstart=', '-p', String(pid)], { timeoutMs: TOOL_MS })
    if (result.kind !== 'ended' || result.code !== 0) return null
    return result.stdout.trim() || null
  }

  /** The first answer that is neither null nor false. */
  async #until<T>(withinMs: number, ask: () => Promise<T | null | false>): Promise<T | null> {
    const until = this.#clock.monotonicMs() + withinMs
    for (;;) {
      const answer = await ask()
      if (answer !== null && answer !== false) return answer
      if (this.#clock.monotonicMs() >= until) return null
      await new Promise<void>((resolve) => void this.#clock.setTimer(POLL_MS, resolve))
    }
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // it is gone
  }
}
