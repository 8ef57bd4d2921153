/** Proves: what no provider here is asked is 404, and what one cannot take at the moment has to be said again. */
import { fastify } from 'fastify'
import { expect, test } from 'vitest'
import { registerCallbackRoute } from './callback-route.ts'
import type { ProviderHost } from './provider-host.ts'

const PROVIDER = 'prov_01JD0000000000000000000000'

async function answerOf(url: string, body = '{}') {
  const app = fastify()
  const providers: Pick<ProviderHost, 'session' | 'isKnown'> = { session: () => null, isKnown: (id) => id === PROVIDER }
  registerCallbackRoute(app, { providers, publicUrl: 'http://127.0.0.1' })
  const { statusCode, headers } = await app.inject({ method: 'POST', url, body, headers: { 'content-type': 'text/x' } })
  return [statusCode, headers['retry-after']]
}

test.each([
  [`/callbacks/${PROVIDER}/receipts`, [503, '10']],
  ['/callbacks/prov_01JD0000000000000000000001/receipts', [404, undefined]],
  ['/callbacks/..%2fx/receipts', [404, undefined]],
])('%s', async (url, answer) => {
  expect(await answerOf(url)).toEqual(answer)
})

test('a body that is too long is refused before it is read', async () => {
  expect(await answerOf(`/callbacks/${PROVIDER}/receipts`, 'x'.repeat(65 * 1024))).toEqual([413, undefined])
})
