/** How bodies are read: JSON and forms, nothing else. Both must be UTF-8: a text is never silently changed. */
import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { BluewireError } from '@bluewire/contract/errors'
import type { FastifyInstance } from 'fastify'
import { readForm } from './form-fields.ts'
import { jsonErrorAt } from './json-error-position.ts'

export function addBodyParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, body, done) =>
    parse(request.headers, () => readJson(body), done),
  )
  app.addContentTypeParser<Buffer>('application/x-www-form-urlencoded', { parseAs: 'buffer' }, (request, body, done) =>
    parse(request.headers, () => readForm(body.toString('latin1')), done),
  )
}

/** Compressed bodies, and letters that are not UTF-8, would be read as something else than what was written. */
function refuseUnreadable(headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (encoding !== 'identity') {
    throw new BluewireError(
      'unsupported_media_type',
      `A body with the Content-Encoding ${JSON.stringify(encoding.slice(0, 40))} is not read. Send it without one.`,
    )
  }
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(headers['content-type'] ?? '')?.[1]?.toLowerCase() ?? 'utf-8'
  if (charset === 'utf-8' || charset === 'utf8' || charset === 'us-ascii') return
  throw new BluewireError(
    'unsupported_media_type',
    `A body in the charset ${JSON.stringify(charset.slice(0, 40))} is not read. Send UTF-8.`,
  )
}

function parse(
  headers: IncomingHttpHeaders,
  read: () => unknown,
  done: (error: Error | null, body?: unknown) => void,
): void {
  let body: unknown
  try {
    refuseUnreadable(headers)
    body = read()
  } catch (error) {
    done(error instanceof Error ? error : new Error(String(error)))
    return
  }
  done(null, body)
}

/** An empty body is `undefined`: clients send the JSON content type with one. */
export function readJson(body: Buffer): unknown {
  if (body.length === 0) return undefined
  if (!isUtf8(body)) throw new BluewireError('bad_json', 'The body is not UTF-8, and JSON always is.')
  const text = body.toString('utf8').replace(/^\ufeff/, '')
  try {
    return JSON.parse(text)
  } catch (error) {
    const { position, line, column } = jsonErrorAt(text, error instanceof Error ? error.message : '')
    throw new BluewireError(
      'bad_json',
      `The body is not JSON: it goes wrong at line ${line}, column ${column} (position ${position}).`,
      { cause: error },
    )
  }
}
