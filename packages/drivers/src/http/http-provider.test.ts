/**
 * The provider http against bytes that no honest company sends, and callbacks that nobody honest makes.
 * Proves: every hostile answer ends as `unknown` in bounded time and memory, and the next message works; what did not leave is never in
 * doubt; callbacks without our signature change nothing; a template that cannot work makes no crash but a sentence.
 * World: the real provider; the other side is a socket here that writes what the case says.
 */
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '@bluewire/platform/clock'
import { until } from '@bluewire/testkit/stories/until'
import type { CallbackRequest, OutgoingSms, ProviderInbound, ProviderReceipt } from '../provider.ts'
import { pathKey, signPath } from '../web/signed-path.ts'
import { HttpProvider, httpProvider } from './http-provider.ts'

const SMS: OutgoingSms = {
  attempt: 'attempt_00000000000000000000000001',
  message: 'text_00000000000000000000000001',
  line: '+15005550001',
  to: '+14155552671',
  body: 'hello',
}
const CALLBACK_URL = 'https://gateway.example/callbacks/one'
const KEY = new Uint8Array(32).fill(3)
const closing: Array<() => void> = []

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

function provider(settings: Record<string, unknown>, secrets: Record<string, string> = {}): HttpProvider {
  const context = {
    clock: systemClock,
    callbackKey: KEY,
    dataDirectory: 'unused',
    callbackUrl: CALLBACK_URL,
    settings: httpProvider.settings.parse({
      body: '{"text": "{text}"}',
      id_path: 'id',
      answer_within: '400ms',
      ...settings,
    }),
    secrets,
    log: () => undefined,
  }
  const made = new HttpProvider(context)
  closing.push(() => void made.stop())
  return made
}

/** Answers each connection, once a request has come, as it is told. */
async function peer(answer: (socket: Socket) => void): Promise<{ url: string; server: Server }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => answer(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/send`, server }
}

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n'

/** Writes for as long as it is read. */
function forEver(socket: Socket, piece: string | Buffer): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece)) if (socket.writableLength > 1 << 20) return
  }
  socket.on('drain', more)
  more()
}

const HOSTILE: Record<string, (socket: Socket) => void> = {
  'a length of 2 GB': (socket) => socket.write(`${HEAD}content-length: 2147483648\r\n\r\n{"id":"x"}`),
  'a body without end': (socket) => {
    socket.write(`${HEAD}\r\n`)
    forEver(socket, Buffer.alloc(64 << 10, 'a'))
  },
  'headers without end': (socket) => {
    socket.write(HEAD)
    forEver(socket, `x-header: ${'y'.repeat(1_000)}\r\n`)
  },
  'chunks that are none': (socket) => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n{"id":"x"}\r\n`),
  'a chunk that is cut off': (socket) => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\nff\r\n{"id":"x"}`),
  'a bomb in gzip': (socket) => {
    const bomb = gzipSync(Buffer.alloc(8 << 20))
    socket.write(`${HEAD}content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`)
    socket.end(bomb)
  },
  'bytes that are no UTF-8': (socket) =>
    socket.end(Buffer.concat([Buffer.from(`${HEAD}\r\n{"id":"`), Buffer.from([0xff, 0xfe, 0x80]), Buffer.from('"}')])),
  'JSON without end of its depth': (socket) => socket.end(`${HEAD}\r\n${'['.repeat(900_000)}`),
  'nothing but steps on the way': (socket) => forEver(socket, 'HTTP/1.1 100 Continue\r\n\r\n'),
  'another protocol': (socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'),
  'a change of the protocol': (socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n'),
  'two lengths': (socket) => socket.end(`${HEAD}content-length: 10\r\ncontent-length: 12\r\n\r\n{"id":"x"}`),
  'nothing, and the end': (socket) => socket.end(),
  'a reset': (socket) => socket.resetAndDestroy(),
  'one byte at a time': (socket) => {
    const drip = setInterval(() => (socket.destroyed ? clearInterval(drip) : socket.write('H')), 20)
    socket.on('close', () => clearInterval(drip))
  },
}

describe('a hostile answer leaves it unknown', () => {
  it.each(Object.keys(HOSTILE))('%s', async (name) => {
    let sane = false
    const { url } = await peer((socket) => (sane ? socket.end(`${HEAD}\r\n{"id":"x1"}`) : HOSTILE[name]?.(socket)))
    const http = provider({ url })
    const before = process.memoryUsage().rss
    expect(await http.send(SMS, () => true)).toMatchObject({ kind: 'unknown' })
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20)
    expect(http.health().state).toBe('degraded')
    sane = true
    expect(await http.send(SMS, () => true)).toEqual({ kind: 'sent', refs: ['x1'] })
    expect(http.health().state).toBe('ok')
  })
})

describe('a company that takes all and answers nothing', () => {
  it('gets five messages, and no more before a pause', async () => {
    const { url } = await peer((socket) => socket.destroy())
    const http = provider({ url })
    await http.start({ receipt: async () => undefined, inbound: async () => undefined, changed: () => undefined })
    await until('it is ready', () => http.isReady)
    for (let sent = 1; sent <= 5; sent++) {
      expect(http.isReady).toBe(true)
      expect(await http.send(SMS, () => true)).toMatchObject({ kind: 'unknown' })
    }
    expect([http.isReady, http.health().state]).toEqual([false, 'broken'])
    await until('the pause is over', () => http.isReady)
    expect(http.health().state).toBe('degraded')
  })
})

describe('what did not leave', () => {
  it.each([
    ['a name that does not exist', 'http://sms.invalid/send'],
    ['TLS with somebody who does not speak it', 'https'],
  ])('is never in doubt: %s', async (_, address) => {
    const { url } = await peer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    const http = provider({ url: address === 'https' ? url.replace('http:', 'https:') : address, answer_within: '5s' })
    expect(await http.send(SMS, () => true)).toMatchObject({
      kind: 'not_sent',
      class: 'never_handed',
      reason: 'provider_not_connected',
    })
    expect(http.health()).toMatchObject({ state: 'broken', detail: expect.stringContaining('cannot be reached') })
  })

  it('asks right before the first byte, when the connection is open', async () => {
    const { url, server } = await peer((socket) => socket.end(`${HEAD}\r\n{"id":"x1"}`))
    let connections = 0
    let bytes = 0
    server.on('connection', (socket) => {
      connections++
      socket.on('data', () => bytes++)
    })
    const http = provider({ url })
    const asked: number[] = []
    await http.send(SMS, () => asked.push(connections + bytes) > 0)
    expect(asked).toHaveLength(1)
    expect(await http.send(SMS, () => false)).toMatchObject({ class: 'never_handed', reason: 'lease_lost' })
    expect(bytes).toBe(1)
  })

  it('is what the template cannot hold', async () => {
    const { url } = await peer((socket) => socket.end(`${HEAD}\r\n{"id":"x1"}`))
    const http = provider({ url, headers: { 'x-text': '{text}' } })
    expect(await http.send({ ...SMS, body: 'ж' }, () => true)).toMatchObject({ kind: 'not_sent', class: 'refused' })
  })
})

describe('a template that cannot work', () => {
  it('is said in a sentence, and nothing leaves', async () => {
    const http = provider({ url: 'https://sms.example/', headers: { authorization: 'Bearer {secret.token}' } })
    await http.start({ receipt: async () => undefined, inbound: async () => undefined, changed: () => undefined })
    const sentence = 'There is no value for the placeholder {secret.token}.'
    expect(http.isReady).toBe(false)
    expect(await http.send(SMS, () => true)).toMatchObject({ class: 'never_handed', detail: sentence })
    expect(await http.test()).toEqual({ ok: false, lines: [sentence] })
    await expect.poll(() => http.health()).toMatchObject({ state: 'broken', detail: sentence })
  })
})

describe('a callback', () => {
  const signed = (path: string): string =>
    `/${signPath(pathKey({ callbackKey: KEY, callbackUrl: CALLBACK_URL }), path)}`
  const request = (path: string, more: Partial<CallbackRequest> = {}): CallbackRequest => ({
    method: 'POST',
    url: CALLBACK_URL + path,
    path,
    query: new URLSearchParams(),
    headers: { 'content-type': 'application/json' },
    body: '',
    ...more,
  })
  const SETTINGS = {
    url: 'https://sms.example/',
    receipt_id: 'id',
    receipt_status: 'status',
    receipt_words: { '1': 'delivered', '2': 'failed', '4': 'ignore' },
    receipt_reason: 'why',
    inbound_id: 'id',
    callback_answer: 'OK',
  }

  async function started(more: Record<string, unknown> = {}) {
    const http = provider({ ...SETTINGS, ...more })
    const receipts: ProviderReceipt[] = []
    const inbounds: ProviderInbound[] = []
    await http.start({
      receipt: async (receipt) => void receipts.push(receipt),
      inbound: async (message) => void inbounds.push(message),
      changed: () => undefined,
    })
    return { http, receipts, inbounds }
  }

  it('without our signature is refused, and changes nothing', async () => {
    const { http, receipts, inbounds } = await started()
    const body = '{"id":"a","status":"1","from":"+1","to":"+2","text":"x"}'
    const right = signed(`receipt/${SMS.attempt}`)
    const wrong = [
      '/inbound',
      '/inbound/',
      '/',
      '',
      `/receipt/${SMS.attempt}`,
      right.replace('01/', '02/'),
      right.replace('receipt', 'inbound'),
    ]
    for (const path of wrong) expect((await http.callback(request(path, { body }))).status, path).toBe(403)
    expect([receipts, inbounds]).toEqual([[], []])
  })

  it('is a receipt in JSON, in a form or in the address', async () => {
    const { http, receipts } = await started()
    const path = signed(`receipt/${SMS.attempt}`)
    const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }
    expect(await http.callback(request(path, { body: '{"id":17,"status":1}' }))).toMatchObject({
      status: 200,
      body: 'OK',
    })
    await http.callback(request(path, { body: 'id=17&status=2&why=E27', headers: form }))
    await http.callback(request(path, { method: 'GET', query: new URLSearchParams('id=17&status=1'), headers: {} }))
    await http.callback(request(signed('receipts'), { body: '{"id":"18","status":"2","why":"+14155552671"}' }))
    const said = receipts.map(({ attempt, ref, fact, reason }) => [attempt, ref, fact, reason])
    expect(said).toEqual([
      [SMS.attempt, '17', 'delivered', undefined],
      [SMS.attempt, '17', 'failed', 'http_E27'],
      [SMS.attempt, '17', 'delivered', undefined],
      [undefined, '18', 'failed', 'not_delivered'],
    ])
  })

  it('is acknowledged when it says nothing yet, and refused when it names no message', async () => {
    const { http, receipts } = await started()
    const statusOf = async (path: string, body: string): Promise<number> =>
      (await http.callback(request(signed(path), { body }))).status
    expect(await statusOf(`receipt/${SMS.attempt}`, '{"id":"a","status":"4"}')).toBe(200)
    expect(await statusOf(`receipt/${SMS.attempt}`, '{"id":"a","status":"never heard of"}')).toBe(200)
    expect(await statusOf('receipts', '{"status":"1"}')).toBe(400)
    expect(await statusOf('inbound', '{"text":"from nobody"}')).toBe(400)
    expect(await statusOf('inbound', 'no JSON')).toBe(400)
    expect(await statusOf('elsewhere', '{}')).toBe(400)
    expect(receipts).toEqual([])
  })

  it('is an inbound message, with its numbers in our form, and an id even where it has none', async () => {
    const { http, inbounds } = await started({ number_format: 'digits', inbound_id: undefined })
    const path = signed('inbound')
    const body = '{"from":"14155552671","to":"15005550001","text":"Hi","at":1}'
    for (const each of [body, body, body.replace('1}', '2}')]) await http.callback(request(path, { body: each }))
    expect(inbounds[0]).toMatchObject({ from: '+14155552671', line: '+15005550001', body: 'Hi' })
    expect(new Set(inbounds.map(({ guid }) => guid)).size).toBe(2)
    await http.callback(request(path, { body: '{"from":"ACME","to":"12345","text":""}' }))
    expect(inbounds.at(-1)).toMatchObject({ from: 'ACME', line: '12345', body: '' })
  })

  it('survives any bytes', async () => {
    const { http } = await started()
    for (const body of [
      '[',
      '"x"',
      'null',
      '{"id":{}}',
      '\0',
      `${'['.repeat(100_000)}`,
      '{"__proto__":{"status":"1"}}',
    ]) {
      for (const path of ['inbound', 'receipts', `receipt/${SMS.attempt}`]) {
        expect([200, 400]).toContain((await http.callback(request(signed(path), { body }))).status)
      }
    }
  })
})
