/** Just enough of a gateway for a node process to work with: joins everybody, welcomes everybody, acknowledges everything. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import type { NodeId } from '@bluewire/contract/ids'
import { SUBPROTOCOL } from '@bluewire/contract/node-protocol/common'
import type { ByeCode, GatewayFrame, WelcomeFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import type { JoinRequest } from '@bluewire/contract/node-protocol/join'
import { parseNodeFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { NodeFrame } from '@bluewire/contract/node-protocol/node-frames'

export const NODE: NodeId = 'node_01JCPXYZ00AAAABBBBCCCCDDDD'
export const CREDENTIAL = 'bwnode_a-secret-nobody-logs'
export const CODE = 'GOOD-CODE'

export class MiniGateway {
  readonly #http: Server
  readonly #scheme: string
  readonly #sockets = new Set<Socket>()
  #peer: WebSocket | null = null
  session = 0
  /** Put into every welcome. */
  welcome: Partial<WelcomeFrame> = {}
  /** Said instead of a welcome. */
  bye: ByeCode | null = null
  readonly joins: JoinRequest[] = []
  /** What a GET of these paths is answered with. */
  readonly files = new Map<string, Buffer>()
  /** Its clock is so much ahead. */
  aheadMs = 0
  readonly frames: NodeFrame[] = []
  #watching: Array<() => void> = []

  private constructor(tls: { cert: string; key: string } | null) {
    const listener = (request: IncomingMessage, response: ServerResponse) => void this.#join(request, response)
    this.#http = tls ? createTlsServer(tls, listener) : createServer(listener)
    this.#scheme = tls ? 'https' : 'http'
    const ws = new WebSocketServer({ noServer: true, handleProtocols: () => SUBPROTOCOL })
    this.#http.on('connection', (socket) => this.#sockets.add(socket))
    this.#http.on('upgrade', (request, socket, head) => {
      if (request.headers.authorization !== `Bearer ${CREDENTIAL}`) return socket.end('HTTP/1.1 401 No\r\n\r\n')
      return ws.handleUpgrade(request, socket, head, (peer) => this.#connected(peer))
    })
  }

  static async start(tls: { cert: string; key: string } | null = null): Promise<MiniGateway> {
    const gateway = new MiniGateway(tls)
    await new Promise<void>((resolve) => gateway.#http.listen(0, '127.0.0.1', resolve))
    return gateway
  }

  get url(): string {
    const { port } = this.#http.address() as AddressInfo
    return `${this.#scheme}://${this.#scheme === 'https' ? 'localhost' : '127.0.0.1'}:${port}`
  }

  send(frame: GatewayFrame): void {
    this.#peer?.send(JSON.stringify(frame))
  }

  /** The first frame of that kind that the test accepts, whenever it comes. */
  async frame<T extends NodeFrame['t']>(
    t: T,
    accept: (frame: Extract<NodeFrame, { t: T }>) => boolean = () => true,
  ): Promise<Extract<NodeFrame, { t: T }>> {
    for (;;) {
      const found = this.frames.find(
        (frame): frame is Extract<NodeFrame, { t: T }> =>
          frame.t === t && accept(frame as Extract<NodeFrame, { t: T }>),
      )
      if (found) return found
      await new Promise<void>((resolve) => this.#watching.push(resolve))
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#http.close(resolve))
  }

  async #join(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') return this.#get(request.url ?? '', response)
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = JSON.parse(Buffer.concat(chunks).toString()) as JoinRequest
    const answer = (status: number, json: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
    if (request.url !== '/node/join') return void answer(404, { message: 'Not found' })
    if (body.code !== CODE) return void answer(401, { message: 'This enrolment code is not valid.' })
    this.joins.push(body)
    return void answer(200, { node: NODE, credential: CREDENTIAL })
  }

  #get(path: string, response: ServerResponse): void {
    response.setHeader('date', new Date(Date.now() + this.aheadMs).toUTCString())
    const file = path === '/healthz' ? Buffer.from('{"status":"ok"}') : this.files.get(path)
    if (file) response.writeHead(200).end(file)
    else
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"There is no such agent here."}')
  }

  #connected(peer: WebSocket): void {
    this.#peer = peer
    peer.on('message', (data: Buffer) => {
      const parsed = parseNodeFrame(data.toString())
      if (!parsed.ok) throw new Error(`the node said nonsense: ${parsed.reason}`)
      const { frame } = parsed
      if (frame.t === 'hello') this.#greet(frame)
      if ('seq' in frame) this.send({ t: 'ack', journal_id: frame.journal_id, seq: frame.seq })
      this.frames.push(frame)
      const watching = this.#watching
      this.#watching = []
      for (const look of watching) look()
    })
  }

  #greet(hello: Extract<NodeFrame, { t: 'hello' }>): void {
    if (this.bye !== null) return this.send({ t: 'bye', code: this.bye, detail: 'A person must look at this.' })
    this.session = Math.max(this.session, hello.last_session) + 1
    return this.send({
      t: 'welcome',
      session: this.session,
      store_epoch: 1,
      mode: 'work',
      acked_seq: hello.outbox.acked,
      resume: [],
      settings: { ping_ms: 15_000, start_within_ms: 10_000, gap_ms: 0, max_open: 5 },
      ...this.welcome,
    })
  }
}
