/**
 * What durable accepts are compared with: a bare Fastify route that reads the same header, validates with the same function, makes an id,
 * and answers the same body. Nothing is stored. With the argument `nothing` it is less still: the ceiling of whoever makes the load.
 */
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify' // eslint-disable-line n/no-extraneous-import -- the gateway's own, to be compared with it
import { newMessageId } from '@bluewire/contract/ids'
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { readToken } from '../../packages/gateway/src/http/auth.ts'
import { parseSendText } from '../../packages/gateway/src/http/routes/send-text/parse-request.ts'
import { serve } from '../child.ts'

const REGION = 'US'
const TEXT_UNITS_MAX = 20_000

async function listenBare(): Promise<string> {
  const app = fastify()
  const ulid = newUlidSource(Date.now, systemChance)
  app.post('/send/text', (request, reply) => {
    if (readToken(request.headers) === null) return reply.code(401).send()
    const parsed = parseSendText(request.body, { region: REGION, textUnitsMax: TEXT_UNITS_MAX })
    if (!parsed.ok) return reply.code(400).send({ problems: parsed.problems })
    return reply.send({
      message: 'Accepted',
      crumbs: { plan: 'unlimited', quota: 1, type: parsed.send.service, ad: false },
      message_id: newMessageId(parsed.send.service, ulid),
      status: 'queued',
      to: parsed.send.to,
      simulated: true,
    })
  })
  return app.listen({ host: '127.0.0.1', port: 0 })
}

/** Answers every chunk, unread: one request is one chunk here. */
function listenToNothing(): Promise<string> {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}'
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', () => socket.write(answer))
    socket.on('error', () => socket.destroy())
  })
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  )
}

const url = await (process.argv[2] === 'nothing' ? listenToNothing() : listenBare())
serve(() => {
  const { user, system } = process.cpuUsage()
  return { cpuS: (user + system) / 1e6 }
})
process.send?.({ url })
