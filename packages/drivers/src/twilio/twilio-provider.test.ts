/**
 * The provider twilio and its callbacks.
 * Proves: what Twilio did not sign, or what we did not address, changes nothing; receipts come in any order; a request tells Twilio where to
 * call back and how often; a gateway without a public address still sends.
 * World: the real provider; Twilio is a socket here, or nobody.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import twilio from 'twilio'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '@bluewire/platform/clock'
import { until } from '@bluewire/testkit/stories/until'
import type { CallbackRequest, OutgoingSms, ProviderInbound, ProviderReceipt } from '../provider.ts'
import { pathKey, signPath } from '../web/signed-path.ts'
import { TwilioProvider, twilioProvider } from './twilio-provider.ts'

const ACCOUNT = `AC${'0'.repeat(32)}`
const SID = `SM${'1'.repeat(32)}`
const TOKEN = 'auth-token'
const KEY = new Uint8Array(32).fill(3)
const URL_ONE = 'https://gateway.example/callbacks/one'
const SMS: OutgoingSms = {
  attempt: 'attempt_00000000000000000000000001',
  message: 'text_00000000000000000000000001',
  line: '+15005550001',
  to: '+14155552671',
  body: 'hello',
}
const closing: Array<() => void> = []

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

function provider({
  settings = {},
  secrets = {},
  callbackUrl = URL_ONE,
}: { settings?: object; secrets?: object; callbackUrl?: string } = {}): TwilioProvider {
  const made = new TwilioProvider({
    clock: systemClock,
    callbackKey: KEY,
    dataDirectory: 'unused',
    callbackUrl,
    settings: twilioProvider.settings.parse({ account_sid: ACCOUNT, base_url: 'http://127.0.0.1:9', ...settings }),
    secrets: twilioProvider.secrets.parse({ auth_token: TOKEN, ...secrets }),
    log: () => undefined,
  })
  closing.push(() => void made.stop())
  return made
}

/** Takes everything, and remembers what it was asked. */
async function fakeTwilio({ answersMessages = true } = {}): Promise<{
  url: string
  asked: Array<{ path: string; login: string; form: URLSearchParams }>
}> {
  const asked: Array<{ path: string; login: string; form: URLSearchParams }> = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      const login = Buffer.from((request.headers.authorization ?? '').slice(6), 'base64').toString()
      asked.push({ path: request.url ?? '', login, form: new URLSearchParams(body) })
      const isAsking = request.method === 'GET'
      if (!isAsking && !answersMessages) {
        request.socket.destroy()
        return
      }
      const answer = isAsking ? { status: 'active', messages: [] } : { sid: SID, status: 'queued', error_code: null }
      response.writeHead(isAsking ? 200 : 201).end(JSON.stringify(answer))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

describe('a request', () => {
  it('says whom, from where, what, for how long, and where to call back', async () => {
    const { url, asked } = await fakeTwilio()
    const service = `MG${'2'.repeat(32)}`
    const sending = provider({ settings: { base_url: url, messaging_service_sid: service, validity_period: '1h' } })
    expect(await sending.send(SMS, () => true)).toEqual({ kind: 'sent', refs: [SID] })
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({
      path: `/2010-04-01/Accounts/${ACCOUNT}/Messages.json`,
      login: `${ACCOUNT}:${TOKEN}`,
    })
    const { StatusCallback: callback, ...form } = Object.fromEntries(asked[0]?.form ?? [])
    expect(form).toEqual({
      To: SMS.to,
      From: SMS.line,
      Body: SMS.body,
      ValidityPeriod: '3600',
      MessagingServiceSid: service,
    })
    expect(callback).toBe(
      `${URL_ONE}/${signPath(pathKey({ callbackKey: KEY, callbackUrl: URL_ONE }), `status/${SMS.attempt}`)}#rc=5&rp=all`,
    )
  })

  it('signs in with a key where there is one, which may not read its account', async () => {
    const { url, asked } = await fakeTwilio()
    const key = `SK${'3'.repeat(32)}`
    const sending = provider({ settings: { base_url: url, api_key_sid: key }, secrets: { api_key_secret: 'secret' } })
    expect(await sending.test()).toMatchObject({ ok: true })
    await sending.send(SMS, () => true)
    expect(asked.map(({ login }) => login)).toEqual([`${key}:secret`, `${key}:secret`])
    expect(asked[0]?.path).toContain('Messages.json?PageSize=1')
  })

  it('asks for no callback where there is no public address', async () => {
    const { url, asked } = await fakeTwilio()
    const sending = provider({ settings: { base_url: url }, callbackUrl: 'http://localhost:3000/callbacks/one' })
    expect(await sending.send(SMS, () => true)).toMatchObject({ kind: 'sent' })
    expect(asked[0]?.form.has('StatusCallback')).toBe(false)
    expect((await sending.test()).lines.join(' ')).toContain('no public address')
  })

  it('waits for a while when Twilio took five and answered none of them', async () => {
    const { url, asked } = await fakeTwilio({ answersMessages: false })
    const made = provider({ settings: { base_url: url } })
    await made.start({ receipt: async () => undefined, inbound: async () => undefined, changed: () => undefined })
    await until('it is ready', () => made.isReady)
    for (let sent = 1; sent <= 5; sent++) expect(await made.send(SMS, () => true)).toMatchObject({ kind: 'unknown' })
    expect([made.isReady, made.health().state]).toEqual([false, 'broken'])
    await until('the pause is over', () => made.isReady)
    await made.send(SMS, () => true)
    expect(made.isReady).toBe(false) // one was enough, although the account could be asked in between
    expect(asked.filter(({ path }) => path.includes('Messages'))).toHaveLength(6)
  })

  it('does not leave while the secret of the key is missing, and it says so', async () => {
    const keyless = provider({ settings: { api_key_sid: `SK${'3'.repeat(32)}` } })
    const sentence = 'The setting api_key_sid needs the secret api_key_secret.'
    expect(await keyless.test()).toEqual({ ok: false, lines: [sentence] })
    expect(await keyless.send(SMS, () => true)).toMatchObject({
      kind: 'not_sent',
      class: 'never_handed',
      detail: sentence,
    })
  })

  it.each([
    ['account_sid', 'AC1'],
    ['api_key_sid', 'x'],
    ['messaging_service_sid', ''],
    ['base_url', 'ftp://x'],
    ['validity_period', '11h'],
  ])('is not made with a wrong %s', (name, value) => {
    expect(twilioProvider.settings.safeParse({ account_sid: ACCOUNT, [name]: value }).success).toBe(false)
  })
})

describe('a callback', () => {
  const status = `/${signPath(pathKey({ callbackKey: KEY, callbackUrl: URL_ONE }), `status/${SMS.attempt}`)}`

  function request(
    path: string,
    form: Record<string, string>,
    { token = TOKEN, signedUrl = URL_ONE + path } = {},
  ): CallbackRequest {
    return {
      method: 'POST',
      url: URL_ONE + path,
      path,
      query: new URLSearchParams(),
      headers: { 'x-twilio-signature': twilio.getExpectedTwilioSignature(token, signedUrl, form) },
      body: new URLSearchParams(form).toString(),
    }
  }

  async function started() {
    const made = provider()
    const receipts: ProviderReceipt[] = []
    const inbounds: ProviderInbound[] = []
    await made.start({
      receipt: async (receipt) => void receipts.push(receipt),
      inbound: async (message) => void inbounds.push(message),
      changed: () => undefined,
    })
    return { made, receipts, inbounds }
  }

  it('that Twilio did not sign, or that we did not address, is refused', async () => {
    const { made, receipts, inbounds } = await started()
    const form = { MessageSid: SID, MessageStatus: 'delivered', From: '+1', To: '+2', Body: 'x' }
    const good = request(status, form)
    const bad: CallbackRequest[] = [
      request(status, form, { token: 'another' }),
      request(status, form, { signedUrl: 'https://elsewhere.example/callbacks/one/inbound' }),
      request('/inbound', form, { token: 'another' }),
      request(status.replace('01/', '02/'), form), // signed by Twilio, not by us
      request(`/status/${SMS.attempt}`, form),
      request('/', form),
      { ...good, headers: {} },
      { ...good, body: `${good.body}&ErrorCode=1` },
      { ...good, url: 'no address' },
    ]
    for (const each of bad) expect(await made.callback(each)).toEqual({ status: 403 })
    expect([receipts, inbounds]).toEqual([[], []])
  })

  it('tells what became of a message, in any order', async () => {
    const { made, receipts } = await started()
    const told = ['delivered', 'sent', 'queued', 'read', 'accepted', 'never heard of'].map((word) => ({
      MessageSid: SID,
      MessageStatus: word,
      To: SMS.to,
    }))
    for (const form of told) expect(await made.callback(request(status, form))).toEqual({ status: 204 })
    await made.callback(
      request(status, { MessageSid: SID, MessageStatus: 'undelivered', ErrorCode: '30007', To: SMS.to }),
    )
    await made.callback(request(status, { MessageStatus: 'failed' }, { signedUrl: `${URL_ONE}${status}#rc=5&rp=all` }))
    expect(receipts.map(({ attempt, ref, fact, reason }) => [attempt, ref, fact, reason])).toEqual([
      [SMS.attempt, SID, 'delivered', undefined],
      [SMS.attempt, SID, 'sent', undefined],
      [SMS.attempt, SID, 'read', undefined],
      [SMS.attempt, SID, 'failed', 'twilio_30007'],
      [SMS.attempt, null, 'failed', 'twilio_failed'],
    ])
  })

  it('brings an inbound message, answered with nothing to say', async () => {
    const { made, inbounds } = await started()
    const form = { MessageSid: SID, From: SMS.to, To: SMS.line, Body: 'STOP', OptOutType: 'STOP' }
    const answer = await made.callback(request('/inbound', form))
    expect(answer).toMatchObject({ status: 200, contentType: expect.stringContaining('text/xml') })
    expect(answer.body).toMatch(/<Response\/>$/)
    expect(inbounds).toMatchObject([{ guid: SID, from: SMS.to, line: SMS.line, body: 'STOP' }])
    expect(await made.callback(request('/inbound', { From: SMS.to }))).toEqual({ status: 400 })
  })

  it('is not taken before the start and after the end', async () => {
    const form = { MessageSid: SID, MessageStatus: 'delivered' }
    const made = provider()
    expect(await made.callback(request(status, form))).toEqual({ status: 503 })
    await made.stop()
    expect(await made.callback(request(status, form))).toEqual({ status: 503 })
  })
})
