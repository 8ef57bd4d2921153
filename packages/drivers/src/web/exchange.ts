/**
 * One HTTP request and its answer, told by how far it got: what a provider may conclude hangs on whether a byte left.
 *
 * Each request has a connection of its own. A kept one may be closed by the other side at the very moment of the next request, and then
 * nobody can tell whether that was read: every such race would cost a message its certainty. A connection that is open before anything
 * is written makes all of DNS, TCP and TLS provably harmless. Nothing is repeated, no redirect is followed, no cookie kept.
 */
import { request as httpRequest } from 'node:http'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { connect as connectTcp, isIP } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Clock } from '@bluewire/platform/clock'

const ANSWER_BYTES_MAX = 1 << 20
const HEADER_BYTES_MAX = 32 << 10

export type WebRequest = Readonly<{
  method: string
  url: URL
  headers: Readonly<Record<string, string>>
  body?: string
  /** In place of a body that is text. */
  bytes?: Uint8Array
}>

export type Exchange =
  /** No byte of the request left. `code`: the system's word (`ECONNREFUSED`), or `connect_timeout`, `stopped`. */
  | Readonly<{ kind: 'never_left'; code: string }>
  /** `mayLeave` said no. */
  | Readonly<{ kind: 'withheld' }>
  /** The whole answer. `text` is null where it cannot be read (compressed although nobody asked for it). */
  | Readonly<{ kind: 'answered'; status: number; headers: Answered; text: string | null }>
  /** Bytes left, and no whole answer came. `code`: `no_answer`, `cut`, `too_large`, `stopped`, or the system's word. */
  | Readonly<{ kind: 'lost'; code: string }>

type Answered = Readonly<Record<string, string | string[] | undefined>>

/** One request on its way. */
type Running = {
  hasLeft: boolean
  /** An answer has begun: it says itself when it ends. */
  isAnswered: boolean
  /** Ends it now. */
  end(exchange: Exchange): void
}

export class Exchanges {
  readonly #clock: Clock
  readonly #withinMs: number
  readonly #running = new Set<Running>()
  #stopped = false

  /** `withinMs`: for all of it, the connection included. */
  constructor(clock: Clock, withinMs: number) {
    this.#clock = clock
    this.#withinMs = withinMs
  }

  /** `mayLeave` is asked once, when the connection is open and right before the first byte. Never rejects. */
  run(request: WebRequest, mayLeave: () => boolean): Promise<Exchange> {
    return this.#run(request.url, (socket, running) => {
      if (!mayLeave()) return running.end({ kind: 'withheld' })
      running.hasLeft = true
      write(request, socket, running)
    })
  }

  /** Whether a connection can be opened: null, or what stands in its way. Sends nothing. */
  async probe(url: URL): Promise<string | null> {
    const exchange = await this.#run(url, (_socket, running) => running.end({ kind: 'withheld' }))
    return exchange.kind === 'never_left' ? exchange.code : null
  }

  /** Ends all that is open. */
  stop(): void {
    this.#stopped = true
    for (const running of this.#running) running.end(ending(running, 'stopped'))
  }

  #run(url: URL, onceOpen: (socket: Socket, running: Running) => void): Promise<Exchange> {
    if (this.#stopped) return Promise.resolve({ kind: 'never_left', code: 'stopped' })
    return new Promise((resolve) => {
      const socket = open(url)
      const timer = this.#clock.setTimer(this.#withinMs, () =>
        running.end(ending(running, running.hasLeft ? 'no_answer' : 'connect_timeout')),
      )
      const running: Running = {
        hasLeft: false,
        isAnswered: false,
        end: (exchange) => {
          if (!this.#running.delete(running)) return
          timer.cancel()
          socket.destroy()
          resolve(exchange)
        },
      }
      this.#running.add(running)
      // Stays for ever: a socket may fail again after it was given up.
      socket.on('error', (error) => running.end(ending(running, codeOf(error))))
      socket.on('close', () => running.isAnswered || running.end(ending(running, 'cut')))
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => onceOpen(socket, running))
    })
  }
}

const ending = ({ hasLeft }: Running, code: string): Exchange => ({ kind: hasLeft ? 'lost' : 'never_left', code })

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'failed'
}

function open(url: URL): Socket {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol !== 'https:') return connectTcp({ host, port: Number(url.port || 80) })
  const name = isIP(host) ? {} : { servername: host }
  return connectTls({ host, port: Number(url.port || 443), ...name, ALPNProtocols: ['http/1.1'] })
}

function write(request: WebRequest, socket: Socket, running: Running): void {
  const { method, url, headers, body } = request
  const bytes = request.bytes ?? Buffer.from(body ?? '')
  const hasBody = body !== undefined || request.bytes !== undefined
  const length = hasBody ? { 'content-length': String(bytes.length) } : {}
  let sending: ClientRequest
  try {
    sending = httpRequest({
      createConnection: () => socket,
      method,
      path: url.pathname + url.search,
      headers: { ...headers, host: url.host, connection: 'close', ...length },
      maxHeaderSize: HEADER_BYTES_MAX,
    })
  } catch (error) {
    running.hasLeft = false // refused before anything was written: a header that cannot be one
    return running.end({ kind: 'never_left', code: error instanceof Error ? codeOf(error) : 'failed' })
  }
  sending.on('error', (error) => running.end({ kind: 'lost', code: codeOf(error) }))
  sending.on('response', (answer) => read(answer, running))
  sending.end(bytes)
}

function read(answer: IncomingMessage, running: Running): void {
  const chunks: Buffer[] = []
  let bytes = 0
  running.isAnswered = true
  answer.on('error', (error) => running.end({ kind: 'lost', code: codeOf(error) }))
  answer.on('close', () => running.end({ kind: 'lost', code: 'cut' }))
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > ANSWER_BYTES_MAX) running.end({ kind: 'lost', code: 'too_large' })
    else chunks.push(chunk)
  })
  answer.on('end', () => {
    if (!answer.complete) return running.end({ kind: 'lost', code: 'cut' })
    const isPlain = (answer.headers['content-encoding'] ?? 'identity') === 'identity'
    const text = isPlain ? Buffer.concat(chunks).toString('utf8') : null
    running.end({ kind: 'answered', status: answer.statusCode ?? 0, headers: answer.headers, text })
  })
}

const WHY: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'its name is not known',
  EAI_AGAIN: 'its name could not be looked up',
  connect_timeout: 'it does not answer',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by nobody',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by nobody that this machine trusts',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by nobody that this machine trusts',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  EPROTO: 'it does not speak TLS',
  no_answer: 'it did not answer in time',
  cut: 'it closed the connection',
  ECONNRESET: 'it closed the connection',
  too_large: 'its answer is longer than 1 MiB',
  stopped: 'the provider was stopped',
}

/** For people: the end of *It cannot be reached: …*. */
export function whyOf(code: string): string {
  const why = WHY[code] ?? (code.startsWith('HPE_') ? 'its answer is no HTTP' : undefined)
  return why ? `${why} (${code})` : code
}
