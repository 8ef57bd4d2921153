/** The part of a web peer's process that speaks no company's language: it misbehaves, remembers what a phone got, and calls back. */
import { createServer, request as httpRequest } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Arrived, Behaviour, Written } from './peer.ts'
import type { Order, OrderDone, OrderName, Orders } from './peer-child.ts'

export type Asked = Readonly<{ method: string; url: URL; headers: IncomingMessage['headers']; body: string }>
export type Reply = Readonly<{ status: number; headers?: Readonly<Record<string, string>>; body: string }>
export type Message = Readonly<{ to: string; from: string; body: string; callbackUrl: string; reference: string }>
export type Taken = Message & Readonly<{ id: string; atMs: number }>
export type Call = Readonly<{ url: string; headers: Readonly<Record<string, string>>; body: string }>

/** What an answer is about. */
export type Saying = 'taken' | 'refuse' | 'refuse_opted_out' | 'throttle' | 'error_in_ok' | 'server_error' | 'no_id'

/** One company's language. */
export interface Dialect {
  isAllowed(asked: Asked): boolean
  /** Null: it asks for something else. */
  messageIn(asked: Asked): Message | null
  say(saying: Saying | 'not_allowed', taken: Taken | null): Reply
  /** Anything that is no message. */
  other(asked: Asked, taken: readonly Taken[]): Reply
  receipt(taken: Taken, fact: 'delivered' | 'failed'): Call
  inbound(written: Written, url: string): Call
}

const LATE_MS = 1_000
const CALL_MS_MAX = 3_000

class WebPeer {
  readonly #dialect: Dialect
  readonly #server = createServer((request, response) => void this.#serve(request, response))
  readonly #taken: Taken[] = []
  #behaviour: Behaviour = 'accept'
  #port = 0

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  readonly orders: { [Name in OrderName]: (takes: Orders[Name]['takes']) => Promise<Orders[Name]['gives']> } = {
    up: async () => {
      if (!this.#server.listening) {
        await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve))
        this.#port = (this.#server.address() as AddressInfo).port
      }
      return this.#port
    },
    down: async () => {
      await new Promise<void>((resolve) => {
        this.#server.close(() => resolve())
        this.#server.closeAllConnections()
      })
      return null
    },
    behave: async (behaviour) => {
      this.#behaviour = behaviour
      return null
    },
    arrived: async () => this.#taken.map(({ to, from, body }): Arrived => ({ to, from, body, parts: 1 })),
    receipt: async ({ fact, times }) => {
      const latest = this.#taken.at(-1)
      if (!latest) throw new Error('nothing has arrived')
      let isAcknowledged = false
      for (let i = 0; i < times; i++) isAcknowledged = await call(this.#dialect.receipt(latest, fact))
      return isAcknowledged
    },
    write: ({ url, ...written }) => call(this.#dialect.inbound(written, url)),
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => undefined)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const url = new URL(request.url ?? '/', 'http://peer')
    const asked: Asked = {
      method: request.method ?? '',
      url,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    }
    if (!this.#dialect.isAllowed(asked)) return reply(response, this.#dialect.say('not_allowed', null))
    const message = this.#dialect.messageIn(asked)
    if (message === null) return reply(response, this.#dialect.other(asked, this.#taken))
    this.#misbehave(message, response)
  }

  #misbehave(message: Message, response: ServerResponse): void {
    const behaviour = this.#behaviour
    const say = (saying: Saying, taken: Taken | null = null): void => reply(response, this.#dialect.say(saying, taken))
    const take = (): Taken => this.#take(message)
    switch (behaviour) {
      case 'accept':
        return say('taken', take())
      case 'refuse':
      case 'refuse_opted_out':
      case 'error_in_ok':
      case 'throttle':
        return say(behaviour)
      case 'throttle_once':
        this.#behaviour = 'accept'
        return say('throttle')
      case 'server_error':
      case 'no_id':
        return say(behaviour, take())
      case 'answer_late': {
        const taken = take()
        setTimeout(() => say('taken', taken), LATE_MS)
        return
      }
      case 'lose_answer':
        take()
        return
      case 'cut_before_reading':
        response.socket?.resetAndDestroy()
        return
      case 'cut_after_reading':
        take()
        response.socket?.destroy()
        return
      case 'cut_in_answer':
        return cutIn(response, this.#dialect.say('taken', take()))
      case 'garbage_answer':
        take()
        response.socket?.end(Buffer.from([0, 255, 1, 254, 72, 84, 84, 80, 13, 10, 13, 10, 200, 7]))
        return
      default:
        return behaviour satisfies never
    }
  }

  #take(message: Message): Taken {
    const taken = { ...message, id: `id${String(this.#taken.length + 1).padStart(6, '0')}`, atMs: Date.now() }
    this.#taken.push(taken)
    return taken
  }
}

function reply(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
}

function cutIn(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length })
  response.write(body.slice(0, Math.ceil(body.length / 2)), () => response.socket?.destroy())
}

/** Whether it was acknowledged. */
function call({ url, headers, body }: Call): Promise<boolean> {
  return new Promise((resolve) => {
    const calling = httpRequest(url, { method: 'POST', headers, timeout: CALL_MS_MAX, agent: false }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve(answer.statusCode === 200 || answer.statusCode === 204))
    })
    calling.on('timeout', () => calling.destroy())
    calling.on('error', () => resolve(false))
    calling.end(body)
  })
}

/** Serves the test that started this process, until it is gone. */
export function serveWebPeer(dialect: Dialect): void {
  const peer = new WebPeer(dialect)
  process.on('message', ({ id, name, takes }: Order) => {
    const order = peer.orders[name] as (takes: unknown) => Promise<unknown>
    const done = (answer: OrderDone): void => void process.send?.(answer)
    order(takes).then(
      (gives) => done({ id, gives }),
      (error: unknown) => done({ id, error: String(error) }),
    )
  })
  process.on('disconnect', () => process.exit())
}
