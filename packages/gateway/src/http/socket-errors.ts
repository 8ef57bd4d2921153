/** Requests that break before they are one: still a JSON answer, written to the bare socket. */
import type { Socket } from 'node:net'
import { STATUS_CODES } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { BluewireError } from '@bluewire/contract/errors'
import { errorAnswer } from './errors.ts'
import type { HttpDeps } from './http-deps.ts'

type ClientError = Error & { code?: string }
type Deps = Pick<HttpDeps, 'clock' | 'ulid' | 'options'>

/**
 * Requests that came before on the same connection and are still being answered. What is wrong after them must not take their answers
 * away: a caller who reads *nothing was accepted* instead would send again what went out.
 */
export class OpenAnswers {
  readonly #open = new WeakMap<Socket, number>()
  readonly #whenDone = new WeakMap<Socket, () => void>()

  watch(server: Server): void {
    server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      this.#open.set(socket, this.#count(socket) + 1)
      response.once('close', () => {
        this.#open.set(socket, this.#count(socket) - 1)
        if (this.#count(socket) === 0) this.#whenDone.get(socket)?.()
      })
    })
  }

  /** Calls `then` once, when nothing of the connection is open any more. */
  after(socket: Socket, then: () => void): void {
    if (this.#count(socket) === 0) then()
    else this.#whenDone.set(socket, then)
  }

  #count(socket: Socket): number {
    return this.#open.get(socket) ?? 0
  }
}

/** Answers, and closes: after a request that could not be read, nothing on the connection can be trusted. */
export function answerSocketError(deps: Deps & { open: OpenAnswers }, error: ClientError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  deps.open.after(socket, () => answerAndClose(deps, error, socket))
}

function answerAndClose(deps: Deps, error: ClientError, socket: Socket): void {
  if (!socket.writable) return
  const { status, headers, text } = rawAnswer(deps, meaningOf(error))
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${text}`)
}

/** `Expect:` with anything but 100-continue, which Node.js answers by itself with no body. */
export function answerExpectation(deps: Deps, response: ServerResponse): void {
  const error = new BluewireError(
    'bad_request',
    'The request has an Expect header that nothing here can fulfil. Leave it out.',
  )
  const { status, headers, text } = rawAnswer(deps, error)
  response.writeHead(status, headers).end(text)
}

function rawAnswer(
  deps: Deps,
  error: BluewireError,
): { status: number; headers: Record<string, string>; text: string } {
  const { status, headers, body } = errorAnswer(error, {
    stamp: { requestId: `req_${deps.ulid()}`, nowMs: deps.clock.nowMs() },
    publicUrl: deps.options.publicUrl,
    crumbs: null,
    about: {},
  })
  const text = JSON.stringify(body)
  return {
    status,
    text,
    headers: {
      ...headers,
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(text)),
      connection: 'close',
    },
  }
}

function meaningOf(error: ClientError): BluewireError {
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return new BluewireError('headers_too_large', 'The request headers are larger than 16 KiB.')
  }
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new BluewireError('request_timeout', 'The request did not arrive in time. Send it again.')
  }
  return new BluewireError('bad_request', 'The request cannot be read as HTTP.')
}
