/**
 * What comes over a connection besides whole requests.
 * Proves: garbage behind a request never takes its answer away; bodies that would be misread are refused; a gateway whose disk is full
 * says that it is not ready.
 */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HttpWorld } from './http-world.ts'
import type { Tenant } from './http-world.ts'
import { bodyOf } from './row-check.ts'
import { PRINTED, ready } from './rows-a.ts'

let world: HttpWorld
let tenant: Tenant
beforeAll(async () => {
  world = new HttpWorld()
  tenant = await ready(world)
  await world.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await world.stop()
  expect(world.errors).toEqual([])
})

/** Everything the server says until it closes the connection. */
async function exchange(request: string): Promise<string> {
  const socket = connect((world.app.server.address() as AddressInfo).port, '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk) => (text += String(chunk)))
  socket.write(request)
  await once(socket, 'close')
  return text
}

function post(payload: string, length = Buffer.byteLength(payload)): string {
  return (
    `POST /send/text HTTP/1.1\r\nhost: x\r\nauthorization: Token ${tenant.token}\r\n` +
    `content-type: application/json\r\ncontent-length: ${length}\r\n\r\n${payload}`
  )
}

const statuses = (text: string): string[] => [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status = '']) => status)

describe('behind a request', () => {
  const payload = JSON.stringify(PRINTED)

  it('garbage waits for the answers before it', async () => {
    const text = await exchange(`${post(payload)}${post(payload)}GARBAGE\r\n\r\n`)
    expect(statuses(text)).toEqual(['200', '200', '400'])
    expect(text.match(/Successfully sent/g)).toHaveLength(2)
  })

  it('bytes that a wrong Content-Length leaves over do so too', async () => {
    const text = await exchange(post(`${payload}  tail`, payload.length))
    expect(statuses(text)).toEqual(['200', '400'])
  })

  it('garbage alone is answered and closed', async () => {
    expect(statuses(await exchange('GARBAGE\r\n\r\n'))).toEqual(['400'])
  })
})

describe('a body', () => {
  it.each<[Record<string, string>, number]>([
    [{ 'content-type': 'application/json; charset=utf-16' }, 415],
    [{ 'content-type': 'application/json;charset=ISO-8859-1' }, 415],
    [{ 'content-type': 'application/json', 'content-encoding': 'gzip' }, 415],
    [{ 'content-type': 'application/json; charset="UTF-8"', 'content-encoding': 'identity' }, 200],
  ])('with %j is %i', async (headers, status) => {
    const response = await world.app.inject({
      method: 'POST',
      url: '/send/text',
      headers: { authorization: `Token ${tenant.token}`, ...headers },
      payload: JSON.stringify(PRINTED),
    })
    expect(response.statusCode).toBe(status)
    if (status === 415) expect(bodyOf(response).data?.code).toBe('unsupported_media_type')
  })
})

it('is not ready while its disk is full', async () => {
  world.state.diskFull = true
  const answer = await world.get(null, '/readyz')
  world.state.diskFull = false
  expect([answer.statusCode, bodyOf(answer).data?.code]).toEqual([503, 'disk_full'])
})

it('leads from its bare address to the reference', async () => {
  const answer = await world.get(null, '/')
  expect([answer.statusCode, answer.headers['location']]).toEqual([302, '/docs'])
})
