/** A fake BlueBubbles that runs apart, seen from a test: what reached the phones, what was asked of it, and how it is to misbehave. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { Control, Incoming, Options, Phone, Rule, Seen, Serve } from './behaviour.ts'

type Reply = Readonly<{ number: number; answer?: unknown; error?: string }>

export type FakeOptions = Partial<Options>

export const PASSWORD = 'correct horse 100%'

/** Real proportions, at a hundredth of the time or less. */
const FAST = {
  text: 700,
  file: 2_000,
  http: 1_200,
  restart: 20,
  chat: 150,
  notice: 10,
  sent: 15,
  delivered: 30,
  ping: 200,
}

export class FakeBlueBubbles implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>()
  #asked = 0
  #port = 0

  private constructor(options: Options) {
    this.#child = fork(new URL('./main.ts', import.meta.url), [JSON.stringify(options)], { execArgv: [] })
    this.#child.on('message', ({ number, answer, error }: Reply) => {
      const waiting = this.#open.get(number)
      this.#open.delete(number)
      if (error === undefined) waiting?.resolve(answer)
      else waiting?.reject(new Error(error))
    })
    this.#child.on('exit', () => {
      for (const { reject } of this.#open.values()) reject(new Error('the fake BlueBubbles has ended'))
    })
  }

  static async start(options: FakeOptions = {}): Promise<FakeBlueBubbles> {
    const fake = new FakeBlueBubbles(whole(options))
    const ready = Promise.withResolvers<unknown>()
    fake.#open.set(0, ready)
    fake.#port = (await ready.promise) as number
    return fake
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** As if it had just been installed, so that many tests can share a process. */
  reset(options: FakeOptions = {}): Promise<unknown> {
    return this.ask({ do: 'reset', options: whole(options) })
  }

  /** For the next send that has no rule yet. */
  behave(rule: Rule): Promise<unknown> {
    return this.ask({ do: 'behave', rule })
  }

  /** Null: as it should be again. */
  serve(rule: Serve | null): Promise<unknown> {
    return this.ask({ do: 'serve', rule })
  }

  /** Resolves with their guids. */
  receive(...messages: Incoming[]): Promise<string[]> {
    return this.ask({ do: 'receive', messages })
  }

  /** All that really left, in order. */
  phones(): Promise<Phone[]> {
    return this.ask({ do: 'phones' })
  }

  async texts(): Promise<Array<string | null>> {
    return (await this.phones()).map(({ text, file }) => text ?? file)
  }

  /** What was asked with the right password, in order. */
  async requests(path: RegExp = /./): Promise<Seen[]> {
    return (await this.ask<Seen[]>({ do: 'requests' })).filter((one) => path.test(one.path))
  }

  /** The requests that hand a message over. */
  sends(): Promise<Seen[]> {
    return this.requests(/^(message\/(text|attachment)|chat\/new)$/)
  }

  ask<Answer>(control: Control): Promise<Answer> {
    const number = ++this.#asked
    const waiting = Promise.withResolvers<unknown>()
    this.#open.set(number, waiting)
    this.#child.send({ number, control })
    return waiting.promise as Promise<Answer>
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    if (this.#child.connected) this.#child.disconnect()
    await ended
  }
}

function whole({ times, ...options }: FakeOptions): Options {
  return {
    password: PASSWORD,
    macos: 15,
    privateApi: false,
    sms: true,
    conditions: true,
    ...options,
    times: { ...FAST, ...times },
  }
}
