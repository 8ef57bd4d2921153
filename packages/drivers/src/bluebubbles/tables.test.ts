/**
 * What an answer, a row and a word mean.
 * Proves: only what shows that nothing was handed over is `not_sent`; only is_sent with no error, or an arrival, is `sent`; only error 22 of an
 * iMessage refuses; every word of the API that can be said to BlueBubbles is.
 */
import { describe, expect, it } from 'vitest'
import { answerOf } from './api.ts'
import type { Answer } from './api.ts'
import { chatGuids } from './chat-target.ts'
import { multipart } from './multipart.ts'
import { outcomeOf, rowState } from './row-state.ts'
import { readSendAnswer } from './send-answer.ts'
import { readMessage } from './wire-message.ts'
import { effectId, reactionWord, readReaction, readTarget } from './words.ts'

const refused = (status: number, message = 'no', data: unknown = null): Answer => ({
  kind: 'refused',
  status,
  message,
  data,
})
const foreign = (status: number, to: string | null = null): Answer => ({ kind: 'foreign', status, to })
const ok = (data: unknown): Answer => ({ kind: 'ok', data, total: null, atMs: null })

describe('the answer to a send', () => {
  it.each<[string, Answer]>([
    ['nothing left', { kind: 'never_left', code: 'ECONNREFUSED' }],
    ['its validation says no', refused(400, 'Validation Error The chatGuid field is required.')],
    ['the password is wrong', refused(401)],
    ['somebody in front of it says no', foreign(401)],
    ['it is not there', foreign(404)],
    ['somebody counts', foreign(429)],
    ['too long', foreign(413)],
    ['a redirect', foreign(302, 'https://elsewhere.example')],
  ])('proves that nothing was handed over: %s', (_, answer) => {
    expect(readSendAnswer(answer)).toMatchObject({
      kind: 'not_sent',
      outcome: { kind: 'not_sent', class: 'never_handed' },
    })
  })

  it.each<[string, Answer, boolean]>([
    ['the time ran out', { kind: 'lost', code: 'no_answer' }, false],
    ['it was cut', { kind: 'lost', code: 'cut' }, false],
    ['504', refused(504), false],
    ['502 of a proxy', foreign(502), false],
    ['503 of a proxy', foreign(503), false],
    ['a page', foreign(200), false],
    ['500 without a message', refused(500), true],
    ['200 without a message', ok(null), true],
    ['the same request twice', refused(400, 'Message is already queued to be sent! (Temp GUID: x)'), false],
  ])('proves nothing: %s', (_, answer, isOver) => {
    expect(readSendAnswer(answer)).toMatchObject({ kind: 'look', isOver })
  })

  it('names the message, also where it failed, and of a new chat its first', () => {
    const message = { guid: 'A', isFromMe: true }
    expect(readSendAnswer(ok(message))).toEqual({ kind: 'row', guid: 'A' })
    expect(readSendAnswer(refused(500, 'Message sent with an error', { ...message, error: 22 }))).toEqual({
      kind: 'row',
      guid: 'A',
    })
    expect(readSendAnswer(ok({ guid: 'iMessage;-;x', messages: [message] }))).toEqual({ kind: 'row', guid: 'A' })
    expect(readSendAnswer(ok({ guid: 'iMessage;-;x', chatIdentifier: 'x' }))).toMatchObject({ kind: 'look' })
  })

  it('is BlueBubbles’ own only in its envelope', () => {
    const answered = (status: number, text: string | null, headers = {}) =>
      answerOf({ kind: 'answered', status, headers, text }, 'http://mac:1234')
    expect(answered(200, '{"status":200,"message":"Success","data":1,"metadata":{"total":9}}')).toMatchObject({
      kind: 'ok',
      data: 1,
      total: 9,
    })
    expect(answered(201, '{"status":201,"message":"No Data"}')).toMatchObject({ kind: 'ok', data: null })
    expect(answered(500, '{"status":500,"message":"a","error":{"type":"x","error":"b"}}')).toMatchObject({
      kind: 'refused',
      message: 'a b',
    })
    for (const text of ['<html>', '', '[]', 'null', '{"status":"200"}', '{"ok":true}', null])
      expect(answered(200, text).kind, String(text)).toBe('foreign')
    expect(answered(302, '', { location: '/x?password=secret' })).toEqual({
      kind: 'foreign',
      status: 302,
      to: 'http://mac:1234',
    })
    expect(answered(302, '', { location: 'https://a.example/x?password=secret' })).toMatchObject({
      to: 'https://a.example',
    })
  })
})

describe('a row', () => {
  const state = (more: object, isSent: boolean | null = false, isText: boolean | null = null) => {
    const message = readMessage({ guid: 'A', handle: { address: 'a', service: 'iMessage' }, ...more })
    if (message === null) throw new Error('the sample is no message')
    return rowState({ message, isSent, isText }, 'imessage')
  }

  it.each<[string, { more: object; isSent: boolean | null }, object]>([
    ['nothing is known', { more: {}, isSent: false }, { kind: 'sending' }],
    ['it cannot be asked, and nothing arrived', { more: {}, isSent: null }, { kind: 'sending' }],
    ['is_sent', { more: {}, isSent: true }, { kind: 'sent', asSms: false }],
    ['it arrived', { more: { dateDelivered: 5 }, isSent: null }, { kind: 'sent', asSms: false }],
    ['it arrived, without a date', { more: { isDelivered: true }, isSent: false }, { kind: 'sent', asSms: false }],
    ['it was read', { more: { dateRead: 5 }, isSent: null }, { kind: 'sent', asSms: false }],
    ['error 22', { more: { error: 22 }, isSent: false }, { kind: 'not_on_imessage' }],
    [
      'error 22, and a text message by now',
      { more: { error: 22, handle: { address: 'a', service: 'SMS' } }, isSent: false },
      { kind: 'error', code: 22 },
    ],
    ['another error, even though it says sent', { more: { error: 4 }, isSent: true }, { kind: 'error', code: 4 }],
    [
      'sent as a text message',
      { more: { handle: { address: 'a', service: 'SMS' } }, isSent: true },
      { kind: 'sent', asSms: true },
    ],
    [
      'sent in a chat for text messages',
      { more: { handle: null, chats: [{ guid: 'SMS;-;a' }] }, isSent: true },
      { kind: 'sent', asSms: true },
    ],
  ])('%s', (_, { more, isSent }, expected) => {
    expect(state(more, isSent)).toEqual(expected)
  })

  it('was downgraded, though nothing shows it', () => {
    expect(state({}, true, true)).toEqual({ kind: 'sent', asSms: true })
  })

  it('only a firm state has an outcome', () => {
    expect(outcomeOf({ kind: 'sending' }, 'A')).toBeNull()
    expect(outcomeOf({ kind: 'sent', asSms: true }, 'A')).toEqual({
      kind: 'sent',
      rowGuids: ['A'],
      wasDowngraded: true,
    })
    expect(outcomeOf({ kind: 'not_on_imessage' }, 'A')).toMatchObject({ kind: 'not_sent', class: 'refused' })
    for (const code of [1, 3, 4, 6, 25, 40, 99])
      expect(outcomeOf({ kind: 'error', code }, 'A')).toMatchObject({ kind: 'unknown', reason: `apple_error_${code}` })
  })
})

describe('words', () => {
  it('of effects, each as Messages calls it', () => {
    const words =
      'slam loud gentle invisible_ink echo spotlight balloons confetti love lasers fireworks celebration shooting_star'
    for (const word of words.split(' ')) expect(effectId(word), word).toMatch(/^com\.apple\./)
    expect([effectId('toString'), effectId('CONFETTI'), effectId('')]).toEqual([null, null, null])
  })

  it('of reactions, both ways', () => {
    expect(reactionWord('emphasize', true)).toBe('emphasize')
    expect(reactionWord('love', false)).toBe('-love')
    expect(reactionWord('emoji', true)).toBeNull()
    expect(readReaction('love')).toEqual({ kind: 'love', removed: false })
    expect(readReaction('-question')).toEqual({ kind: 'question', removed: true })
    expect(readReaction('3006')).toEqual({ kind: 'emoji', removed: true })
    for (const other of ['sticker', '1000', 'emoji', '-emoji', '', '-', 'constructor', '4000'])
      expect(readReaction(other), other).toBeNull()
  })

  it('of what a reaction is about', () => {
    expect(readTarget('p:2/ABC')).toEqual({ guid: 'ABC', part: 2 })
    expect(readTarget('bp:ABC')).toEqual({ guid: 'ABC', part: 0 })
    expect(readTarget('ABC')).toEqual({ guid: 'ABC', part: 0 })
  })

  it('of chats, the likeliest first', () => {
    expect(chatGuids('+1 415 555 2671', 'imessage')).toEqual(['iMessage;-;+14155552671', 'any;-;+14155552671'])
    expect(chatGuids('Ann@Example.com', 'sms')).toEqual(['SMS;-;ann@example.com', 'any;-;ann@example.com'])
    expect(chatGuids('iMessage;+;chat7', 'imessage')).toEqual(['iMessage;+;chat7', 'any;+;chat7'])
  })
})

it('a form, as the platform’s own parser reads it', async () => {
  const bytes = new Uint8Array([0, 13, 10, 45, 45, 255])
  const name = 'a "quoted"\r\nname — ü.png'
  const form = multipart({ chatGuid: 'iMessage;-;+1', name }, { field: 'attachment', name, bytes })
  const read = await new Response(new Uint8Array(form.bytes), { headers: { 'content-type': form.type } }).formData()
  expect([read.get('chatGuid'), read.get('name')]).toEqual(['iMessage;-;+1', name])
  const file = read.get('attachment')
  if (!(file instanceof File)) throw new Error('there is no file')
  expect(file.name).toBe(name)
  expect(new Uint8Array(await file.arrayBuffer())).toEqual(bytes)
})
