/**
 * The reader of attributedBody, on blobs made by hand and on hostile ones. That it agrees with another reader on right and damaged ones is
 * proved in packages/testkit/src/typedstream-fuzz.
 * Proves: every form of a length; all attributes of a run; damage behind the text costs the runs and not the text, damage before it the
 * text; what refers in circles, nests or repeats costs neither time nor memory beyond its bytes.
 */
import { writeAttributedBody } from '@bluewire/testkit/fake-mac/write-attributed-body'
import { describe, expect, it } from 'vitest'
import { readAttributedBody } from './attributed-body.ts'
import type { AttributedBody, Run } from './attributed-body.ts'

const PLAIN: Omit<Run, 'start' | 'length'> = {
  part: null,
  attachmentGuid: null,
  mention: null,
  link: null,
  oneTimeCode: null,
  bold: false,
  italic: false,
  underline: false,
  strikethrough: false,
  effect: null,
}

/** Bytes: hex in strings, text in objects. */
function blob(...pieces: ReadonlyArray<string | { text: string }>): Uint8Array {
  const bytes = pieces.map((piece) =>
    typeof piece === 'string' ? Buffer.from(piece.replaceAll(' ', ''), 'hex') : Buffer.from(piece.text),
  )
  return Buffer.concat(bytes)
}

const HEADER = ['040b', { text: 'streamtyped' }, '81e803'] as const
/** Up to the length of the text. Shared strings: 0 `@`, 1 to 3 classes, 4 `+`. Objects: 0 root, 1 and 2 classes, 3 string, 4 class. */
const TO_TEXT = [
  ...HEADER,
  '84 01 40', // type @
  '84 84 84 12', // a new object, of a new class, with a new name of 18 bytes
  { text: 'NSAttributedString' },
  '00 84 84 08',
  { text: 'NSObject' },
  '00 85', // no further class
  '92', // type @ again
  '84 84 84 08',
  { text: 'NSString' },
  '01 94', // which inherits from object 2, NSObject
  '84 01 2b', // type +
] as const
/** From behind a run to behind its dictionary, with one pair: the key is written next. Shared strings: 5 `iI`, 6 NSDictionary, 7 `i`. */
const TO_KEY = ['92 84 84 84 0c', { text: 'NSDictionary' }, '00 94 84 01 69 01 92 84 96 96'] as const
const PART_0 = [
  ...TO_KEY,
  '1d',
  { text: '__kIMMessagePartAttributeName' },
  '86 92 84 84 84 08',
  { text: 'NSNumber' },
  '00 84 84 07',
  { text: 'NSValue' },
  '00 94 84 01 2a', // type *: the C type of the number
  '84 99 99 00', // which is string 7, `i`; and the number
  '86 86',
] as const
const RUN_TYPE = '86 84 02 6949'
const EMPTY_DICTIONARY = ['92 84 84 84 0c', { text: 'NSDictionary' }, '00 94 84 01 69 00 86'] as const

function textOf(bytes: Uint8Array): string | undefined {
  return readAttributedBody(bytes)?.text
}

describe('a body made by hand', () => {
  const hi = blob(...TO_TEXT, '02', { text: 'hi' }, RUN_TYPE, '01 02', ...PART_0, '86')

  it('is a text and its runs', () => {
    expect(readAttributedBody(hi)).toEqual<AttributedBody>({
      text: 'hi',
      runs: [{ ...PLAIN, start: 0, length: 2, part: 0 }],
    })
  })

  it('may be of the mutable classes', () => {
    const mutable = blob(
      ...HEADER,
      '84 01 40 84 84 84 19',
      { text: 'NSMutableAttributedString' },
      '00 84 84 12',
      { text: 'NSAttributedString' },
      '00 84 84 08',
      { text: 'NSObject' },
      '00 85 92 84 84 84 0f',
      { text: 'NSMutableString' },
      '01 84 84 08',
      { text: 'NSString' },
      '01 95 84 01 2b 05',
      { text: 'hello' },
      '86 84 02 6949 01 05 92 84 84 84 0c',
      { text: 'NSDictionary' },
      '00 95 84 01 69 00 86 86',
    )
    expect(readAttributedBody(mutable)).toEqual({ text: 'hello', runs: [{ ...PLAIN, start: 0, length: 5 }] })
  })

  it.each([
    ['one byte', '7f', 127],
    ['two bytes', '81 8000', 128],
    ['two bytes, small', '81 0300', 3],
    ['two bytes without a sign', '81 ffff', 65_535],
    ['four bytes', '82 00000100', 65_536],
    ['four bytes, small', '82 03000000', 3],
  ])('has a length of %s', (_, length, bytes) => {
    const text = 'x'.repeat(bytes)
    expect(textOf(blob(...TO_TEXT, length, { text }, '86 86'))).toBe(text)
  })

  it.each([
    ['nothing', '00', ''],
    ['the type of a string', '04 2b2b012b', '++\u0001+'],
    ['a zero', '03 61 00 62', 'a\u0000b'],
    ['a byte order mark', '04 efbbbf 61', '\ufeffa'],
    ['bytes that are no UTF-8', '03 61 ff 62', 'a\ufffdb'],
    ['half of a character at its end', '03 61 f0 9f', 'a\ufffd'],
  ])('keeps a text with %s', (_, bytes, text) => {
    expect(textOf(blob(...TO_TEXT, bytes, '86 86'))).toBe(text)
  })

  it.each([
    ['an attribute that was taken back', 'TextBoldAttributeName 00', { bold: false }],
    ['one that is set', 'TextBoldAttributeName 01', { bold: true }],
    ['a number below zero', 'TextEffectAttributeName ff', { effect: -1 }],
    ['a number of two bytes', 'TextEffectAttributeName 810180', { effect: -32_767 }],
    ['an attribute of a later macOS', 'SomethingNew 01', {}],
  ])('has %s', (_, attribute, expected) => {
    const [name, number] = attribute.split(' ')
    const key = { text: `__kIM${name}` }
    const keyLength = key.text.length.toString(16).padStart(2, '0')
    const value = ['86 92 84 84 84 08', { text: 'NSNumber' }, `00 94 84 01 2a 84 99 99 ${number} 86 86`] as const
    const bytes = blob(...TO_TEXT, '02', { text: 'hi' }, RUN_TYPE, '01 02', ...TO_KEY, keyLength, key, ...value, '86')
    expect(readAttributedBody(bytes)?.runs).toEqual([{ ...PLAIN, start: 0, length: 2, ...expected }])
  })

  it('may have a link that is a string, not an URL', () => {
    const key = { text: '__kIMLinkAttributeName' }
    const value = ['86 92 84 96 96 0b', { text: 'example.org' }, '86 86'] as const
    const bytes = blob(...TO_TEXT, '02', { text: 'hi' }, RUN_TYPE, '01 02', ...TO_KEY, '16', key, ...value, '86')
    expect(readAttributedBody(bytes)?.runs).toEqual([{ ...PLAIN, start: 0, length: 2, link: 'example.org' }])
  })
})

describe('the runs', () => {
  const text = 'x'.repeat(30)
  const runs = (...after: ReadonlyArray<string | { text: string }>): readonly Run[] | null | undefined =>
    readAttributedBody(blob(...TO_TEXT, '1e', { text }, RUN_TYPE, ...after))?.runs

  it('refer to dictionaries that came before, and may end before the text does', () => {
    // String 5 is `iI`, and its reference is the byte 0x97.
    expect(runs('01 05', ...PART_0, '97 01 0a', '86')).toEqual([
      { ...PLAIN, start: 0, length: 5, part: 0 },
      { ...PLAIN, start: 5, length: 10, part: 0 },
    ])
  })

  it('begin behind all that the string has', () => {
    const bytes = blob(...TO_TEXT, '1e', { text }, '84 01 71 07', RUN_TYPE, '01 1e', ...EMPTY_DICTIONARY, '86')
    expect(readAttributedBody(bytes)?.runs).toEqual([{ ...PLAIN, start: 0, length: 30 }])
  })

  it('end where the text does', () => {
    expect(runs('01 82 ffffffff', ...EMPTY_DICTIONARY, '97 01 05', '86')).toEqual([{ ...PLAIN, start: 0, length: 30 }])
  })

  it.each([
    ['a dictionary that was never written', ['03 1e', ...EMPTY_DICTIONARY, '86']],
    ['dictionary 0', ['00 1e', '86']],
    ['a dictionary below 0', ['ff 1e', '86']],
    ['no dictionary behind a new number', ['01 1e', '86']],
    ['nil for a dictionary', ['01 1e 92 85 86']],
    ['the body itself for a dictionary', ['01 1e 92 92 86']],
    ['a class for a dictionary', ['01 1e 92 93 86']],
    ['a string between them', ['01 1e', ...EMPTY_DICTIONARY, '84 01 2b 01 61', '86']],
    ['a type that Messages does not write', ['01 1e', ...EMPTY_DICTIONARY, '84 03 7b693d', '86']],
    ['no end', ['01 1e', ...EMPTY_DICTIONARY]],
    ['noise behind the text', [{ text: 'Apple Inc. "quoted"' }]],
  ])('are null with %s, and the text stays', (_, after) => {
    const bytes = blob(...TO_TEXT, '1e', { text }, RUN_TYPE, ...after)
    expect(readAttributedBody(bytes)).toEqual({ text, runs: null })
  })

  it('have every attribute that Messages knows', () => {
    const body = 'see \uFFFC and Ann at example.org: 123456!'
    const at = (word: string): { start: number; length: number } => ({ start: body.indexOf(word), length: word.length })
    const bytes = writeAttributedBody({
      text: body,
      mutable: true,
      attachments: [{ at: 4, guid: 'at_1_AB-CD', name: 'a.jpg' }],
      spans: [
        { ...at('Ann'), mention: '+15550100', bold: true },
        { ...at('example.org'), link: 'https://example.org/', detected: Uint8Array.of(0x84, 0x86, 0) },
        { ...at('123456'), oneTimeCode: '123456', italic: true },
        { ...at('!'), underline: true, strikethrough: true, effect: 9 },
      ],
    })
    const read = readAttributedBody(bytes)
    const shown = read?.runs?.map(({ start, length, ...attributes }) => [
      body.slice(start, start + length),
      Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null && value !== false)),
    ])
    expect(read?.text).toBe(body)
    expect(shown).toEqual([
      ['see ', { part: 0 }],
      ['\uFFFC', { part: 1, attachmentGuid: 'at_1_AB-CD' }],
      [' and ', { part: 2 }],
      ['Ann', { part: 2, mention: '+15550100', bold: true }],
      [' at ', { part: 2 }],
      ['example.org', { part: 2, link: 'https://example.org/' }],
      [': ', { part: 2 }],
      ['123456', { part: 2, oneTimeCode: '123456', italic: true }],
      ['!', { part: 2, underline: true, strikethrough: true, effect: 9 }],
    ])
  })
})

describe('a blob that cannot be read', () => {
  it.each([
    ['nothing', blob()],
    ['a property list', blob({ text: 'bplist00' }, '00'.repeat(40))],
    ['the big-endian form', blob('040b', { text: 'typedstream' }, '81 03e8', ...TO_TEXT.slice(3), '01 61 86 86')],
    ['an older version', blob('03 0b', ...TO_TEXT.slice(1), '01 61 86 86')],
    ['no object', blob(...HEADER, '84 01 40 85')],
    ['a number', blob(...HEADER, '84 01 69 07')],
    ['nil for its text', blob(...TO_TEXT, '85 86 86')],
    ['a text that is longer than the blob', blob(...TO_TEXT, '05', { text: 'four' })],
    ['a text of 4 GB', blob(...TO_TEXT, '82 ffffffff', { text: 'four' })],
    ['an object of another class', blob(...HEADER, '84 01 40 84 84 84 06', { text: 'NSDate' }, '00 85 84 01 64 07 86')],
    ['a class that inherits from itself', blob(...HEADER, '84 01 40 84 84 84 01 41 00 93')],
    ['a class that inherits from 20,000', blob(...HEADER, '84 01 40 84', '84 84 01 41 00'.repeat(20_000), '85')],
    ['a string that is the body itself', blob(...TO_TEXT.slice(0, 9), '92 92 86')],
  ])('is %s', (_, bytes) => {
    expect(readAttributedBody(bytes)).toBeNull()
  })

  it('is one that was cut before its text ended; behind it the text is there', () => {
    const text = 'Grüße 👋🏽'
    const whole = writeAttributedBody({ text, spans: [{ start: 0, length: 5, bold: true }] })
    const textEnd = Buffer.from(whole).indexOf(text) + Buffer.byteLength(text)
    for (let length = 0; length < whole.length; length++) {
      const read = readAttributedBody(whole.subarray(0, length))
      expect(read, `${length} bytes`).toEqual(length < textEnd ? null : { text, runs: null })
    }
    expect(readAttributedBody(whole)?.runs).toHaveLength(2)
    expect(readAttributedBody(Buffer.concat([whole, Buffer.from('and more')]))).toEqual(readAttributedBody(whole))
  })

  it('may lie anywhere in a larger piece of memory', () => {
    const whole = writeAttributedBody({ text: 'hi' })
    const within = Buffer.concat([Buffer.alloc(3, 0x84), whole, Buffer.alloc(5, 0x86)])
    expect(textOf(within.subarray(3, 3 + whole.length))).toBe('hi')
  })
})

describe('a hostile blob', () => {
  const MEGABYTE = 1024 * 1024
  /** The largest of which the runs are read. */
  const FLOOD_BYTES = MEGABYTE / 4
  const CPU_SECONDS_MAX = 2
  const HEAP_BYTES_MAX = 100 * MEGABYTE
  /** Groups and no end, in the value of an attribute that nobody asked for. */
  const flood = (start: string, piece: string): Uint8Array => {
    const head = blob(
      ...TO_TEXT,
      '02',
      { text: 'hi' },
      RUN_TYPE,
      '01 02',
      ...TO_KEY,
      '01 78 86 92 84 94', // key `x`; a new object of the class NSObject
      start,
    )
    const tail = blob('86 86 86')
    const unit = blob(piece)
    const count = Math.floor((FLOOD_BYTES - head.length - tail.length) / unit.length)
    return Buffer.concat([head, Buffer.alloc(count * unit.length, unit), tail])
  }

  // `start` is a group with a new type, shared string 8: the byte 0x9a. Object 2, byte 0x94, is NSObject, and object 8 the flooded one.
  it.each([
    ['arrays of no bytes', '84 0c 5b30635d5b30635d5b30635d', '9a'],
    ['groups of nothing', '84 00', '9a'],
    ['objects', '84 01 40 85', '9a 84 94 86'],
    ['references to the object itself', '84 01 40 85', '9a 9a'],
    ['C strings', '84 01 2a 85', '9a 84 9a'],
    ['classes', '84 01 23 85', '9a 84 9a 00 85'],
    ['strings', '84 01 2b 85', '9a 01 61'],
    ['shared strings', '84 01 25 85', '9a 84 01 61'],
    [
      'numbers',
      '84 10 43434343434343434343434343434343 00000000000000000000000000000000',
      '9a 00010203040506070809101112131415',
    ],
  ])('of as many %s as there can be takes little time and memory', (_, start, piece) => {
    const bytes = flood(start, piece)
    const heapBefore = process.memoryUsage().heapUsed
    const cpuBefore = process.cpuUsage()
    const read = readAttributedBody(bytes)
    const cpu = process.cpuUsage(cpuBefore)
    const heap = process.memoryUsage().heapUsed - heapBefore
    // With runs: all of it was read.
    expect(read).toEqual({ text: 'hi', runs: [{ ...PLAIN, start: 0, length: 2 }] })
    expect((cpu.user + cpu.system) / 1e6).toBeLessThan(CPU_SECONDS_MAX)
    expect(heap).toBeLessThan(HEAP_BYTES_MAX)
  })

  it('with a class that inherits from 80,000 has no runs', () => {
    const before = process.cpuUsage()
    expect(readAttributedBody(flood('84 01 23 84 9a 00', '84 9a 00'))).toEqual({ text: 'hi', runs: null })
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(CPU_SECONDS_MAX)
  })

  it('with objects too deep in each other has no runs', () => {
    const nested = (depth: number): Uint8Array => {
      const start = blob(...TO_TEXT, '02', { text: 'hi' }, RUN_TYPE, '01 02', ...TO_KEY, '01 78 86')
      return Buffer.concat([start, blob('92 84 94'.repeat(depth), '86'.repeat(depth), '86 86')])
    }
    expect(readAttributedBody(nested(60))?.runs).toHaveLength(1)
    expect(readAttributedBody(nested(70))).toEqual({ text: 'hi', runs: null })
    expect(readAttributedBody(flood('84 01 40 85', '9a 84 94'))).toEqual({ text: 'hi', runs: null })
  })

  it('with a dictionary of very many pairs has no runs', () => {
    // Each pair is the key, which is the first string object (object 3, byte 0x95), twice.
    const bytes = blob(
      ...TO_TEXT,
      '02',
      { text: 'hi' },
      RUN_TYPE,
      '01 02 92 84 84 84 0c',
      { text: 'NSDictionary' },
      `00 94 84 01 69 81 e803 ${'92 95 92 95'.repeat(1000)} 86 86`,
    )
    expect(readAttributedBody(bytes)).toEqual({ text: 'hi', runs: null })
  })

  it('of many megabytes gives its text, and its runs are not looked at', () => {
    const text = 'x'.repeat(2 * MEGABYTE)
    expect(readAttributedBody(writeAttributedBody({ text }))).toEqual({ text, runs: null })
  })
})
