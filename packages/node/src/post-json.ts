/** One JSON request, over the same ways as the link: proxies of the environment, private authorities, no plain text in public. */
import { request as requestPlain } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as requestTls } from 'node:https'
import { connectingTo } from './gateway-address.ts'

const ANSWER_WITHIN_MS = 15_000
const ANSWER_BYTES_MAX = 64 * 1024

export type JsonAnswer = Readonly<{ status: number; body: unknown }>

/** `body` of the answer is null when it is not JSON. */
export function postJson(url: URL, body: object, options: { insecure: boolean }): Promise<JsonAnswer> {
  const text = JSON.stringify(body)
  const request = url.protocol === 'https:' ? requestTls : requestPlain
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json',
        'content-length': Buffer.byteLength(text),
      },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      ...connectingTo(url, options),
    })
    sent.on('error', reject)
    sent.on('response', (response) => {
      read(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: answer }), reject)
    })
    sent.end(text)
  })
}

async function read(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > ANSWER_BYTES_MAX) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown
  } catch {
    return null
  }
}
