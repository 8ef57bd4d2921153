/**
 * What an SMSC delivers.
 * Proves: receipts in all their forms name their message, also before its answer, in another form of id, again and again; inbound messages
 * are read in every alphabet and put together from their parts; nothing is acknowledged before it is stored.
 * World: the provider and an SMSC over real sockets.
 */
import { shortReference } from '@bluewire/contract/short-reference'
import { until } from '@bluewire/testkit/stories/until'
import type { Fields } from 'smpp'
import { describe, expect, it } from 'vitest'
import { addresses, receiptFields, ucs2 } from '../conformance/smsc.ts'
import type { Taken } from '../conformance/smsc.ts'
import { LINE, SmppWorld, THEM } from './smpp-world.ts'

const OK = 0
const TRY_LATER = 0x64

const firstOf = (world: SmppWorld): Taken => {
  const [taken] = world.smsc.taken
  expect.assert(taken)
  return taken
}

describe('a receipt', () => {
  it('before the answer names the message by our reference', async () => {
    await using world = await SmppWorld.open({ answer_within: '5000ms' })
    world.smsc.holdsAnswers = true
    const sms = world.sms('early')
    const sending = world.provider.send(sms, () => true)
    await until('it was taken', () => world.smsc.taken.length === 1)
    expect(await world.smsc.receipt('delivered')).toBe(true)
    world.smsc.release()
    expect(await sending).toEqual({ kind: 'sent', refs: ['smsc-1'] })
    expect(world.receipts).toMatchObject([
      { ref: 'smsc-1', reference: shortReference(sms.attempt, 1), to: THEM, fact: 'delivered' },
    ])
  })

  it.each([
    [
      'hex',
      'decimal',
      (nth: number) => (0xa1b0 + nth).toString(16).toUpperCase().padStart(8, '0'),
      (nth: number) => String(0xa1b0 + nth),
    ],
    ['decimal', 'hex', (nth: number) => String(41_000 + nth), (nth: number) => (41_000 + nth).toString(16)],
    ['decimal', 'decimal', (nth: number) => String(70 + nth).padStart(10, '0'), (nth: number) => String(70 + nth)],
  ])('with ids in %s there and %s here', async (...[response_ids, receipt_ids, inResponse, inReceipt]) => {
    await using world = await SmppWorld.open({ response_ids, receipt_ids })
    world.smsc.idOf = inResponse
    const outcome = await world.send('two forms of one id')
    await world.smsc.deliver(receiptFields({ ...firstOf(world), id: inReceipt(1) }, 'delivered'))
    expect(world.receipts.map(({ ref }) => [ref])).toEqual([outcome.kind === 'sent' && outcome.refs])
  })

  it('that comes three times is acknowledged and reported three times', async () => {
    await using world = await SmppWorld.open()
    await world.send('again and again')
    expect(await world.smsc.receipt('delivered', { times: 3 })).toBe(true)
    expect(world.receipts).toHaveLength(3)
    expect(world.receipts.every(({ ref }) => ref === 'smsc-1')).toBe(true)
  })

  it('for each part of a long message', async () => {
    await using world = await SmppWorld.open()
    const sms = world.sms('long '.repeat(100))
    await world.provider.send(sms, () => true)
    expect(await world.smsc.receipt('delivered', { parts: 'all' })).toBe(true)
    const references = [1, 2, 3, 4].map((part) => shortReference(sms.attempt, part))
    expect(world.receipts.map(({ reference }) => reference)).toEqual(references)
  })

  it('by TLV, which wins over its text', async () => {
    await using world = await SmppWorld.open()
    await world.send('tlv')
    const fields = { ...receiptFields(firstOf(world), 'delivered'), receipted_message_id: 'by-tlv', message_state: 5 }
    expect(await world.smsc.deliver(fields)).toBe(OK)
    expect(world.receipts).toMatchObject([{ ref: 'by-tlv', fact: 'failed', reason: 'smpp_undelivered' }])
  })

  it('by TLV alone, without the bit and without a text', async () => {
    await using world = await SmppWorld.open()
    const fields = { ...addresses(THEM, LINE), receipted_message_id: 'bare', message_state: 2 }
    expect(await world.smsc.deliver(fields)).toBe(OK)
    expect(world.receipts).toMatchObject([{ ref: 'bare', fact: 'delivered', to: THEM }])
  })

  it('by its text alone, without the bit', async () => {
    await using world = await SmppWorld.open()
    await world.send('no bit')
    expect(await world.smsc.deliver({ ...receiptFields(firstOf(world), 'failed'), esm_class: 0 })).toBe(OK)
    expect(world.receipts).toMatchObject([
      { ref: 'smsc-1', fact: 'failed', detail: 'The SMSC reports UNDELIV, error 069' },
    ])
    expect(world.inbounds).toHaveLength(0)
  })

  it('that cannot be stored is asked for again', async () => {
    await using world = await SmppWorld.open()
    await world.send('full disk')
    world.isFailing = true
    expect(await world.smsc.deliver(receiptFields(firstOf(world), 'delivered'))).toBe(TRY_LATER)
    world.isFailing = false
    expect(await world.smsc.deliver(receiptFields(firstOf(world), 'delivered'))).toBe(OK)
    expect(world.receipts).toHaveLength(1)
  })

  it('that names nothing is acknowledged and logged', async () => {
    await using world = await SmppWorld.open()
    expect(
      await world.smsc.deliver({ ...addresses(THEM, LINE), esm_class: 4, short_message: Buffer.from('done') }),
    ).toBe(OK)
    await world.wasLogged('smpp.receipt_unreadable')
    expect(world.receipts).toHaveLength(0)
  })
})

describe('a message to us', () => {
  it.each([
    ['in GSM', 0, Buffer.of(0x00, 0x1b, 0x65, 0x02, 0x41), '@€$A'],
    ['in Latin-1', 3, Buffer.from('Grüße', 'latin1'), 'Grüße'],
    ['in UCS-2', 8, ucs2('щ 😀'), 'щ 😀'],
    ['in UCS-2 with half a letter too much', 8, Buffer.concat([ucs2('щ'), Buffer.of(0)]), 'щ'],
    ['in Cyrillic', 6, Buffer.of(0xb0, 0xb1), 'АБ'],
    ['in GSM with a class', 0xf1, Buffer.of(0x00, 0x41), '@A'],
  ])('%s', async (...[, data_coding, short_message, body]) => {
    await using world = await SmppWorld.open()
    expect(await world.smsc.deliver({ ...addresses(THEM, LINE), data_coding, short_message })).toBe(OK)
    expect(world.inbounds).toMatchObject([{ from: THEM, line: LINE, body }])
  })

  it('in a payload', async () => {
    await using world = await SmppWorld.open()
    const body = 'p'.repeat(900)
    await world.smsc.deliver({ ...addresses(THEM, LINE), message_payload: Buffer.from(body) })
    expect(world.inbounds).toMatchObject([{ body }])
  })

  it('twice "yes" is two; one that was not stored and comes again is one', async () => {
    await using world = await SmppWorld.open()
    const yes = { ...addresses(THEM, LINE), short_message: Buffer.from('yes') }
    expect(await world.smsc.deliver(yes)).toBe(OK)
    expect(await world.smsc.deliver(yes)).toBe(OK)
    const [first, second] = world.inbounds
    expect(first?.guid).not.toBe(second?.guid)
    world.isFailing = true
    expect(await world.smsc.deliver({ ...yes, short_message: Buffer.from('no') })).toBe(TRY_LATER)
    world.isFailing = false
    expect(await world.smsc.deliver({ ...yes, short_message: Buffer.from('no') })).toBe(OK)
    expect(world.inbounds).toHaveLength(3)
  })

  it('that talks like a receipt is a message all the same', async () => {
    await using world = await SmppWorld.open()
    await world.smsc.deliver({ ...addresses(THEM, LINE), short_message: Buffer.from('id: 7, stat: fine') })
    expect(world.inbounds).toMatchObject([{ body: 'id: 7, stat: fine' }])
  })
})

describe('a long message to us', () => {
  const TEXTS = ['one ', 'two ', 'three']
  const udh8 = (nth: number): Fields => ({ esm_class: 0x40, short_message: udh([5, 0, 3, 77, 3, nth], nth) })
  const udh16 = (nth: number): Fields => ({ esm_class: 0x40, short_message: udh([6, 8, 4, 1, 77, 3, nth], nth) })
  const sar = (nth: number): Fields => ({
    short_message: Buffer.from(TEXTS[nth - 1] ?? ''),
    sar_msg_ref_num: 77,
    sar_total_segments: 3,
    sar_segment_seqnum: nth,
  })
  const udh = (header: number[], nth: number): Buffer =>
    Buffer.concat([Buffer.from(header), Buffer.from(TEXTS[nth - 1] ?? '')])

  it.each([
    ['8 bits', udh8],
    ['16 bits', udh16],
    ['TLVs', sar],
  ])('is put together by %s, in any order, and acknowledged as a whole', async (_by, part) => {
    await using world = await SmppWorld.open()
    const answers = [3, 1, 2].map((nth) => world.smsc.deliver({ ...addresses(THEM, LINE), ...part(nth) }))
    expect(await Promise.all(answers)).toEqual([OK, OK, OK])
    expect(world.inbounds).toMatchObject([{ from: THEM, body: 'one two three' }])
  })

  it('is not acknowledged when it cannot be stored, and taken when all of it comes again', async () => {
    await using world = await SmppWorld.open()
    const all = (): Promise<unknown> =>
      Promise.all([1, 2, 3].map((nth) => world.smsc.deliver({ ...addresses(THEM, LINE), ...udh8(nth) })))
    world.isFailing = true
    expect(await all()).toEqual([TRY_LATER, TRY_LATER, TRY_LATER])
    world.isFailing = false
    expect(await all()).toEqual([OK, OK, OK])
    expect(world.inbounds).toHaveLength(1)
  })

  it('comes through from an SMSC that waits for each acknowledgement', async () => {
    await using world = await SmppWorld.open({ part_hold: '50ms' })
    for (const nth of [1, 2, 3]) expect(await world.smsc.deliver({ ...addresses(THEM, LINE), ...udh8(nth) })).toBe(OK)
    expect(world.inbounds).toMatchObject([{ body: 'one two three' }])
    // Its last acknowledgement was lost.
    expect(await world.smsc.deliver({ ...addresses(THEM, LINE), ...udh8(3) })).toBe(OK)
    expect(world.inbounds).toHaveLength(1)
  })

  it('that is incomplete when we stop is reported as it is', async () => {
    await using world = await SmppWorld.open({ part_hold: '20ms' })
    expect(await world.smsc.deliver({ ...addresses(THEM, LINE), ...udh8(2) })).toBe(OK)
    await world.provider.stop()
    expect(world.inbounds).toMatchObject([{ body: '[…]two […]' }])
  })
})

describe('query_sm', () => {
  const help = (parts: ReadonlyMap<number, string>) => ({
    dispatchedAtMs: Date.now(),
    parts,
    hasTwin: false,
    isTaken: () => Promise.resolve(false),
  })

  it('finds what has an id', async () => {
    await using world = await SmppWorld.open({ query: true })
    const sms = world.sms('where are you')
    world.smsc.queries.set('known', 2).set('gone', 5).set('lost', 7)
    expect(await world.provider.lookUp(sms, help(new Map([[1, 'known']])))).toEqual({ kind: 'sent', refs: ['known'] })
    expect(world.receipts).toHaveLength(0)
    expect(await world.provider.lookUp(sms, help(new Map([[1, 'lost']])))).toMatchObject({ kind: 'unknown' })
    expect(await world.provider.lookUp(sms, help(new Map([[1, 'not known']])))).toMatchObject({ kind: 'unknown' })
    expect(await world.provider.lookUp(sms, help(new Map()))).toMatchObject({ kind: 'unknown' })
    expect(await world.provider.lookUp(sms, help(new Map([[1, 'gone']])))).toEqual({ kind: 'sent', refs: ['gone'] })
    expect(world.receipts).toMatchObject([
      { ref: 'gone', fact: 'failed', reason: 'smpp_undelivered', attempt: sms.attempt },
    ])
  })

  it('is asked only where the SMSC has it', async () => {
    await using world = await SmppWorld.open()
    world.smsc.queries.set('known', 2)
    expect(await world.provider.lookUp(world.sms('x'), help(new Map([[1, 'known']])))).toMatchObject({
      kind: 'unknown',
    })
    expect(world.smsc.heard.some(({ command }) => command === 'query_sm')).toBe(false)
  })
})
