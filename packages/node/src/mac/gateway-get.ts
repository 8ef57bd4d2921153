/** A GET of the node's own gateway, over the same ways as the link: proxies of the environment, private authorities, no plain text in public. */
import { request as requestPlain } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as requestTls } from 'node:https'
import { connectingTo } from '../gateway-address.ts'

type Options = Readonly<{ insecure: boolean; timeoutMs: number }>

/**
 * Redirects are not followed. The body must be read, or the answer destroyed.
 * @throws AddressError, or what the system says
 */
export function getFromGateway(url: URL, { insecure, timeoutMs }: Options): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? requestTls : requestPlain
  return new Promise((resolve, reject) => {
    const sent = request(url, { signal: AbortSignal.timeout(timeoutMs), ...connectingTo(url, { insecure }) })
    sent.on('error', reject)
    sent.on('response', resolve)
    sent.end()
  })
}
