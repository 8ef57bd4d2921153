/** Very many nodes in one process: each says hello, is ready, pings and answers pings as the real one does, and nothing else. */
import { WebSocket } from 'ws' // eslint-disable-line n/no-extraneous-import -- what the real node connects with
import type { WelcomeFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import { PING_MS, SUBPROTOCOL } from '@bluewire/contract/node-protocol/common'
import type { HelloFrame, ReadyFrame } from '@bluewire/contract/node-protocol/node-frames'
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { serve } from '../child.ts'
import type { EnrolledNode } from '../instance.ts'

export type ConnectIdle = Readonly<{ url: string; nodes: readonly EnrolledNode[] }>

/** So many handshakes at once. */
const AT_ONCE = 100
const newId = newUlidSource(Date.now, systemChance)

function helloOf({ node, machine }: EnrolledNode, number: number): HelloFrame {
  return {
    t: 'hello',
    protocol: 1,
    node,
    conn: 1,
    journal_id: `journal_${newId()}`,
    journal_head: 0,
    last_session: 0,
    store_epoch_seen: 0,
    machine,
    boot_id: '',
    agent: 'bench',
    os: process.platform,
    driver: 'simulator',
    at_most_once: true,
    simulated: true,
    capabilities: ['imessage', 'sms', 'receipts', 'inbound'],
    lines: [{ address: `+1500${String(2_000_000 + number)}`, services: ['imessage'], sends: true, out_24h: 0 }],
    outbox: { oldest: 1, head: 0, acked: 0 },
    open: { taken: 0, started: 0 },
    now_ms: Date.now(),
    free_bytes: 2 ** 40,
  }
}

function connectOne(url: string, node: EnrolledNode, number: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/node`, SUBPROTOCOL, {
      headers: { authorization: `Bearer ${node.credential}` },
      perMessageDeflate: false,
    })
    ws.on('open', () => ws.send(JSON.stringify(helloOf(node, number))))
    ws.once('message', (data: Buffer) => {
      const welcome = JSON.parse(data.toString()) as WelcomeFrame
      if (welcome.t !== 'welcome') return reject(new Error(data.toString()))
      const ready: ReadyFrame = { t: 'ready', session: welcome.session, states: {}, outbox_head: 0 }
      ws.send(JSON.stringify(ready))
      return resolve()
    })
    ws.on('open', () => void setInterval(() => ws.ping(), PING_MS))
    ws.on('error', reject)
    ws.on('close', (code) => reject(new Error(`the gateway closed a connection (${code})`)))
  })
}

serve(async ({ url, nodes }: ConnectIdle) => {
  let next = 0
  const some = async (): Promise<void> => {
    while (next < nodes.length) {
      const number = next++
      const node = nodes[number]
      if (node !== undefined) await connectOne(url, node, number)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, some))
  return {}
})
