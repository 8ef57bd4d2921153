/**
 * Recipients.
 * Proves: every row of the documentation's recipient table holds (fixtures/recipients.json, which the API and the
 * portal run too); no string makes the conversion throw or wait; a result is E.164 and converts to itself; how a
 * number is punctuated, and in which script its digits are, changes nothing.
 */
import fc from 'fast-check'
import { getCountries, getExampleNumber } from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/mobile/examples'
import { describe, expect, it } from 'vitest'
import fixture from '../fixtures/recipients.json' with { type: 'json' }
import { convertRecipient } from './recipient.ts'
import type { RecipientResult } from './recipient.ts'

type Expected = { e164?: string; email?: string; error?: string; mentions?: string[] }
type Row = {
  row: string
  input: string
  region: string
  body: string
  imessage?: boolean
  needs?: string
  expect: Expected
}

const rows = fixture as Row[]
const US = { region: 'US', fromForm: false }

function convert(row: Row): RecipientResult {
  return convertRecipient(row.input, { region: row.region, fromForm: row.body === 'form' })
}

function isSentence(reason: string): boolean {
  return /^[A-Z]/.test(reason) && reason.endsWith('.') && !/[?.]\.|\p{Cc}|\p{Cs}/u.test(reason)
}

describe('the recipient table', () => {
  it.each(rows.map((row) => ({ title: `${row.row} ${row.region} ${row.body} ${JSON.stringify(row.input)}`, row })))(
    '$title',
    ({ row }) => {
      const result = convert(row)
      const { e164, email, error, mentions = [] } = row.expect
      if (row.needs === 'account') return expect(result.ok).toBe(true)
      if (e164 !== undefined) return expect(result).toEqual({ ok: true, kind: 'phone', e164 })
      if (email !== undefined) return expect(result).toEqual({ ok: true, kind: 'email', email })
      if (result.ok) return expect.fail(`understood as ${JSON.stringify(result)}`)
      expect(result.code).toBe(error)
      expect(result.reason).toSatisfy(isSentence)
      for (const mention of mentions) expect(result.reason).toContain(mention)
    },
  )

  it('has every row from B1 to B16', () => {
    expect([...new Set(rows.map((row) => row.row))]).toEqual(Array.from({ length: 16 }, (_, index) => `B${index + 1}`))
  })
})

/** Beyond the table: numbers written as people in other regions write them. */
describe('other regions', () => {
  it.each([
    ['030/1234567', 'DE', '+49301234567'],
    ['0171 1234567', 'DE', '+491711234567'],
    ['8 (916) 123-45-67', 'RU', '+79161234567'],
    ['7 916 123-45-67', 'RU', '+79161234567'],
    ['916 123-45-67', 'RU', '+79161234567'],
    ['612 34 56 78', 'ES', '+34612345678'],
    ['98765 43210', 'IN', '+919876543210'],
    ['(11) 96123-4567', 'BR', '+5511961234567'],
    ['090-1234-5678', 'JP', '+819012345678'],
    ['010 44 20 7946 0958', 'JP', '+442079460958'],
    ['0011 44 20 7946 0958', 'AU', '+442079460958'],
    ['0412 345 678', 'AU', '+61412345678'],
    ['442079460958', 'GB', '+442079460958'],
    ['876 555 1234', 'JM', '+18765551234'],
    ['22 12 34', 'GL', '+299221234'],
  ])('%s in %s is %s', (input, region, e164) => {
    expect(convertRecipient(input, { region, fromForm: false })).toEqual({ ok: true, kind: 'phone', e164 })
  })

  it.each([
    ['30123456', 'DE', 'may be a local number'],
    ['3906123456', 'IT', 'is mobile 390… or the country code and Rome'],
    ['4155552671', 'ZZ', 'region is not assigned'],
    ['4155552671', '__proto__', 'region is no region'],
  ])('%s in %s is refused: it %s', (input, region) => {
    expect(convertRecipient(input, { region, fromForm: false })).toMatchObject({ code: 'recipient_unconvertible' })
  })

  it('offers both readings of an ambiguous number', () => {
    expect(convertRecipient('3906123456', { region: 'IT', fromForm: false })).toMatchObject({
      reason: expect.stringContaining('did you mean +393906123456 or +3906123456?'),
    })
  })
})

it('reads the mobile numbers of every region in every way they are written there', () => {
  let count = 0
  for (const region of getCountries()) {
    const number = getExampleNumber(region, examples)
    if (!number) continue
    count += 1
    const digits = number.number.slice(1)
    const national = [number.formatNational(), number.formatNational({ nationalPrefix: false }), number.nationalNumber]
    const dialled = number.format('IDD', { fromCountry: region }) // undefined where a region has several exit codes
    for (const input of [...national, number.formatInternational(), number.getURI(), digits, `00${digits}`, dialled]) {
      const result = input && convertRecipient(input, { region, fromForm: false })
      if (result) expect({ region, input, result }).toMatchObject({ result: { ok: true, e164: number.number } })
    }
  }
  expect(count).toBeGreaterThan(200)
})

it('names a stray character that cannot be shown', () => {
  expect(convertRecipient('+1415\u00005552671', US)).toMatchObject({ reason: expect.stringContaining('U+0000') })
  expect(convertRecipient('+1415\ud83d5552671', US)).toMatchObject({ reason: expect.stringContaining('U+D83D') })
})

const anyRegion = fc.constantFrom(...getCountries(), 'ZZ', '')
const anyOptions = fc.record({ region: anyRegion, fromForm: fc.boolean() })
const phoneLike = fc.string({ unit: fc.constantFrom(...'0123456789+-.() /x,;\u202a\uff11\u0661@'), maxLength: 30 })
const digitsOnly = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 20 })
const anyInput = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }), // astral and control characters
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)), // lone surrogates
  phoneLike,
  digitsOnly,
  fc.emailAddress(),
)
const anyE164 = fc
  .tuple(
    fc.integer({ min: 1, max: 9 }),
    fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 6, maxLength: 14 }),
  )
  .map(([first, rest]) => `+${first}${rest}`)

describe('for every string', () => {
  it('answers, with E.164, an e-mail address or a sentence, and its answer converts to itself', () => {
    fc.assert(
      fc.property(anyInput, anyOptions, (input, options) => {
        const result = convertRecipient(input, options)
        if (!result.ok) {
          expect(result.reason).toSatisfy(isSentence)
          return
        }
        if (result.kind === 'phone') expect(result.e164).toMatch(/^\+[1-9]\d{1,14}$/)
        expect(convertRecipient(result.kind === 'phone' ? result.e164 : result.email, options)).toEqual(result)
      }),
      { numRuns: 5_000 },
    )
  })

  it('takes E.164 as it is, whatever stands between the digits', () => {
    const gaps = fc.array(fc.string({ unit: fc.constantFrom(...'-.() '), maxLength: 3 }), {
      minLength: 16,
      maxLength: 16,
    })
    fc.assert(
      fc.property(anyE164, gaps, anyOptions, (e164, gap, options) => {
        const written = [...e164].map((char, index) => char + (gap[index] ?? '')).join('')
        fc.pre(!/\( *0 *\)/.test(written)) // the one punctuation with a meaning: a zero dialled only at home
        expect(convertRecipient(written, options)).toEqual({ ok: true, kind: 'phone', e164 })
      }),
    )
  })

  it('reads full-width, Arabic and Persian digits as the ASCII ones', () => {
    fc.assert(
      fc.property(phoneLike, fc.constantFrom(0xff10, 0x0660, 0x06f0), anyRegion, (text, zero, region) => {
        const other = text.replace(/[0-9]/g, (digit) => String.fromCharCode(zero + Number(digit)))
        const options = { region, fromForm: false }
        expect(convertRecipient(other, options)).toEqual(convertRecipient(text, options))
      }),
    )
  })

  it('suggests only numbers that would be taken', () => {
    fc.assert(
      fc.property(digitsOnly, anyRegion, (digits, region) => {
        const options = { region, fromForm: false }
        const result = convertRecipient(digits, options)
        const suggested = result.ok ? [] : (/did you mean ([^?]*)\?/.exec(result.reason)?.[1]?.split(' or ') ?? [])
        for (const e164 of suggested) expect(convertRecipient(e164, options)).toEqual({ ok: true, kind: 'phone', e164 })
      }),
      { numRuns: 2_000 },
    )
  })

  it.each(['+', '1', 'a', '@', '.', ' ', '\u0000', '\ud800', '(0)', '1@', '+1 ', '1 ,', 'a.', '\u202a'])(
    'is quick on a great many %j',
    (unit) => {
      const started = performance.now()
      for (const length of [320, 1_048_576]) {
        const input = unit.repeat(length / unit.length)
        for (const text of [input, `${input}!`, `1${input}@`]) convertRecipient(text.slice(-length), US)
      }
      expect(performance.now() - started).toBeLessThan(2000)
    },
  )
})
