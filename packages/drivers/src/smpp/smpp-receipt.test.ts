/**
 * Delivery receipts.
 * Proves: the forms that SMSCs write are read, TLVs win over the text, what is on its way is no failure, and a person's text is no receipt.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodePdu, encodePdu } from './smpp-pdu.ts'
import type { Pdu } from './smpp-pdu.ts'
import { receiptOf } from './smpp-receipt.ts'

type Given = NonNullable<Parameters<typeof encodePdu>[0]['fields']>

function pduOf(fields: Given): Pdu {
  const decoded = decodePdu(encodePdu({ command: 'deliver_sm', sequence: 1, fields }))
  expect.assert(decoded.kind === 'pdu')
  return decoded.pdu
}
const read = (text: string, fields: Given = { esm_class: 4 }): ReturnType<typeof receiptOf> =>
  receiptOf(pduOf(fields), text)
const LONG = 'sub:001 dlvrd:001 submit date:2611020900 done date:2611020901'

describe('a receipt', () => {
  it.each([
    [`id:7 ${LONG} stat:DELIVRD err:000 text:Hello th`, { id: '7', fact: 'delivered', textStart: 'Hello th' }],
    [`ID:A-7 ${LONG.toUpperCase()} STAT:delivrd ERR:0 TEXT:`, { id: 'A-7', fact: 'delivered', textStart: null }],
    ['id: 7 sub: 1 stat: DELIVERED', { id: '7', fact: 'delivered' }],
    [
      `id:7 ${LONG} stat:UNDELIV err:069 text:x`,
      { fact: 'failed', reason: 'smpp_undelivered', detail: 'The SMSC reports UNDELIV, error 069' },
    ],
    [`id:7 ${LONG} stat:EXPIRED err:027`, { fact: 'failed', reason: 'smpp_expired' }],
    [`id:7 ${LONG} stat:DELETED`, { fact: 'failed', reason: 'smpp_deleted' }],
    [`id:7 ${LONG} stat:REJECTD`, { fact: 'failed', reason: 'smpp_rejected' }],
    [`id:7 ${LONG} stat:ACCEPTD`, { fact: 'sent', reason: null }],
    [`id:7 ${LONG} stat:ENROUTE`, { fact: 'sent' }],
    [`id:7 ${LONG} stat:UNKNOWN`, { fact: 'sent' }],
    [`id:7 ${LONG} stat:WHATEVER`, { fact: 'sent' }],
    // Neither a number nor a long text gets into the detail.
    [`id:7 ${LONG} stat:UNDELIV err:4915112345678`, { fact: 'failed', detail: 'The SMSC reports UNDELIV' }],
    [`id:7 ${LONG} stat:UNDELIV err:${'x'.repeat(99)}`, { fact: 'failed', detail: 'The SMSC reports UNDELIV' }],
    [`id:7 ${LONG} stat:${'LONG'.repeat(99)}`, { fact: 'sent', detail: `The SMSC reports ${'LONG'.repeat(5)}` }],
    // The text of the message cannot overrule the receipt.
    [
      `id:7 ${LONG} stat:UNDELIV err:1 text:id:8 stat:DELIVRD`,
      { id: '7', fact: 'failed', textStart: 'id:8 stat:DELIVRD' },
    ],
    ['text:id:8 stat:DELIVRD', { id: null, fact: 'sent' }],
    ['', { id: null, fact: 'sent' }],
  ])('%s', (text, expected) => {
    expect(read(text)).toMatchObject(expected)
  })

  it('is read by its TLVs first', () => {
    const tlvs = { receipted_message_id: 'T', message_state: 2, user_message_reference: 12 }
    expect(read(`id:7 ${LONG} stat:UNDELIV err:1`, tlvs)).toMatchObject({ id: 'T', reference: 12, fact: 'delivered' })
    expect(read(`id:7 ${LONG} stat:UNDELIV`, { esm_class: 4, message_state: 200 })).toMatchObject({
      id: '7',
      fact: 'failed',
    })
    expect(read('', { esm_class: 0x20, message_state: 1, user_message_reference: 3 })).toMatchObject({
      id: null,
      reference: 3,
      fact: 'sent',
    })
  })

  it.each([
    ['id:7 stat:DELIVRD', 'not all of the form'],
    [`so id:7 ${LONG} stat:DELIVRD`, 'not at the beginning'],
    ['My id: 12', 'nothing but a word'],
  ])('is not what a person writes: %s (%s)', (text) => {
    expect(read(text, { esm_class: 0 })).toBeNull()
    expect(read(text, { esm_class: 0, user_message_reference: 1 })).toBeNull()
  })

  it('is never too strange to be read', () => {
    const anything = fc.oneof(fc.string(), fc.stringMatching(/^(id:|stat:|err:|text:|done date:|[ a-z0-9:]){0,20}$/))
    fc.assert(fc.property(anything, fc.nat(255), (text, esm_class) => void read(text, { esm_class })))
  })
})
