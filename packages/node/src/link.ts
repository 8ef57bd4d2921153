/**
 * The connection to the gateway: one WebSocket at a time, made again for as long as the node runs. What is said over it is
 * the agent's business; here is only when to connect, when to wait, and when a peer is dead.
 */
import { WebSocket } from 'ws'
import type { RawData } from 'ws'
import { FRAME_BYTES_MAX, PING_MS, SILENT_PEER_MS, SUBPROTOCOL } from '@bluewire/contract/node-protocol/common'
import type { Chance } from '@bluewire/platform/chance'
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { FrameSocket } from '@bluewire/platform/frame-socket'
import type { Agent, LinkControl, WorkSettings } from './agent.ts'
import { errorWord } from './agent-log.ts'
import type { AgentLog } from './agent-log.ts'
import { AddressError, connectingTo } from './gateway-address.ts'
import type { GatewayAddress } from './gateway-address.ts'

const BACK_OFF_MS_MIN = 500
const BACK_OFF_MS_MAX = 30_000
const HANDSHAKE_MS = 15_000
const CLOSE_MS = 1_000
/** After the machine slept, a peer that does not answer a ping within this time is dead. */
const WOKE_ANSWER_MS = 5_000
/** A gateway that does not read is taken for dead when this much waits for it. */
const BUFFERED_BYTES_MAX = 16 * 1024 * 1024
/** A credential is given up after this many refusals in a row: one may be the mistake of something in between. */
const UNAUTHORIZED_MAX = 5

export type LinkTimes = Readonly<{
  pingMs: number
  silentMs: number
  backOffMsMin: number
  backOffMsMax: number
  wokeMs: number
}>

type Deps = Readonly<{
  address: GatewayAddress
  credential: string
  insecure: boolean
  clock: Clock
  chance: Chance
  log: AgentLog
  /** The gateway does not want this node any more: a sentence for a person. The link has stopped. */
  refused(sentence: string): void
  times?: Partial<LinkTimes>
}>

type Ears = Pick<Agent, 'opened' | 'received' | 'closed'>

export class Link {
  readonly #deps: Deps
  #times: LinkTimes
  #agent: Ears | null = null
  #ws: WebSocket | null = null
  #failures = 0
  #unauthorized = 0
  #notBeforeMs = -Infinity
  #heardAtMs = -Infinity
  #timers: Timer[] = []
  #reconnect: Timer | null = null
  #stopped = false

  constructor(deps: Deps) {
    this.#deps = deps
    this.#times = {
      pingMs: PING_MS,
      silentMs: SILENT_PEER_MS,
      backOffMsMin: BACK_OFF_MS_MIN,
      backOffMsMax: BACK_OFF_MS_MAX,
      wokeMs: WOKE_ANSWER_MS,
      ...deps.times,
    }
  }

  /** For the agent. */
  readonly control: LinkControl = {
    ready: (settings) => this.#worked(settings),
    stayAway: (forMs) => void (this.#notBeforeMs = this.#deps.clock.monotonicMs() + forMs),
    refused: (code, detail) => this.#refuse(`The gateway refuses this node (${code}): ${detail}`),
  }

  /** @throws AddressError when the address is plain and public */
  start(agent: Ears): void {
    connectingTo(this.#deps.address.socket, this.#deps)
    this.#agent = agent
    this.#connect()
  }

  /** May be called twice. Resolves when the connection is closed, after at most a second. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#reconnect?.cancel()
    const ws = this.#ws
    if (!ws || ws.readyState === ws.CLOSED) return
    const closed = new Promise<void>((resolve) => ws.once('close', () => resolve()))
    const giveUp = this.#deps.clock.setTimer(CLOSE_MS, () => ws.terminate())
    if (ws.readyState === ws.CONNECTING) ws.terminate()
    else ws.close(1000)
    await closed
    giveUp.cancel()
  }

  /** The machine slept: the connection may be gone without a word. The peer is asked at once, or dialled at once. */
  woke(): void {
    if (this.#stopped) return
    const ws = this.#ws
    if (!ws) {
      this.#failures = 0
      this.#reconnect?.cancel()
      return this.#connectLater()
    }
    if (ws.readyState !== ws.OPEN) return
    const { clock, log } = this.#deps
    const askedAtMs = clock.monotonicMs()
    ws.ping()
    const timer = clock.setTimer(this.#times.wokeMs, () => {
      if (this.#heardAtMs >= askedAtMs) return
      log.warn('link.silent_peer', { after: 'sleep' })
      ws.terminate()
    })
    ws.once('close', () => timer.cancel())
  }

  #connect(): void {
    if (this.#stopped) return
    const { address, credential, log } = this.#deps
    let ws: WebSocket
    try {
      ws = new WebSocket(address.socket, SUBPROTOCOL, {
        headers: { authorization: `Bearer ${credential}` },
        handshakeTimeout: HANDSHAKE_MS,
        maxPayload: FRAME_BYTES_MAX,
        perMessageDeflate: false,
        ...connectingTo(address.socket, this.#deps),
      })
    } catch (error) {
      log.warn('link.cannot_connect', { error: error instanceof AddressError ? error.message : errorWord(error) })
      return this.#connectLater()
    }
    this.#ws = ws
    ws.on('open', () => this.#opened(ws))
    ws.on('unexpected-response', (request, response) => {
      log.warn('link.refused', { status: response.statusCode ?? 0 })
      this.#unauthorized = response.statusCode === 401 ? this.#unauthorized + 1 : 0
      request.destroy()
      ws.terminate()
    })
    ws.on('error', (error) =>
      log.warn('link.error', { error: error instanceof AddressError ? error.message : errorWord(error) }),
    )
    ws.on('close', (code) => this.#closed(ws, code))
  }

  #opened(ws: WebSocket): void {
    this.#unauthorized = 0
    const { clock, log } = this.#deps
    const socket = frameSocket(ws, log)
    const heard = (): void => void (this.#heardAtMs = clock.monotonicMs())
    heard()
    ws.on('ping', heard)
    ws.on('pong', heard)
    ws.on('message', (data, isBinary) => {
      heard()
      if (isBinary) return ws.close(1003, 'frames are text')
      return this.#agent?.received(socket, textOf(data))
    })
    ws.on('close', () => this.#agent?.closed(socket))
    this.#every(
      () => this.#times.pingMs,
      () => ws.ping(),
    )
    this.#every(
      () => Math.max(1, this.#heardAtMs + this.#times.silentMs - clock.monotonicMs()),
      () => {
        if (clock.monotonicMs() - this.#heardAtMs < this.#times.silentMs) return
        log.warn('link.silent_peer')
        ws.terminate()
      },
    )
    this.#agent?.opened(socket)
  }

  /** Until the connection closes. */
  #every(waitMs: () => number, act: () => void): void {
    const at = this.#timers.length
    const arm = (): void => {
      this.#timers[at] = this.#deps.clock.setTimer(waitMs(), () => {
        arm()
        act()
      })
    }
    arm()
  }

  #closed(ws: WebSocket, code: number): void {
    if (this.#ws !== ws) return
    this.#ws = null
    for (const timer of this.#timers) timer.cancel()
    this.#timers = []
    this.#deps.log.info('link.closed', { code })
    if (this.#unauthorized >= UNAUTHORIZED_MAX) {
      return this.#refuse('The gateway does not know this node’s credential. Join again with a new code.')
    }
    this.#connectLater()
  }

  #connectLater(): void {
    if (this.#stopped) return
    const { clock, chance, log } = this.#deps
    const { backOffMsMin, backOffMsMax } = this.#times
    const fullMs = Math.min(backOffMsMax, backOffMsMin * 2 ** Math.min(this.#failures, 20))
    this.#failures++
    // Half of it by chance, so that nodes that lost their gateway together do not come back together.
    const waitMs = Math.max(fullMs / 2 + (chance() * fullMs) / 2, this.#notBeforeMs - clock.monotonicMs())
    log.info('link.waiting', { ms: Math.round(waitMs) })
    this.#reconnect = clock.setTimer(waitMs, () => this.#connect())
  }

  #worked(settings: WorkSettings): void {
    this.#failures = 0
    const { times } = this.#deps
    if (times?.pingMs === undefined && settings.ping_ms > 0) this.#times = { ...this.#times, pingMs: settings.ping_ms }
  }

  #refuse(sentence: string): void {
    if (this.#stopped) return
    void this.stop()
    this.#deps.refused(sentence)
  }
}

function frameSocket(ws: WebSocket, log: AgentLog): FrameSocket {
  return {
    send(text) {
      if (ws.readyState !== ws.OPEN) return
      if (ws.bufferedAmount > BUFFERED_BYTES_MAX) {
        log.warn('link.peer_does_not_read')
        return ws.terminate()
      }
      return ws.send(text)
    },
    close(how = 'politely') {
      if (how === 'now') ws.terminate()
      else ws.close(1000)
    },
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8')
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8')
}
