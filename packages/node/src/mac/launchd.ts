/** What is asked of launchd, for the agents of one user's graphical session (MACOS 5.1). */
import { runTool } from '@bluewire/platform/run-tool'
import type { ToolResult } from '@bluewire/platform/run-tool'
import type { MacHost } from './mac-host.ts'

const TIME_LIMIT_MS = 30_000
/** While an agent is still being taken out, launchd refuses to take it in again. */
const BOOTSTRAP_TRIES = 10
const BOOTSTRAP_AGAIN_MS = 500

export type AgentState =
  | Readonly<{ kind: 'running'; pid: number }>
  /** launchd has it, and it has ended or was never started. */
  | Readonly<{ kind: 'not_running'; lastExit: string | null }>
  | Readonly<{ kind: 'absent' }>
  | Readonly<{ kind: 'failed'; detail: string }>

export class Launchd {
  readonly #launchctl: string
  readonly #domain: string

  constructor({ tools, uid }: Pick<MacHost, 'tools' | 'uid'>) {
    this.#launchctl = tools.launchctl
    this.#domain = `gui/${uid}`
  }

  /** The kind of session this process is in: `Aqua` where a person sees windows. Null when it cannot be learnt. */
  async session(): Promise<string | null> {
    const asked = await this.#run('managername')
    return asked.kind === 'ended' && asked.code === 0 ? asked.stdout.trim() : null
  }

  async state(label: string): Promise<AgentState> {
    const asked = await this.#run('print', `${this.#domain}/${label}`)
    if (asked.kind !== 'ended') return { kind: 'failed', detail: problemOf(asked) ?? '' }
    if (asked.code !== 0) return { kind: 'absent' }
    const pid = /^\s*pid = (\d+)$/m.exec(asked.stdout)?.[1]
    if (pid !== undefined) return { kind: 'running', pid: Number(pid) }
    return { kind: 'not_running', lastExit: /^\s*last exit code = (.+)$/m.exec(asked.stdout)?.[1] ?? null }
  }

  /** Returns what went wrong, or null. */
  async bootstrap(plist: string): Promise<string | null> {
    for (let tries = 1; ; tries++) {
      const problem = problemOf(await this.#run('bootstrap', this.#domain, plist))
      if (problem === null || tries === BOOTSTRAP_TRIES) return problem
      await new Promise((resolve) => setTimeout(resolve, BOOTSTRAP_AGAIN_MS))
    }
  }

  /** Stops the agent (SIGTERM first) and forgets it, until the next login or `bootstrap`. */
  async bootout(label: string): Promise<string | null> {
    return problemOf(await this.#run('bootout', `${this.#domain}/${label}`))
  }

  /** Starts it now, if it does not run. `kill`: ends it first if it does, without asking. */
  async kickstart(label: string, how: 'start' | 'kill' = 'start'): Promise<string | null> {
    const flags = how === 'kill' ? ['-k'] : []
    return problemOf(await this.#run('kickstart', ...flags, `${this.#domain}/${label}`))
  }

  #run(...args: string[]): Promise<ToolResult> {
    return runTool(this.#launchctl, args, { timeoutMs: TIME_LIMIT_MS })
  }
}

function problemOf(result: ToolResult): string | null {
  if (result.kind === 'not_started') return `launchctl cannot be run (${result.code})`
  if (result.kind === 'timed_out') return `launchctl did not answer within ${TIME_LIMIT_MS / 1000} s`
  if (result.code === 0) return null
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n')[0]?.slice(0, 200)
  return said === undefined || said === '' ? `launchctl ended with ${result.code ?? result.signal ?? '?'}` : said
}
