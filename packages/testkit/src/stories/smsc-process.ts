/** An SMSC that runs apart, seen from a story. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import type { SmscQuestion } from './smsc-main.ts'
import type { SmscCounts, SmscOptions, SmsTaken } from './smsc.ts'

type Reply = Readonly<{ number: number; answer?: unknown }>

export class SmscProcess implements Disposable {
  readonly #child: ChildProcess
  readonly #open = new Map<number, (answer: unknown) => void>()
  #asked = 0

  constructor(options: SmscOptions) {
    this.#child = fork(new URL('./smsc-main.ts', import.meta.url), [JSON.stringify(options)], { execArgv: [] })
    this.#child.on('message', ({ number, answer }: Reply) => {
      this.#open.get(number)?.(answer)
      this.#open.delete(number)
    })
  }

  /** Resolves with the port. */
  listen(): Promise<number> {
    return this.#ask({ ask: 'listen' })
  }

  counts(): Promise<SmscCounts> {
    return this.#ask({ ask: 'counts' })
  }

  /** All that reached the phones, in order. */
  taken(): Promise<readonly SmsTaken[]> {
    return this.#ask({ ask: 'taken' })
  }

  /** Resolves at the next submit after which so many wait for their answer. */
  untilUnanswered(many: number): Promise<void> {
    return this.#ask({ ask: 'until_unanswered', many })
  }

  [Symbol.dispose](): void {
    if (this.#child.connected) this.#child.disconnect()
  }

  #ask<Answer>(question: SmscQuestion): Promise<Answer> {
    const number = ++this.#asked
    return new Promise((resolve) => {
      this.#open.set(number, resolve as (answer: unknown) => void)
      this.#child.send({ number, question })
    })
  }
}
