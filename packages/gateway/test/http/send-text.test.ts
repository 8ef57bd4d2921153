/**
 * `POST /send/text` where something goes wrong around it.
 * Proves: after the accept nothing but a sealed failure is an error (PROTOCOL 27); what was accepted under a key stays accepted whatever has
 * changed since; a quota is never passed; one key is one message however many ask at once; a drain answers everybody who waits;
 * a commit that got no answer is told as that.
 * World: as send-text-rows.test.ts.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { AcceptUnknownError } from '../../src/store/store.ts'
import type { Store } from '../../src/store/store.ts'
import { eventually, HttpWorld, LINE } from './http-world.ts'
import type { WorldOptions } from './http-world.ts'
import { bodyOf } from './row-check.ts'
import { PRINTED, ready, WITH_SMS } from './rows-a.ts'

let world: HttpWorld
afterEach(() => world.stop())

function newWorld(options: WorldOptions = {}): HttpWorld {
  world = new HttpWorld({ tokenRatePerS: 10_000, tokenBurst: 10_000, ...options })
  return world
}

const ASYNC = { prefer: 'respond-async' }
const to = (number: string) => ({ ...PRINTED, to: number })

describe('after the accept', () => {
  const broken = (name: 'message' | 'ahead' | 'seal' | 'used'): WorldOptions => ({
    wrapStore: (store) => ({ ...store, [name]: () => Promise.reject(new Error('a bug')) }),
  })

  it.each(['message', 'seal'] as const)('a store that fails in %s is 200 Accepted', async (name) => {
    const w = newWorld(broken(name))
    const t = await ready(w)
    const response = await w.send(t, to('+15005550102'))
    expect([response.statusCode, bodyOf(response).message]).toEqual([200, 'Accepted'])
    expect(bodyOf(response).message_id).toMatch(/^imessage_/)
    expect(w.logged.some((l) => l['msg'] === 'outcome unread')).toBe(true)
  })

  it('a failure that turns while it is being sealed is told as it turned', async () => {
    let turn: (() => Promise<void>) | undefined
    const w = newWorld({
      wrapStore: (store) => ({
        ...store,
        seal: async (id) => {
          await turn?.()
          return store.seal(id)
        },
      }),
    })
    const t = await w.tenant()
    const node = await w.node(t, { script: () => null })
    turn = async () => {
      turn = undefined
      node.settle(node.sent[0] ?? expect.fail(), { fact: 'sent' }) // late evidence beats the proof
      await eventually(() => w.count(`select count(*) from messages where state = 'sent'`)).toBe(1)
    }
    const waiting = w.send(t, PRINTED)
    await eventually(() => node.sent.length).toBe(1)
    node.settle(node.sent[0] ?? expect.fail(), { fact: 'not_sent', class: 'refused', reason: 'send_refused' })
    const response = await waiting
    expect([response.statusCode, bodyOf(response).status]).toEqual([200, 'sent'])
  })

  it('a sealed failure is answered again under its key, and never tried again', async () => {
    const w = newWorld()
    const t = await w.tenant()
    const node = await w.node(t)
    const key = { 'idempotency-key': 'once' }
    const first = await w.send(t, to('+15005550101'), key)
    const again = await w.send(t, to('+15005550101'), key)
    expect([first.statusCode, again.statusCode]).toEqual([500, 500])
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect(bodyOf(again).message_id).toBe(bodyOf(first).message_id)
    expect(node.sent.length).toBe(1)
  })

  it('an asynchronous request that cannot be sent is told so', async () => {
    const w = newWorld()
    const response = await w.send(await w.tenant(), PRINTED, ASYNC)
    expect([response.statusCode, bodyOf(response).data?.code]).toEqual([500, 'no_line'])
  })
})

describe('an Idempotency-Key', () => {
  it.each(['', 'two words', 'k'.repeat(256), 'ключ', 'a, b'])('%j is refused', async (key) => {
    const w = newWorld()
    const response = await w.send(await ready(w), PRINTED, { 'idempotency-key': key })
    expect([response.statusCode, bodyOf(response).data?.code]).toEqual([400, 'bad_idempotency_key'])
  })

  it('is one message, however many ask at once', async () => {
    const w = newWorld()
    const t = await w.tenant()
    const node = await w.node(t)
    const key = { 'idempotency-key': '~'.repeat(255) }
    const responses = await Promise.all(Array.from({ length: 20 }, () => w.send(t, PRINTED, key)))
    expect(responses.map((r) => r.statusCode)).toEqual(Array(20).fill(200))
    expect(new Set(responses.map((r) => bodyOf(r).message_id)).size).toBe(1)
    expect(node.sent.length).toBe(1)
    expect(await w.store.used(t.account)).toBe(1)
  })

  it.each<[string, (w: HttpWorld, account: `acct_${string}`, node: { disconnect(): void }) => Promise<unknown>]>([
    ['the entitlement is gone', (w, account) => w.store.updateAccount('test', account, { entitlements: [] })],
    ['the line is gone', async (w) => w.sql(`update lines set sends = 0, address = '+15005550077'`)],
    ['the gateway is draining', async (w) => void (w.state.draining = true)],
    ['the disk is full', async (w) => void (w.state.diskFull = true)],
    ['the quota is used up', (w, account) => w.store.updateAccount('test', account, { plan: 'free', quotaLimit: 1 })],
  ])('is answered although %s', async (_what, change) => {
    const w = newWorld()
    const t = await w.tenant()
    const node = await w.node(t)
    const key = { 'idempotency-key': 'kept' }
    const asked = { ...PRINTED, beta_features: { imessage: true, from: LINE } }
    const first = await w.send(t, asked, key)
    expect(first.statusCode).toBe(200)
    await change(w, t.account, node)
    const again = await w.send(t, asked, key)
    expect([again.statusCode, bodyOf(again).message_id]).toEqual([200, bodyOf(first).message_id])
  })

  it('of a refused request is free again', async () => {
    const w = newWorld()
    const t = await ready(w)
    const key = { 'idempotency-key': 'second try'.replace(' ', '-') }
    expect((await w.send(t, to('911'), key)).statusCode).toBe(400)
    expect((await w.send(t, PRINTED, key)).statusCode).toBe(200)
  })
})

it('never lets more through than the quota', async () => {
  const w = newWorld()
  const t = await ready(w, {}, { plan: 'free', quotaLimit: 1 })
  const responses = await Promise.all(Array.from({ length: 50 }, () => w.send(t, PRINTED, ASYNC)))
  const codes = responses.map((r) => r.statusCode).sort()
  expect(codes).toEqual([200, ...Array<number>(49).fill(400)])
  expect(await w.store.used(t.account)).toBe(1)
})

it('answers everybody who waits when the gateway drains', async () => {
  const w = newWorld({ sendWaitMs: 60_000 })
  const t = await w.tenant()
  const node = await w.node(t, { script: () => null })
  const waiting = [w.send(t, PRINTED), w.send(t, to('+14155552671'))]
  await eventually(() => node.sent.length).toBe(2)
  w.state.draining = true
  w.waiters.drain()
  const responses = await Promise.all(waiting)
  expect(responses.map((r) => [r.statusCode, bodyOf(r).message])).toEqual(Array(2).fill([200, 'Accepted: being sent']))
})

it('tells the id when it is not known whether the message was accepted', async () => {
  const w = newWorld({
    wrapStore: (store): Store => ({ ...store, accept: (m) => Promise.reject(new AcceptUnknownError(m.id)) }),
  })
  const response = await w.send(await ready(w), PRINTED)
  const body = bodyOf(response)
  expect([response.statusCode, body.data?.code, response.headers['retry-after']]).toEqual([503, 'accept_unknown', '5'])
  expect(body.message).toContain(body.message_id)
})

it('tells nothing of an internal error but its id', async () => {
  const w = newWorld({
    wrapStore: (store): Store => ({ ...store, accept: () => Promise.reject(new Error('secret of the house')) }),
  })
  const response = await w.send(await ready(w), PRINTED)
  expect([response.statusCode, bodyOf(response).data?.code]).toEqual([500, 'internal'])
  expect(response.payload).not.toContain('secret')
  const { id } = response.json<{ id: string }>()
  expect(w.logged.find((l) => l['msg'] === 'internal error')).toMatchObject({
    id,
    err: { message: 'secret of the house' },
  })
})

it('keeps a recipient on one line, and two messages to a new one at once as well', async () => {
  const w = newWorld()
  const t = await w.tenant()
  const node = await w.node(t, { lines: [{ address: LINE }, { address: '+15005550008' }] })
  const numbers = ['+14155552671', '+14155552672', '+14155552673', '+14155552674']
  await Promise.all(numbers.flatMap((number) => [w.send(t, to(number)), w.send(t, to(number))]))
  for (const number of numbers) await w.send(t, to(number))
  for (const number of numbers) {
    const lines = new Set(node.sent.filter((f) => f.to === number).map((f) => f.line))
    expect(lines.size, number).toBe(1)
  }
  expect(new Set(node.sent.map((f) => f.line)).size).toBe(2)
})

it('sees a line that was just added, and one that was just taken away', async () => {
  const w = newWorld()
  const t = await w.tenant()
  expect((await w.send(t, PRINTED)).statusCode).toBe(500)
  await w.node(t, WITH_SMS)
  expect((await w.send(t, PRINTED)).statusCode).toBe(200)
  const late = await w.node(t, { name: 'mac-2', lines: [{ address: '+15005550008' }] })
  const named = await w.send(t, { ...PRINTED, beta_features: { imessage: true, from: '+15005550008' } })
  expect(named.statusCode).toBe(200)
  expect(late.sent.length).toBe(1)
})

describe('what SMS may cost', () => {
  const limited = async (change: { smsPerHour?: number; smsCountries?: Record<string, number> }) => {
    const w = newWorld()
    const t = await w.tenant()
    const node = await w.node(t, WITH_SMS)
    await w.store.updateAccount('test', t.account, change)
    return { w, t, node, sms: (number: string) => w.send(t, { to: number, message: 'Hello' }) }
  }

  it('is a limit for all countries together, which an iMessage does not touch', async () => {
    const { w, t, node, sms } = await limited({ smsPerHour: 1 })
    expect((await sms('+14155552671')).statusCode).toBe(200)
    const refused = await sms('+14155552672')
    expect([refused.statusCode, bodyOf(refused).data?.code]).toEqual([429, 'sms_guard'])
    expect(bodyOf(refused).message).toMatch(
      /^The account has sent the 1 SMS that it may send in an hour\. .*Nothing was accepted\.$/,
    )
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3000)
    expect((await w.send(t, PRINTED)).statusCode).toBe(200)
    expect(node.sent.map((frame) => frame.service)).toEqual(['sms', 'imessage'])
  })

  it('is a limit for each country, and nothing goes where nobody knows which it is', async () => {
    const { node, sms } = await limited({ smsCountries: { GB: 1, '*': 0, US: 5 } })
    expect((await sms('+442079460958')).statusCode).toBe(200)
    expect(bodyOf(await sms('+442079460959')).message).toContain('1 SMS that it may send in an hour to GB')
    expect(bodyOf(await sms('+6592345678')).message).toContain('may send no SMS to SG')
    const nowhere = await sms('+99912345678')
    expect(bodyOf(nowhere).message).toContain('not known which country')
    expect([nowhere.headers['retry-after'], nowhere.headers['x-should-retry']]).toEqual([undefined, 'false'])
    expect((await sms('+14155552671')).statusCode).toBe(200)
    expect(node.sent).toHaveLength(2)
  })
})
