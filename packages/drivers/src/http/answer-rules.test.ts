/**
 * What answers of an HTTP SMS API mean.
 * Proves: each row of the table; no answer at all makes a message `sent` or `not_sent` that no rule covers; nothing throws on any bytes.
 * World: pure functions.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { idInRecord, readAnswer } from './answer-rules.ts'
import type { Answer } from './answer-rules.ts'
import { httpSettings } from './http-settings.ts'
import { check, parseCondition, parseJson, textAt, valueAt } from '../web/json-path.ts'
import { retryAfterMs } from '../web/retry-after.ts'

const NOW = Date.UTC(2026, 10, 5)

function read(rules: Record<string, unknown>, answer: Partial<Answer> & { json?: unknown }) {
  const { json, ...rest } = answer
  const text = json === undefined ? '' : JSON.stringify(json)
  const settings = httpSettings.parse({ url: 'https://sms.example/', ...rules })
  return readAnswer(settings, { status: 200, text, retryAfter: undefined, nowMs: NOW, ...rest })
}

/** Short: `sent id1`, `refused http_400`, `never_handed throttled`, `unknown answer_unreadable`. */
function said(rules: Record<string, unknown>, answer: Partial<Answer> & { json?: unknown }): string {
  const { outcome, account } = read(rules, answer)
  if (outcome.kind === 'sent') return ['sent', ...outcome.refs].join(' ')
  const words = outcome.kind === 'unknown' ? ['unknown', outcome.reason] : [outcome.class, outcome.reason]
  return [...words, ...(account === undefined ? [] : ['account'])].join(' ')
}

const ID = { id_path: 'data.0.id' }
const CODES = {
  code_path: 'code',
  codes: { '7': 'opted_out', '8': 'unreachable', '9': 'throttled', '10': 'retry', '11': 'account', '5xx': 'retry' },
}

describe('an answer means', () => {
  it.each([
    ['its id', ID, { json: { data: [{ id: 'a1' }] } }, 'sent a1'],
    [
      'its id as a number beyond a double',
      ID,
      { text: '{"data":[{"id":12345678901234567890}]}' },
      'sent 12345678901234567890',
    ],
    ['no id', ID, { json: { data: [] } }, 'unknown answer_unreadable'],
    ['an id that is none', ID, { json: { data: [{ id: 'a b\n' }] } }, 'unknown answer_unreadable'],
    ['no id, and success said', { ...ID, ok_when: 'ok=true' }, { json: { ok: true } }, 'sent'],
    ['a login page', ID, { text: '<html>Sign in to the hotel</html>' }, 'unknown answer_unreadable'],
    ['nothing is asked of it', {}, { text: 'anything' }, 'sent'],
    ['it is compressed although nobody asked', {}, { text: null }, 'unknown answer_unreadable'],
    ['the value of success', { ok_when: 'status=0|ok' }, { json: { status: 0 } }, 'sent'],
    ['another value', { ok_when: 'status=0|ok' }, { json: { status: 3 } }, 'refused send_refused'],
    ['no value', { ok_when: 'status=0|ok' }, { json: {} }, 'unknown answer_unreadable'],
    ['a pattern', { ok_pattern: '^OK', id_pattern: 'OK: (\\w+)' }, { text: 'OK: x7' }, 'sent x7'],
    ['no pattern', { ok_pattern: '^OK' }, { text: 'hm' }, 'unknown answer_unreadable'],
    ['an error in it', { error_path: 'error' }, { json: { error: { a: 1 } } }, 'refused send_refused'],
    ['no error in it', { error_path: 'error' }, { json: { error: null } }, 'sent'],
    ['an empty list of errors', { error_path: 'errors' }, { json: { errors: [] } }, 'sent'],
    ['a condition of an error', { error_when: 'success=false' }, { json: { success: false } }, 'refused send_refused'],
    [
      'a pattern of an error',
      { error_pattern: '^ERR', code_pattern: 'ERR (\\d+)' },
      { text: 'ERR 12' },
      'refused http_12',
    ],
    ['an error with a code', { ...CODES, error_path: 'code' }, { json: { code: 7 } }, 'refused opted_out'],
    ['a code in what cannot be read', { ...CODES, ...ID }, { json: { code: 7 } }, 'unknown answer_unreadable'],
    ['400', {}, { status: 400 }, 'refused send_refused'],
    ['400 with a code', CODES, { status: 400, json: { code: 8 } }, 'refused recipient_unreachable'],
    ['400 with a code that is not known', CODES, { status: 400, json: { code: 'x' } }, 'refused http_x'],
    [
      '400 with a number in place of a code',
      CODES,
      { status: 400, json: { code: '14155552671' } },
      'refused send_refused',
    ],
    ['400 with "too fast" in it', CODES, { status: 400, json: { code: 9 } }, 'never_handed throttled'],
    ['400 with "later" in it', CODES, { status: 400, json: { code: 10 } }, 'never_handed http_10'],
    [
      '400 with "no credit" in it',
      CODES,
      { status: 400, json: { code: 11 } },
      'never_handed provider_not_connected account',
    ],
    ['401', {}, { status: 401 }, 'never_handed provider_not_connected account'],
    ['402', {}, { status: 402 }, 'never_handed provider_not_connected account'],
    ['402, where it means something else', { codes: { 402: 'refused' } }, { status: 402 }, 'refused send_refused'],
    ['408', {}, { status: 408 }, 'unknown answer_unreadable'],
    ['429', {}, { status: 429 }, 'never_handed throttled'],
    ['301', {}, { status: 301 }, 'unknown answer_unreadable'],
    ['308', {}, { status: 308 }, 'never_handed provider_not_connected account'],
    ['500', {}, { status: 500 }, 'unknown answer_unreadable'],
    ['503', {}, { status: 503, retryAfter: '5' }, 'unknown answer_unreadable'],
    ['503, where it means that nothing was taken', CODES, { status: 503 }, 'never_handed http_503'],
    ['a status that nobody knows', {}, { status: 999 }, 'unknown answer_unreadable'],
  ])('%s', (...[, rules, answer, expected]) => {
    expect(said(rules, answer)).toBe(expected)
  })

  it('for how long to rest', () => {
    const restOf = (retryAfter: string | undefined): unknown => {
      const { outcome } = read({}, { status: 429, retryAfter })
      return outcome.kind === 'not_sent' && outcome.retryAfterMs
    }
    expect([undefined, '7', new Date(NOW + 9_000).toUTCString(), 'soon', '-1', '0', '999999999'].map(restOf)).toEqual([
      5_000, 7_000, 9_000, 5_000, 1_000, 1_000, 3_600_000,
    ])
    expect(retryAfterMs('Thu, 01 Jan 1970 00:00:00 GMT', NOW)).toBe(1_000)
  })

  it('something whatever the bytes are, and no success without the id that was asked for', () => {
    const anything = fc.oneof(fc.string({ unit: 'binary' }), fc.json())
    const rules = httpSettings.parse({ url: 'https://sms.example/', ...ID, ...CODES, error_path: 'error' })
    fc.assert(
      fc.property(anything, fc.integer({ min: 100, max: 599 }), (text, status) => {
        const { outcome } = readAnswer(rules, { text, status, retryAfter: undefined, nowMs: NOW })
        if (outcome.kind === 'sent') expect(outcome.refs).toEqual([textAt(parseJson(text), ID.id_path)])
        if (status >= 500) expect(outcome.kind).not.toBe('sent')
      }),
    )
  })
})

describe("a stranger's JSON", () => {
  it('is read by paths, own things only', () => {
    const json = parseJson('{"a":[{"b":"x"}],"n":null,"t":true}')
    expect([
      valueAt(json, 'a.0.b'),
      valueAt(json, 'a.1.b'),
      valueAt(json, '__proto__'),
      valueAt(json, 'a.length.x'),
    ]).toEqual(['x', undefined, undefined, undefined])
    expect([textAt(json, 't'), textAt(json, 'n'), textAt(json, 'a'), textAt(json, undefined)]).toEqual([
      'true',
      null,
      null,
      null,
    ])
  })

  it('is nothing where it is nested without end, and never throws', () => {
    for (const deep of ['['.repeat(1 << 20), `${'['.repeat(400_000)}${']'.repeat(400_000)}`, '{"a":'.repeat(100_000)]) {
      expect(textAt(parseJson(deep), '0.0.0')).toBeNull()
    }
    fc.assert(fc.property(fc.anything(), fc.string(), (json, path) => void valueAt(json, path)))
  })

  it('is compared by conditions', () => {
    const condition = parseCondition('a.b=1|x=y')
    expect(condition).toEqual({ path: 'a.b', values: ['1', 'x=y'] })
    if (!condition) return
    expect([{ a: { b: 1 } }, { a: { b: 'x=y' } }, { a: { b: 2 } }, {}].map((json) => check(json, condition))).toEqual([
      'yes',
      'yes',
      'no',
      'absent',
    ])
    expect([parseCondition('a'), parseCondition('=x'), parseCondition('a=')]).toEqual([null, null, null])
  })
})

it.each([
  ['{"id":"m1","status":"sent"}', 'm1'],
  ['{"id":"m1","status":"rejected"}', null],
  ['{"id":"m1","status":"sent","error":"no such number"}', null],
  ['{"status":"sent"}', null],
  ['{"id":"two words"}', null],
  ['[]', null],
])('the record %s of a message has the id %s', (text, id) => {
  const rules = { url: 'https://sms.example/', id_path: 'id', error_when: 'status=rejected', error_path: 'error' }
  expect(idInRecord(httpSettings.parse(rules), text)).toBe(id)
})

it('a pattern that never ends costs a moment, and then nothing is known', () => {
  const slow = { id_pattern: '^(a+)+$' }
  const startMs = performance.now()
  expect(said(slow, { text: `${'a'.repeat(40)}!` })).toBe('unknown answer_unreadable')
  expect(performance.now() - startMs).toBeLessThan(2_000)
  expect(said(slow, { text: 'aaa' })).toBe('sent aaa')
})
