/** The WebSocket side of the node protocol: who may connect, and keeping silent peers from holding a session. */
import { createHash } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { FRAME_BYTES_MAX, PING_MS, SILENT_PEER_MS, SUBPROTOCOL } from '@bluewire/contract/node-protocol/common'
import type { NodeId } from '@bluewire/contract/ids'
import type { FrameSocket } from '@bluewire/platform/frame-socket'
import { WebSocketServer } from 'ws'
import type { RawData, WebSocket } from 'ws'
import { LiveSessions } from './live-sessions.ts'
import type { NodeSession, SessionDeps } from './node-session.ts'

/** Bytes waiting in a socket's buffer beyond which its peer is taken for dead: it does not read what it is sent. */
const BUFFERED_BYTES_MAX = 16 * 1024 * 1024

export function hashCredential(credential: string): string {
  return createHash('sha256').update(credential).digest('hex')
}

/** A node has one connection, and for a moment an old one that nobody has missed yet. */
const SOCKETS_PER_NODE_MAX = 4

type Peer = { session: NodeSession; heardAtMs: number }

export class NodeServer {
  readonly #deps: SessionDeps
  readonly sessions: LiveSessions
  readonly #ws = new WebSocketServer({
    noServer: true,
    maxPayload: FRAME_BYTES_MAX,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  })
  readonly #peers = new Map<WebSocket, Peer>()
  #pinging: NodeJS.Timeout | null = null
  #draining = false

  constructor(deps: SessionDeps) {
    this.#deps = deps
    this.sessions = new LiveSessions(deps)
  }

  /** Takes over upgrades to `/node` on this server. Other paths get 404. */
  listenOn(server: Server): void {
    server.on('upgrade', (request, socket, head) => {
      this.#upgrade(request, socket, head).catch(() => socket.destroy())
    })
    this.#pinging = setInterval(() => this.#pingAll(), PING_MS)
    this.#pinging.unref()
  }

  get connected(): number {
    return this.#peers.size
  }

  /** No new connections; those that are here keep reporting outcomes. */
  drain(): void {
    this.#draining = true
    for (const { session } of this.#peers.values()) session.drain()
  }

  /** Attempts that nodes have and whose outcome is not known yet. */
  get inFlight(): number {
    let n = 0
    for (const { session } of this.#peers.values()) n += session.inFlight.size
    return n
  }

  stop(): void {
    if (this.#pinging !== null) clearInterval(this.#pinging)
    for (const { session } of this.#peers.values()) session.bye('draining', 'The gateway is shutting down.')
    this.#ws.close()
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy())
    const path = (request.url ?? '').split('?', 1)[0]?.replace(/\/+$/, '')
    if (path !== '/node') return refuse(socket, 404, 'There is no WebSocket here.')
    if (this.#draining) return refuse(socket, 503, 'The gateway is shutting down.')
    const credential = /^Bearer (\S{1,200})$/i.exec(request.headers.authorization ?? '')?.[1]
    const node =
      credential === undefined ? undefined : await this.#deps.store.nodeByCredential(hashCredential(credential))
    if (node === undefined || node.retired)
      return refuse(socket, 401, 'This credential is not valid. Join again with a new code.')
    if (!(request.headers['sec-websocket-protocol'] ?? '').includes(SUBPROTOCOL)) {
      return refuse(socket, 400, `The subprotocol ${SUBPROTOCOL} is required.`)
    }
    if (this.#socketsOf(node.id) >= SOCKETS_PER_NODE_MAX)
      return refuse(socket, 429, 'This node has too many connections. Close one, or wait.')
    this.#ws.handleUpgrade(request, socket, head, (ws) => this.#connected(ws, node.id))
  }

  #connected(ws: WebSocket, node: NodeId): void {
    const session = this.sessions.open(node, socketOf(ws))
    const peer: Peer = { session, heardAtMs: this.#deps.clock.monotonicMs() }
    this.#peers.set(ws, peer)
    const heard = (): void => void (peer.heardAtMs = this.#deps.clock.monotonicMs())
    ws.on('pong', heard)
    ws.on('ping', heard)
    ws.on('message', (data, isBinary) => {
      heard()
      // A binary frame is not of this protocol; it parses as nothing and is complained about.
      session.received(isBinary ? '' : textOf(data))
    })
    ws.on('error', () => ws.terminate())
    ws.on('close', () => {
      this.#peers.delete(ws)
      session.closed()
    })
  }

  #socketsOf(node: NodeId): number {
    let n = 0
    for (const { session } of this.#peers.values()) if (session.node === node) n++
    return n
  }

  #pingAll(): void {
    const nowMs = this.#deps.clock.monotonicMs()
    for (const [ws, peer] of this.#peers) {
      if (nowMs - peer.heardAtMs > SILENT_PEER_MS || ws.bufferedAmount > BUFFERED_BYTES_MAX) {
        peer.session.bye('silent', 'Nothing was heard for too long.')
        ws.terminate()
      } else {
        ws.ping()
      }
    }
  }
}

function socketOf(ws: WebSocket): FrameSocket {
  return {
    send(text) {
      if (ws.readyState === ws.OPEN) ws.send(text)
    },
    close(how = 'politely') {
      if (how === 'now') ws.terminate()
      else ws.close(1000)
    },
    pause: () => ws.pause(),
    resume: () => ws.resume(),
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8')
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8')
}

function refuse(socket: Duplex, status: number, message: string): void {
  const body = JSON.stringify({ code: status, message })
  const reason =
    { 400: 'Bad Request', 401: 'Unauthorized', 404: 'Not Found', 429: 'Too Many Requests', 503: 'Service Unavailable' }[
      status
    ] ?? 'Error'
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  )
}
