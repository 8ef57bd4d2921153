/** Table A of docs/send-text.md. */
import { expect } from 'vitest'
import { HttpWorld, LINE, SMS_LINE } from './http-world.ts'
import type { NewNode, NewTenant, Tenant } from './http-world.ts'
import { bodyOf, fieldsOf } from './row-check.ts'
import type { RowTest } from './row-check.ts'

const TO = '+1234567890'
const MESSAGE = 'Hello, this is a test iMessage.'
/** The request that the page prints. */
export const PRINTED = { to: TO, message: MESSAGE, beta_features: { imessage: true, fallback: false } }

/** One iMessage line; and, where a row needs it, another line that does SMS. */
export const IMESSAGE_ONLY: NewNode = {}
export const WITH_SMS: NewNode = { lines: [{ address: LINE }, { address: SMS_LINE, services: ['sms'] }] }

export async function ready(world: HttpWorld, node: NewNode = IMESSAGE_ONLY, tenant: NewTenant = {}): Promise<Tenant> {
  const made = await world.tenant(tenant)
  await world.node(made, node)
  return made
}

function form(fields: Record<string, string>): string {
  return new URLSearchParams(fields).toString()
}

/** Sends every body as the tenant; in order. */
async function all(world: HttpWorld, tenant: Tenant, bodies: readonly unknown[]) {
  const responses = []
  for (const body of bodies) responses.push(await world.send(tenant, body))
  return responses
}

async function sentText(world: HttpWorld, tenant: Tenant, id: string | undefined): Promise<string> {
  return (await world.get(tenant, `/messages/${id}`)).json<{ text: string }>().text
}

export const ROWS_A: Readonly<Record<string, RowTest>> = {
  async A1(w) {
    const t = await ready(w)
    const response = await w.send(t, PRINTED)
    expect(Object.keys(response.json())).toEqual(['message', 'crumbs', 'message_id', 'status', 'to', 'simulated'])
    expect(Object.keys(bodyOf(response).crumbs ?? {})).toEqual(['plan', 'quota', 'type', 'ad'])
    expect(bodyOf(response).to).toBe(TO)
    return [response]
  },

  async A2(w) {
    const t = await ready(w, WITH_SMS)
    const bracketed = (imessage: string) => form({ to: TO, message: MESSAGE, 'beta_features[imessage]': imessage })
    const json = (imessage: string) => form({ to: TO, message: MESSAGE, beta_features: `{"imessage":${imessage}}` })
    const yes = await all(w, t, [
      ...['true', 'TRUE', 'True', '1', 'on', 'On'].map(bracketed),
      json('true'),
      json('"on"'),
    ])
    const no = await all(w, t, [...['false', 'FALSE', '0', 'off', 'Off'].map(bracketed), json('false'), json('"0"')])
    for (const response of yes) expect(bodyOf(response).crumbs?.['type']).toBe('imessage')
    for (const response of no) expect(bodyOf(response).crumbs?.['type']).toBe('sms')
    const other = await w.send(t, bracketed('yes'))
    expect([other.statusCode, fieldsOf(other)]).toEqual([400, ['beta_features.imessage']])
    return [...yes, ...no]
  },

  async A3(w) {
    const t = await ready(w)
    return all(
      w,
      t,
      ['true', 'false', 1, 0, []].map((imessage) => ({ ...PRINTED, beta_features: { imessage } })),
    )
  },

  async A4(w) {
    const t = await ready(w)
    const beta_features = { imessage: true }
    const blank = [{}, { to: '', message: '' }, { to: null, message: null }, { to: ' \n', message: ' \t\u00a0' }]
    const both = await all(
      w,
      t,
      blank.map((body) => ({ ...body, beta_features })),
    )
    for (const response of both) expect(fieldsOf(response)).toEqual(['to', 'message'])
    const [noTo, noMessage] = await all(w, t, [
      { message: 'x', beta_features },
      { to: TO, beta_features },
    ])
    expect([noTo && fieldsOf(noTo), noMessage && fieldsOf(noMessage)]).toEqual([['to'], ['message']])
    const empty = await w.app.inject({
      method: 'POST',
      url: '/send/text',
      headers: { authorization: `Token ${t.token}`, 'content-type': 'application/json' },
    })
    expect(fieldsOf(empty)).toEqual(['to', 'message', 'beta_features.imessage'])
    return [...both, empty]
  },

  async A5(w) {
    const t = await ready(w)
    const { to, ...rest } = PRINTED
    const same = await w.send(t, { ...PRINTED, recipient: '+1 234-567-890' })
    expect(same.statusCode).toBe(200)
    return all(w, t, [
      { ...rest, recipient: to },
      { ...PRINTED, recipient: '+14155552671' },
    ])
  },

  async A6(w) {
    const t = await ready(w)
    const twice = `${form({ to: TO, message: MESSAGE, 'beta_features[imessage]': 'true' })}&to=%2B14155552671`
    const responses = await all(w, t, [{ ...PRINTED, to: 1234567890 }, { ...PRINTED, to: [TO] }, twice])
    for (const response of responses) expect(bodyOf(response).message).toContain('one recipient, as a string')
    return responses
  },

  async A7(w) {
    const t = await ready(w, WITH_SMS)
    const response = await w.send(t, { to: TO, message: MESSAGE })
    expect(bodyOf(response).crumbs?.['type']).toBe('sms')
    const { data, object, code } = response.json<Record<string, unknown>>()
    expect([object, code, data]).toEqual(['response', 200, expect.objectContaining({ message_id: expect.any(String) })])
    return [response]
  },

  async A8(w) {
    return [await w.send(await ready(w), { to: TO, message: MESSAGE })]
  },

  async A9(w) {
    const t = await ready(w, WITH_SMS)
    const features = [{}, { fallback: true }, { imessage: null }]
    return all(
      w,
      t,
      features.map((beta_features) => ({ ...PRINTED, beta_features })),
    )
  },

  async A10(w) {
    const t = await ready(w, WITH_SMS)
    const responses = await all(w, t, [
      { ...PRINTED, beta_features: { imessage: false } },
      { ...PRINTED, beta_features: { imessage: false, from: LINE } },
      { ...PRINTED, beta_features: { imessage: false, from: SMS_LINE, fallback: true } },
    ])
    for (const i of [0, 2]) expect(responses[i]?.json<{ crumbs: { type: string } }>().crumbs.type).toBe('sms')
    return responses
  },

  async A11(w) {
    const t = await ready(w, WITH_SMS)
    const bare = { to: TO, message: MESSAGE }
    const responses = await all(w, t, [
      { ...bare, imessage: true },
      { ...bare, imessage: false, fallback: true },
      { ...bare, fallback: true, beta_features: { imessage: true } },
      form({ ...bare, imessage: 'true' }),
    ])
    expect(w.count(`select count(*) from messages where account = '${t.account}'`)).toBe(0)
    return responses
  },

  async A12(w) {
    const t = await ready(w)
    const responses = await all(w, t, [
      { ...PRINTED, beta_features: { imessage: true, fallbak: true } },
      { ...PRINTED, beta_features: { imessage: true, whatsapp: true } },
    ])
    expect(bodyOf(responses[0] ?? expect.fail()).message).toContain('Did you mean fallback?')
    const intent = await w.send(t, { ...PRINTED, beta_features: { imessage: true, intent: true } })
    expect(bodyOf(intent).data?.code).toBe('not_supported')
    expect((await w.send(t, { ...PRINTED, beta_features: { imessage: true, whatsapp: false } })).statusCode).toBe(200)
    return responses
  },

  async A13(w) {
    return [await w.send(await ready(w), { ...PRINTED, fast_track: true, colour: { deep: ['x'] }, __proto__: null })]
  },

  async A14(w) {
    const t = await ready(w)
    const bare = { to: TO, message: MESSAGE }
    return all(w, t, [
      { ...bare, beta_features: 'imessage' },
      { ...bare, beta_features: [] },
      { ...bare, beta_features: true },
      form({ ...bare, beta_features: 'imessage' }),
      form({ ...bare, beta_features: '[]' }),
    ])
  },

  async A15(w) {
    const t = await ready(w, { lines: [{ address: LINE }, { address: '+13059478667' }] })
    const forms = ['+13059478667', '13059478667', '(305) 947-8667', '+1 305-947-8667', ' 13059478667']
    const responses = []
    for (const from of forms) {
      const response = await w.send(t, { ...PRINTED, beta_features: { imessage: true, from } })
      const message = await w.get(t, `/messages/${bodyOf(response).message_id}`)
      expect(message.json<{ from: string }>().from).toBe('+13059478667')
      responses.push(response)
    }
    const british = await ready(w, { lines: [{ address: LINE }, { address: '+13059478667' }] }, { region: 'GB' })
    responses.push(await w.send(british, { ...PRINTED, beta_features: { imessage: true, from: '13059478667' } }))
    return responses
  },

  async A16(w) {
    const t = await ready(w, WITH_SMS)
    const other = await ready(w, { lines: [{ address: '+15005550009' }] })
    expect(other.account).not.toBe(t.account)
    const responses = await all(w, t, [
      { ...PRINTED, beta_features: { imessage: true, from: '+15005550009' } },
      { ...PRINTED, beta_features: { imessage: true, from: SMS_LINE } },
    ])
    for (const response of responses) expect(bodyOf(response).message).toContain(LINE)
    return responses
  },

  async A17(w) {
    const t = await ready(w)
    const revoked = await w.token(t.account)
    expect((await w.send(revoked, PRINTED)).statusCode).toBe(200)
    await w.store.setTokenState('test', revoked.tokenId, 'revoked')
    const responses = [
      await w.send(null, PRINTED),
      await w.send(null, PRINTED, { authorization: `Basic ${Buffer.from(`x:${t.token}`).toString('base64')}` }),
      await w.send(null, PRINTED, { authorization: t.token }),
      await w.send(null, PRINTED, { authorization: `Token ${t.token}x` }),
      await w.send(null, PRINTED, { authorization: 'Token ' }),
      await w.send(revoked, PRINTED),
    ]
    for (const response of responses) expect(response.headers['www-authenticate']).toBe('Token')
    expect(new Set(responses.map((r) => bodyOf(r).message)).size).toBe(1)
    return responses
  },

  async A18(w) {
    const t = await ready(w)
    const suspended = await w.token(t.account)
    await w.store.setTokenState('test', suspended.tokenId, 'suspended')
    const first = await w.send(suspended, PRINTED)
    expect(bodyOf(first).message).toContain('token is suspended')
    await w.store.updateAccount('test', t.account, { suspended: true })
    const second = await w.send(t, PRINTED)
    expect(bodyOf(second).message).toContain('account is suspended')
    return [first, second]
  },

  async A19(w) {
    const t = await ready(w, WITH_SMS, { entitlements: [] })
    const responses = await all(w, t, [PRINTED, { ...PRINTED, beta_features: { imessage: false } }])
    expect(bodyOf(responses[0] ?? expect.fail()).message).toMatch(/imessage.*administrator.*can grant it/)
    return responses
  },

  async A20(w) {
    const t = await ready(w)
    const headers = { authorization: `Token ${t.token}` }
    const noType = {
      method: 'POST',
      url: '/send/text',
      headers,
      payload: Buffer.from(JSON.stringify(PRINTED)),
    } as const
    const responses = [
      await w.send(t, PRINTED, { 'content-type': 'text/plain' }),
      await w.app.inject(noType),
      await w.send(t, '{"to": "+1234567890",\n "message": x}', { 'content-type': 'application/json' }),
      await w.send(t, { ...PRINTED, message: 'x'.repeat(256 * 1024) }),
    ]
    expect(bodyOf(responses[2] ?? expect.fail()).message).toContain('line 2, column 13 (position 34)')
    for (const response of responses) expect(bodyOf(response).crumbs).toMatchObject({ plan: 'unlimited', type: 'sms' })
    return responses
  },

  async A21(w) {
    const t = await ready(w)
    const headers = { authorization: `Token ${t.token}` }
    const put = await w.app.inject({ method: 'PUT', url: '/send/text', headers, payload: PRINTED })
    const get = await w.get(t, '/send/text')
    for (const response of [put, get]) expect(response.headers['allow']).toBe('POST')
    return [put, get]
  },

  async A22(w) {
    const t = await ready(w)
    const text =
      'one\r\ntwo \u{1f468}\u200d\u{1f469}\u200d\u{1f467} \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627 e\u0301'
    const texts = ['a\u0000b', 'a\ud83d', 'x'.repeat(20_001), text]
    const responses = await all(
      w,
      t,
      texts.map((message) => ({ ...PRINTED, message })),
    )
    expect(await sentText(w, t, bodyOf(responses[3] ?? expect.fail()).message_id)).toBe(text)
    expect((await w.send(t, { ...PRINTED, message: 'x'.repeat(20_000) })).statusCode).toBe(200)
    return responses
  },

  async A23(w) {
    const t = await ready(w, IMESSAGE_ONLY, { plan: 'free', quotaLimit: 500 })
    const [month] = new Date().toISOString().split(/-\d\dT/)
    w.sql(`insert into usage (account, month, used) values ('${t.account}', '${month}', 499)`)
    const last = await w.send(t, PRINTED)
    expect(bodyOf(last).crumbs).toEqual({ plan: 'free', quota: 500, remaining: 0, type: 'imessage', ad: true })
    return [await w.send(t, PRINTED)]
  },

  async A24(w) {
    const t = await ready(w, IMESSAGE_ONLY, { plan: 'free', quotaLimit: 500 })
    const first = await w.send(t, PRINTED)
    expect(await sentText(w, t, bodyOf(first).message_id)).toBe(`${MESSAGE}\n\nSent with Bluewire`)
    expect(bodyOf(first).crumbs).toEqual({ plan: 'free', quota: 1, remaining: 499, type: 'imessage', ad: true })
    const without = new HttpWorld({ adText: '' })
    try {
      const other = await ready(without, IMESSAGE_ONLY, { plan: 'free', quotaLimit: 500 })
      const second = await without.send(other, PRINTED)
      expect(await sentText(without, other, bodyOf(second).message_id)).toBe(MESSAGE)
      expect(bodyOf(second).crumbs?.['ad']).toBe(false)
      return [first, second]
    } finally {
      await without.stop()
    }
  },

  async A25(w) {
    const t = await ready(w)
    const good = await all(w, t, [
      { ...PRINTED, expires_in: 10, on_unknown: 'hold' },
      { ...PRINTED, expires_in: 604_800, on_unknown: 'resend' },
      form({ to: TO, message: MESSAGE, 'beta_features[imessage]': 'on', expires_in: '60' }),
    ])
    for (const response of good) expect(response.statusCode).toBe(200)
    for (const expires_in of [9, 604_801, -1]) {
      expect(bodyOf(await w.send(t, { ...PRINTED, expires_in })).data?.code).toBe('out_of_range')
    }
    return all(w, t, [
      { ...PRINTED, expires_in: 9 },
      { ...PRINTED, expires_in: 10.5 },
      { ...PRINTED, on_unknown: 'drop' },
      { ...PRINTED, beta_features: { imessage: true, expires_in: 60 } },
    ])
  },
}
