/**
 * Which message is this send?
 * Proves: only a later one of ours, to them, with the same words or the same file; two that could be it are not one; what BlueBubbles itself
 * takes for equal is not.
 */
import { describe, expect, it } from 'vitest'
import { matchOf, sameText } from './row-match.ts'
import type { Sought } from './row-match.ts'
import { readMessage } from './wire-message.ts'
import type { WireMessage } from './wire-message.ts'

const NOW = 1_790_000_000_000
const TO = '+14155552671'

const SOUGHT: Sought = { to: TO, body: 'hello', file: null, afterRow: 100, afterMs: NOW }

function row(more: Readonly<Record<string, unknown>> = {}): WireMessage {
  const message = readMessage({
    originalROWID: 101,
    guid: 'A',
    text: 'hello',
    isFromMe: true,
    dateCreated: NOW + 100,
    handle: { address: TO, service: 'iMessage' },
    chats: [{ guid: `iMessage;-;${TO}`, style: 45 }],
    ...more,
  })
  if (message === null) throw new Error('the sample is no message')
  return message
}

const kindOf = (sought: Sought, ...rows: WireMessage[]) => matchOf(sought, rows).kind

describe('it is', () => {
  it.each([
    ['as it was sent', {}],
    ['in a chat of macOS 26', { chats: [{ guid: `any;-;${TO}`, style: 45 }] }],
    ['in a chat of another service, after a downgrade', { chats: [{ guid: `SMS;-;${TO}` }] }],
    ['of a number that is written with marks', { handle: null, chats: [{ guid: 'iMessage;-;+1 (415) 555-2671' }] }],
    ['a moment before the mark: two clocks', { dateCreated: NOW - 2_000 }],
  ])('%s', (_, more) => {
    expect(matchOf(SOUGHT, [row(more)])).toMatchObject({ kind: 'one', message: { guid: 'A' } })
  })
})

describe('it is not', () => {
  it.each([
    ['theirs', { isFromMe: false }],
    ['an earlier row', { originalROWID: 100 }],
    ['an old one that came back under a new number', { dateCreated: NOW - 3_600_000 }],
    ['other words', { text: 'hello!' }],
    ['to somebody else', { handle: { address: '+14155552672' }, chats: [{ guid: 'iMessage;-;+14155552672' }] }],
    ['to a group that they are in', { chats: [{ guid: 'iMessage;+;chat7', style: 43 }] }],
    ['a tapback', { associatedMessageGuid: 'p:0/B', associatedMessageType: 'love' }],
    ['a group’s new name', { itemType: 2 }],
    ['a file with the words', { attachments: [{ transferName: 'hello' }] }],
  ])('%s', (_, more) => {
    expect(kindOf(SOUGHT, row(more))).toBe('none')
  })
})

it('two that could be it are several', () => {
  expect(kindOf(SOUGHT, row(), row({ guid: 'B', originalROWID: 102 }))).toBe('several')
})

it('a group by its id, whatever stands before it', () => {
  const sought = { ...SOUGHT, to: 'iMessage;+;chat77' }
  const inGroup = row({ handle: null, chats: [{ guid: 'any;+;chat77', style: 43 }] })
  expect(kindOf(sought, inGroup)).toBe('one')
  expect(kindOf({ ...SOUGHT, to: 'iMessage;+;chat78' }, inGroup)).toBe('none')
})

it('a file by its name, whose ending Messages may change', () => {
  const sought = { ...SOUGHT, body: null, file: 'Photo 1.heic' }
  expect(kindOf(sought, row({ text: '\uFFFC', attachments: [{ transferName: 'photo 1.jpeg' }] }))).toBe('one')
  expect(kindOf(sought, row({ text: '\uFFFC', attachments: [{ transferName: 'photo 2.jpeg' }] }))).toBe('none')
  expect(kindOf(sought, row({ attachments: [] }))).toBe('none')
})

it('where BlueBubbles tells no numbers, time alone decides', () => {
  const sought = { ...SOUGHT, afterRow: null }
  expect(kindOf(sought, row({ originalROWID: null }))).toBe('one')
  expect(kindOf(sought, row({ originalROWID: null, dateCreated: NOW - 120_000 }))).toBe('none')
})

it('texts are equal as Messages makes them, and no further', () => {
  expect(sameText('“It’s” – here', '"It\'s" -- here')).toBe(true)
  expect(sameText('line\r\nbreak ', 'line\nbreak')).toBe(true)
  expect(sameText('e\u0301', 'é')).toBe(true)
  expect(sameText('☀️', '☀')).toBe(true)
  // All of these are the same to BlueBubbles: nothing.
  const different = ['Привет', 'Пока', '你好', '🦆', '🦢', '!']
  for (const a of different) for (const b of different) expect(sameText(a, b), `${a} ${b}`).toBe(a === b)
})
