/**
 * Sending over SMPP.
 * Proves: what each answer means for the message; the parts of a long one are accepted, refused or unknown one by one, and only what was
 * refused for now leaves again; the window and the throughput are kept; an answer that comes too late is still heard.
 * World: the provider and an SMSC over real sockets; the SMSC reads with another codec.
 */
import { shortReference } from '@bluewire/contract/short-reference'
import { REASONS } from '@bluewire/drivers/provider'
import { until } from '@bluewire/testkit/stories/until'
import { describe, expect, it } from 'vitest'
import { LINE, SmppWorld, THEM } from './smpp-world.ts'

const THREE_PARTS = 'x'.repeat(400)

describe('an answer with a status', () => {
  it.each([
    [0x58, 'never_handed', REASONS.throttled],
    [0x14, 'never_handed', REASONS.throttled],
    [0x08, 'never_handed', 'smpp_0x00000008'],
    [0x64, 'never_handed', 'smpp_0x00000064'],
    [0x04, 'never_handed', REASONS.notConnected],
    [0x0b, 'refused', REASONS.unreachable],
    [0x0a, 'refused', 'smpp_0x0000000a'],
    [0x45, 'refused', REASONS.refused],
    [0x411, 'refused', 'smpp_0x00000411'],
  ])('%i: not sent', async (...[status, handed, reason]) => {
    await using world = await SmppWorld.open()
    world.smsc.decide = () => status
    const outcome = await world.send('hello')
    expect(outcome).toMatchObject({ kind: 'not_sent', class: handed, reason })
    expect(outcome.kind === 'not_sent' && outcome.detail).toMatch(/^\p{Lu}.*\(0x0000/u)
    expect('retryAfterMs' in outcome).toBe(reason === REASONS.throttled)
    expect(world.smsc.taken).toHaveLength(0)
  })

  it('that the SMSC does not know itself: unknown', async () => {
    await using world = await SmppWorld.open()
    world.smsc.behaviour = 'server_error'
    expect(await world.send('hello')).toMatchObject({ kind: 'unknown', reason: 'smpp_0x000000ff' })
  })

  it('that says that we are not logged in: the login is made anew', async () => {
    await using world = await SmppWorld.open()
    world.smsc.decide = (_submit, nth) => (nth === 1 ? 0x04 : null)
    await world.send('hello')
    await until(
      'it logs in again',
      () => world.smsc.heard.filter(({ command }) => command.startsWith('bind')).length === 2,
    )
    await world.isReady()
    expect(await world.send('hello')).toMatchObject({ kind: 'sent' })
  })

  it('of a generic_nack: not sent', async () => {
    await using world = await SmppWorld.open()
    world.smsc.nacks = true
    expect(await world.send('hello')).toMatchObject({ kind: 'not_sent', class: 'refused', reason: 'smpp_0x00000003' })
  })

  it('of a generic_nack without an error: unknown', async () => {
    await using world = await SmppWorld.open()
    world.smsc.nacks = true
    world.smsc.nackStatus = 0
    expect(await world.send('hello')).toMatchObject({ kind: 'unknown', reason: 'answer_unreadable' })
  })

  it('rests the line for longer each time it is too fast', async () => {
    await using world = await SmppWorld.open()
    world.smsc.behaviour = 'throttle'
    const rests: unknown[] = []
    for (const body of ['1', '2', '3']) {
      const outcome = await world.send(body)
      rests.push(outcome.kind === 'not_sent' && outcome.retryAfterMs)
    }
    expect(rests).toEqual([1_000, 2_000, 4_000])
    expect(world.provider.health()).toMatchObject({ state: 'degraded', detail: expect.stringContaining('too fast') })
    world.smsc.behaviour = 'accept'
    expect(await world.send('4')).toMatchObject({ kind: 'sent' })
    expect(world.provider.health().state).toBe('ok')
  })
})

describe('no answer', () => {
  it('in time, and then one after all: it is told', async () => {
    await using world = await SmppWorld.open({ answer_within: '50ms' })
    world.smsc.holdsAnswers = true
    const sms = world.sms('late')
    expect(await world.provider.send(sms, () => true)).toMatchObject({ kind: 'unknown', reason: REASONS.noAnswer })
    world.smsc.release()
    const receipt = await until('it is told', () => world.receipts[0])
    expect(receipt).toMatchObject({ attempt: sms.attempt, ref: 'smsc-1', part: 1, fact: 'sent', to: THEM })
    expect(receipt.reference).toBe(shortReference(sms.attempt, 1))
  })

  it('for a whole window: the login is made anew, and what waited did not leave', async () => {
    await using world = await SmppWorld.open({ window: 3, answer_within: '100ms' })
    world.smsc.behaviour = 'lose_answer'
    const outcomes = await Promise.all(['1', '2', '3', '4', '5'].map((body) => world.send(body)))
    expect(outcomes.map(({ kind }) => kind)).toEqual(['unknown', 'unknown', 'unknown', 'not_sent', 'not_sent'])
    expect(outcomes[4]).toMatchObject({ class: 'never_handed', reason: REASONS.notConnected })
    world.smsc.behaviour = 'accept'
    await world.isReady()
    expect(await world.send('6')).toMatchObject({ kind: 'sent' })
    expect(world.smsc.arrived.map(({ body }) => body)).toEqual(['1', '2', '3', '6'])
  })

  it('because bytes without sense came: unknown, and says so', async () => {
    await using world = await SmppWorld.open()
    world.smsc.behaviour = 'garbage_answer'
    expect(await world.send('hello')).toMatchObject({ kind: 'unknown', reason: REASONS.answerUnreadable })
  })
})

describe('a long message', () => {
  it('is three parts with one header and a reference each', async () => {
    await using world = await SmppWorld.open()
    const sms = world.sms(THREE_PARTS)
    expect(await world.provider.send(sms, () => true)).toEqual({ kind: 'sent', refs: ['smsc-1', 'smsc-2', 'smsc-3'] })
    expect(world.smsc.arrived).toEqual([{ to: THEM, from: LINE, body: THREE_PARTS, parts: 3 }])
    expect(world.smsc.taken.map(({ reference }) => reference)).toEqual(
      [1, 2, 3].map((part) => shortReference(sms.attempt, part)),
    )
    expect(world.smsc.taken.every(({ pdu }) => pdu.registered_delivery === 1 && pdu.esm_class === 0x40)).toBe(true)
  })

  it('asks once whether it may leave', async () => {
    await using world = await SmppWorld.open()
    let asked = 0
    await world.provider.send(world.sms(THREE_PARTS), () => ++asked > 0)
    expect(asked).toBe(1)
    expect(await world.provider.send(world.sms('no'), () => false)).toMatchObject({
      kind: 'not_sent',
      reason: REASONS.leaseLost,
    })
    expect(world.smsc.taken).toHaveLength(3)
  })

  it('whose first part is refused was not sent, and no other part leaves', async () => {
    await using world = await SmppWorld.open()
    world.smsc.decide = () => 0x0b
    expect(await world.send(THREE_PARTS)).toMatchObject({
      kind: 'not_sent',
      class: 'refused',
      reason: REASONS.unreachable,
    })
    expect(world.smsc.submits).toBe(1)
  })

  it('whose second part comes too fast repeats that part alone, with the same header', async () => {
    await using world = await SmppWorld.open()
    let throttled = 0
    world.smsc.decide = (submit) => (partOf(submit) === 2 && ++throttled === 1 ? 0x58 : null)
    expect(await world.send(THREE_PARTS)).toMatchObject({ kind: 'sent', refs: ['smsc-1', 'smsc-3', 'smsc-2'] })
    expect(world.smsc.submits).toBe(4)
    expect(world.smsc.arrived).toMatchObject([{ body: THREE_PARTS, parts: 3 }])
  })

  it('whose second part is refused is unknown, with the parts that were taken', async () => {
    await using world = await SmppWorld.open()
    world.smsc.decide = (submit) => (partOf(submit) === 2 ? 0x45 : null)
    const outcome = await world.send(THREE_PARTS)
    expect(outcome).toMatchObject({ kind: 'unknown', reason: REASONS.partlySent, of: 3 })
    expect(outcome.kind === 'unknown' && outcome.parts).toEqual(
      new Map([
        [1, 'smsc-1'],
        [3, 'smsc-2'],
      ]),
    )
    expect(world.smsc.submits).toBe(3)
  })

  it('whose third part gets no answer is unknown, and that part leaves once', async () => {
    await using world = await SmppWorld.open()
    world.smsc.decide = (submit) => (partOf(submit) === 3 ? 'silent' : null)
    const outcome = await world.send(THREE_PARTS)
    expect(outcome).toMatchObject({ kind: 'unknown', reason: REASONS.noAnswer, of: 3 })
    expect(outcome.kind === 'unknown' && outcome.parts?.size).toBe(2)
    expect(world.smsc.submits).toBe(3)
  })

  it('whose connection is lost after the first part goes on over the next one', async () => {
    await using world = await SmppWorld.open({ window: 1 })
    let isCut = false
    world.smsc.decide = (submit) => {
      // The third part has not left: there is room for one.
      if (partOf(submit) === 2 && !isCut) {
        isCut = true
        world.smsc.dropAll()
        return 'silent'
      }
      return null
    }
    const outcome = await world.send(THREE_PARTS)
    expect(outcome).toMatchObject({ kind: 'unknown', of: 3 })
    expect(outcome.kind === 'unknown' && [...(outcome.parts?.keys() ?? [])]).toEqual([1, 3])
    expect(world.smsc.submits).toBe(3)
    expect(world.smsc.arrived).toMatchObject([{ body: THREE_PARTS }])
  })

  it('goes as one where the SMSC takes a payload', async () => {
    await using world = await SmppWorld.open({ long_messages: 'payload' })
    expect(await world.send(THREE_PARTS)).toEqual({ kind: 'sent', refs: ['smsc-1'] })
    expect(world.smsc.arrived).toEqual([{ to: THEM, from: LINE, body: THREE_PARTS, parts: 1 }])
    expect(await world.send('😀'.repeat(100))).toMatchObject({ kind: 'sent' })
    expect(world.smsc.arrived[1]).toMatchObject({ body: '😀'.repeat(100) })
  })

  it('of more than 255 parts is refused', async () => {
    await using world = await SmppWorld.open()
    expect(await world.send('я'.repeat(67 * 256))).toMatchObject({ kind: 'not_sent', class: 'refused' })
    expect(world.smsc.submits).toBe(0)
  })
})

describe('limits', () => {
  it('the window is kept while the SMSC is slow', async () => {
    await using world = await SmppWorld.open({ window: 4, answer_within: '10000ms' })
    world.smsc.holdsAnswers = true
    const sending = Array.from({ length: 12 }, (_, i) => world.send(`${i} ${'y'.repeat(i % 3 === 0 ? 300 : 10)}`))
    await until('the window is full', () => world.smsc.submits === 4)
    world.smsc.release()
    const outcomes = await Promise.all(sending)
    expect(outcomes.every(({ kind }) => kind === 'sent')).toBe(true)
    expect(world.smsc.outstandingMax).toBe(4)
    expect(world.smsc.arrived).toHaveLength(12)
  })

  it('the throughput is kept, by parts', async () => {
    await using world = await SmppWorld.open({ throughput: 50, window: 100 })
    const startedAtMs = performance.now()
    await Promise.all(Array.from({ length: 7 }, () => world.send('z'.repeat(300))))
    // 14 parts at 50 a second, and what may be caught up with.
    expect(performance.now() - startedAtMs).toBeGreaterThan((13 / 50) * 1_000 - 60)
    expect(world.smsc.arrived).toHaveLength(7)
  })
})

describe('what is written', () => {
  it.each([
    ['+15005550001', 1, 1, '15005550001'],
    ['12345', 3, 0, '12345'],
    ['Bluewire', 5, 0, 'Bluewire'],
  ])('the sender %s', async (...[line, ton, npi, address]) => {
    await using world = await SmppWorld.open()
    await world.provider.send({ ...world.sms('x'), line }, () => true)
    expect(world.smsc.taken[0]?.pdu).toMatchObject({ source_addr_ton: ton, source_addr_npi: npi, source_addr: address })
    expect(world.smsc.taken[0]?.pdu).toMatchObject({
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: THEM.slice(1),
    })
  })

  it('follows the settings', async () => {
    const settings = {
      source_ton: 2,
      source_npi: 8,
      dest_ton: 0,
      dest_npi: 0,
      references: false,
      service_type: 'A2P',
      encoding: 'ucs2',
    }
    await using world = await SmppWorld.open(settings)
    await world.send('plain')
    const { pdu, reference } = world.smsc.taken[0] ?? {}
    expect(pdu).toMatchObject({
      source_addr_ton: 2,
      source_addr_npi: 8,
      dest_addr_ton: 0,
      dest_addr_npi: 0,
      service_type: 'A2P',
      data_coding: 8,
    })
    expect(reference).toBeNull()
    expect(world.smsc.arrived[0]?.body).toBe('plain')
  })

  it('in Latin-1 where that is the default alphabet', async () => {
    await using world = await SmppWorld.open({ default_alphabet: 'latin1' })
    await world.send('Grüße {1}')
    await world.send('5 €')
    const [first, second] = world.smsc.heard.filter(({ command }) => command === 'submit_sm')
    expect([first?.data_coding, second?.data_coding]).toEqual([0, 8])
    // The package reads Latin-1 as GSM: the bytes are looked at instead.
    expect(world.smsc.frames.some((frame) => frame.includes(Buffer.from('Grüße {1}', 'latin1')))).toBe(true)
    expect(world.smsc.arrived[1]?.body).toBe('5 €')
  })
})

function partOf(submit: { short_message?: unknown }): number {
  const { udh } = submit.short_message as { udh?: readonly Buffer[] }
  return udh?.[0]?.[4] ?? 1
}
