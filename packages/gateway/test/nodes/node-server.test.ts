/**
 * Real sockets of one credential.
 * Proves: a node has four at most, the next is refused with 429, and room is made when one closes.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { SUBPROTOCOL } from '@bluewire/contract/node-protocol/common'
import { systemClock } from '@bluewire/platform/clock'
import { NodeServer } from '../../src/nodes/node-server.ts'
import { SESSION_SETTINGS } from '../../src/nodes/node-session.ts'
import type { Store } from '../../src/store/store.ts'

const cleanUp: Array<() => void> = []
afterEach(() => {
  for (const undo of cleanUp.splice(0)) undo()
})

it('a fifth is refused', async () => {
  const node = { id: 'node_1', account: 'acct_1', name: 'n', retired: false } as const
  const store = { nodeByCredential: () => Promise.resolve(node) } as unknown as Store
  const nodes = new NodeServer({
    store,
    clock: systemClock,
    gateway: 'gw_test',
    settings: SESSION_SETTINGS,
    log: () => undefined,
    onWorking: () => undefined,
    onClosed: () => undefined,
  })
  const server = createServer()
  nodes.listenOn(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => (nodes.stop(), server.close(), server.closeAllConnections()))
  const { port } = server.address() as AddressInfo
  const dial = (): Promise<WebSocket | number> =>
    new Promise((resolve) => {
      const ws = new WebSocket(`ws://127.0.0.1:${port}/node`, SUBPROTOCOL, { headers: { authorization: 'Bearer c' } })
      ws.on('open', () => resolve(ws))
      ws.on('error', () => undefined)
      ws.on('unexpected-response', (request, response) => (request.destroy(), resolve(response.statusCode ?? 0)))
    })
  const open = [await dial(), await dial(), await dial(), await dial()]
  expect(open.every((ws) => ws instanceof WebSocket)).toBe(true)
  expect(await dial()).toBe(429)
  expect(nodes.connected).toBe(4)
  const closed = new Promise((resolve) => (open[0] as WebSocket).once('close', resolve))
  ;(open[0] as WebSocket).close()
  await closed
  await expect.poll(() => nodes.connected).toBe(3)
  expect(await dial()).toBeInstanceOf(WebSocket)
})
