/**
 * Reading a request.
 * Proves: everything that is wrong is named at once, in a fixed order, each field once; forms and JSON that ask for the same are the
 * same; nothing that was meant is silently dropped; no body makes it throw anything but a refusal.
 */
import fc from 'fast-check'
import { BluewireError } from '@bluewire/contract/errors'
import { describe, expect, it } from 'vitest'
import { readForm } from '../../form-fields.ts'
import { parseSendText } from './parse-request.ts'
import type { ParsedSend } from './parse-request.ts'

const OPTIONS = { region: 'US', textUnitsMax: 20_000 }
const TO = '+14155552671'
const FULL = { to: TO, message: 'Hi', beta_features: { imessage: true } }

function parsed(body: unknown): ParsedSend {
  const result = parseSendText(body, OPTIONS)
  return result.ok ? result.send : expect.fail(JSON.stringify(result.problems))
}

/** `field: code`, in order. */
function problems(body: unknown): string[] {
  const result = parseSendText(body, OPTIONS)
  return result.ok ? [] : result.problems.map((p) => `${p.field}: ${p.code}`)
}

describe('what is understood', () => {
  it('is the printed request', () => {
    expect(parsed({ ...FULL, beta_features: { imessage: true, fallback: false } })).toEqual({
      service: 'imessage',
      plain: false,
      to: TO,
      toEmail: false,
      text: 'Hi',
      from: null,
      fallback: false,
      fallbackIgnored: false,
      expiresInMs: null,
      onUnknown: 'hold',
    })
  })

  it('is a plain SMS without beta_features', () => {
    expect(parsed({ to: TO, message: 'Hi', beta_features: null })).toMatchObject({ service: 'sms', plain: true })
    expect(parsed({ to: TO, message: 'Hi', from: '+15005550002' })).toMatchObject({ plain: true, from: '+15005550002' })
  })

  it.each([
    ['to=%2B14155552671&message=Hi&beta_features[imessage]=true'],
    ['to=%2B14155552671&message=Hi&beta_features%5Bimessage%5D=ON'],
    ['to=+14155552671&message=Hi&beta_features=%7B%22imessage%22%3Atrue%7D'],
    ['&recipient=%2B1+415+555+2671&message=Hi&beta_features[imessage]=1&beta_features[fallback]=off&ignored=x'],
  ])('is the same from the form %s', (form) => {
    expect(parsed(readForm(form))).toEqual(parsed(FULL))
  })

  it('keeps a text exactly as it was sent', () => {
    const text = ' two\r\nlines \u{1f469}\u200d\u{1f4bb} \u05e9\u05dc\u05d5\u05dd 100% a+b&c=d '
    expect(parsed({ ...FULL, message: text }).text).toBe(text)
    const form = new URLSearchParams({ to: TO, message: text, 'beta_features[imessage]': 'true' }).toString()
    expect(parsed(readForm(form)).text).toBe(text)
  })

  it('says no fallback for an e-mail address, and remembers that it was asked for', () => {
    const send = parsed({ ...FULL, to: 'Ann@Example.com', beta_features: { imessage: true, fallback: true } })
    expect(send).toMatchObject({ to: 'Ann@example.com', toEmail: true, fallback: false, fallbackIgnored: true })
  })

  it('says no fallback for an SMS', () => {
    expect(parsed({ ...FULL, beta_features: { imessage: false, fallback: true } })).toMatchObject({ fallback: false })
  })

  it('has our own keys beside beta_features', () => {
    expect(parsed({ ...FULL, expires_in: 60, on_unknown: 'resend' })).toMatchObject({
      expiresInMs: 60_000,
      onUnknown: 'resend',
    })
  })
})

describe('what is wrong', () => {
  it.each<[unknown, string[]]>([
    [{}, ['to: missing_parameter', 'message: missing_parameter']],
    [undefined, ['to: missing_parameter', 'message: missing_parameter']],
    [{ to: 5, message: 5 }, ['to: wrong_type', 'message: wrong_type']],
    [
      { to: '911', message: 'a\0', beta_features: { imessage: 'true', x: 1 }, expires_in: 1 },
      [
        'to: recipient_too_short',
        'message: bad_text',
        'beta_features.imessage: wrong_type',
        'beta_features.x: unknown_parameter',
        'expires_in: out_of_range',
      ],
    ],
    [{ ...FULL, beta_features: { imessage: true, from: 15005550001 } }, ['beta_features.from: wrong_type']],
    [{ ...FULL, beta_features: { imessage: true, from: '' } }, ['beta_features.from: wrong_type']],
    [{ ...FULL, beta_features: { imessage: true, fallback: 'yes' } }, ['beta_features.fallback: wrong_type']],
    [{ ...FULL, beta_features: '{"imessage":true}' }, ['beta_features: wrong_type']],
    [
      { ...FULL, from: '+15005550001', beta_features: { imessage: true, from: '+15005550002' } },
      ['from: conflicting_parameters'],
    ],
    [{ ...FULL, recipient: '+14155552672' }, ['recipient: conflicting_parameters']],
    [{ ...FULL, recipient: 7 }, ['recipient: wrong_type']],
    [{ to: TO, message: 'Hi', whatsapp: true }, ['whatsapp: misplaced_parameter']],
    [
      { ...FULL, beta_features: { imessage: true, on_unknown: 'hold' } },
      ['beta_features.on_unknown: misplaced_parameter'],
    ],
    [{ ...FULL, attachments: ['https://example.org/a.png'] }, ['attachments: not_supported']],
    [{ ...FULL, attachments: [] }, []],
    [{ to: 'ann@example.com', message: 'Hi' }, ['to: recipient_is_email']],
    [{ to: 'ann@example.com', message: 'Hi', beta_features: {} }, ['beta_features.imessage: missing_parameter']],
    [readForm('to=1&to=2&message=a&message=b'), ['to: wrong_type', 'message: wrong_type']],
    [readForm('to[]=%2B14155552671&message=a'), ['to: wrong_type']],
    [
      readForm(`to=%2B14155552671&message=a&beta_features={}&beta_features[imessage]=true`),
      ['beta_features: conflicting_parameters', 'beta_features.imessage: missing_parameter'],
    ],
    [readForm('to=%2B14155552671&message=a&expires_in=1h'), ['expires_in: wrong_type']],
  ])('%o', (body, expected) => {
    expect(problems(body)).toEqual(expected)
  })

  it.each([[[]], ['text'], [5], [true]])('a body that is %o', (body) => {
    expect(() => parseSendText(body, OPTIONS)).toThrow(/must be a JSON object/)
  })

  it('tells the nearest name, and nothing where none is near', () => {
    const reason = (name: string): string => {
      const result = parseSendText({ ...FULL, beta_features: { imessage: true, [name]: 1 } }, OPTIONS)
      return result.ok ? '' : (result.problems[0]?.reason ?? '')
    }
    expect(reason('fall_back')).toContain('Did you mean fallback?')
    expect(reason('iMessage')).toContain('Did you mean imessage?')
    expect(reason('zzzzzzzz')).toContain('It takes imessage, from, fallback.')
    expect(reason('x'.repeat(10_000)).length).toBeLessThan(200)
  })

  it('counts UTF-16 units', () => {
    expect(problems({ ...FULL, message: '\u{1f600}'.repeat(10_000) })).toEqual([])
    expect(problems({ ...FULL, message: `${'\u{1f600}'.repeat(10_000)}x` })).toEqual(['message: message_too_long'])
  })
})

it('answers every body', () => {
  const key = fc.constantFrom(
    'to',
    'message',
    'recipient',
    'from',
    'beta_features',
    'imessage',
    'expires_in',
    'on_unknown',
    'x',
  )
  const body = fc.oneof(
    fc.anything(),
    fc.dictionary(key, fc.anything({ withNullPrototype: true })),
    fc
      .array(fc.tuple(key, fc.string()), { maxLength: 8 })
      .map((pairs) => readForm(new URLSearchParams(pairs).toString())),
  )
  fc.assert(
    fc.property(body, (any) => {
      try {
        const result = parseSendText(any, OPTIONS)
        if (!result.ok) {
          expect(result.problems.length).toBeGreaterThan(0)
          for (const { reason } of result.problems) expect(reason).toMatch(/^[\s\S]+[.?"]$/)
        }
      } catch (error) {
        expect(error).toBeInstanceOf(BluewireError)
      }
    }),
    { numRuns: 2_000 },
  )
})
