/** Table C of docs/send-text.md. */
import { expect } from 'vitest'
import { StoreUnavailableError } from '../../src/store/store.ts'
import { eventually, HttpWorld, LINE, SMS_LINE } from './http-world.ts'
import type { WorldOptions } from './http-world.ts'
import { bodyOf } from './row-check.ts'
import type { RowTest } from './row-check.ts'
import { PRINTED, ready, WITH_SMS } from './rows-a.ts'

const ASYNC = { prefer: 'respond-async' }
const IMESSAGE = { imessage: true }

function to(number: string, more: object = {}) {
  return { to: number, message: 'Hello', beta_features: IMESSAGE, ...more }
}

/** A world of its own, for rows that need other settings. */
async function inWorld<R>(options: WorldOptions, run: (world: HttpWorld) => Promise<R>): Promise<R> {
  const world = new HttpWorld(options)
  try {
    return await run(world)
  } finally {
    await world.stop()
  }
}

export const ROWS_C: Readonly<Record<string, RowTest>> = {
  async C1(w) {
    const t = await w.tenant()
    await w.node(t, WITH_SMS)
    const imessage = await w.send(t, to('+14155552671'))
    const sms = await w.send(t, { to: '+14155552671', message: 'Hello' })
    expect([imessage, sms].map((r) => bodyOf(r).crumbs?.['type'])).toEqual(['imessage', 'sms'])
    return [imessage, sms]
  },

  async C2() {
    return inWorld({ sendWaitMs: 2000 }, async (w) => {
      const t = await ready(w)
      return [await w.send(t, to('+15005550108'))]
    })
  },

  async C3() {
    return inWorld({ gapMs: 1000, burst: 1, sendWaitMs: 30_000 }, async (w) => {
      const t = await w.tenant()
      const node = await w.node(t)
      for (let i = 0; i < 3; i++) await w.send(t, to(`+1415555267${i}`), ASYNC)
      await eventually(() => node.sent.length).toBeGreaterThan(0)
      const startedMs = performance.now()
      const later = await w.send(t, to('+14155552679', { expires_in: 604_800 }), ASYNC)
      expect(later.statusCode).toBe(200)
      for (let i = 0; i < 30; i++) await w.send(t, to(`+141555526${10 + i}`), ASYNC)
      const response = await w.send(t, to('+14155552699'))
      expect(performance.now() - startedMs).toBeLessThan(20_000) // at once, not after the wait
      return [response]
    })
  },

  async C4() {
    return inWorld({ sendWaitMs: 200 }, async (w) => {
      const t = await w.tenant()
      const node = await w.node(t)
      node.disconnect()
      await eventually(async () => (await w.store.lines(t.account))[0]?.node?.online).toBe(false)
      return [await w.send(t, to('+14155552671'))]
    })
  },

  async C5(w) {
    const t = await ready(w, { script: () => null })
    const response = await w.send(t, to('+14155552671'), ASYNC)
    expect(response.headers['preference-applied']).toBe('respond-async')
    return [response, await w.send(t, to('+14155552671'), { prefer: 'wait=5, Respond-Async; x=1' })]
  },

  async C6(w) {
    const t = await ready(w)
    return [await w.send(t, to('+15005550106'))]
  },

  async C7(w) {
    const t = await ready(w)
    const first = await w.send(t, to('+15005550101'))
    expect(bodyOf(first).data?.code).toBe('recipient_not_on_imessage')
    expect(bodyOf(first).crumbs?.['quota']).toBe(0) // given back
    expect(first.headers['x-should-retry']).toBe('false')
    return [first, await w.send(t, to('+15005550101', { beta_features: { imessage: true, fallback: false } }))]
  },

  async C8(w) {
    const t = await ready(w)
    const response = await w.send(t, to('+15005550102'))
    expect([response.headers['x-should-retry'], bodyOf(response).data?.code]).toEqual(['false', 'send_refused'])
    const message = (await w.get(t, `/messages/${bodyOf(response).message_id}`)).json<Record<string, unknown>>()
    expect([message['sealed'], message['status']]).toEqual([true, 'failed'])
    return [response]
  },

  async C9() {
    return inWorld({ sendWaitMs: 2000 }, async (w) => {
      const t = await ready(w, { script: () => ({ refuse: 'node_disk_full' }) })
      return [await w.send(t, to('+15005550110'))]
    })
  },

  async C10(w) {
    const t = await w.tenant()
    await w.node(t, { lines: [{ address: SMS_LINE, services: ['sms'] }] })
    const response = await w.send(t, to('+14155552671'))
    expect(bodyOf(response).data?.code).toBe('no_line')
    const message = await w.get(t, `/messages/${bodyOf(response).message_id}`)
    expect(message.json<{ status: string }>().status).toBe('failed')
    const bare = await w.send(await w.tenant(), to('+14155552671'))
    return [response, bare]
  },

  async C11(w) {
    const t = await ready(w)
    w.sql(`update lines set suspended = 1 where id = '${await w.lineId(t, LINE)}'`)
    const named = await w.send(t, to('+14155552671', { beta_features: { imessage: true, from: LINE } }))
    expect(bodyOf(named).data?.code).toBe('line_suspended')
    return [named]
  },

  async C12() {
    return inWorld({ gapMs: 1000, burst: 1 }, async (w) => {
      const t = await w.tenant()
      const node = await w.node(t)
      node.disconnect()
      for (let i = 0; i < 13; i++) await w.send(t, to('+14155552671'), ASYNC)
      const before = w.count('select count(*) from messages')
      const response = await w.send(t, to('+14155552671', { expires_in: 10 }))
      expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
      expect(w.count('select count(*) from messages')).toBe(before)
      expect((await w.send(t, to('+14155552671', { expires_in: 60 }), ASYNC)).statusCode).toBe(200)
      return [response]
    })
  },

  async C13() {
    return inWorld({ tokenRatePerS: 1, tokenBurst: 3 }, async (w) => {
      const t = await ready(w)
      const other = await w.token(t.account)
      const responses = []
      for (let i = 0; i < 4; i++) responses.push(await w.send(t, PRINTED, ASYNC))
      expect(responses.map((r) => r.statusCode)).toEqual([200, 200, 200, 429])
      expect(responses[0]?.headers['ratelimit-policy']).toBe('"token";q=3;w=3')
      const left = responses.map((r) => /^"token";r=(\d+);t=\d+$/.exec(String(r.headers['ratelimit']))?.[1])
      expect(left).toEqual(['2', '1', '0', '0'])
      expect((await w.send(other, PRINTED)).statusCode).toBe(200)
      const refused = responses.slice(3)
      expect(refused[0]?.headers['retry-after']).toBe('1')
      return refused
    })
  },

  async C14() {
    let down = false
    const options: WorldOptions = {
      wrapStore: (store) => ({
        ...store,
        accept: (message) =>
          down
            ? Promise.reject(new StoreUnavailableError('The database cannot be written.', { diskFull: false }))
            : store.accept(message),
      }),
    }
    return inWorld(options, async (w) => {
      const t = await ready(w)
      w.state.diskFull = true
      const responses = [await w.send(t, PRINTED)]
      w.state.diskFull = false
      down = true
      responses.push(await w.send(t, PRINTED))
      w.state.draining = true
      responses.push(await w.send(t, PRINTED))
      for (const response of responses) expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
      expect(w.count('select count(*) from messages')).toBe(0)
      return responses
    })
  },

  async C15(w) {
    const t = await ready(w)
    const key = { 'idempotency-key': 'order-15' }
    const first = await w.send(t, PRINTED, key)
    const { to: number, message, beta_features } = PRINTED
    const again = await w.send(t, { beta_features, message, to: ` ${number}` }, key) // the same, written otherwise
    const asForm = await w.send(
      t,
      new URLSearchParams({ to: number, message, 'beta_features[imessage]': 'on' }).toString(),
      key,
    )
    expect(first.headers['idempotent-replayed']).toBeUndefined()
    for (const replay of [again, asForm]) {
      expect(replay.headers['idempotent-replayed']).toBe('true')
      expect(bodyOf(replay).message_id).toBe(bodyOf(first).message_id)
      expect(bodyOf(replay).crumbs).toEqual(bodyOf(first).crumbs)
    }
    return [first, again, asForm]
  },

  async C16(w) {
    const t = await w.tenant()
    const node = await w.node(t, { script: () => null })
    const key = { 'idempotency-key': 'order-16' }
    const waiting = [w.send(t, PRINTED, key), w.send(t, PRINTED, key)]
    await eventually(() => node.sent.length).toBe(1)
    node.settle(node.sent[0] ?? expect.fail(), { fact: 'sent' })
    const responses = await Promise.all(waiting)
    expect(new Set(responses.map((r) => bodyOf(r).message_id)).size).toBe(1)
    expect(responses.map((r) => r.headers['idempotent-replayed']).sort()).toEqual(['true', undefined])
    expect(node.sent.length).toBe(1)
    return responses
  },

  async C17(w) {
    const t = await ready(w)
    const key = { 'idempotency-key': 'order-17' }
    expect((await w.send(t, PRINTED, key)).statusCode).toBe(200)
    const response = await w.send(t, { ...PRINTED, message: 'another' }, key)
    expect(response.headers['x-should-retry']).toBe('false')
    const other = await ready(w)
    expect((await w.send(other, { ...PRINTED, message: 'another' }, key)).statusCode).toBe(200) // keys are of an account
    return [response]
  },

  async C18(w) {
    const t = await w.tenant()
    const node = await w.node(t)
    node.disconnect()
    const key = { 'idempotency-key': 'order-18' }
    const first = await w.send(t, PRINTED, { ...ASYNC, ...key })
    w.sql(`update messages set expires_at = 1 where id = '${bodyOf(first).message_id}'`)
    await w.store.expire(10)
    const replay = await w.send(t, PRINTED, key)
    expect(bodyOf(replay).data?.code).toBe('expired')
    return [replay]
  },

  async C19() {
    return inWorld({ sendWaitMs: 200 }, async (w) => {
      const t = await w.tenant()
      const node = await w.node(t)
      const answers = []
      for (const [state, name, held] of [
        ['broken', 'automation', 'node_broken'],
        ['ok', 'sending_address', 'node_sending_address'],
      ] as const) {
        node.health({ state, checks: [{ name, state: 'problem' }] })
        await eventually(async () => (await w.store.lines(t.account))[0]?.node?.hold?.check).toBe(name)
        const answer = await w.send(t, to('+14155552671'))
        const message = (await w.get(t, `/messages/${bodyOf(answer).message_id}`)).json<Record<string, unknown>>()
        expect(message['held']).toEqual({ reason: held, until: null })
        answers.push(answer)
      }
      expect(node.sent).toEqual([])
      node.health({ state: 'ok' })
      await eventually(() => node.sent.length).toBe(2)
      return answers
    })
  },
}
