/**
 * The connection to an SMSC.
 * Proves: it is kept up whatever ends it (unbind, silence, a cut, a login that is refused at first); two connections work as one; TLS is
 * checked; what a person can do is said in a sentence.
 * World: the provider and an SMSC over real sockets.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { until } from '@bluewire/testkit/stories/until'
import smpp from 'smpp'
import { describe, expect, it } from 'vitest'
import { Smsc } from '../conformance/smsc.ts'
import { SmppWorld } from './smpp-world.ts'

const pathOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const CERTIFICATE = {
  key: readFileSync(pathOf('smsc-key.pem'), 'utf8'),
  cert: readFileSync(pathOf('smsc-cert.pem'), 'utf8'),
}

const heard = (smsc: Smsc, command: string): number => smsc.heard.filter((pdu) => pdu.command === command).length

describe('a login', () => {
  it('says what it was set up with', async () => {
    await using world = await SmppWorld.open({
      system_type: 'SMS',
      address_range: '^1500',
      address_ton: 1,
      address_npi: 1,
    })
    expect(world.smsc.heard[0]).toMatchObject({
      command: 'bind_transceiver',
      system_id: 'bluewire',
      system_type: 'SMS',
      interface_version: 0x34,
      addr_ton: 1,
      addr_npi: 1,
      address_range: '^1500',
    })
  })

  it('that is refused is broken, with a sentence, and tried again', async () => {
    await using world = await SmppWorld.make()
    world.smsc.bindStatus = 0x0e
    await world.start()
    await until('it was refused twice', () => heard(world.smsc, 'bind_transceiver') >= 2)
    await until('it says so', () => world.provider.health().detail?.includes('password'))
    expect(world.provider.health()).toMatchObject({ state: 'broken', provenAtMs: expect.any(Number) })
    expect(world.provider.health().detail).toMatch(/^The login was refused: .*0x0000000e.*Check system_id, password/)
    expect(await world.provider.test()).toMatchObject({ ok: false })
    world.smsc.bindStatus = null
    await world.isReady()
    expect(world.provider.health().state).toBe('ok')
  })

  it.each([
    ['an end of the session', new smpp.PDU('unbind', { sequence_number: 9 }).toBuffer()],
    ['an answer that cannot be read', Buffer.from('000000128000000900000000000000094142', 'hex')],
  ])('with %s right behind its answer is tried again', async (_what, bytes) => {
    await using world = await SmppWorld.make()
    world.smsc.afterLogin = bytes
    await world.start()
    await until('it logs in again', () => heard(world.smsc, 'bind_transceiver') >= 2)
    await world.isReady()
    expect(await world.send('afterwards')).toMatchObject({ kind: 'sent' })
  })

  it('is none where the answer is a generic_nack without an error', async () => {
    await using world = await SmppWorld.make({ bind_within: '100ms' })
    world.smsc.nacksLogins = true
    world.smsc.nackStatus = 0
    await world.start()
    await until('it is tried again', () => heard(world.smsc, 'bind_transceiver') >= 2)
    expect(world.provider.isReady).toBe(false)
    world.smsc.nacksLogins = false
    await world.isReady()
  })

  it('whose system_id is in use says so', async () => {
    await using world = await SmppWorld.make()
    world.smsc.bindStatus = 0x05
    await world.start()
    await until('it says so', () => world.provider.health().detail?.includes('Another program is logged in'))
  })

  it('that is answered twice is one', async () => {
    await using world = await SmppWorld.open()
    world.smsc.ask('bind_transceiver_resp', 1)
    await world.wasLogged('smpp.answer_unasked')
    expect(await world.send('still there')).toMatchObject({ kind: 'sent' })
    expect(heard(world.smsc, 'bind_transceiver')).toBe(1)
  })

  it('that is not answered is given up and tried again', async () => {
    await using world = await SmppWorld.make({ bind_within: '50ms' })
    world.smsc.behaviour = 'accept'
    world.smsc.bindStatus = -1
    await world.start()
    await until('it was tried twice', () => heard(world.smsc, 'bind_transceiver') >= 2)
    world.smsc.bindStatus = null
    await world.isReady()
  })
})

describe('a connection', () => {
  it('that is silent is dropped, and another one made', async () => {
    await using world = await SmppWorld.open({ enquire_link: '30ms', enquire_link_answer: '50ms' })
    await until('it asks, and again', () => heard(world.smsc, 'enquire_link') >= 3)
    expect(heard(world.smsc, 'bind_transceiver')).toBe(1)
    world.smsc.answersEnquiries = false
    await until('it logs in again', () => heard(world.smsc, 'bind_transceiver') >= 2)
    world.smsc.answersEnquiries = true
    await world.isReady()
    expect(await world.send('after the silence')).toMatchObject({ kind: 'sent' })
  })

  it('over which no submit is answered is made anew with growing pauses: each login costs a window of messages', async () => {
    const times = { answer_within: '400ms', reconnect_min: '200ms', reconnect_max: '10s' }
    await using world = await SmppWorld.open({ window: 1, ...times })
    world.smsc.behaviour = 'lose_answer'
    const pauses = (): number[] =>
      world.logged.filter(({ event }) => event === 'smpp.down').map(({ fields }) => Number(fields['retry_in_ms']))
    for (let login = 1; login <= 3; login++) {
      await world.isReady()
      expect(await world.send(`${login}`)).toMatchObject({ kind: 'unknown' })
      await until('the connection is given up', () => pauses().length === login)
    }
    const [first = 0, , third = 0] = pauses()
    expect(third).toBeGreaterThan(2 * first) // four times, give or take a quarter
  })

  it('that the SMSC unbinds is answered, and another one made', async () => {
    await using world = await SmppWorld.open()
    world.smsc.ask('unbind')
    await until('it is answered', () => heard(world.smsc, 'unbind_resp') === 1)
    await until('it logs in again', () => heard(world.smsc, 'bind_transceiver') === 2)
    await world.isReady()
  })

  it('answers enquire_link, and a command it does not know', async () => {
    await using world = await SmppWorld.open()
    world.smsc.ask('enquire_link')
    await until('it is answered', () => heard(world.smsc, 'enquire_link_resp') === 1)
    world.smsc.raw(Buffer.from('00000010000001ff0000000000000007', 'hex'))
    await until('it is refused', () => heard(world.smsc, 'generic_nack') === 1)
    expect(world.smsc.heard.at(-1)).toMatchObject({ command_status: 3, sequence_number: 7 })
    world.smsc.ask('cancel_sm')
    await until('it is refused, too', () => heard(world.smsc, 'generic_nack') === 2)
    expect(await world.send('still there')).toMatchObject({ kind: 'sent' })
  })

  it('says goodbye when it is stopped', async () => {
    await using world = await SmppWorld.open()
    await world.provider.stop()
    expect(heard(world.smsc, 'unbind')).toBe(1)
    expect(world.provider.isReady).toBe(false)
    expect(heard(world.smsc, 'bind_transceiver')).toBe(1)
  })

  it('comes back by itself after the SMSC was away', async () => {
    await using world = await SmppWorld.open()
    await world.smsc.close()
    await until('it says that it is not connected', () => world.provider.health().state === 'broken')
    expect(world.provider.health().detail).toMatch(/^Not connected: .*check that 127\.0\.0\.1:\d+ can be reached/)
    await world.smsc.listen()
    await world.isReady()
  })
})

describe('a test', () => {
  it('logs in, asks, and says goodbye', async () => {
    await using world = await SmppWorld.make()
    const { ok, lines } = await world.provider.test()
    expect(ok).toBe(true)
    expect(lines).toEqual([
      expect.stringMatching(/^Connected to 127\.0\.0\.1:\d+\.$/),
      'Logged in as bluewire.',
      'The SMSC answers. Nothing was sent.',
    ])
    expect(world.smsc.heard.map(({ command }) => command)).toEqual(['bind_transceiver', 'enquire_link', 'unbind'])
    await until('the connection is gone', () => world.smsc.bound === 0)
  })

  it('asks over the login that is there', async () => {
    await using world = await SmppWorld.open()
    expect(await world.provider.test()).toMatchObject({
      ok: true,
      lines: [expect.stringMatching(/^Logged in to/), expect.any(String)],
    })
    expect(heard(world.smsc, 'bind_transceiver')).toBe(1)
    expect(world.provider.isReady).toBe(true)
  })
})

describe('two connections', () => {
  const MODE = { mode: 'transmitter_receiver' }

  it('send on one and receive on the other', async () => {
    await using world = await SmppWorld.open(MODE)
    await until('both are there', () => world.smsc.bound === 2)
    expect(await world.send('out')).toMatchObject({ kind: 'sent' })
    expect(await world.smsc.receipt('delivered')).toBe(true)
    expect(world.receipts).toMatchObject([{ fact: 'delivered', ref: 'smsc-1' }])
    await until('all is well', () => world.provider.health().state === 'ok')
  })

  it('are degraded while the one for receiving is missing', async () => {
    await using world = await SmppWorld.make(MODE)
    world.smsc.refuses = 'bind_receiver'
    await world.start()
    await world.isReady()
    await until('it says so', () => world.provider.health().detail?.includes('no receipts'))
    expect(world.provider.health().state).toBe('degraded')
    expect(await world.send('out')).toMatchObject({ kind: 'sent' })
  })
})

describe('TLS', () => {
  const settings = { tls: true, ca: pathOf('smsc-cert.pem'), servername: 'smsc.test' }

  it('works with a certificate that is known', async () => {
    await using world = await SmppWorld.open(settings, new Smsc(CERTIFICATE))
    expect(await world.send('in secret')).toMatchObject({ kind: 'sent' })
  })

  it.each([
    ['that nobody knows', { ca: undefined }, /self-signed certificate/],
    ['for another name', { servername: 'other.test' }, /does not match/],
    ['whose authority cannot be read', { ca: '/nowhere/ca.pem' }, /no such file/],
  ])('does not work with a certificate %s, and says so', async (...[, other, says]) => {
    await using world = await SmppWorld.make({ ...settings, ...other }, new Smsc(CERTIFICATE))
    await world.start()
    await until('it says so', () => says.test(world.provider.health().detail ?? ''))
    expect(world.provider.isReady).toBe(false)
    const { ok, lines } = await world.provider.test()
    expect(ok).toBe(false)
    expect(lines.join(' ')).toMatch(says)
  })

  it('takes any certificate where it is told to', async () => {
    await using world = await SmppWorld.open({ tls: 'true', verify: 'false' }, new Smsc(CERTIFICATE))
    expect(await world.send('trial')).toMatchObject({ kind: 'sent' })
  })

  it('is not taken for plain SMPP', async () => {
    await using world = await SmppWorld.make({}, new Smsc(CERTIFICATE))
    await world.start()
    await until('it was tried', () => world.logged.some(({ event }) => event === 'smpp.down'))
    expect(world.provider.isReady).toBe(false)
  })
})
