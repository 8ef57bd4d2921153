/**
 * One `imsg rpc` child, from its start to its end: JSON-RPC 2.0, one object a line. It is started once; who wants another starts another.
 *
 * What a child writes is believed in nothing: a line that is no answer is noise, a lot of noise or a line without end is its end, and no
 * request waits longer than it was given. Nothing is thrown at the callbacks of the streams.
 */
import { spawn } from 'node:child_process'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { Clock, Timer } from '@bluewire/platform/clock'
import { CappedLines } from './capped-lines.ts'

export type Answer =
  | Readonly<{ kind: 'result'; value: unknown }>
  | Readonly<{ kind: 'error'; code: number; data: unknown }>
  /** `not_written`: not a byte of it reached the child. Otherwise nothing is known. */
  | Readonly<{ kind: 'none'; why: 'late' | 'ended' | 'not_written' }>

export type ConnectionDeps = Readonly<{
  clock: Clock
  /** From the end of standard input to SIGTERM, and from there to SIGKILL. */
  stopMs: number
  notified(method: string, params: unknown): void
  /** Once; requests that wait are settled right after it. A sentence without its full stop. */
  ended(why: string): void
}>

type Waiting = Readonly<{ settle: (answer: Answer) => void; timer: Timer }>
type Child = ChildProcessByStdio<Writable, Readable, Readable>

/** A page of a hundred messages of 20,000 UTF-16 units, each of three bytes, is less. */
const LINE_BYTES_MAX = 8 * 1024 ** 2
/** What the child has not read of ours: it does not read any more. */
const UNREAD_BYTES_MAX = 1024 ** 2
/** Of one child. A program that prints a warning on standard output is borne with; one that speaks something else is not. */
const NOISE_MAX = 50
/** After the process ended, what it wrote is waited for no longer than this: something it started may hold the pipe open. */
const LAST_WORDS_MS = 500

export class ImsgConnection {
  readonly #deps: ConnectionDeps
  readonly #child: Child | null
  readonly #lines = new CappedLines(LINE_BYTES_MAX)
  readonly #waiting = new Map<number, Waiting>()
  readonly #gone = Promise.withResolvers<void>()
  #noise = 0
  #lastId = 0
  #hasEnded = false
  #isGone = false

  constructor(path: string, deps: ConnectionDeps) {
    this.#deps = deps
    this.#child = this.#spawn(path)
    if (this.#child) this.#listen(this.#child)
  }

  /** Resolves when the process is no more. */
  get gone(): Promise<void> {
    return this.#gone.promise
  }

  get isOpen(): boolean {
    return !this.#hasEnded && this.#child?.stdin.writable === true
  }

  get noise(): number {
    return this.#noise
  }

  /** Given to the child before it returns, unless the answer is `not_written`. Never rejects. */
  request(method: string, params: object, withinMs: number): Promise<Answer> {
    const child = this.#child
    if (!child || !this.isOpen) return Promise.resolve({ kind: 'none', why: 'not_written' })
    const id = ++this.#lastId
    return new Promise((settle) => {
      const timer = this.#deps.clock.setTimer(withinMs, () => this.#settle(id, { kind: 'none', why: 'late' }))
      this.#waiting.set(id, { settle, timer })
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`)
      if (child.stdin.writableLength > UNREAD_BYTES_MAX) void this.kill('imsg does not read what it is asked')
    })
  }

  /** Lets it finish what it has accepted, within the bound. Resolves when the process is no more. */
  async close(): Promise<void> {
    if (!this.#hasEnded) this.#child?.stdin.end()
    const timer = this.#deps.clock.setTimer(this.#deps.stopMs, () => void this.kill('it was asked to end'))
    await this.gone
    timer.cancel()
  }

  /** With all that it started. Resolves when the process is no more. */
  async kill(why: string): Promise<void> {
    this.#end(why)
    this.#signal('SIGTERM')
    const timer = this.#deps.clock.setTimer(this.#deps.stopMs, () => this.#signal('SIGKILL'))
    await this.gone
    timer.cancel()
  }

  #spawn(path: string): Child | null {
    const notStarted = (error: unknown) => this.#over(`${path} cannot be started (${codeOf(error)})`)
    try {
      // A group of its own: an interrupt at the terminal does not reach it in the middle of a send, and killing it reaches its osascript.
      const child = spawn(path, ['rpc'], { detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
      child.on('error', (error) => {
        if (child.pid === undefined) notStarted(error)
      })
      return child
    } catch (error) {
      this.#deps.clock.soon(() => notStarted(error))
      return null
    }
  }

  #listen(child: Child): void {
    const { clock } = this.#deps
    child.stdout.on('data', (chunk: Buffer) => this.#read(chunk))
    child.stderr.resume() // for people at a terminal, and it may hold what somebody wrote
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on('error', () => undefined)
    const over = (code: number | null, signal: NodeJS.Signals | null) =>
      this.#over(`imsg ended ${signal === null ? `with code ${code}` : `by ${signal}`}`)
    child.on('exit', (code, signal) => clock.setTimer(LAST_WORDS_MS, () => over(code, signal)))
    child.on('close', over)
  }

  #over(why: string): void {
    this.#isGone = true
    this.#end(why)
    this.#gone.resolve()
  }

  #read(chunk: Buffer): void {
    if (this.#hasEnded) return
    for (const line of this.#lines.push(chunk)) {
      if (line.kind === 'too_long') return void this.kill('imsg wrote a line without end')
      if (line.text.trim() !== '' && !this.#take(line.text)) this.#noise++
      if (this.#noise > NOISE_MAX) return void this.kill('imsg writes what is no JSON-RPC')
    }
  }

  /** False: it means nothing here. */
  #take(text: string): boolean {
    const said = parsed(text)
    if (!said) return false
    if (typeof said.id === 'number') return this.#answered(said.id, said)
    if (typeof said.method !== 'string' || 'id' in said) return false
    this.#deps.notified(said.method, said.params)
    return true
  }

  #answered(id: number, { result, error }: Said): boolean {
    if (id < 1 || id > this.#lastId) return false
    if (error === undefined) return result !== undefined && this.#settle(id, { kind: 'result', value: result })
    if (typeof error !== 'object' || error === null || !('code' in error) || typeof error.code !== 'number')
      return false
    return this.#settle(id, { kind: 'error', code: error.code, data: 'data' in error ? error.data : undefined })
  }

  /** One that comes too late settles nothing, and is no noise either. */
  #settle(id: number, answer: Answer): true {
    const waiting = this.#waiting.get(id)
    if (!waiting) return true
    this.#waiting.delete(id)
    waiting.timer.cancel()
    waiting.settle(answer)
    return true
  }

  #end(why: string): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#deps.ended(why)
    for (const id of [...this.#waiting.keys()]) this.#settle(id, { kind: 'none', why: 'ended' })
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid
    if (pid === undefined || this.#isGone) return
    try {
      process.kill(-pid, signal)
    } catch {
      // all of it is gone
    }
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
}

type Said = Readonly<{ id?: unknown; method?: unknown; params?: unknown; result?: unknown; error?: unknown }>

function parsed(text: string): Said | null {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : null
  } catch {
    return null
  }
}
