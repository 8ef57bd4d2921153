/** A peer's process, seen from the test: orders go by IPC and each is answered. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Arrived, Behaviour, Written } from './peer.ts'

/** What a web peer's process can be told. The key of each is what it takes, and what it answers. */
export type Orders = {
  up: { takes: null; gives: number }
  down: { takes: null; gives: null }
  behave: { takes: Behaviour; gives: null }
  arrived: { takes: null; gives: readonly Arrived[] }
  receipt: { takes: { fact: 'delivered' | 'failed'; times: number }; gives: boolean }
  write: { takes: Written & { url: string }; gives: boolean }
}
export type OrderName = keyof Orders

export type Order = Readonly<{ id: number; name: OrderName; takes: unknown }>
export type OrderDone = Readonly<{ id: number; gives?: unknown; error?: string }>

export class PeerChild {
  readonly #child: ChildProcess
  readonly #open = new Map<number, (done: OrderDone) => void>()
  #orders = 0

  /** `argument` is all that the process is given. */
  constructor(script: string, argument: string) {
    this.#child = fork(script, [argument], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] })
    this.#child.on('message', (done: OrderDone) => this.#open.get(done.id)?.(done))
    this.#child.on('exit', () => {
      for (const [id, settle] of this.#open) settle({ id, error: 'the process of the peer has ended' })
    })
  }

  async order<Name extends OrderName>(name: Name, takes: Orders[Name]['takes']): Promise<Orders[Name]['gives']> {
    const id = ++this.#orders
    const done = await new Promise<OrderDone>((resolve) => {
      this.#open.set(id, resolve)
      const order: Order = { id, name, takes }
      this.#child.send(order)
    })
    this.#open.delete(id)
    if (done.error !== undefined) throw new Error(done.error)
    return done.gives as Orders[Name]['gives']
  }

  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }
}
