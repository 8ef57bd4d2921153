/**
 * The history of edited and unsent parts.
 * Proves: what Messages writes is read; what is wrong in it is left out; property lists made to keep a reader busy do not.
 */
import { writeAttributedBody } from '@bluewire/testkit/fake-mac/write-attributed-body'
import { writeBinaryPlist } from '@bluewire/testkit/fake-mac/write-binary-plist'
import type { Plist } from '@bluewire/testkit/fake-mac/write-binary-plist'
import { writeSummaryInfo } from '@bluewire/testkit/fake-mac/write-summary-info'
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { readSummaryInfo } from './summary-info.ts'

const T0 = Date.UTC(2026, 1, 3, 4, 5, 6, 789)

const dictionary = (entries: Record<string, Plist>): Plist => new Map(Object.entries(entries))

describe('the summary of a message', () => {
  it('has the texts of each part in order, and the parts that are unsent', () => {
    const edits = [
      { part: 0, atMs: T0, text: 'helo' },
      { part: 0, atMs: T0 + 60_000, text: 'hello' },
      { part: 0, atMs: T0 + 61_500, text: 'héllo 👋🏽' },
      { part: 12, atMs: T0, text: 'x'.repeat(20_000) },
    ]
    expect(readSummaryInfo(writeSummaryInfo({ unsentParts: [1, 3], edits }))).toEqual({ unsentParts: [1, 3], edits })
  })

  it('may have neither', () => {
    expect(readSummaryInfo(writeSummaryInfo({}))).toEqual({ unsentParts: [], edits: [] })
  })

  it('may have dates in whole seconds', () => {
    const edit = dictionary({ d: 700_000_000, t: writeAttributedBody({ text: 'a' }) })
    const blob = writeBinaryPlist(dictionary({ ec: dictionary({ '0': [edit] }) }))
    expect(readSummaryInfo(blob)?.edits).toEqual([{ part: 0, atMs: 1_678_307_200_000, text: 'a' }])
  })

  it.each<[string, Plist, unknown]>([
    ['a history that is no dictionary', dictionary({ ec: [1] }), []],
    ['a part that is no number', dictionary({ ec: dictionary({ a: [dictionary({ d: 1 })] }) }), []],
    ['a part that is no list', dictionary({ ec: dictionary({ '0': 'x' }) }), []],
    ['an edit that is none', dictionary({ ec: dictionary({ '0': [7, 'x'] }) }), []],
    [
      'no date and no text',
      dictionary({ ec: dictionary({ '2': [dictionary({})] }) }),
      [{ part: 2, atMs: null, text: null }],
    ],
    [
      'a date and a text of other types',
      dictionary({ ec: dictionary({ '2': [dictionary({ d: 'x', t: 'plain' })] }) }),
      [{ part: 2, atMs: null, text: null }],
    ],
    [
      'a text that cannot be read',
      dictionary({ ec: dictionary({ '2': [dictionary({ d: 0, t: Buffer.from('?') })] }) }),
      [{ part: 2, atMs: 978_307_200_000, text: null }],
    ],
  ])('is read with %s', (_, info, edits) => {
    expect(readSummaryInfo(writeBinaryPlist(info))).toEqual({ unsentParts: [], edits })
  })

  it('counts only numbers of parts as unsent', () => {
    expect(readSummaryInfo(writeBinaryPlist(dictionary({ rp: [0, 'x', 1.5, 2] })))?.unsentParts).toEqual([0, 2])
    expect(readSummaryInfo(writeBinaryPlist(dictionary({ rp: 1 })))?.unsentParts).toEqual([])
  })
})

describe('a summary that cannot be read', () => {
  const CPU_SECONDS_MAX = 2
  /** A property list of objects given as bytes; the first is the top. */
  function plist(objects: ReadonlyArray<readonly number[]>, referenceBytes = 1): Uint8Array {
    const offsets: number[] = []
    let end = 8
    for (const object of objects) {
      offsets.push(end)
      end += object.length
    }
    const trailer = [0, 0, 0, 0, 0, 0, 1, referenceBytes]
    const numbers = [objects.length, 0, end].flatMap((number) => [0, 0, 0, 0, 0, 0, number >> 8, number & 0xff])
    return Buffer.concat([
      Buffer.from('bplist00'),
      Buffer.from(objects.flat()),
      Buffer.from([...offsets, ...trailer, ...numbers]),
    ])
  }

  const LIST_OF_TWO = 0xa2
  const LIST_OF_MANY = [0xaf, 0x12, 0x7f, 0xff, 0xff, 0xff]
  const bomb = Array.from({ length: 50 }, (_, level) => [LIST_OF_TWO, level + 1, level + 1])

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['no property list', Buffer.from('streamtyped')],
    ['only its first bytes', Buffer.from('bplist00')],
    ['a text', writeBinaryPlist('x')],
    ['a list', writeBinaryPlist([1])],
    ['bytes', writeBinaryPlist(Buffer.from('x'))],
    ['a list of itself', plist([[LIST_OF_TWO, 0, 0]])],
    ['lists in lists that double 50 times', plist([...bomb, [0x09]])],
    ['2^31 elements that take no bytes', plist([LIST_OF_MANY], 0)],
    ['2^31 elements of a byte each', plist([LIST_OF_MANY])],
  ])('is %s, and that is known soon', (_, blob) => {
    const before = process.cpuUsage()
    expect(readSummaryInfo(blob)).toBeNull()
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1e6).toBeLessThan(CPU_SECONDS_MAX)
  })

  it('does not throw, whatever was damaged in it', () => {
    const silence = vi.spyOn(console, 'error').mockImplementation(() => {}) // bplist-parser tells it of odd lengths
    onTestFinished(() => silence.mockRestore())
    const whole = writeSummaryInfo({ unsentParts: [1], edits: [{ part: 0, atMs: T0, text: 'ünï' }] })
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(damage, fc.nat(whole.length), (bytes, length) => {
        const blob = Buffer.from(whole)
        for (const [at, byte] of bytes) blob[at] = byte
        readSummaryInfo(blob)
        readSummaryInfo(blob.subarray(0, length))
      }),
      { numRuns: 2000 },
    )
  })
})
