/**
 * The HTTP server around its routes.
 * Proves: every answer is JSON in one shape, also to what is no request at all; tokens, scopes and accounts keep apart; logs hold ids and
 * nothing else; the pages load nothing from elsewhere; the OpenAPI document is what the routes take.
 * World: as send-text-rows.test.ts; where sockets matter, the server listens.
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { availabilityAnswer } from '@bluewire/contract/api/availability'
import { errorBody } from '@bluewire/contract/api/error-body'
import { messageAnswer } from '@bluewire/contract/api/message'
import { quotaAnswer } from '@bluewire/contract/api/quota'
import { ERRORS } from '@bluewire/contract/errors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, HttpWorld, LINE, SMS_LINE } from './http-world.ts'
import type { Tenant } from './http-world.ts'
import { bodyOf } from './row-check.ts'
import { PRINTED, ready, WITH_SMS } from './rows-a.ts'

let world: HttpWorld
let tenant: Tenant
beforeAll(async () => {
  world = new HttpWorld()
  tenant = await ready(world, WITH_SMS)
})
afterAll(async () => {
  await world.stop()
  expect(world.errors).toEqual([])
})

describe('answers', () => {
  it.each<[string, string, number, string]>([
    ['GET', '/send', 404, 'not_found'],
    ['GET', '/messages', 404, 'not_found'],
    ['POST', '/send/imessage', 404, 'not_found'],
    ['DELETE', '/send/text', 405, 'method_not_allowed'],
    ['PATCH', '/messages/x/', 405, 'method_not_allowed'],
    ['POST', '/healthz', 405, 'method_not_allowed'],
    ['GET', '/%', 400, 'bad_request'],
    ['GET', `/${'a'.repeat(5000)}`, 404, 'not_found'],
    ['GET', '/messages/x', 401, 'unauthorized'],
  ])('%s %s is %i %s', async (...[method, url, status, code]) => {
    const response = await world.app.inject({ method: method as 'GET', url })
    expect(response.statusCode).toBe(status)
    const body = errorBody.parse(response.json())
    expect([body.data.code, body.data.status, body.code]).toEqual([code, status, status])
    expect(body.data.doc_url).toBe(`http://127.0.0.1:8080/docs/errors#${code}`)
    expect(body.data.metadata).toEqual({
      id: body.id,
      timestamp: body.timestamp,
      api_version: body.api_version,
      object: 'error',
    })
    expect(response.headers['x-content-type-options']).toBe('nosniff')
  })

  it('tolerates slashes too many, and HEAD', async () => {
    for (const url of ['/send/text/', '//send//text']) {
      const headers = { authorization: `Token ${tenant.token}` }
      expect((await world.app.inject({ method: 'POST', url, headers, payload: PRINTED })).statusCode).toBe(200)
    }
    for (const url of ['/healthz/', '/user//get/quota/']) expect((await world.get(tenant, url)).statusCode).toBe(200)
    const head = await world.app.inject({ method: 'HEAD', url: '/healthz' })
    expect([head.statusCode, head.payload]).toEqual([200, ''])
    expect((await world.app.inject({ method: 'PUT', url: '/healthz' })).headers['allow']).toBe('GET, HEAD')
  })

  it.each<[string, number]>([
    ['nonsense\r\n\r\n', 400],
    ['GET / HTTP/9.9\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['POST /send/text HTTP/1.1\r\nhost: x\r\ncontent-length: nonsense\r\n\r\n', 400],
    ['GET /healthz HTTP/1.1\r\n\r\n', 200], // no host: 1.1 asks for one, nobody here needs it
    ['GET /healthz HTTP/1.1\r\nhost: x\r\nexpect: miracles\r\n\r\n', 400],
  ])('%j on a bare socket is %i, in JSON', async (request, status) => {
    if (!world.app.server.listening) await world.app.listen({ host: '127.0.0.1', port: 0 })
    const socket = connect((world.app.server.address() as AddressInfo).port, '127.0.0.1')
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += String(chunk)
      if (/\r\n\r\n.*\}$/s.test(text)) socket.end()
    })
    socket.write(request)
    await once(socket, 'close')
    const [head = '', payload = ''] = text.split('\r\n\r\n')
    expect(head).toContain(` ${status} `)
    expect(JSON.parse(payload)).toMatchObject(status === 200 ? { status: 'ok' } : { code: status, object: 'error' })
  })
})

describe('access', () => {
  it('names the scope that is missing', async () => {
    const reader = await world.token(tenant.account, ['messages:read'])
    const refused = await world.send(reader, PRINTED)
    expect([refused.statusCode, bodyOf(refused).data?.code]).toEqual([403, 'scope_required'])
    expect(bodyOf(refused).message).toContain('messages:send')
    expect((await world.get(reader, '/enterprise/availability/sms')).statusCode).toBe(403)
    expect((await world.get(reader, '/user/get/quota')).statusCode).toBe(200)
  })

  it.each([
    ['Bearer', (t: string) => ({ authorization: `Bearer ${t}` })],
    ['lower case', (t: string) => ({ authorization: `token ${t}` })],
    ['X-API-Key', (t: string) => ({ 'x-api-key': t })],
    ['X-API-KEY with a scheme', (t: string) => ({ 'X-API-KEY': `Token ${t}` })],
  ])('takes the token as %s', async (_name, headers) => {
    expect((await world.send(null, PRINTED, headers(tenant.token))).statusCode).toBe(200)
  })

  it('hides what belongs to another account', async () => {
    const other = await ready(world)
    const id = bodyOf(await world.send(tenant, PRINTED)).message_id
    expect((await world.get(tenant, `/messages/${id}`)).statusCode).toBe(200)
    const foreign = await world.get(other, `/messages/${id}`)
    const unknown = await world.get(other, '/messages/imessage_01M864Y911ZBZMXX76FPNFWC2M')
    expect([foreign.statusCode, unknown.statusCode]).toEqual([404, 404])
    expect(bodyOf(foreign).message).toBe(bodyOf(unknown).message)
  })

  it('remembers when a token was used', async () => {
    const fresh = await world.token(tenant.account)
    await world.get(fresh, '/user/get/quota')
    const used = async () =>
      (await world.store.tokens(tenant.account)).find((t) => t.id === fresh.tokenId)?.lastUsedAtMs
    await eventually(used).toBeGreaterThan(0)
  })
})

describe('routes', () => {
  it('tell what was used', async () => {
    const free = await ready(world, {}, { plan: 'free', quotaLimit: 500 })
    await world.send(free, PRINTED)
    const answer = quotaAnswer.parse((await world.get(free, '/user/get/quota')).json())
    expect(answer.crumbs).toEqual({ plan: 'free', quota: 1, remaining: 499, ad: true })
    expect([answer.text, answer.imessage]).toEqual([{ used: 0, limit: 500 }, { used: 1 }])
  })

  it('tell which lines can send', async () => {
    const t = await world.tenant()
    const node = await world.node(t, { lines: [{ address: LINE }, { address: SMS_LINE, sends: false }] })
    const read = async () =>
      availabilityAnswer.parse((await world.get(t, '/enterprise/availability/sms')).json()).crumbs
    expect(await read()).toEqual([
      { phoneNumber: LINE, available: true, health: 'unknown' }, // nothing has proven it yet
      { phoneNumber: SMS_LINE, available: false, health: 'unknown' },
    ])
    const says = (health: string, provenAtMs: number | null, heardAtMs = Date.now()): void =>
      world.sql(
        `update nodes set health = '${health}', proven_at = ${provenAtMs}, health_at = ${heardAtMs} where id = '${node.id}'`,
      )
    const both = (health: string) => [{ health }, { health }]
    says('ok', null) // its word alone is no proof (R8)
    expect(await read()).toMatchObject(both('unknown'))
    says('ok', Date.now() - 25 * 3600_000)
    expect(await read()).toMatchObject(both('unknown'))
    says('broken', Date.now())
    expect(await read()).toMatchObject(both('unknown'))
    says('ok', Date.now(), Date.now() - 4 * 60_000) // a word of four minutes ago is a memory
    expect(await read()).toMatchObject(both('unknown'))
    says('ok', Date.now() - 23 * 3600_000)
    expect(await read()).toMatchObject(both('good'))
    world.sql(`update nodes set held = 'sending_address' where id = '${node.id}'`)
    expect(await read()).toMatchObject([{ available: false, health: 'unknown' }, { available: false }])
    world.sql(`update nodes set held = null where id = '${node.id}'`)
    node.disconnect()
    await eventually(read).toMatchObject([{ available: false, health: 'unknown' }, { available: false }])
  })

  it('tell what became of a message', async () => {
    const sent = bodyOf(await world.send(tenant, { ...PRINTED, to: '+15005550102' }))
    const answer = messageAnswer.parse((await world.get(tenant, `/messages/${sent.message_id}`)).json())
    expect(answer).toMatchObject({ status: 'failed', type: 'imessage', from: LINE, sealed: true, simulated: true })
    expect(answer.failure).toMatchObject({ code: 'send_refused' })
    expect(answer.attempts).toMatchObject([{ n: 1, state: 'not_sent', from: LINE, type: 'imessage' }])
    expect(answer.timeline.map((e) => e.type)).toEqual(
      expect.arrayContaining(['message.accepted', 'message.dispatched', 'message.failed']),
    )
    const alias = `/messages/${String(sent.message_id).replace('imessage_', 'imsg_')}` // the hosted service writes both
    expect(messageAnswer.parse((await world.get(tenant, alias)).json()).message_id).toBe(sent.message_id)
    const unknown = bodyOf(await world.send(tenant, { ...PRINTED, to: '+15005550106' }))
    const open = messageAnswer.parse((await world.get(tenant, `/messages/${unknown.message_id}`)).json())
    expect([open.status, open.failure?.code]).toEqual(['unknown', 'outcome_unknown'])
  })

  it('tell whether the gateway is well', async () => {
    expect((await world.get(null, '/healthz')).json()).toEqual({ status: 'ok' })
    expect((await world.get(null, '/readyz')).json()).toEqual({ status: 'ok' })
    world.state.draining = true
    const draining = await world.get(null, '/readyz')
    expect([draining.statusCode, bodyOf(draining).data?.code]).toEqual([503, 'draining'])
    expect((await world.get(null, '/healthz')).statusCode).toBe(200)
    world.state.draining = false
  })

  it('count', async () => {
    const t = await ready(world, { script: () => null })
    for (let i = 0; i < 8; i++) await world.send(t, { ...PRINTED, to: '+14155552671' }, { prefer: 'respond-async' })
    const metrics = await world.get(null, '/metrics')
    expect(metrics.headers['content-type']).toContain('text/plain')
    const line = await world.lineId(t, LINE)
    expect(metrics.payload).toContain(`bluewire_queue_messages{line="${line}"} 7`)
    expect(metrics.payload).toMatch(new RegExp(`bluewire_queue_oldest_seconds\\{line="${line}"\\} [\\d.]+`))
    expect(metrics.payload).toMatch(/bluewire_accepts_total\{service="imessage",result="accepted"\} \d+/)
    expect(metrics.payload).toMatch(
      /bluewire_http_request_seconds_count\{route="\/send\/text",method="POST",status="200"\} \d+/,
    )
    expect(metrics.payload).not.toMatch(/\+1\d{10}/)
  })
})

describe('pages', () => {
  it.each(['/docs', '/docs/errors'])('%s loads nothing from elsewhere', async (url) => {
    const page = await world.get(null, url)
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    const policy = String(page.headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/http|\*|unsafe-eval/)
    expect(/script-src[^;]*unsafe/.test(policy)).toBe(false)
    for (const [, address = ''] of page.payload.matchAll(/(?:src|href)="([^"]*)"/g))
      expect(address).toMatch(/^(?:\/|data:,)/)
    expect(page.payload).not.toMatch(/<script>|onclick/)
  })

  it('have the scripts they name', async () => {
    const page = await world.get(null, '/docs')
    for (const [, address = ''] of page.payload.matchAll(/<script src="([^"]*)"/g)) {
      const script = await world.get(null, address)
      expect([script.statusCode, script.headers['content-type']]).toEqual([200, 'text/javascript; charset=utf-8'])
    }
    expect((await world.get(null, '/docs/start.js')).payload).not.toMatch(/https?:/)
  })

  it('keep their addresses behind a prefix', async () => {
    const prefixed = new HttpWorld({ publicUrl: 'https://example.org/bluewire' })
    const page = await prefixed.get(null, '/docs')
    expect(page.payload).toContain('src="/bluewire/docs/start.js"')
    expect(page.headers['strict-transport-security']).toMatch(/^max-age=\d+$/)
    await prefixed.stop()
  })

  it('have an anchor for each code of the catalogue', async () => {
    const page = await world.get(null, '/docs/errors')
    for (const code of Object.keys(ERRORS)) expect(page.payload).toContain(`<tr id="${code}">`)
  })
})

it('documents the routes with the schemas that validate', async () => {
  type Document = {
    openapi: string
    paths: Record<string, Record<string, { operationId: string; security?: unknown[] }>>
  }
  const response = await world.get(null, '/openapi.json')
  const document = response.json<Document>()
  expect(document.openapi).toBe('3.1.0')
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path))
  expect(operations.map((o) => o.operationId).sort()).toEqual(
    ['getAvailability', 'getHealth', 'getMessage', 'getQuota', 'getReadiness', 'sendText'].sort(),
  )
  for (const [, reference = ''] of response.payload.matchAll(/"\$ref":"([^"]*)"/g)) {
    expect(reference).toBe('#/components/schemas/Error')
  }
  expect(response.payload).toContain('"required":["to","message"]')
  expect(response.payload).toContain('"maximum":604800')
  expect(response.payload).not.toContain('9007199254740991')
})

it('logs one line per request, with ids and nothing else', async () => {
  world.logged.length = 0
  const secret = 'a text that must not be in any log'
  await world.send(tenant, { ...PRINTED, to: '+14155552671', message: secret })
  await world.send(tenant, `{"to": "+14155552671", "message": ${secret}`, { 'content-type': 'application/json' })
  await world.get(tenant, `/messages/+14155552671?text=${encodeURIComponent(secret)}`)
  await world.get(null, '/secret/+14155552671')
  expect(world.logged.length).toBe(4)
  expect(world.logged.map((l) => [l['method'], l['route'], l['status']])).toEqual([
    ['POST', '/send/text', 200],
    ['POST', '/send/text', 400],
    ['GET', '/messages/:id', 404],
    ['GET', 'none', 404],
  ])
  const text = JSON.stringify(world.logged)
  for (const word of [secret, '4155552671', tenant.token, 'secret', LINE]) expect(text).not.toContain(word)
  expect(world.logged[0]).toMatchObject({
    account: tenant.account,
    token: tenant.tokenId,
    message: expect.stringMatching(/^imessage_/),
  })
})
