/**
 * The small pure pieces: statuses, message ids, addresses, inbound texts.
 * Proves: each by a table, and that no bytes are too strange to be read.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { REASONS } from '../provider.ts'
import { addressOf, destinationOf, sourceOf } from './smpp-address.ts'
import { idForQuery, idOfReceipt, idOfResponse } from './smpp-message-ids.ts'
import { encodePdu, decodePdu } from './smpp-pdu.ts'
import { smppSettings } from './smpp-settings.ts'
import { statusesOf, verdictOf } from './smpp-status.ts'
import { decode, textOf } from './smpp-text.ts'

describe('a status', () => {
  it.each([
    [0x58, 'throttled', REASONS.throttled],
    [0x14, 'throttled', REASONS.throttled],
    [0x08, 'retry', 'smpp_0x00000008'],
    [0x0b, 'refused', REASONS.unreachable],
    [0x45, 'refused', REASONS.refused],
    [0xff, 'unclear', 'smpp_0x000000ff'],
    [0x40a, 'refused', 'smpp_0x0000040a'],
  ])('%i is %s', (status, kind, reason) => {
    expect(verdictOf(status)).toMatchObject({ kind, reason })
  })

  it('of the SMSC’s own may mean that the recipient opted out', () => {
    expect(verdictOf(0x457, statusesOf('0x457, 1281'))).toMatchObject({ kind: 'refused', reason: REASONS.optedOut })
    expect(verdictOf(1281, statusesOf('0x457,1281')).reason).toBe(REASONS.optedOut)
    expect(statusesOf('').size).toBe(0)
  })
})

describe('message ids', () => {
  const text = { response_ids: 'text', receipt_ids: 'text' } as const
  const mixed = { response_ids: 'hex', receipt_ids: 'decimal' } as const

  it('stay as they are where both are text', () => {
    expect(idOfResponse('00Ab-7', text)).toBe('00Ab-7')
    expect(idOfReceipt('00Ab-7', text)).toBe('00Ab-7')
  })

  it('have one form where they are written in two', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n }), fc.nat(5), (id, zeros) => {
        const inHex = `${'0'.repeat(zeros)}${id.toString(16).toUpperCase()}`
        expect(idOfResponse(inHex, mixed)).toBe(idOfReceipt(`${'0'.repeat(zeros)}${id}`, mixed))
        expect(BigInt(`0x${idForQuery(idOfResponse(inHex, mixed), mixed)}`)).toBe(id)
      }),
    )
  })

  it('that are not of the form stay as they are', () => {
    expect(idOfResponse('xyz', mixed)).toBe('xyz')
    expect(idOfReceipt('12ab', mixed)).toBe('12ab')
    expect(idOfResponse('0x1f', mixed)).toBe('31')
    expect(idOfResponse('', mixed)).toBe('')
  })
})

describe('addresses', () => {
  it.each([
    ['14155552671', 1, '+14155552671'],
    ['+14155552671', 0, '+14155552671'],
    ['0014155552671', 0, '+14155552671'],
    ['14155552671', 0, '+14155552671'],
    ['4155552671', 2, '4155552671'],
    ['041555', 0, '041555'],
    ['12345', 0, '12345'],
    ['12345', 3, '12345'],
    ['Bank', 5, 'Bank'],
    ['', 0, ''],
  ])('%s of type %i is %s', (address, ton, expected) => {
    expect(addressOf(address, ton)).toBe(expected)
  })

  it('go out as they are meant', () => {
    expect(sourceOf('+15005550001', {})).toEqual({ ton: 1, npi: 1, address: '15005550001' })
    expect(sourceOf('12345', {})).toEqual({ ton: 3, npi: 0, address: '12345' })
    expect(sourceOf('Bluewire', { source_npi: 9 })).toEqual({ ton: 5, npi: 9, address: 'Bluewire' })
    expect(destinationOf('+15005550001', { dest_ton: 1, dest_npi: 1 })).toEqual({
      ton: 1,
      npi: 1,
      address: '15005550001',
    })
  })
})

describe('an inbound text', () => {
  const part = (esm_class: number, bytes: number[]) => {
    const decoded = decodePdu(
      encodePdu({
        command: 'deliver_sm',
        sequence: 1,
        fields: { esm_class, data_coding: 3, short_message: Buffer.from(bytes) },
      }),
    )
    expect.assert(decoded.kind === 'pdu')
    return textOf(decoded.pdu, 'gsm')
  }

  it.each([
    ['of two, by 8 bits', [5, 0, 3, 9, 2, 1, 65], { key: 'udh8-9', total: 2, number: 1 }],
    [
      'of two, by 16 bits, behind another element',
      [9, 0x24, 1, 0, 8, 4, 1, 9, 2, 2, 65],
      { key: 'udh16-265', total: 2, number: 2 },
    ],
    ['of one', [5, 0, 3, 9, 1, 1, 65], null],
    ['with a number that cannot be', [5, 0, 3, 9, 2, 3, 65], null],
    ['with the number 0', [5, 0, 3, 9, 2, 0, 65], null],
    ['with a header that is cut', [3, 0, 3, 9, 65], null],
  ])('part %s', (_what, bytes, expected) => {
    expect(part(0x40, bytes)).toEqual({ part: expected, text: 'A' })
  })

  it('whose header is longer than itself is shown', () => {
    expect(part(0x40, [200, 65])).toEqual({ part: null, text: 'ÈA' })
    expect(part(0, [65, 66])).toEqual({ part: null, text: 'AB' })
  })

  it('is never too strange to be read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(255), fc.nat(255), (bytes, esm_class, coding) => {
        expect(typeof decode(Buffer.from(bytes), coding, 'gsm')).toBe('string')
        part(esm_class, [...bytes])
      }),
    )
  })
})

describe('the settings', () => {
  const least = { host: 'smsc.example', system_id: 'me' }

  it('need a host and a name', () => {
    expect(smppSettings.parse(least)).toMatchObject({
      port: 2775,
      window: 10,
      throughput: 10,
      tls: false,
      long_messages: 'udh',
      answer_within: 30_000,
      enquire_link: 30_000,
    })
    expect(smppSettings.safeParse({ host: 'x' }).success).toBe(false)
  })

  it('may all be text', () => {
    const text = {
      ...least,
      port: '3550',
      tls: 'true',
      verify: 'no',
      window: '5',
      throughput: '0',
      source_ton: '5',
      references: 'off',
      part_hold: '2s',
    }
    expect(smppSettings.parse(text)).toMatchObject({
      port: 3550,
      tls: true,
      verify: false,
      window: 5,
      throughput: 0,
      source_ton: 5,
      references: false,
      part_hold: 2_000,
    })
  })

  it.each([
    [{ port: 0 }],
    [{ window: 0 }],
    [{ answer_within: '2m' }],
    [{ enquire_link: 'often' }],
    [{ throughput: -1 }],
    [{ mode: 'both' }],
    [{ opted_out_status: 'stop' }],
    [{ unheard_of: 1 }],
  ])('refuse %o', (wrong) => {
    expect(smppSettings.safeParse({ ...least, ...wrong }).success).toBe(false)
  })

  it('are each described', () => {
    for (const [name, schema] of Object.entries(smppSettings.shape)) expect(schema.description, name).toMatch(/\w+ \w+/)
  })
})
