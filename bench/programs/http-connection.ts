/** One keep-alive connection that sends prepared requests and reads just enough of each answer: a client that costs little. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'

const HEAD_END = Buffer.from('\r\n\r\n')
const STATUS_AT = 'HTTP/1.1 '.length

/** `body` makes a text of it, for those who look: most answers are just counted. */
export type OnAnswer = (status: number, body: () => string) => void

export class HttpConnection {
  readonly #socket: Socket
  readonly #opened: Promise<void>
  #received: Buffer | null = null
  #onAnswer: OnAnswer | null = null
  #onError: (error: Error) => void = () => undefined

  constructor(url: URL) {
    this.#socket = connect(Number(url.port), url.hostname)
    this.#socket.setNoDelay(true)
    this.#opened = new Promise((resolve, reject) => {
      this.#socket.once('connect', resolve)
      this.#socket.once('error', reject)
    })
    this.#socket.on('data', (chunk) => this.#take(chunk))
    this.#socket.on('error', (error) => this.#onError(error))
    this.#socket.on('close', () => {
      if (this.#onAnswer !== null) this.#onError(new Error('the server closed a connection that waited for its answer'))
    })
  }

  opened(onError: (error: Error) => void): Promise<void> {
    this.#onError = onError
    return this.#opened
  }

  /** Only when the answer before has come. */
  send(request: string, onAnswer: OnAnswer): void {
    this.#onAnswer = onAnswer
    this.#socket.write(request, 'latin1')
  }

  close(): void {
    this.#onAnswer = null
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    const received = this.#received === null ? chunk : Buffer.concat([this.#received, chunk])
    const headEnd = received.indexOf(HEAD_END)
    const bytes = headEnd === -1 ? Infinity : headEnd + HEAD_END.length + contentLength(received, headEnd)
    if (received.length < bytes) {
      this.#received = received
      return
    }
    this.#received = null
    const answered = this.#onAnswer
    this.#onAnswer = null
    const status = Number(received.toString('latin1', STATUS_AT, STATUS_AT + 3))
    answered?.(status, () => received.toString('utf8', headEnd + HEAD_END.length))
  }
}

function contentLength(received: Buffer, headEnd: number): number {
  const head = received.toString('latin1', 0, headEnd).toLowerCase()
  const at = head.indexOf('content-length:')
  if (at === -1) throw new Error('an answer has no Content-Length')
  return Number.parseInt(head.slice(at + 'content-length:'.length), 10)
}
