/** How bodies are read: JSON and forms, nothing else. Both must be UTF-8: a text is never silently changed. */
import { isUtf8 } from 'node:buffer'
import { BluewireError } from '@bluewire/contract/errors'
import type { FastifyInstance } from 'fastify'
import { readForm } from './form-fields.ts'
import { jsonErrorAt } from './json-error-position.ts'

export function addBodyParsers(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    parse(() => readJson(body), done),
  )
  app.addContentTypeParser<Buffer>('application/x-www-form-urlencoded', { parseAs: 'buffer' }, (_request, body, done) =>
    parse(() => readForm(body.toString('latin1')), done),
  )
}

function parse(read: () => unknown, done: (error: Error | null, body?: unknown) => void): void {
  let body: unknown
  try {
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
