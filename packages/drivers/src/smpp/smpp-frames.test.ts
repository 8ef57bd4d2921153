/**
 * PDUs out of a stream.
 * Proves: however the bytes are cut, the same PDUs come out; an impossible length ends it at once, and nothing is kept for it.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HEADER_BYTES, PDU_BYTES_MAX, SmppFrames } from './smpp-frames.ts'

const pdu = fc.uint8Array({ minLength: 12, maxLength: 300 }).map((body) => {
  const frame = Buffer.alloc(4 + body.length)
  frame.writeUInt32BE(frame.length, 0)
  frame.set(body, 4)
  return frame
})

describe('frames', () => {
  it('are the same however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(pdu, { maxLength: 8 }), fc.array(fc.integer({ min: 1, max: 40 })), (pdus, cuts) => {
        const bytes = Buffer.concat(pdus)
        const frames = new SmppFrames()
        const read: Buffer[] = []
        for (let at = 0, nth = 0; at < bytes.length; nth++) {
          const length = cuts[nth] ?? bytes.length
          read.push(...(frames.push(bytes.subarray(at, at + length)) ?? []))
          at += length
        }
        expect(read.map((frame) => frame.toString('hex'))).toEqual(pdus.map((frame) => frame.toString('hex')))
      }),
    )
  })

  it.each([0, 1, HEADER_BYTES - 1, PDU_BYTES_MAX + 1, 0x7fffffff, 0xffffffff])('end with a length of %i', (length) => {
    const frame = Buffer.alloc(4)
    frame.writeUInt32BE(length, 0)
    expect(new SmppFrames().push(frame)).toBeNull()
  })

  it('may be as long as is allowed', () => {
    const frame = Buffer.alloc(PDU_BYTES_MAX)
    frame.writeUInt32BE(frame.length, 0)
    expect(new SmppFrames().push(frame)).toHaveLength(1)
  })
})
