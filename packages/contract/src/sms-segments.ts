/**
 * How a text becomes SMS: in which alphabet, in how many parts, and where it is cut. Nothing that is one character is cut in two: neither
 * an extension character of GSM (two septets) nor a surrogate pair (two units).
 */
import { septetsOf } from './gsm-alphabet.ts'

export type SmsEncoding = 'gsm7' | 'ucs2'

/** What the network behind the provider has: `latin1` is a default alphabet that lacks Greek and the euro sign; `ucs2`: nothing but that. */
export type SmsAlphabet = 'gsm' | 'latin1' | 'ucs2'

export type SmsSegments = Readonly<{ encoding: SmsEncoding; count: number; parts: readonly string[] }>

/** A long message gives 6 bytes of each part to the header that joins them: 7 septets, or 3 units. */
const LIMITS = { gsm7: { single: 160, part: 153 }, ucs2: { single: 70, part: 67 } } as const

/** The count of parts is one byte of the header. */
export const SEGMENTS_MAX = 255

export function segmentsOf(text: string, alphabet: SmsAlphabet = 'gsm'): SmsSegments {
  const encoding = encodingOf(text, alphabet)
  const sizeOf = encoding === 'gsm7' ? septetsOf : (character: string) => character.length
  const parts = cut(text, sizeOf, LIMITS[encoding])
  return { encoding, count: parts.length, parts }
}

function encodingOf(text: string, alphabet: SmsAlphabet): SmsEncoding {
  if (alphabet === 'ucs2') return 'ucs2'
  for (const character of text) {
    if (septetsOf(character) === 0) return 'ucs2'
    // The network turns Latin-1 into GSM by itself, so a character has to be in both.
    if (alphabet === 'latin1' && character > '\u00ff') return 'ucs2'
  }
  return 'gsm7'
}

type Limits = Readonly<{ single: number; part: number }>

function cut(text: string, sizeOf: (character: string) => number, limits: Limits): string[] {
  let total = 0
  for (const character of text) total += sizeOf(character)
  if (total <= limits.single) return [text]
  const parts: string[] = []
  let part = ''
  let size = 0
  for (const character of text) {
    if (size + sizeOf(character) > limits.part) {
      parts.push(part)
      part = ''
      size = 0
    }
    part += character
    size += sizeOf(character)
  }
  return [...parts, part]
}
