/** Proves: the row of a send is found by recipient and text, and nothing else is taken for it (MACOS 2.5, 1.3). */
import { describe, expect, test } from 'vitest'
import { row } from '../../test/messages-app/row.ts'
import type { MessageRow } from './message-row.ts'
import { canonicalAddress, matchRow } from './row-match.ts'

const TO = '+14155552671'
const GROUP = 'iMessage;+;chat123'
const noFile = () => false

function match(rows: MessageRow[], { to = TO } = {}) {
  const found = matchRow({ to, body: 'hello' }, rows, noFile)
  return found.kind === 'several' ? found.rows.map((r) => r.rowid) : found.kind
}

const groupChat = (guid: string) => ({ guid, identifier: 'chat123', isGroup: true })

describe('a text to one person', () => {
  test.each<[string, Partial<MessageRow>, string]>([
    ['its row', {}, 'row'],
    ['quotes made round', { body: 'hello' }, 'row'],
    ['another text', { body: 'hello you' }, 'none'],
    ['no text that can be read', { body: null }, 'none'],
    ['a tapback', { associatedType: 2000 }, 'none'],
    ['a change of a group', { itemType: 1 }, 'none'],
    ['one that waits for its time (Send Later)', { isScheduled: true }, 'none'],
    ['not joined to a chat yet, known by its handle', { chat: null }, 'row'],
    ['not joined, no handle', { chat: null, handle: null }, 'none'],
    ['by the `any` chat of macOS 26', { chat: { guid: `any;-;${TO}`, identifier: TO, isGroup: false } }, 'row'],
    ['the same words to somebody else', other('+14155550000'), 'misrouted'],
    ['the same words in a group with them', { chat: groupChat(GROUP) }, 'misrouted'],
    [
      'a ghost row: no text, no chat, the target as its handle',
      { body: '', chat: null, handle: TO, service: 'SMS' },
      'ghost',
    ],
  ])('%s', (_title, more, kind) => {
    expect(match([row(more)])).toBe(kind)
  })

  test.each([
    [`He said "it's on" -- now`, 'He said “it’s on” — now'],
    ['  spaced ', 'spaced'],
    ['e\u0301', '\u00e9'],
    ['❤', '❤\ufe0f'],
    ['a\r\nb', 'a\nb'],
  ])('as Messages may change it: %j', (sent, found) => {
    expect(matchRow({ to: TO, body: sent }, [row({ body: found })], noFile).kind).toBe('row')
  })

  test('two that could be it: both are kept, the lowest first', () => {
    expect(match([row({ rowid: 12 }), row({ rowid: 14, guid: 'ROW-14' })])).toEqual([12, 14])
  })

  test('its own row wins over the same words elsewhere', () => {
    expect(match([row(other('+14155550000')), row({ rowid: 13, guid: 'B' })])).toBe('row')
  })
})

describe('a text to a group', () => {
  test.each([
    ['iMessage;+;chat123', 'row'],
    ['any;+;chat123', 'row'],
    ['iMessage;+;chat124', 'misrouted'],
  ])('in the chat %s: %s', (guid, kind) => {
    expect(match([row({ chat: groupChat(guid), handle: null })], { to: GROUP })).toBe(kind)
  })

  test('MACOS 1.3: the ghost row of macOS 26', () => {
    const ghost = row({ body: '', chat: null, handle: 'any;-;chat123', service: 'SMS' })
    expect(match([ghost], { to: GROUP })).toBe('ghost')
  })
})

test('a file is found by its name, not by a text', () => {
  const isFile = (r: MessageRow) => r.rowid === 12
  const rows = [row({ body: '' }), row({ rowid: 12, guid: 'B', body: '' })]
  expect(matchRow({ to: TO, body: null }, rows, isFile)).toMatchObject({ kind: 'row', row: { rowid: 12 } })
})

test.each([
  [' Ann@Example.ORG ', 'ann@example.org'],
  ['+1 (415) 555-2671', '+14155552671'],
])('%j is compared as %j', (address, canonical) => {
  expect(canonicalAddress(address)).toBe(canonical)
})

function other(address: string): Partial<MessageRow> {
  return { handle: address, chat: { guid: `iMessage;-;${address}`, identifier: address, isGroup: false } }
}
