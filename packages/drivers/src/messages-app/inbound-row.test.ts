/** Proves: what came in is told as what it is, on the line it was sent to; what is no message is not told (MACOS 2.3). */
import { describe, expect, test } from 'vitest'
import { row } from '../../test/messages-app/row.ts'
import { editOf, inboundOf } from './inbound-row.ts'
import { msOf } from './message-row.ts'
import type { MessageRow } from './message-row.ts'

const LINES = ['+15550001111', 'me@example.org']
const SEEN = { lines: LINES, backfilled: false }
const incoming = (more: Partial<MessageRow> = {}) => row({ isFromMe: false, isSent: false, account: null, ...more })
const told = (more: Partial<MessageRow> = {}) => inboundOf(incoming(more), SEEN)

test('a text', () => {
  expect(told()).toEqual({
    guid: 'ROW-11',
    line: '+15550001111',
    from: '+14155552671',
    service: 'imessage',
    body: 'hello',
    dateMs: 1_778_307_200_000,
    backfilled: false,
  })
})

test.each([
  ['E:Me@example.org', 'me@example.org'],
  ['me@example.org', 'me@example.org'],
  ['p:+15550001111', '+15550001111'],
  ['+19998887777', '+15550001111'],
])('sent to %s: on the line %s', (destination, line) => {
  expect(told({ destination })?.line).toBe(line)
})

test.each([
  ['iMessage', 'imessage'],
  ['iMessageLite', 'imessage'],
  ['SMS', 'sms'],
  ['RCS', 'sms'],
  ['rcs', 'sms'],
])('service %s is %s', (service, word) => {
  expect(told({ service })?.service).toBe(word)
})

test('in a group: with the group', () => {
  expect(told({ chat: { guid: 'any;+;chat9', identifier: 'chat9', isGroup: true } })?.chat).toBe('any;+;chat9')
})

test('a text that cannot be read is told without it', () => {
  expect(told({ body: null })?.body).toBe('')
})

test.each<[string, Partial<MessageRow>]>([
  ['our own, also one written on the phone', { isFromMe: true }],
  ['a member added', { itemType: 1 }],
  ['a group renamed', { itemType: 2 }],
  ['Send Later', { isScheduled: true }],
  ['nobody', { handle: null }],
  ['a sticker', { associatedType: 2007, associatedGuid: 'p:0/X' }],
  ['a sticker that was put on a bubble', { associatedType: 1000, associatedGuid: 'p:0/X' }],
  ['a vote', { associatedType: 4000, associatedGuid: 'X' }],
  ['a tapback on nothing', { associatedType: 2001, associatedGuid: null }],
])('not told: %s', (_title, more) => {
  expect(told(more)).toBeNull()
})

describe('tapbacks', () => {
  const KINDS = ['love', 'like', 'dislike', 'laugh', 'emphasize', 'question', 'emoji'] as const
  test.each(KINDS.map((kind, index) => [kind, 2000 + index] as const))(
    '%s is %i, and is taken back by 1000 more',
    (kind, type) => {
      const about = (associatedType: number) =>
        told({ associatedType, associatedGuid: 'p:2/ABC', body: 'Loved “hello”' })
      expect(about(type)).toMatchObject({
        body: '',
        about: { guid: 'ABC', part: 2, what: 'reaction', reaction: { kind, removed: false } },
      })
      expect(about(type + 1000)?.about?.reaction).toEqual({ kind, removed: true })
    },
  )

  test('any emoji, on a balloon', () => {
    const message = told({ associatedType: 2006, associatedGuid: 'bp:ABC', associatedEmoji: '🫠' })
    expect(message?.about).toEqual({
      guid: 'ABC',
      part: 0,
      what: 'reaction',
      reaction: { kind: 'emoji', emoji: '🫠', removed: false },
    })
  })
})

describe('changed by its sender', () => {
  const editedNs = 800_000_000_500_000_000n
  test('edited: the new text, under a guid of its own', () => {
    expect(editOf(incoming({ editedNs, body: 'hello!' }), SEEN)).toMatchObject({
      guid: `ROW-11:edited:${editedNs}`,
      body: 'hello!',
      dateMs: msOf(editedNs),
      about: { guid: 'ROW-11', part: 0, what: 'edit' },
    })
  })

  test.each([{ isEmpty: true }, { body: '' }])('unsent: %j', (more) => {
    expect(editOf(incoming({ editedNs, ...more }), SEEN)).toMatchObject({ body: '', about: { what: 'unsend' } })
  })

  test('not changed', () => {
    expect(editOf(incoming(), SEEN)).toBeNull()
  })
})
