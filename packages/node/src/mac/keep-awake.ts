/** Holds `caffeinate` as a child, so that the Mac does not sleep while the agent runs (MACOS 5.3). */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { AgentLog } from '../agent-log.ts'

const AGAIN_MS_MIN = 1_000
const AGAIN_MS_MAX = 5 * 60_000
/** One that ran for so long had worked. */
const WORKED_MS = 60_000

type Deps = Readonly<{ caffeinate: string; clock: Clock; log: AgentLog; againMsMin?: number }>

export class KeepAwake {
  readonly #deps: Deps
  #child: ChildProcess | null = null
  #again: Timer | null = null
  #failures = 0
  #stopped = false

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Null while there is none. */
  get pid(): number | null {
    return this.#child?.pid ?? null
  }

  start(): void {
    if (this.#child || this.#stopped) return
    const { caffeinate, clock, log } = this.#deps
    const startedMs = clock.monotonicMs()
    // -w: it ends when this process is gone, however it went.
    const child = spawn(caffeinate, ['-dimsu', '-w', String(process.pid)], { stdio: 'ignore' })
    this.#child = child
    let gone = false
    const ended = (why: string) => {
      if (gone) return
      gone = true
      this.#child = null
      if (this.#stopped) return
      this.#failures = clock.monotonicMs() - startedMs > WORKED_MS ? 0 : this.#failures + 1
      const inMs = Math.min((this.#deps.againMsMin ?? AGAIN_MS_MIN) * 2 ** Math.min(this.#failures, 20), AGAIN_MS_MAX)
      log.warn('awake.lost', { why, again_in_ms: inMs })
      this.#again = clock.setTimer(inMs, () => this.start())
    }
    child.on('error', (error: NodeJS.ErrnoException) => ended(error.code ?? 'cannot_start'))
    child.on('exit', (code, signal) => ended(signal ?? `ended_${code ?? '?'}`))
    child.unref()
    if (child.pid !== undefined) log.info('awake.held', { pid: child.pid })
  }

  /** May be called twice. */
  stop(): void {
    this.#stopped = true
    this.#again?.cancel()
    this.#child?.kill('SIGTERM')
  }
}
