/**
 * What BlueBubbles says, read.
 * Proves: a message is read whole where it is whole; what is missing or of another kind is left out, and only what has no guid is no message;
 * no input makes anything throw.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readAliases, readChat, readMessage, readMessages, readServerInfo } from './wire-message.ts'

describe('a message', () => {
  it('is read whole', () => {
    expect(
      readMessage({
        originalROWID: 7,
        guid: 'A',
        text: 'hello',
        handle: { address: '+14155552671', service: 'iMessage', country: 'us' },
        chats: [{ guid: 'iMessage;-;+14155552671', style: 45, participants: [] }],
        attachments: [{ transferName: 'a.png', totalBytes: 4 }],
        error: 22,
        dateCreated: 5,
        isFromMe: true,
        associatedMessageType: 2006,
      }),
    ).toMatchObject({
      originalROWID: 7,
      guid: 'A',
      text: 'hello',
      handle: { address: '+14155552671', service: 'iMessage' },
      chats: [{ guid: 'iMessage;-;+14155552671', style: 45 }],
      attachments: [{ transferName: 'a.png' }],
      error: 22,
      dateCreated: 5,
      dateRead: null,
      isFromMe: true,
      isDelivered: false,
      itemType: 0,
      associatedMessageType: '2006',
    })
  })

  it('is one for its guid alone, whatever else is wrong with it', () => {
    const spoiled = {
      guid: 'A',
      handle: 'x',
      chats: [{ style: 1 }, { guid: 'c' }],
      attachments: 3,
      error: '22',
      isFromMe: 1,
    }
    expect(readMessage(spoiled)).toMatchObject({
      guid: 'A',
      handle: null,
      chats: [{ guid: 'c', style: 0 }],
      attachments: [],
      error: 0,
      isFromMe: false,
    })
    expect(readMessage({ text: 'no guid' })).toBeNull()
    expect(readMessages([{ guid: 'A' }, 5, null, { guid: '' }])).toHaveLength(1)
    expect(readMessages({})).toBeNull()
  })
})

it('a chat, with the message it was made with or its last one', () => {
  expect(readChat({ guid: 'c' })).toEqual({ guid: 'c', messages: [], lastMessage: null })
  expect(readChat({ guid: 'c', messages: [{ guid: 'A' }], lastMessage: { guid: 'B' } })).toMatchObject({
    messages: [{ guid: 'A' }],
    lastMessage: { guid: 'B' },
  })
  expect(readChat({ style: 45 })).toBeNull()
})

it('what server/info says; an answer without a version is none', () => {
  const info = {
    server_version: '1.9',
    os_version: '15.1',
    private_api: true,
    helper_connected: false,
    detected_imessage: null,
  }
  expect(readServerInfo(info)).toEqual(info)
  expect(readServerInfo({ server_version: 3 })).toMatchObject({ server_version: '?', private_api: false })
  expect([readServerInfo('pong'), readServerInfo(null), readServerInfo({ status: 200 })]).toEqual([null, null, null])
})

it('addresses of the account count where they are registered', () => {
  const aliases = [{ Alias: 'a', Status: 3 }, { Alias: 'b', Status: 0 }, { Alias: 'c' }, 'd']
  expect(readAliases({ vetted_aliases: aliases })).toEqual(['a', 'c'])
  expect(readAliases(null)).toEqual([])
})

it('nothing throws on any JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      for (const read of [readMessage, readMessages, readChat, readServerInfo, readAliases]) read(json)
    }),
  )
})
