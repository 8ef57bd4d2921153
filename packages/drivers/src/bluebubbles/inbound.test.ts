/**
 * What came in, in the words of the node protocol.
 * Proves: who, where and what of messages, tapbacks, edits and unsends; and what is nothing that a person wrote.
 */
import { describe, expect, it } from 'vitest'
import { editOf, inboundOf } from './inbound.ts'
import { readMessage } from './wire-message.ts'

const TOLD = { lineOf: (service: string) => `line of ${service}`, backfilled: false }

function wire(more: object) {
  const message = readMessage({
    guid: 'A',
    text: 'hello',
    dateCreated: 5,
    handle: { address: '+14155552671', service: 'iMessage' },
    chats: [{ guid: 'iMessage;-;+14155552671', style: 45 }],
    ...more,
  })
  if (message === null) throw new Error('the sample is no message')
  return message
}

const inbound = (more: object) => inboundOf(wire(more), TOLD)

describe('a message', () => {
  it.each<[string, object, object]>([
    [
      'plain',
      {},
      { guid: 'A', line: 'line of imessage', from: '+14155552671', service: 'imessage', body: 'hello', dateMs: 5 },
    ],
    [
      'by SMS',
      { handle: { address: '40404', service: 'SMS' } },
      { from: '40404', service: 'sms', line: 'line of sms' },
    ],
    ['by RCS', { handle: { address: 'a', service: 'RCS' } }, { service: 'sms' }],
    [
      'by a chat `any`: not by its prefix',
      { chats: [{ guid: 'any;-;a' }], handle: { address: 'a', service: 'SMS' } },
      { service: 'sms' },
    ],
    ['without a handle: the chat of two says who', { handle: null }, { from: '+14155552671' }],
    ['with a subject', { subject: 'S' }, { body: 'S\nhello' }],
    ['with a picture in it', { text: '\uFFFChello\uFFFC' }, { body: 'hello' }],
    ['of a picture alone', { text: '\uFFFC', attachments: [{ transferName: 'a.png' }] }, { body: '' }],
    ['of a group', { chats: [{ guid: 'any;+;chat7', style: 43 }] }, { chat: 'any;+;chat7' }],
    ['of a group that is not joined yet', { chats: [], cacheRoomnames: 'chat7' }, { chat: 'iMessage;+;chat7' }],
    [
      'a link that is its own preview',
      { text: 'https://a.example', balloonBundleId: 'URL' },
      { body: 'https://a.example' },
    ],
  ])('%s', (_, more, expected) => {
    expect(inbound(more)).toMatchObject(expected)
  })

  it('has a group only where it is in one', () => {
    expect(inbound({})).not.toHaveProperty('chat')
  })
})

it.each<[string, object]>([
  ['ours', { isFromMe: true }],
  ['a group’s new name', { itemType: 2 }],
  ['a sticker', { associatedMessageGuid: 'p:0/B', associatedMessageType: 'sticker' }],
  ['a vote', { associatedMessageGuid: 'B', associatedMessageType: '4000' }],
  ['a preview without words', { text: null, balloonBundleId: 'URL' }],
  ['unsent before it was seen', { text: null, dateEdited: 9, partCount: 0 }],
  ['of nobody, in a group', { handle: null, chats: [{ guid: 'any;+;chat7', style: 43 }] }],
])('%s is not told', (_, more) => {
  expect(inbound(more)).toBeNull()
})

it('a tapback is about a part of a message, and has no words of its own', () => {
  const tapback = { text: 'Loved “x”', associatedMessageGuid: 'p:1/B', associatedMessageType: '-love' }
  expect(inbound(tapback)).toMatchObject({
    body: '',
    about: { guid: 'B', part: 1, what: 'reaction', reaction: { kind: 'love', removed: true } },
  })
})

describe('a change', () => {
  const edit = (more: object) => editOf(wire(more), TOLD)

  it('of the words', () => {
    expect(edit({ text: 'new', dateEdited: 9 })).toMatchObject({
      guid: 'A:edited:9',
      body: 'new',
      dateMs: 9,
      about: { guid: 'A', what: 'edit' },
    })
  })

  it.each([
    ['no parts', { text: '', partCount: 0, dateEdited: 9 }],
    ['no words', { text: null, dateEdited: 9 }],
    ['a date', { dateRetracted: 9 }],
  ])('that it was unsent, seen by %s', (_, more) => {
    expect(edit(more)).toMatchObject({ guid: 'A:unsent:9', body: '', about: { guid: 'A', what: 'unsend' } })
  })

  it('of a message with a picture is an edit', () => {
    expect(edit({ text: '\uFFFCnew', attachments: [{ transferName: 'a' }], dateEdited: 9 })).toMatchObject({
      body: 'new',
    })
  })

  it('there is none', () => {
    expect(edit({})).toBeNull()
    expect(edit({ isFromMe: true, dateEdited: 9 })).toBeNull()
  })
})
