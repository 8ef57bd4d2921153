/** Runs a program of the machine to its end: no shell, a time limit that also ends what it started, and output that cannot fill memory. */
import { spawn } from 'node:child_process'

export type ToolOptions = Readonly<{
  /** After this the whole process group gets SIGTERM, and `KILL_AFTER_MS` later SIGKILL. */
  timeoutMs: number
  /** Given on standard input; without it, standard input is empty. */
  input?: string
  cwd?: string
  env?: Readonly<Record<string, string | undefined>>
  /** Called with the process id as soon as it runs. */
  started?: (pid: number) => void
}>

export type ToolResult =
  | Readonly<{ kind: 'ended'; code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>
  /** It was killed, and has ended: what it did before is not undone. */
  | Readonly<{ kind: 'timed_out'; stdout: string; stderr: string }>
  /** It never ran: not there (ENOENT), not allowed (EACCES), ... */
  | Readonly<{ kind: 'not_started'; code: string }>

const KILL_AFTER_MS = 2_000
const OUTPUT_BYTES_MAX = 1024 ** 2

/** Never rejects. Resolves only when the process has ended, also after its time limit. */
export function runTool(path: string, args: readonly string[], options: ToolOptions): Promise<ToolResult> {
  return new Promise((resolve) => {
    const { cwd, env, input, timeoutMs } = options
    const child = spawn(path, args, {
      detached: true, // a group of its own, so that its time limit reaches what it started
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      ...(cwd === undefined ? {} : { cwd }),
      ...(env === undefined ? {} : { env: { ...process.env, ...env } }),
    })
    const stdout = new CappedText(child.stdout)
    const stderr = new CappedText(child.stderr)
    const timers: NodeJS.Timeout[] = []
    let timedOut = false
    const done = (result: ToolResult) => {
      for (const timer of timers) clearTimeout(timer)
      resolve(result)
    }
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) done({ kind: 'not_started', code: error.code ?? 'UNKNOWN' })
    })
    child.on('close', (code, signal) => {
      const said = { stdout: stdout.text, stderr: stderr.text }
      done(timedOut ? { kind: 'timed_out', ...said } : { kind: 'ended', code, signal, ...said })
    })
    const { pid } = child
    if (pid === undefined) return
    timers.push(
      setTimeout(() => {
        timedOut = true
        killGroup(pid, 'SIGTERM')
        timers.push(setTimeout(() => killGroup(pid, 'SIGKILL'), KILL_AFTER_MS))
      }, timeoutMs),
    )
    child.stdin?.on('error', () => undefined) // it ended without reading all of it
    child.stdin?.end(input)
    options.started?.(pid)
  })
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // all of it is gone
  }
}

/** Reads all there is, so that the process never waits for us, and keeps the first part. */
class CappedText {
  #chunks: Buffer[] = []
  #bytes = 0

  constructor(stream: NodeJS.ReadableStream | null) {
    stream?.on('data', (chunk: Buffer) => {
      const room = OUTPUT_BYTES_MAX - this.#bytes
      if (room > 0) this.#chunks.push(chunk.subarray(0, room))
      this.#bytes += Math.min(chunk.length, Math.max(0, room))
    })
    stream?.on('error', () => undefined)
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString()
  }
}
