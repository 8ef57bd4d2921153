/**
 * Proves: what many lines of one provider cost each other, that a burst which is too fast is one offence and not many, and that a session
 * which loses its provider at any moment ends whole and stands in nobody's way.
 * World: the real store, dispatcher and host in virtual time; the provider is scripted.
 */
import { afterEach, expect, it, vi } from 'vitest'
import type { ProviderOutcome } from '@bluewire/drivers/provider'
import { HostWorld, SENT } from './host-world.ts'

const worlds: HostWorld[] = []
const world = async (prepare: HostWorld['prepare'] = () => undefined): Promise<HostWorld> => {
  const w = new HostWorld()
  worlds.push(w)
  w.prepare = prepare
  return w.start()
}
afterEach(async () => {
  for (const w of worlds.splice(0)) await w.stop()
})

const to = (n: number): string => `+1415555267${n}`
const THROTTLED: ProviderOutcome = { kind: 'not_sent', class: 'never_handed', reason: 'throttled' }

it('what one line sends makes no other line look, unless it waits for a place', async () => {
  const w = await world((p) => (p.auto = () => SENT))
  for (let i = 0; i < 50; i++) await w.addLine(`line_${w.ulid()}`, `+1500555${1000 + i}`)
  await w.host()
  const asked = vi.spyOn(w.store, 'dispatch')
  for (let i = 0; i < 5; i++) await w.sms(to(i))
  expect(w.now.sent).toHaveLength(5)
  expect(asked.mock.calls.length).toBeLessThan(25)
})

it('messages that were too fast together slow their line once', async () => {
  const w = await world()
  await w.host()
  for (let i = 0; i < 8; i++) await w.sms(to(i))
  for (const { answer } of w.now.open.splice(0)) answer(THROTTLED)
  w.now.auto = () => SENT
  await w.clock.advance(5_000)
  expect(w.now.sent).toHaveLength(16)
})

it('a session that is fenced while it starts ends, and the next one works', async () => {
  const w = await world((p) => (p.auto = () => SENT))
  vi.spyOn(w.store, 'providerReady').mockResolvedValueOnce({ kind: 'fenced' })
  await w.host()
  await w.clock.advance(1_000)
  expect([w.made.length, w.made[0]?.stops]).toEqual([2, 1])
  expect(await w.state(await w.sms())).toBe('sent')
})

it('whoever stops a session that is stopping waits for it too: nothing that is out is forgotten', async () => {
  const w = await world((p) => {
    const stop = p.stop.bind(p)
    p.stop = () => new Promise((resolve) => w.clock.setTimer(100, () => resolve(stop())))
  })
  const host = await w.host()
  const id = await w.sms()
  host.session(w.provider)?.bye()
  let isStopped = false
  const stopped = host.stop().then(() => (isStopped = true))
  await w.clock.settle()
  expect([isStopped, await w.state(id)]).toEqual([false, 'sending'])
  await w.clock.advance(100)
  await w.do(stopped)
  expect(await w.state(id)).toBe('unknown')
})

it('a session that cannot start leaves nothing behind that runs', async () => {
  const w = await world((p) => (p.start = () => Promise.reject(new Error('no'))))
  await w.host()
  expect(w.made.map(({ stops }) => stops)).toEqual(w.made.map(() => 1))
  expect(await w.row()).toMatchObject({ online: false, health: 'broken' })
})

it.each([
  ['finds it: it is sent once', SENT, 1],
  ['does not: it is sent again, as the caller asked', { kind: 'unknown', reason: 'no_answer' } as const, 2],
])('before an unknown outcome is sent again the provider is asked, and %s', async (_, found, times) => {
  const w = await world((p) => {
    p.auto = (): ProviderOutcome => (p.sent.length === 1 ? { kind: 'unknown', reason: 'no_answer' } : SENT)
    p.found = found
  })
  await w.host()
  const id = await w.sms(to(1), { onUnknown: 'resend' })
  expect([await w.state(id), w.now.sent.length]).toEqual(['sending', 1])
  await w.clock.advance(60_000)
  expect([await w.state(id), w.now.sent.length]).toEqual(['sent', times])
})

it('what cannot be read from the store while it is looked for is looked for again', async () => {
  const w = await world((p) => {
    p.auto = () => ({ kind: 'unknown', reason: 'no_answer' })
    p.found = SENT
  })
  await w.host()
  const id = await w.sms()
  w.failing.add('openAttempt')
  await w.clock.advance(6_000)
  w.failing.delete('openAttempt')
  await w.clock.advance(6_000)
  expect(await w.state(id)).toBe('sent')
})

it('one trouble is one event, however many sentences it has', async () => {
  let tries = 0
  const w = await world((p) => {
    p.isReady = false
    p.health = () => ({ state: 'broken', detail: `try ${++tries}`, provenAtMs: null })
  })
  await w.host()
  await w.clock.advance(600_000)
  const events = w.raw.prepare(`select count(*) as n from events where type = 'provider.health'`).get()
  expect([events?.['n'], (await w.row()).healthDetail]).toEqual([1, `try ${tries}`])
})
