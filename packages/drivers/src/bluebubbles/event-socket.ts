/**
 * Events that BlueBubbles pushes: socket.io over a plain websocket, as much of it as is needed (Engine.IO 4: `0` open, `2` ping, `3` pong;
 * socket.io: `40` connect, `41` disconnect, `42` event). It connects again for as long as the driver runs; nothing hangs on it but speed.
 */
import { WebSocket } from 'ws'
import type { RawData } from 'ws'
import type { Clock, Timer } from '@bluewire/platform/clock'
import { parseJson } from '../web/json-path.ts'
import type { Timings } from './timings.ts'

/** `refused`: it was let in and put out again, which is how BlueBubbles treats a wrong password. */
export type SocketState = 'off' | 'connecting' | 'up' | 'refused'

type Deps = Readonly<{
  clock: Clock
  timings: Timings
  url: string
  password: string
  event(name: string, payload: unknown): void
  /** It is another state now. */
  changed(): void
}>

/** Long enough for any message; BlueBubbles itself would send 100 MB. */
const FRAME_BYTES_MAX = 8 * 1024 * 1024
/** What a server that does not say pings by (DRIVERS 2.1). */
const PING_MS = 60_000
const PING_ANSWER_MS = 120_000
const SILENT_MS_MAX = 600_000

const EVENT = /^42(?:\/[^,[]*,)?\d*(?=\[)/

export class EventSocket {
  readonly #deps: Deps
  #state: SocketState = 'off'
  #ws: WebSocket | null = null
  #silence: Timer | null = null
  #silentMs = PING_MS + PING_ANSWER_MS
  #reconnect: Timer | null = null
  /** Connections in a row over which nothing came. */
  #failures = 0
  #stopped = false

  constructor(deps: Deps) {
    this.#deps = deps
  }

  get state(): SocketState {
    return this.#state
  }

  start(): void {
    this.#connect()
  }

  stop(): void {
    this.#stopped = true
    this.#reconnect?.cancel()
    this.#end()
  }

  /** Nobody knows whether the other side is still there. */
  again(): void {
    if (this.#stopped) return
    this.#reconnect?.cancel()
    this.#failures = 0
    this.#end()
    this.#connect()
  }

  #connect(): void {
    const { socketHandshake } = this.#deps.timings
    this.#become('connecting')
    let ws: WebSocket
    try {
      ws = new WebSocket(this.#address(), {
        handshakeTimeout: socketHandshake,
        maxPayload: FRAME_BYTES_MAX,
        perMessageDeflate: false,
        followRedirects: false,
      })
    } catch {
      return this.#connectLater() // an address that cannot be one; what is thrown would quote it, password and all
    }
    this.#ws = ws
    this.#listen(ws, socketHandshake)
    ws.on('message', (data, isBinary) => {
      if (this.#ws === ws && !isBinary) this.#heard(ws, textOf(data))
    })
    ws.on('error', () => undefined) // 'close' follows
    ws.on('close', () => {
      if (this.#ws === ws) this.#lost()
    })
  }

  #heard(ws: WebSocket, packet: string): void {
    this.#listen(ws, this.#silentMs)
    if (packet.startsWith('0')) {
      this.#silentMs = silenceOf(packet.slice(1))
      return ws.send('40')
    }
    if (packet.startsWith('2')) {
      this.#works()
      return ws.send(`3${packet.slice(1)}`)
    }
    if (packet.startsWith('40')) return this.#letIn(ws)
    if (packet.startsWith('41') || packet.startsWith('44')) {
      this.#become('refused')
      return ws.close()
    }
    const event = EVENT.exec(packet)
    if (!event) return
    this.#works()
    this.#event(packet.slice(event[0].length))
  }

  /** After a refusal it counts only when it lasts: a wrong password is let in, and put out at once. */
  #letIn(ws: WebSocket): void {
    if (this.#state !== 'refused') return this.#become('up')
    this.#deps.clock.setTimer(this.#deps.timings.reconnectMin, () => {
      if (this.#ws === ws && ws.readyState === ws.OPEN) this.#become('up')
    })
  }

  #works(): void {
    this.#failures = 0
    this.#become('up')
  }

  #event(json: string): void {
    const parsed = parseJson(json)
    const [name, payload] = Array.isArray(parsed) ? (parsed as unknown[]) : []
    if (typeof name === 'string') this.#deps.event(name, payload)
  }

  /** A peer that says nothing for so long is gone. */
  #listen(ws: WebSocket, forMs: number): void {
    this.#silence?.cancel()
    this.#silence = this.#deps.clock.setTimer(forMs, () => ws.terminate())
  }

  #lost(): void {
    this.#ws = null
    this.#silence?.cancel()
    if (this.#state !== 'refused') this.#become('off')
    this.#connectLater()
  }

  #connectLater(): void {
    if (this.#stopped) return
    const { reconnectMin, reconnectMax } = this.#deps.timings
    const pauseMs = Math.min(reconnectMax, reconnectMin * 2 ** Math.min(this.#failures, 20))
    this.#failures++
    this.#reconnect = this.#deps.clock.setTimer(pauseMs, () => this.#connect())
  }

  #end(): void {
    const ws = this.#ws
    this.#ws = null
    this.#silence?.cancel()
    ws?.terminate()
    this.#become('off')
  }

  #become(state: SocketState): void {
    // Trying again does not make a refusal undone.
    if (state === 'connecting' && this.#state === 'refused') return
    if (state === this.#state) return
    this.#state = state
    if (!this.#stopped) this.#deps.changed()
  }

  /** BlueBubbles decodes the password once more than it is encoded, but only what `encodeURI` encodes. */
  #address(): string {
    const { url, password } = this.#deps
    const base = `${url.replace(/\/+$/, '').replace(/^http/, 'ws')}/socket.io/`
    return `${base}?EIO=4&transport=websocket&password=${encodeURIComponent(encodeURI(password.toWellFormed()))}`
  }
}

function silenceOf(json: string): number {
  const opened = parseJson(json)
  const at = (name: string, byDefault: number): number => {
    const value = typeof opened === 'object' && opened !== null ? (opened as Record<string, unknown>)[name] : undefined
    return typeof value === 'number' && value > 0 ? value : byDefault
  }
  return Math.min(at('pingInterval', PING_MS) + at('pingTimeout', PING_ANSWER_MS), SILENT_MS_MAX)
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8')
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8')
}
