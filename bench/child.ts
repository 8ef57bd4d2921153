/**
 * The programs of a bench: processes of their own, asked over a channel, one question at a time. They end when the bench does, however
 * it ends: ours by the channel, the gateway by its lifeline.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { LIFELINE_VARIABLE } from '@bluewire/platform/lifeline'

const LIFELINE_FD = 3
const STOP_MS = 10_000

export type Program = Readonly<{
  file: string
  args?: readonly string[]
  /** Options of Node.js itself. */
  nodeOptions?: readonly string[]
  env?: Readonly<Record<string, string>>
  /** An open file that gets what it prints. Absent: what it prints is shown. */
  log?: number
}>

type Message = Readonly<Record<string, unknown>>

export class Child {
  readonly #process: ChildProcess
  readonly #file: string
  readonly #ended: Promise<string>
  #isStopping = false

  constructor({ file, args = [], nodeOptions = [], env = {}, log }: Program) {
    const output = log ?? 'inherit'
    this.#file = file
    this.#process = spawn(process.execPath, [...nodeOptions, file, ...args], {
      stdio: ['ignore', output, output, 'pipe', 'ipc'],
      env: { ...ownEnvironment(), ...env, [LIFELINE_VARIABLE]: String(LIFELINE_FD) },
      serialization: 'advanced', // long lists of numbers
    })
    this.#process.stdio[LIFELINE_FD]?.on('error', () => undefined) // it is gone; `ended` says so
    this.#ended = new Promise((resolve) => {
      this.#process.on('exit', (code, signal) => resolve(signal ?? `exit code ${code ?? '?'}`))
      this.#process.on('error', (error) => resolve(error.message))
    })
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** The next message of the child. Rejects when it ends first, or says that it failed. */
  next<Answer>(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#process.once('message', (message: Message) => {
        if (message['failed'] === undefined) resolve(message as Answer)
        else reject(new Error(`${this.#file}: ${message['failed'] as string}`))
      })
      void this.#ended.then((how) => {
        if (!this.#isStopping) reject(new Error(`${this.#file} ended by itself (${how})`))
      })
    })
  }

  ask<Answer>(question: object): Promise<Answer> {
    const answer = this.next<Answer>()
    this.#process.send(question)
    return answer
  }

  async stop(): Promise<void> {
    if (this.#isStopping) return void (await this.#ended)
    this.#isStopping = true
    this.#process.kill('SIGTERM')
    const killer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS)
    await this.#ended
    clearTimeout(killer)
  }
}

/** Settings of the person who runs the bench are not those of the bench. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('BLUEWIRE_') && name !== 'PORT'),
  )
}

/** The child's side: answers each question, in order, until the bench is gone or asks it to end. */
export function serve<Question>(answer: (question: Question) => Promise<object> | object): void {
  const send = (message: object): void => void process.send?.(message)
  process.on('disconnect', () => process.exit(0))
  process.on('SIGTERM', () => process.exit(0))
  process.on('SIGINT', () => undefined) // Ctrl-C reaches every process of the terminal; the bench ends its own
  process.on('message', (question: Question) => {
    void Promise.resolve()
      .then(() => answer(question))
      .then(send, (error: unknown) =>
        send({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      )
  })
}
