/**
 * The examples of settings for the provider http.
 * Proves: each is what the settings allow; the form API of the example is called, understood and answered as it stands there.
 * World: the real provider, and a server here that speaks as that company does. (The JSON example is what the conformance suite runs on.)
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '@bluewire/platform/clock'
import type { OutgoingSms, ProviderInbound, ProviderReceipt } from '@bluewire/drivers/provider'
import { HttpProvider, httpProvider } from '../src/http/http-provider.ts'
import { pathKey, signPath } from '../src/web/signed-path.ts'
import { exampleSettings } from './conformance/http-peer.ts'

const KEY = new Uint8Array(32).fill(5)
const CALLBACK_URL = 'https://gateway.example/callbacks/form'
const SMS: OutgoingSms = {
  attempt: 'attempt_00000000000000000000000001',
  message: 'text_00000000000000000000000001',
  line: '+15005550001',
  to: '+14155552671',
  body: 'Tom & Jerry = 100 %',
}
const closing: Array<() => void> = []

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function formCompany(answer: { status: number; text: string }) {
  const asked: Array<{ url: string; password: string | undefined; form: Record<string, string> }> = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += String(chunk)))
    request.on('end', () => {
      const password = request.headers['x-password']
      asked.push({
        url: request.url ?? '',
        password: String(password),
        form: Object.fromEntries(new URLSearchParams(body)),
      })
      response.writeHead(answer.status, { 'content-type': 'text/plain' }).end(answer.text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  const provider = new HttpProvider({
    clock: systemClock,
    callbackKey: KEY,
    dataDirectory: 'unused',
    callbackUrl: CALLBACK_URL,
    settings: httpProvider.settings.parse(
      exampleSettings('http-form.json', `http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    ),
    secrets: { user: 'me & you', password: 'secret' },
    log: () => undefined,
  })
  closing.push(() => void provider.stop())
  return { provider, asked }
}

describe('the example of a form API', () => {
  it('hands a message over', async () => {
    const { provider, asked } = await formCompany({ status: 200, text: 'OK: 77-1\n' })
    expect(await provider.send(SMS, () => true)).toEqual({ kind: 'sent', refs: ['77-1'] })
    const dlr = `${CALLBACK_URL}/${signPath(pathKey({ callbackKey: KEY, callbackUrl: CALLBACK_URL }), `receipt/${SMS.attempt}`)}`
    expect(asked).toEqual([
      {
        url: '/send?user=me%20%26%20you',
        password: 'secret',
        form: { to: '14155552671', from: '15005550001', message: SMS.body, dlr_url: dlr },
      },
    ])
  })

  it.each([
    ['ERR: 302 no such number', { kind: 'not_sent', class: 'refused', reason: 'recipient_unreachable' }],
    ['ERR 305', { kind: 'not_sent', class: 'refused', reason: 'opted_out' }],
    ['ERR 429', { kind: 'not_sent', class: 'never_handed', reason: 'throttled' }],
    ['ERR 101', { kind: 'not_sent', class: 'never_handed', reason: 'provider_not_connected' }],
    ['ERR 999', { kind: 'not_sent', class: 'refused', reason: 'http_999' }],
    ['Welcome to our page', { kind: 'unknown' }],
    ['', { kind: 'unknown' }],
  ])('understands "%s"', async (text, outcome) => {
    const { provider } = await formCompany({ status: 200, text })
    expect(await provider.send(SMS, () => true)).toMatchObject(outcome)
  })

  it('takes receipts and inbound messages as forms', async () => {
    const { provider } = await formCompany({ status: 200, text: '' })
    const receipts: ProviderReceipt[] = []
    const inbounds: ProviderInbound[] = []
    await provider.start({
      receipt: async (receipt) => void receipts.push(receipt),
      inbound: async (message) => void inbounds.push(message),
      changed: () => undefined,
    })
    const call = (path: string, form: Record<string, string>) => {
      const signed = `/${signPath(pathKey({ callbackKey: KEY, callbackUrl: CALLBACK_URL }), path)}`
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const query = new URLSearchParams()
      return provider.callback({
        method: 'POST',
        url: CALLBACK_URL + signed,
        path: signed,
        query,
        headers,
        body: new URLSearchParams(form).toString(),
      })
    }
    expect(await call(`receipt/${SMS.attempt}`, { id: '77-1', status: '1' })).toMatchObject({ status: 200, body: 'OK' })
    expect(await call('inbound', { id: '9', msisdn: '14155552671', to: '15005550001', message: 'STOP' })).toMatchObject(
      { status: 200 },
    )
    expect(receipts).toMatchObject([{ attempt: SMS.attempt, ref: '77-1', fact: 'delivered' }])
    expect(inbounds).toMatchObject([{ guid: '9', from: '+14155552671', line: '+15005550001', body: 'STOP' }])
  })
})
