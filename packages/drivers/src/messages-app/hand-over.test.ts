/** Proves: what an osascript that has ended says of the send is one of three things, and never too much (MACOS 1.4). */
import { describe, expect, test } from 'vitest'
import { appleErrorNumber } from './apple-error.ts'
import { disposition } from './hand-over.ts'

const ended = (stderr: string, code: number | null = 1) =>
  disposition({ kind: 'ended', code, signal: code === null ? 'SIGKILL' : null, stdout: '', stderr })

test('exit 0: accepted, which is no more than that', () => {
  expect(ended('', 0)).toEqual({ kind: 'accepted' })
})

describe('refused before anything was sent', () => {
  test.each([
    [-1743, 'automation_denied'],
    [-1744, 'automation_denied'],
    [-1728, 'target_not_found'],
    [-1719, 'service_unavailable'],
    [-2753, 'service_unavailable'],
    [-1700, 'bad_target'],
    [-1708, 'bad_target'],
    [-2740, 'messages_missing'],
    [-2741, 'messages_missing'],
    [-600, 'messages_not_running'],
    [-10004, 'no_gui_session'],
    [-10810, 'no_gui_session'],
    [-10827, 'no_gui_session'],
  ])('%i: %s', (number, reason) => {
    const said = ended(`120:155: execution error: Messages got an error: Can’t get chat id "x". (${number})\n`)
    expect(said).toEqual({ kind: 'not_started', reason, number })
  })
})

describe('perhaps carried out', () => {
  test.each([-1712, -609, 1002, -50, -1])('%i', (number) => {
    expect(ended(`execution error: … (${number})`)).toEqual({
      kind: 'may_have_completed',
      reason: `apple_event_${Math.abs(number)}`,
    })
  })

  test('killed, or no number at all', () => {
    expect(ended('', null)).toEqual({ kind: 'may_have_completed', reason: 'osascript_failed' })
    expect(ended('Segmentation fault')).toEqual({ kind: 'may_have_completed', reason: 'osascript_failed' })
    expect(disposition({ kind: 'timed_out', stdout: '', stderr: '' })).toMatchObject({ kind: 'may_have_completed' })
  })
})

test('an osascript that is not there was not started', () => {
  expect(disposition({ kind: 'not_started', code: 'ENOENT' })).toMatchObject({ kind: 'not_started' })
})

test.each([
  ['Messages a reçu une erreur : impossible d’obtenir «chat id "(-1712)"». (-1728)', -1728],
  ['“信息”遇到一个错误：不能获得“chat id "x"”。 (-1728)\n', -1728],
  ['no number', null],
  ['(12345678)', null],
])('the last number in parentheses counts, in every language: %s', (stderr, number) => {
  expect(appleErrorNumber(stderr)).toBe(number)
})
