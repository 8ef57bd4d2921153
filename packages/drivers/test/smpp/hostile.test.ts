/**
 * An SMSC that is out to harm.
 * Proves: whatever bytes come, the connection is dropped and made anew, nothing throws out of a callback, and memory does not grow with what
 * a length claims; what cannot be read is refused where it comes again otherwise.
 * World: the provider and an SMSC over real sockets. The seed of the random bytes is in the title of a failure.
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@bluewire/platform/clock'
import { until } from '@bluewire/testkit/stories/until'
import smpp from 'smpp'
import { describe, expect, it } from 'vitest'
import { SmppConnection } from '../../src/smpp/smpp-connection.ts'
import type { Ending } from '../../src/smpp/smpp-connection.ts'
import { addresses } from '../conformance/smsc.ts'
import { LINE, SmppWorld, THEM } from './smpp-world.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('bytes that are no SMPP', () => {
  it.each([
    ['a length of 0', hex('00000000 80000004 00000000 00000001')],
    ['a length of 4', hex('00000004')],
    ['a length of 15', hex('0000000f 00000015 00000000 000001')],
    ['a length of 2 GB', hex('7fffffff 00000005 00000000 00000001')],
    ['a length of 4 GB', hex('ffffffff 00000005 00000000 00000001')],
    ['one byte more than is allowed', hex('00011171 00000005 00000000 00000001')],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['an answer with half a field', hex('00000012 80000009 00000000 00000001 4142')],
    ['an answer with a TLV that goes on behind its end', hex('00000017 80000004 00000000 00000001 4100 001e 00ff 41')],
  ])('%s: dropped, and made anew', async (_what, bytes) => {
    await using world = await SmppWorld.open()
    world.smsc.raw(bytes)
    await until(
      'it logs in again',
      () => world.smsc.heard.filter(({ command }) => command === 'bind_transceiver').length === 2,
    )
    await world.isReady()
    expect(world.logged).toContainEqual({ event: 'smpp.down', fields: expect.objectContaining({ why: 'garbage' }) })
    expect(await world.send('afterwards')).toMatchObject({ kind: 'sent' })
  })

  it.each([
    ['a TLV that goes on behind the end', (good: Buffer) => Buffer.concat([good, hex('001e 00ff 41')])],
    ['half a TLV of a number', (good: Buffer) => Buffer.concat([good, hex('0204 0001 41')])],
    ['a text that is longer than the message', (good: Buffer) => good.subarray(0, good.length - 2)],
    ['no text at all', (good: Buffer) => good.subarray(0, 20)],
  ])('a delivery with %s is refused for good, and the next one read', async (_what, harm) => {
    await using world = await SmppWorld.open()
    const fields = { ...addresses(THEM, LINE), short_message: Buffer.from('hello') }
    const bad = Buffer.from(harm(new smpp.PDU('deliver_sm', { ...fields, sequence_number: 4_711 }).toBuffer()))
    bad.writeUInt32BE(bad.length, 0)
    world.smsc.raw(bad)
    const refusal = await until('it is refused', () =>
      world.smsc.heard.find(({ sequence_number }) => sequence_number === 4_711),
    )
    expect(refusal).toMatchObject({ command: 'deliver_sm_resp', command_status: 0xc0 })
    expect(await world.smsc.deliver(fields)).toBe(0)
    expect(world.inbounds).toHaveLength(1)
    expect(world.provider.isReady).toBe(true)
  })

  it('answers to what was never asked are ignored and logged', async () => {
    await using world = await SmppWorld.open()
    for (const command of ['submit_sm_resp', 'enquire_link_resp', 'generic_nack']) world.smsc.ask(command, 0x7fffffff)
    world.smsc.raw(hex('00000010 800001ff 00000000 00000000'))
    await until(
      'all are logged',
      () => world.logged.filter(({ event }) => event === 'smpp.answer_unasked').length === 4,
    )
    expect(await world.send('afterwards')).toMatchObject({ kind: 'sent' })
  })

  it('an answer of another kind is not the answer', async () => {
    await using world = await SmppWorld.open({ answer_within: '100ms' })
    world.smsc.holdsAnswers = true
    const sending = world.send('x')
    await until('it was taken', () => world.smsc.taken.length === 1)
    world.smsc.ask('enquire_link_resp', world.smsc.taken[0]?.pdu.sequence_number)
    expect(await sending).toMatchObject({ kind: 'unknown' })
  })

  it('the longest text that a PDU can carry is read: a connection that is dropped for it would be dropped after each login', async () => {
    await using world = await SmppWorld.open()
    const long = { ...addresses(THEM, LINE), data_coding: 8, message_payload: Buffer.alloc(65_534, '\0x') }
    expect(await world.smsc.deliver({ ...long, short_message: Buffer.alloc(0) })).toBe(0)
    expect(world.inbounds[0]?.body).toBe('x'.repeat(32_767))
    expect(world.provider.isReady).toBe(true)
  })

  it('a PDU that comes byte by byte is read', async () => {
    await using world = await SmppWorld.open()
    const bytes = new smpp.PDU('deliver_sm', {
      ...addresses(THEM, LINE),
      short_message: Buffer.from('slow'),
      sequence_number: 9,
    }).toBuffer()
    for (const byte of bytes) {
      world.smsc.raw(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await until('it is read', () => world.inbounds.length === 1)
  })
})

describe('a peer that asks and never reads', () => {
  it('is dropped before our answers fill the memory', async () => {
    await using pair = await connectedPair()
    const enquiries = Buffer.concat(Array.from({ length: 4_000 }, () => hex('00000010 00000015 00000000 00000001')))
    const feed = (): void => {
      if (pair.ended === null) pair.peer.write(enquiries, () => setImmediate(feed))
    }
    pair.peer.pause()
    feed()
    await until('it is dropped', () => pair.ended)
    expect(pair.ended).toMatchObject({ why: 'silent' })
  })
})

describe('random bytes', () => {
  it('2,000 times: the connection ends or waits, and nothing is thrown', async () => {
    for (let seed = 1; seed <= 2_000; seed++) await survives(seed)
  })

  it('a hundred times against a provider that is logged in', async () => {
    await using world = await SmppWorld.open({ reconnect_min: '10ms', reconnect_max: '10ms' })
    for (let seed = 1; seed <= 100; seed++) {
      world.smsc.raw(garbage(seed))
      world.smsc.ask('unbind')
      await until(
        'it comes back',
        () => world.smsc.heard.filter(({ command }) => command === 'bind_transceiver').length > seed,
        { everyMs: 1 },
      )
      await until('it is ready', () => world.provider.isReady, { everyMs: 1 })
    }
    expect(await world.send('still here')).toMatchObject({ kind: 'sent' })
  })
})

/** Half of it is plainly random; the other half has the form of a PDU, with a real command and wrong insides. */
function garbage(seed: number): Buffer {
  const random = numbersOf(seed)
  const body = Buffer.from(Array.from({ length: random() % 200 }, () => random() & 0xff))
  if (random() % 2 === 0) return body
  const ids = Object.values(smpp.commands).map((command) => command?.id ?? 0)
  const header = Buffer.alloc(16)
  header.writeUInt32BE(16 + body.length, 0)
  header.writeUInt32BE(random() % 8 === 0 ? random() : (ids[random() % ids.length] as number), 4)
  header.writeUInt32BE(random() % 2 === 0 ? 0 : random() & 0xff, 8)
  header.writeUInt32BE(random() % 4, 12)
  return Buffer.concat([header, body])
}

/** xorshift, 32 bits. */
function numbersOf(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
}

/** Without a network: the connection on one end of a pipe in memory. */
async function survives(seed: number): Promise<void> {
  const { PassThrough } = await import('node:stream')
  const pipe = Object.assign(new PassThrough(), { setNoDelay: () => undefined, destroySoon: () => pipe.destroy() })
  // What is written must not come back as what is read.
  pipe.write = () => true
  let ended: Ending | null = null
  const connection = new SmppConnection(pipe as unknown as Socket, 'connect', {
    clock: systemClock,
    log: () => undefined,
    events: {
      open: () => undefined,
      request: () => undefined,
      alive: () => undefined,
      ended: (ending) => (ended = ending),
    },
  })
  pipe.emit('connect')
  const asked = connection.request({ command: 'submit_sm', withinMs: 1_000 })
  pipe.emit('data', garbage(seed))
  pipe.emit('data', garbage(seed + 100_000))
  connection.close({ why: 'stopped', detail: 'the end' })
  const answer = await asked
  expect.soft(ended, `seed ${seed}`).not.toBeNull()
  if (answer.kind === 'not_written') throw new Error(`seed ${seed}: it said that nothing was written`)
}

async function connectedPair(): Promise<AsyncDisposable & { peer: Socket; ended: Ending | null }> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const pair = { peer: await accepted, ended: null as Ending | null }
  pair.peer.on('error', () => undefined)
  const connection = new SmppConnection(socket, 'connect', {
    clock: systemClock,
    log: () => undefined,
    events: {
      open: () => undefined,
      request: () => undefined,
      alive: () => undefined,
      ended: (ending) => (pair.ended = ending),
    },
  })
  return Object.assign(pair, {
    async [Symbol.asyncDispose]() {
      connection.close({ why: 'stopped', detail: 'the end' })
      pair.peer.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}
