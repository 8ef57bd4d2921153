/**
 * Proves: a provider under its lease is given what its window holds and no more, what it says is stored whatever fails on the way, nothing
 * leaves when the lease is gone, what an earlier process left open is looked for and never taken for not sent, and a provider that cannot
 * work says why.
 * World: the real store, dispatcher and host in virtual time; the provider is scripted.
 */
import { afterEach, describe, expect, it } from 'vitest'
import type { ProviderOutcome } from '@bluewire/drivers/provider'
import { HostWorld, SENT } from './host-world.ts'

const worlds: HostWorld[] = []
const world = async (prepare?: HostWorld['prepare']): Promise<HostWorld> => {
  const w = new HostWorld()
  worlds.push(w)
  if (prepare !== undefined) w.prepare = prepare
  await w.start()
  return w
}
afterEach(async () => {
  for (const w of worlds.splice(0)) await w.stop()
})

const to = (n: number): string => `+1415555267${n}`
const THROTTLED: ProviderOutcome = { kind: 'not_sent', class: 'never_handed', reason: 'throttled', retryAfterMs: 2000 }

describe('a provider at work', () => {
  it('is asked once for each message, and what it says is stored', async () => {
    const w = await world((p) => (p.auto = () => SENT))
    await w.host()
    const id = await w.sms()
    expect(await w.state(id)).toBe('sent')
    expect(w.now.sent).toMatchObject([{ message: id, line: '+15005550002', to: '+14155552671', body: 'hello' }])
    await w.clock.advance(60_000)
    expect(w.now.sent).toHaveLength(1)
  })

  it('is given no more than its window, over all its lines', async () => {
    const w = await world((p) => (p.window = 3))
    await w.host()
    const other = `line_${w.ulid()}` as const
    await w.addLine(other, '+15005550003')
    await w.clock.advance(2_000)
    for (let i = 0; i < 4; i++) await w.sms(to(i))
    for (let i = 4; i < 8; i++) await w.sms(to(i), { line: other })
    // Each worker has checked the window before its dispatch was committed: the two lines may be one over, never more.
    expect(w.now.open.length).toBeLessThanOrEqual(4)
    while (w.now.open.length > 0) {
      w.now.open.shift()?.answer(SENT)
      await w.clock.settle()
      expect(w.now.open.length).toBeLessThanOrEqual(4)
    }
    expect(w.now.sent).toHaveLength(8)
  })

  it('that is asked too fast gets time, more each time, and the message is kept', async () => {
    const w = await world((p) => (p.auto = () => THROTTLED))
    await w.host()
    const id = await w.sms()
    const askedAtMs: number[] = []
    const startMs = w.clock.nowMs()
    w.now.auto = () => {
      askedAtMs.push(w.clock.nowMs() - startMs)
      return askedAtMs.length < 4 ? THROTTLED : SENT
    }
    await w.clock.advance(60_000)
    expect(await w.state(id)).toBe('sent')
    const waits = askedAtMs.map((at, i) => at - (askedAtMs[i - 1] ?? 0))
    expect(waits[0]).toBeGreaterThanOrEqual(2000)
    for (const wait of waits.slice(1)) expect(wait).toBeGreaterThanOrEqual(2000)
    expect(waits[3]).toBeGreaterThan(waits[0] ?? 0)
  })

  it('that throttles one line slows no other', async () => {
    const w = await world((p) => (p.auto = (sms) => (sms.line === '+15005550002' ? THROTTLED : SENT)))
    await w.host()
    const other = `line_${w.ulid()}` as const
    await w.addLine(other, '+15005550003')
    await w.clock.advance(2_000)
    await w.sms(to(1))
    const id = await w.sms(to(2), { line: other })
    expect(await w.state(id)).toBe('sent')
  })

  it('that throws has said nothing: the outcome is unknown', async () => {
    const w = await world((p) => (p.auto = () => Promise.reject(new Error('boom'))))
    await w.host()
    const id = await w.sms()
    expect(await w.state(id)).toBe('unknown')
    expect(w.logged).toContain('provider_threw')
  })

  it('is asked again about what got no answer, and never for the message', async () => {
    const w = await world((p) => (p.auto = () => ({ kind: 'unknown', reason: 'no_answer' })))
    await w.host()
    const id = await w.sms()
    await w.clock.advance(6_000)
    expect(w.now.lookedUp).toHaveLength(1)
    expect(await w.state(id)).toBe('unknown')
    w.now.found = SENT
    await w.clock.advance(30_000)
    expect(await w.state(id)).toBe('sent')
    await w.clock.advance(3600_000)
    expect([w.now.sent.length, w.now.lookedUp.length]).toEqual([1, 2])
  })

  it('is not believed when it does not find a message: nothing is sent again', async () => {
    const w = await world((p) => {
      p.auto = () => ({ kind: 'unknown', reason: 'no_answer' })
      p.found = { kind: 'not_sent', class: 'never_handed', reason: 'not_listed' }
    })
    await w.host()
    const id = await w.sms()
    await w.clock.advance(3600_000)
    expect([await w.state(id), w.now.sent.length]).toEqual(['unknown', 1])
  })
})

describe('what it says', () => {
  it('is kept until it can be stored', async () => {
    const w = await world()
    await w.host()
    const id = await w.sms()
    w.failing.add('providerFinding')
    w.now.open.shift()?.answer(SENT)
    await w.clock.advance(10_000)
    expect(await w.state(id)).toBe('sending')
    w.failing.clear()
    await w.clock.advance(1_000)
    expect(await w.state(id)).toBe('sent')
  })

  it('by receipt or inbound is acknowledged only when it is stored', async () => {
    const w = await world((p) => (p.auto = () => SENT))
    await w.host()
    const id = await w.sms()
    const receipt = { ref: 'r', to: '+14155552671', fact: 'delivered', atMs: 1 } as const
    w.failing.add('providerReceipt').add('providerInbound')
    await expect(w.do(w.now.events.receipt(receipt))).rejects.toThrow('disk full')
    const inbound = { guid: 'g', line: '+15005550002', from: '+14155552671', body: 'STOP', dateMs: 1 }
    await expect(w.do(w.now.events.inbound(inbound))).rejects.toThrow('disk full')
    w.failing.clear()
    await w.do(w.now.events.receipt(receipt))
    await w.do(w.now.events.inbound(inbound))
    expect(await w.state(id)).toBe('delivered')
    expect(await w.state(await w.sms())).toBe('failed') // opted out
  })
})

describe('the lease', () => {
  it('is renewed for as long as the gateway runs', async () => {
    const w = await world((p) => (p.auto = () => SENT))
    await w.host()
    await w.clock.advance(10 * 60_000)
    expect(await w.state(await w.sms())).toBe('sent')
    expect(w.made).toHaveLength(1)
  })

  it('that is another’s lets nothing leave, and ends the session', async () => {
    const w = await world()
    await w.host()
    await w.sms()
    const open = w.now.open[0] ?? expect.fail('nothing was sent')
    expect(open.mayLeave()).toBe(true)
    w.raw.exec(`update nodes set epoch = epoch + 1, gateway = 'gw_other'`)
    w.raw.exec('update providers set lease_until = 9e15')
    await w.clock.advance(10_000)
    expect(open.mayLeave()).toBe(false)
    expect(w.made[0]?.stops).toBe(1)
    await w.sms(to(2))
    expect(w.made.flatMap((p) => p.sent)).toHaveLength(1)
  })

  it('that cannot be renewed lets nothing leave before it ends', async () => {
    const w = await world()
    await w.host()
    await w.sms()
    w.failing.add('renewLease')
    const open = w.now.open[0] ?? expect.fail('nothing was sent')
    await w.clock.advance(9_999)
    expect(open.mayLeave()).toBe(true)
    await w.clock.advance(1) // a send that waited so long is given back, whatever the lease
    expect(open.mayLeave()).toBe(false)
    await w.clock.advance(12_000)
    await w.sms(to(2))
    expect(w.now.sent).toHaveLength(1)
    w.failing.clear()
    await w.clock.advance(15_000)
    expect(w.now.sent).toHaveLength(2)
  })
})

describe('after a crash', () => {
  /** The first process dies with one message out; nobody stops its host. */
  const crashed = async (found: ProviderOutcome, more: object = {}) => {
    const w = await world((p) => (p.found = found))
    await w.host('gw_1')
    const id = await w.sms(to(1), more)
    await w.host('gw_2')
    return { w, id, first: w.made[0] ?? expect.fail(), second: w.now }
  }

  it('what the provider knows is sent', async () => {
    const { w, id, second } = await crashed(SENT)
    expect([await w.state(id), second.sent.length]).toEqual(['sent', 0])
  })

  it('what it does not know is unknown, holds its lane, and is never sent again by itself', async () => {
    const { w, id, second } = await crashed({ kind: 'unknown', reason: 'no_answer' })
    expect(await w.state(id)).toBe('unknown')
    await w.sms(to(1))
    expect(second.sent).toHaveLength(0)
    await w.clock.advance(2 * 60_000)
    expect(second.sent).toHaveLength(1)
    await w.clock.advance(3600_000)
    expect([await w.state(id), second.sent.length]).toEqual(['unknown', 1])
  })

  it('who asked for it gets it once more, but only after the provider was asked', async () => {
    const listed = await crashed(SENT, { onUnknown: 'resend' })
    expect([await listed.w.state(listed.id), listed.second.sent.length]).toEqual(['sent', 0])
    const lost = await crashed({ kind: 'unknown', reason: 'no_answer' }, { onUnknown: 'resend' })
    expect([lost.second.lookedUp.length, lost.second.sent.length]).toEqual([1, 1])
    lost.second.open.shift()?.answer({ kind: 'unknown', reason: 'no_answer' })
    await lost.w.clock.advance(3600_000)
    expect(lost.second.sent).toHaveLength(1)
  })

  it('the process that was before can say and send nothing any more', async () => {
    const { w, id, first } = await crashed({ kind: 'unknown', reason: 'no_answer' })
    first.open.shift()?.answer({ kind: 'not_sent', class: 'refused', reason: 'recipient_unreachable' })
    await w.clock.advance(1_000)
    expect(await w.state(id)).toBe('unknown')
    await expect(w.do(first.events.receipt({ ref: 'r', to: to(1), fact: 'delivered', atMs: 1 }))).rejects.toThrow()
  })
})

describe('a stop', () => {
  it('stores what is out as unknown, and frees the lease at once', async () => {
    const w = await world()
    const host = await w.host('gw_1')
    const id = await w.sms()
    await w.do(host.stop())
    expect(await w.state(id)).toBe('unknown')
    const lease = w.store.takeLease({ provider: w.provider, gateway: 'gw_2', leaseMs: 1000 })
    expect((await w.do(lease)).kind).toBe('taken')
  })
})

describe('a provider that is not connected', () => {
  it('is given nothing; the queue waits and fails nothing', async () => {
    const w = await world((p) => {
      p.isReady = false
      p.state = { state: 'broken', detail: 'the password is wrong', provenAtMs: null }
      p.auto = () => SENT
    })
    await w.host()
    const id = await w.sms()
    await w.clock.advance(60_000)
    expect([await w.state(id), w.now.sent.length]).toEqual(['queued', 0])
    expect(await w.row()).toMatchObject({ online: false, health: 'broken', healthDetail: 'the password is wrong' })
    Object.assign(w.now, { isReady: true, state: { state: 'ok', provenAtMs: 5 } })
    w.now.events.changed()
    await w.clock.settle()
    expect(await w.state(id)).toBe('sent')
    expect(await w.row()).toMatchObject({ online: true, health: 'ok', healthDetail: null })
  })

  it('is not given what was dispatched a moment before: that waits, and counts no try', async () => {
    const w = await world(
      (p) => (p.auto = () => ({ kind: 'not_sent', class: 'never_handed', reason: 'provider_not_connected' })),
    )
    await w.host()
    const id = await w.sms()
    await w.clock.advance(30_000)
    expect(await w.state(id)).toMatch(/queued|sending/)
    w.now.auto = () => SENT
    await w.clock.advance(3_000)
    expect(await w.state(id)).toBe('sent')
  })
})

describe('rows', () => {
  it('that change are connected anew; lines come and go without that', async () => {
    const w = await world((p) => (p.auto = () => SENT))
    await w.host()
    const other = `line_${w.ulid()}` as const
    await w.addLine(other, '+15005550003')
    await w.clock.advance(2_000)
    expect(await w.state(await w.sms(to(1), { line: other }))).toBe('sent')
    expect(w.made).toHaveLength(1)
    await w.do(w.store.changeProvider('test', w.provider, { settings: { log: '/tmp/elsewhere' } }))
    await w.clock.advance(2_000)
    expect([w.made.length, w.made[0]?.stops]).toEqual([2, 1])
    expect(await w.state(await w.sms(to(2)))).toBe('sent')
  })

  it('that are removed end their session', async () => {
    const w = await world()
    await w.host()
    await w.do(w.store.retireNode('test', w.provider))
    await w.clock.advance(2_000)
    expect(w.now.stops).toBe(1)
  })

  it.each([
    [
      'settings that are wrong',
      `update providers set settings = '{"log":5,"nonsense":1}'`,
      /^Its settings cannot be used\. log: /,
    ],
    ['a driver that this version lacks', `update nodes set driver = 'gone'`, /no provider called gone/],
    ['no key', 'update nodes set simulated = 0', /^key missing/],
    ['credentials and no key', `update providers set secrets = 'v1.x.y'`, /^key missing/],
  ])('%s: the line says why, and the others work', async (_, change, detail) => {
    const w = await world()
    w.raw.exec(change)
    await w.host()
    expect(await w.row()).toMatchObject({ online: false, health: 'broken' })
    expect((await w.row()).healthDetail).toMatch(detail)
    expect((await w.store.lines(w.account))[0]?.node?.healthDetail).toMatch(detail)
  })
})
