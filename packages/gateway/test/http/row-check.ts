/** Compares the answers of a row's requests with what the row says. */
import { errorBody } from '@bluewire/contract/api/error-body'
import { sendTextAnswer } from '@bluewire/contract/api/send-text'
import type { LightMyRequestResponse } from 'fastify'
import { expect } from 'vitest'
import type { HttpWorld } from './http-world.ts'
import type { Row } from './send-text-page.ts'

/** Sends the row's requests. What the row says in prose, it checks itself; the rest is checked here. */
export type RowTest = (world: HttpWorld, row: Row) => Promise<readonly LightMyRequestResponse[]>

export type Body = Readonly<{
  message: string
  message_id?: string
  status?: string
  to?: string
  crumbs?: Readonly<Record<string, unknown>>
  data?: Readonly<{ code?: string; error?: string; fields?: ReadonlyArray<{ field: string; reason: string }> }>
}>

export function bodyOf(response: LightMyRequestResponse): Body {
  return response.json()
}

export function fieldsOf(response: LightMyRequestResponse): string[] {
  return (bodyOf(response).data?.fields ?? []).map((f) => f.field)
}

export function checkRow(row: Row, responses: readonly LightMyRequestResponse[]): void {
  expect(responses.length, 'requests of the row').toBeGreaterThan(0)
  expect([1, responses.length], 'one status for all requests, or one for each').toContain(row.statuses.length)
  responses.forEach((response, i) => checkAnswer(row, response, i))
  if (row.crumbs !== null) for (const response of responses) expect(bodyOf(response).crumbs).toEqual(row.crumbs)
  const named = new Set(responses.flatMap(fieldsOf))
  for (const field of row.fields) expect([...named], `${row.id} names ${field}`).toContain(field)
}

function checkAnswer(row: Row, response: LightMyRequestResponse, i: number): void {
  const status = row.statuses[row.statuses.length === 1 ? 0 : i]
  const word = row.words[row.words.length === 1 ? 0 : i]
  const body = bodyOf(response)
  expect(response.statusCode, `${row.id}: ${response.payload}`).toBe(status)
  expect(response.headers['content-type']).toBe('application/json; charset=utf-8')
  if (row.status !== null) expect(body.status).toBe(row.status)
  if (row.type !== null) expect(body.crumbs?.['type']).toBe(row.type)
  if (response.statusCode === 200) {
    expect(sendTextAnswer.safeParse(body).error).toBeUndefined()
    if (word !== undefined && !row.id.startsWith('B')) expect(body.message).toMatch(promised(word))
    return
  }
  expect(errorBody.safeParse(body).error).toBeUndefined()
  if (row.id.startsWith('B')) return // the table's own test compares the word with the fixture, too
  if (row.status === null) expect(body.data?.code).toBe(word)
  else expect(body.message).toMatch(promised(word ?? ''))
}

/** A printed message with its examples of a count and of times made general; addresses and names stay exact. */
function promised(message: string): RegExp {
  const source = message
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace('37 messages', '\\d+ messages')
    .replace('1 try', '(?:1 try|\\d tries)')
    .replace('12:04:05Z', '\\d\\d:\\d\\d:\\d\\dZ')
    .replace('12:04Z', '\\d\\d:\\d\\dZ')
  return new RegExp(`^${source}$`)
}
