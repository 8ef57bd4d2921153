/** BlueBubbles' socket.io, as much as a plain websocket client sees of it: Engine.IO 4, and a wrong password that is put out without a word. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'

export class EventServer {
  readonly #server = new WebSocketServer({ noServer: true, path: '/socket.io/' })
  readonly #sockets = new Set<WebSocket>()
  readonly #password: string
  readonly #pingMs: number

  constructor(password: string, pingMs: number) {
    this.#password = password
    this.#pingMs = pingMs
  }

  get size(): number {
    return this.#sockets.size
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      const query = new URL(request.url ?? '', 'http://fake').searchParams
      if (query.get('EIO') !== '4' || query.get('transport') !== 'websocket') return ws.close()
      return this.#connected(ws, query.get('password') ?? query.get('guid') ?? '')
    })
  }

  emit(event: string, payload: unknown): void {
    for (const ws of this.#sockets) ws.send(`42${JSON.stringify([event, payload])}`)
  }

  kick(): void {
    for (const ws of this.#server.clients) ws.terminate()
  }

  #connected(ws: WebSocket, password: string): void {
    ws.send(
      `0${JSON.stringify({ sid: 'fake', upgrades: [], pingInterval: this.#pingMs, pingTimeout: this.#pingMs * 2, maxPayload: 1e8 })}`,
    )
    const ping = setInterval(() => ws.send('2'), this.#pingMs)
    ws.on('close', () => {
      clearInterval(ping)
      this.#sockets.delete(ws)
    })
    ws.on('error', () => undefined)
    ws.on('message', (data: Buffer) => {
      if (!data.toString().startsWith('40')) return
      ws.send('40{"sid":"fake"}')
      if (decodeURI(password).trim() === this.#password.trim()) this.#sockets.add(ws)
      else ws.send('41')
    })
  }
}
