/**
 * The codec.
 * Proves: the one inner name of the `smpp` package that we override is still there; texts stay bytes; what goes on behind its end is seen.
 */
import smpp from 'smpp'
import { describe, expect, it } from 'vitest'
import { decodePdu, encodePdu } from './smpp-pdu.ts'

const fields = { source_addr: '1', destination_addr: '2', data_coding: 8, short_message: Buffer.from('bytes') }

describe('a PDU', () => {
  it('keeps its text as bytes, both ways', () => {
    expect(Object.hasOwn(smpp.PDU.prototype as object, '_filter')).toBe(true)
    const read = decodePdu(encodePdu({ command: 'deliver_sm', sequence: 7, fields }))
    expect(read).toMatchObject({ kind: 'pdu', pdu: { command: 'deliver_sm', sequence_number: 7, ...fields } })
  })

  it('of an unknown command is one', () => {
    const frame = Buffer.from('0000001400001234000000000000000900000000', 'hex')
    expect(decodePdu(frame)).toMatchObject({ kind: 'pdu', pdu: { command: 'unknown', sequence_number: 9 } })
  })

  it('may have up to three bytes behind its last TLV, and an answer no body', () => {
    const padded = Buffer.concat([encodePdu({ command: 'deliver_sm', sequence: 7, fields }), Buffer.alloc(3)])
    padded.writeUInt32BE(padded.length, 0)
    expect(decodePdu(padded).kind).toBe('pdu')
    expect(decodePdu(Buffer.from('00000010800000040000000000000001', 'hex')).kind).toBe('pdu')
    expect(decodePdu(Buffer.from('00000010000000040000000000000001', 'hex'))).toEqual({
      kind: 'malformed',
      command: 'submit_sm',
      header: { id: 4, status: 0, sequence: 1 },
    })
  })

  it('that is cut at any byte is seen to be', () => {
    const whole = encodePdu({ command: 'deliver_sm', sequence: 7, fields: { ...fields, user_message_reference: 5 } })
    for (let length = 16; length < whole.length; length++) {
      const cut = Buffer.from(whole.subarray(0, length))
      cut.writeUInt32BE(length, 0)
      // Without its TLV, and up to three bytes of it, it is a whole one.
      const isWhole = length >= whole.length - 6 && length < whole.length - 2
      expect(decodePdu(cut).kind, `${length} of ${whole.length}`).toBe(isWhole ? 'pdu' : 'malformed')
    }
  })
})
