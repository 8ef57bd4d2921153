/**
 * The settings in node.json.
 * Proves: little has to be said; what cannot work is refused in a sentence that names it and quotes no secret.
 */
import { describe, expect, it } from 'vitest'
import { parseSettings } from './bluebubbles-settings.ts'

const LINES = [{ address: '+15005550001', services: ['imessage', 'sms'] }]

it('a line is enough to begin with', () => {
  expect(parseSettings({ lines: LINES })).toMatchObject({
    url: 'http://127.0.0.1:1234',
    password: '',
    method: 'auto',
    timings: { text: 170_000 },
  })
})

describe('refused', () => {
  it.each<[string, object, RegExp]>([
    ['no line', {}, /lines/],
    ['an address that is none', { lines: LINES, url: 'mac.local' }, /url: must begin with http/],
    ['another protocol', { lines: LINES, url: 'ws://mac.local' }, /url: must begin with http/],
    ['a password in the address', { lines: LINES, url: 'http://mac/?password=secret' }, /url: must have no user name/],
    ['a user in the address', { lines: LINES, url: 'http://me:secret@mac/' }, /url: must have no user name/],
    [
      'two lines for one service',
      { lines: [...LINES, { address: 'a@b.example', services: ['imessage'] }] },
      /lines: must name each service once/,
    ],
    ['a word that is none', { lines: LINES, passwort: 'secret' }, /passwort/],
    ['another method', { lines: LINES, method: 'carrier-pigeon' }, /method/],
  ])('%s', (_, settings, says) => {
    expect(() => parseSettings(settings)).toThrow(says)
    expect(() => parseSettings(settings)).not.toThrow(/secret/)
  })
})
