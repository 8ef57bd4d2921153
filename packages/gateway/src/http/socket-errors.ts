/** Requests that break before they are one: still a JSON answer, written to the bare socket. */
import type { Socket } from 'node:net'
import { STATUS_CODES } from 'node:http'
import { BluewireError } from '@bluewire/contract/errors'
import { errorAnswer } from './errors.ts'
import type { HttpDeps } from './http-deps.ts'

type ClientError = Error & { code?: string }

/** Answers, and closes: after a request that could not be read, nothing on the connection can be trusted. */
export function answerSocketError(
  deps: Pick<HttpDeps, 'clock' | 'ulid' | 'options'>,
  error: ClientError,
  socket: Socket,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, headers, body } = errorAnswer(meaningOf(error), {
    stamp: { requestId: `req_${deps.ulid()}`, nowMs: deps.clock.nowMs() },
    publicUrl: deps.options.publicUrl,
    crumbs: null,
    about: {},
  })
  const text = JSON.stringify(body)
  const lines = Object.entries({
    ...headers,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${text}`)
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
