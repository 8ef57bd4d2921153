/** What goes over HTTP: the envelope of BlueBubbles, and the ways of spoiling it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Serve } from './behaviour.ts'

export type Answer = Readonly<{ status: number; body: Readonly<Record<string, unknown>> }>

export function success(data: unknown, metadata?: unknown): Answer {
  const more = metadata === undefined ? {} : { metadata }
  return { status: 200, body: { status: 200, message: 'Success', data, ...more } }
}

export function failure(status: number, type: string, { message, data }: { message: string; data?: unknown }): Answer {
  const more = data === undefined ? {} : { data }
  return { status, body: { status, message: 'The request failed', error: { type, message }, ...more } }
}

export function send(response: ServerResponse, { status, body }: Answer): void {
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(body))
}

/** Half of what was promised, and then the end. */
export function sendHalf(response: ServerResponse, { status, body }: Answer): void {
  const bytes = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length })
  response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy())
}

export function page(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-type': 'text/html' })
  response.end('<!doctype html><title>Not here</title><p>A page for people.')
}

const HUGE = 'x'.repeat(1 << 16)

/** True: the call is done with. */
export function spoil(
  how: Serve['how'],
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): boolean {
  switch (how) {
    case 'page':
      page(response, 200)
      return true
    case 'redirect':
      response.writeHead(302, { location: `https://elsewhere.example${request.url ?? ''}` }).end()
      return true
    case 'huge':
      response.writeHead(200, { 'content-type': 'application/json' })
      for (let i = 0; i < 40; i++) response.write(HUGE)
      response.end()
      return true
    case 'silent':
      return true
    case 'cut':
      response.destroy()
      return true
    case 'garbage':
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(`{"status":200,"message":"x","data":${'['.repeat(5_000)}`)
      return true
    case 'error_500':
      send(response, failure(500, 'Server Error', { message: 'SQLITE_BUSY: database is locked' }))
      return true
    case 'slow':
      return false
    default:
      return how satisfies never
  }
}
