/** Asks the gateway whether it still knows this node, without a session: the connection is closed before anything is said. */
import { WebSocket } from 'ws'
import { SUBPROTOCOL } from '@bluewire/contract/node-protocol/common'
import { connectingTo } from './gateway-address.ts'
import type { GatewayAddress } from './gateway-address.ts'
import { NodeConfigError } from './node-config.ts'

const ANSWER_WITHIN_MS = 15_000

/** @throws NodeConfigError when it answers neither yes nor no; AddressError, or what the system says, when it cannot be asked */
export function isCredentialKnown(
  address: GatewayAddress,
  { credential, insecure }: { credential: string; insecure: boolean },
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(address.socket, SUBPROTOCOL, {
      headers: { authorization: `Bearer ${credential}` },
      handshakeTimeout: ANSWER_WITHIN_MS,
      perMessageDeflate: false,
      ...connectingTo(address.socket, { insecure }),
    })
    ws.on('error', reject)
    ws.on('open', () => {
      ws.close(1000)
      resolve(true)
    })
    ws.on('unexpected-response', (request, { statusCode = 0 }) => {
      request.destroy()
      // 429: it has as many connections as a node may have, so it is known.
      if (statusCode === 401 || statusCode === 429) resolve(statusCode === 429)
      else
        reject(
          new NodeConfigError(
            `The gateway at ${address.base} does not say whether it knows this node (${statusCode}). Try again in a moment.`,
          ),
        )
    })
  })
}
