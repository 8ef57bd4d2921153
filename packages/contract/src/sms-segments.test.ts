/**
 * Texts as SMS.
 * Proves: the limits of 160/153 septets and 70/67 units; the parts joined are the text; no character is cut in two; what is encoded is
 * read back as it was.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeGsm, encodeGsm, septetsOf } from './gsm-alphabet.ts'
import { segmentsOf } from './sms-segments.ts'

const GSM_CHARACTERS = [
  ...'@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCXYZÄÖÑÜ§¿abcxyzäöñüà\f^{}\\[~]|€',
]
const gsmText = fc.array(fc.constantFrom(...GSM_CHARACTERS), { maxLength: 700 }).map((all) => all.join(''))
const anyText = fc.oneof(
  gsmText,
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(fc.constantFrom('a', '€', '😀', 'я', '{'), { maxLength: 500 }).map((all) => all.join('')),
)

describe('segments', () => {
  it.each([
    ['nothing', '', 'gsm7', 1],
    ['160 GSM characters', 'a'.repeat(160), 'gsm7', 1],
    ['161 GSM characters', 'a'.repeat(161), 'gsm7', 2],
    ['306 GSM characters', 'a'.repeat(306), 'gsm7', 2],
    ['307 GSM characters', 'a'.repeat(307), 'gsm7', 3],
    ['80 euro signs', '€'.repeat(80), 'gsm7', 1],
    ['81 euro signs', '€'.repeat(81), 'gsm7', 2],
    ['70 Cyrillic letters', 'я'.repeat(70), 'ucs2', 1],
    ['71 Cyrillic letters', 'я'.repeat(71), 'ucs2', 2],
    ['35 emoji', '😀'.repeat(35), 'ucs2', 1],
    ['36 emoji', '😀'.repeat(36), 'ucs2', 2],
    // 67 units hold 33 pairs: the last unit stays empty.
    ['67 emoji', '😀'.repeat(67), 'ucs2', 3],
    ['one curly quote', `${'a'.repeat(80)}’`, 'ucs2', 2],
  ])('%s', (...[, text, encoding, count]) => {
    expect(segmentsOf(text)).toMatchObject({ encoding, count })
  })

  it('never cuts an extension character', () => {
    const { parts } = segmentsOf(`${'a'.repeat(152)}€${'b'.repeat(20)}`)
    expect(parts).toEqual(['a'.repeat(152), `€${'b'.repeat(20)}`])
  })

  it('never cuts a surrogate pair', () => {
    const { parts } = segmentsOf(`${'я'.repeat(66)}😀${'ю'.repeat(20)}`)
    expect(parts).toEqual(['я'.repeat(66), `😀${'ю'.repeat(20)}`])
  })

  it('takes UCS-2 for what only GSM has where the default alphabet is Latin-1', () => {
    expect(segmentsOf('Ωmega', 'latin1').encoding).toBe('ucs2')
    expect(segmentsOf('5 €', 'latin1').encoding).toBe('ucs2')
    expect(segmentsOf('Äpfel {}', 'latin1').encoding).toBe('gsm7')
    expect(segmentsOf('â', 'latin1').encoding).toBe('ucs2')
    expect(segmentsOf('plain', 'ucs2').encoding).toBe('ucs2')
  })

  it('joins to the text, within the limits, with whole characters', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom('gsm', 'latin1', 'ucs2'), (text, alphabet) => {
        const { encoding, count, parts } = segmentsOf(text, alphabet)
        expect(parts.join('')).toBe(text)
        expect(count).toBe(parts.length)
        const limit = encoding === 'gsm7' ? (count > 1 ? 153 : 160) : count > 1 ? 67 : 70
        for (const part of parts) {
          expect(encoding === 'gsm7' ? encodeGsm(part)?.length : part.length).toBeLessThanOrEqual(limit)
        }
        expect(parts.flatMap((part) => [...part])).toEqual([...text])
        if (count > 1) expect(parts.every((part) => part.length > 0)).toBe(true)
      }),
      { numRuns: 400 },
    )
  })
})

describe('the GSM alphabet', () => {
  it('has 127 characters of one septet and 10 of two', () => {
    const all = Array.from({ length: 0x2100 }, (_, code) => String.fromCodePoint(code))
    expect(all.filter((character) => septetsOf(character) === 1)).toHaveLength(127)
    expect(all.filter((character) => septetsOf(character) === 2)).toHaveLength(10)
  })

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(gsmText, (text) => {
        const bytes = encodeGsm(text)
        expect(bytes?.every((septet) => septet < 0x80)).toBe(true)
        expect(decodeGsm(bytes as Uint8Array)).toBe(text)
      }),
    )
  })

  it('does not have everything', () => {
    expect(encodeGsm('â')).toBeNull()
    expect(encodeGsm('\u001b')).toBeNull()
  })

  it('reads what is not well-formed', () => {
    expect(decodeGsm(Uint8Array.of(0x41, 0x1b))).toBe('A ')
    expect(decodeGsm(Uint8Array.of(0x1b, 0x1b, 0x41))).toBe(' A')
    expect(decodeGsm(Uint8Array.of(0x1b, 0x41))).toBe('A')
    expect(decodeGsm(Uint8Array.of(0xe4))).toBe('\ufffd')
    fc.assert(fc.property(fc.uint8Array(), (bytes) => decodeGsm(bytes).length <= bytes.length))
  })
})
