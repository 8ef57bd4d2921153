/**
 * Words of ours and of imsg.
 * Proves: effects, reactions, addresses, chats and services are the same on both sides, row by row.
 * World: none.
 */
import { describe, expect, it } from 'vitest'
import {
  chatName,
  effectId,
  isGroup,
  isPermissionTrouble,
  plainAddress,
  reactionOf,
  serviceOf,
  targetOf,
} from './imsg-words.ts'

describe('effects', () => {
  it.each([
    ['confetti', 'com.apple.messages.effect.CKConfettiEffect'],
    ['invisible_ink', 'com.apple.MobileSMS.expressivesend.invisibleink'],
    ['slam', 'com.apple.MobileSMS.expressivesend.impact'],
    ['balloons', 'com.apple.messages.effect.CKHappyBirthdayEffect'],
    ['celebration', 'com.apple.messages.effect.CKSparklesEffect'],
    ['toString', null],
    ['', null],
  ])('%s', (word, id) => {
    expect(effectId(word)).toBe(id)
  })
})

describe('reactions', () => {
  it.each([
    ['love', undefined, { kind: 'love' }],
    ['emphasis', undefined, { kind: 'emphasize' }],
    ['emphasize', undefined, { kind: 'emphasize' }],
    ['custom', '🎉', { kind: 'emoji', emoji: '🎉' }],
    ['custom', undefined, { kind: 'emoji' }],
    ['constructor', '🎉', { kind: 'emoji', emoji: '🎉' }],
  ])('%s %s', (type, emoji, reaction) => {
    expect(reactionOf(type, emoji)).toEqual(reaction)
  })

  it('have emojis that fit the wire', () => {
    expect(reactionOf('custom', '🎉'.repeat(100)).emoji).toHaveLength(64)
  })

  it.each([
    ['ABC', { guid: 'ABC', part: 0 }],
    ['p:2/ABC', { guid: 'ABC', part: 2 }],
    ['bp:ABC', { guid: 'ABC', part: 0 }],
    ['p:x/ABC', { guid: 'p:x/ABC', part: 0 }],
    ['p:9999/ABC', { guid: 'p:9999/ABC', part: 0 }],
  ])('of %s', (said, target) => {
    expect(targetOf(said)).toEqual(target)
  })
})

describe('addresses, chats and services', () => {
  it.each([
    ['+1 (415) 555-2671', '+14155552671'],
    ['tel:+14155552671', '+14155552671'],
    ['p:+14155552671', '+14155552671'],
    ['E:Me@Example.com', 'me@example.com'],
    ['mailto:Me@Example.com', 'me@example.com'],
  ])('%s', (said, plain) => {
    expect(plainAddress(said)).toBe(plain)
  })

  it.each([
    ['iMessage;-;+14155552671', '+14155552671'],
    ['any;-;Me@Example.com', 'me@example.com'],
    ['any;+;chat4711', 'chat4711'],
    ['chat4711', 'chat4711'],
  ])('the name of %s', (guid, name) => {
    expect(chatName(guid)).toBe(name)
  })

  it.each([
    ['iMessage', 'imessage'],
    ['iMessageLite', 'imessage'],
    ['SMS;-;+1', 'sms'],
    ['RCS', 'sms'],
    ['rcs', 'sms'],
    ['any;-;+1', null],
    ['', null],
    [null, null],
  ])('the service of %s', (said, service) => {
    expect(serviceOf(said)).toBe(service)
  })

  it('groups are known by their guid', () => {
    expect(['iMessage;+;chat1', 'any;+;chat1', '+14155552671', 'iMessage;-;+1'].map(isGroup)).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  it('a refused permission is known by its number, in any language', () => {
    expect(isPermissionTrouble('Nicht erlaubt. (-1743)')).toBe(true)
    expect(isPermissionTrouble('Not authorized to send Apple events')).toBe(true)
    expect(isPermissionTrouble('timed out')).toBe(false)
    expect(isPermissionTrouble({ detail: '-1743' })).toBe(false)
  })
})
