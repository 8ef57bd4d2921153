/**
 * What the fake Mac writes as attributedBody.
 * Proves: it is, byte for byte, what is known of real ones; any text and any runs are read back by our reader and by one that is not ours.
 */
import { readAttributedBody } from '@bluewire/drivers/messages-app/attributed-body'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../simulator/random.ts'
import { randomBody } from '../typedstream-fuzz/bodies.ts'
import { readByOracle } from '../typedstream-fuzz/oracle.ts'
import { sameRuns } from '../typedstream-fuzz/run-fuzz.ts'
import { writeAttributedBody } from './write-attributed-body.ts'

/** Without a zero: no text of a message has one. */
const character = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((one) => one !== '\u0000')
const sequence = fc.constantFrom(
  '👩‍👩‍👧‍👦',
  '🏳️‍🌈',
  '🇩🇪',
  '1️⃣',
  '\u202eשלום\u202c',
  '\u2028',
  '\u2029',
  '\r\n',
  'e\u0301',
  '\ufeff',
  '+',
)
const anyText = fc.array(fc.oneof(character, sequence), { maxLength: 200 }).map((parts) => parts.join(''))

const UNITS_MAX = 20_000
const longText = fc
  .tuple(anyText, fc.nat(UNITS_MAX))
  .map(([text, units]) => (text === '' ? '.' : text).repeat(units).slice(0, units).toWellFormed())

/** Lengths around those at which one more byte is needed to write them. */
const EDGES = [0, 1, 126, 127, 128, 129, 254, 255, 256, 257, 32_766, 32_767, 32_768, 65_534, 65_535, 65_536, 65_537]
const edgeText = fc
  .tuple(fc.constantFrom(...EDGES), fc.constantFrom('x', 'é', '語', '😀'))
  .map(
    ([bytes, one]) =>
      one.repeat(Math.floor(bytes / Buffer.byteLength(one))) + '.'.repeat(bytes % Buffer.byteLength(one)),
  )

describe('attributedBody of the fake Mac', () => {
  it('has the header, the tables and the references of a real one', () => {
    const expected = [
      '040b73747265616d747970656481e803', // header
      '840140 8484 8412', // type @, an object, its class with a new name
      Buffer.from('NSAttributedString').toString('hex'),
      '00 8484 08',
      Buffer.from('NSObject').toString('hex'),
      '00 85 92 8484 84 08',
      Buffer.from('NSString').toString('hex'),
      '01 94 84012b 02',
      Buffer.from('hi').toString('hex'),
      '86 84026949 0102 92 8484 84 0c', // end, type iI, dictionary 1 for 2 units, type @, an object
      Buffer.from('NSDictionary').toString('hex'),
      '00 94 840169 01 92 849696 1d',
      Buffer.from('__kIMMessagePartAttributeName').toString('hex'),
      '86 92 8484 84 08',
      Buffer.from('NSNumber').toString('hex'),
      '00 8484 07',
      Buffer.from('NSValue').toString('hex'),
      '00 94 84012a 8499 99 00 868686',
    ]
    const written = Buffer.from(writeAttributedBody({ text: 'hi' })).toString('hex')
    expect(written).toBe(expected.join('').replaceAll(' ', ''))
  })

  it('writes lengths as short as a signed number can be', () => {
    const lengthOf = (bytes: number): string => {
      const blob = Buffer.from(writeAttributedBody({ text: '~'.repeat(bytes) }))
      return blob.subarray(blob.indexOf('+') + 1, blob.indexOf('~')).toString('hex')
    }
    expect([127, 128, 32_767, 32_768, 65_536].map(lengthOf)).toEqual([
      '7f',
      '818000',
      '81ff7f',
      '8200800000',
      '8200000100',
    ])
  })

  it('has any text, read back by both readers', () => {
    fc.assert(
      fc.property(fc.oneof(anyText, longText, edgeText), fc.boolean(), (text, mutable) => {
        const blob = writeAttributedBody({ text, mutable })
        expect(readAttributedBody(blob)?.text === text).toBe(true) // toBe would print 20,000 characters
        expect(readByOracle(blob)?.text === text).toBe(true)
      }),
      { numRuns: 600 },
    )
  })

  it.each(EDGES)('has a text of %i bytes', (bytes) => {
    const text = 'x'.repeat(bytes)
    const blob = writeAttributedBody({ text })
    expect(readAttributedBody(blob)?.text === text).toBe(true)
    expect(readByOracle(blob)?.text === text).toBe(true)
  })

  it('has any runs, read back alike by both readers', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const body = randomBody(new Random(seed))
        const blob = writeAttributedBody(body)
        const ours = readAttributedBody(blob)
        const units = ours?.runs?.reduce((sum, run) => sum + run.length, 0)
        const guids = ours?.runs?.map((run) => run.attachmentGuid).filter((guid) => guid !== null)
        expect(units).toBe(body.text.length)
        expect(guids).toEqual(body.attachments?.map(({ guid }) => guid))
        expect(sameRuns(ours?.runs ?? [], readByOracle(blob)?.runs ?? [])).toBe(true)
      }),
      { numRuns: 400 },
    )
  })

  it('refers to more than a hundred objects and strings', () => {
    const spans = Array.from({ length: 300 }, (_, start) => ({ start, length: 1, mention: `+1555${start}` }))
    const read = readAttributedBody(writeAttributedBody({ text: 'x'.repeat(300), spans }))
    expect(read?.runs?.map(({ mention }) => mention)).toEqual(spans.map(({ mention }) => mention))
  })

  it('refuses what does not fit its text', () => {
    expect(() => writeAttributedBody({ text: 'ab', attachments: [{ at: 1, guid: 'at_0_1' }] })).toThrow(
      'no U+FFFC at 1',
    )
    expect(() => writeAttributedBody({ text: 'ab', spans: [{ start: 1, length: 2, bold: true }] })).toThrow(
      'not in the text',
    )
  })
})
