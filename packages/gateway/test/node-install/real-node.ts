/** A node that is not simulated, as far as a gateway sees: it joins, connects, offers a line and says that it is well. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { SUBPROTOCOL } from '@bluewire/contract/node-protocol/common'

const MACHINE = 'mac:a-test:501'

/** Resolves when the gateway has welcomed it. `ws` is its connection. */
export async function connectRealNode(
  url: string,
  code: string,
  line: string,
): Promise<{ node: string; ws: WebSocket }> {
  const answer = await fetch(`${url}/node/join`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code, name: 'Ann', machine: MACHINE, driver: 'messages-app', simulated: false }),
  })
  const { node, credential } = (await answer.json()) as { node: string; credential: string }
  const ws = new WebSocket(`${url.replace('http', 'ws')}/node`, SUBPROTOCOL, {
    headers: { authorization: `Bearer ${credential}` },
  })
  await once(ws, 'open')
  const say = (frame: object) => ws.send(JSON.stringify(frame))
  say({
    t: 'hello',
    protocol: 1,
    node,
    conn: 1,
    journal_id: `journal_${'0'.repeat(26)}`,
    journal_head: 0,
    last_session: 0,
    store_epoch_seen: 0,
    machine: MACHINE,
    boot_id: 'b',
    agent: 'test/1',
    os: 'test',
    driver: 'messages-app',
    at_most_once: true,
    simulated: false,
    capabilities: [],
    lines: [{ address: line, services: ['imessage'], sends: true, out_24h: 0 }],
    outbox: { oldest: 1, head: 0, acked: 0 },
    open: { taken: 0, started: 0 },
    now_ms: Date.now(),
    free_bytes: 1e12,
  })
  const [welcome] = (await once(ws, 'message')) as [Buffer]
  const { session } = JSON.parse(welcome.toString()) as { session: number }
  say({ t: 'ready', session, states: {}, outbox_head: 0 })
  say({ t: 'health', state: 'ok', proven_at: null, queue: 0, free_bytes: 1e12 })
  return { node, ws }
}
