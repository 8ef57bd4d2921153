/**
 * The link.
 * Proves: it presents itself as the protocol asks; it comes back by itself, later and later until a session worked; a dead or
 * misbehaving peer is noticed; a gateway that refuses for good ends it; it goes through a proxy when the environment says so.
 * World: a real WebSocket server and real sockets on this machine; where waiting is the subject, time is virtual.
 */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { connect as connectTcp } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { SUBPROTOCOL } from '@bluewire/contract/node-protocol/common'
import { systemClock } from '@bluewire/platform/clock'
import type { Clock } from '@bluewire/platform/clock'
import type { FrameSocket } from '@bluewire/platform/frame-socket'
import { VirtualClock } from '@bluewire/testkit/virtual-clock'
import { gatewayAddress } from './gateway-address.ts'
import { Link } from './link.ts'
import type { LinkTimes } from './link.ts'

const SETTINGS = { ping_ms: 15_000, start_within_ms: 1, gap_ms: 0, max_open: 5 }

/** Something that happened, in order; a test waits for the next one. */
class Seen<T> {
  readonly #waiting: Array<(value: T) => void> = []
  readonly #ready: T[] = []
  add(value: T): void {
    const next = this.#waiting.shift()
    if (next) next(value)
    else this.#ready.push(value)
  }
  next(): Promise<T> {
    if (this.#ready.length > 0) return Promise.resolve(this.#ready.shift() as T)
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}

const cleanUp: Array<() => Promise<unknown> | void> = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const undo of cleanUp.splice(0).reverse()) await undo()
})

class Gateway {
  readonly http: Server = createServer((_, response) => response.writeHead(404).end())
  readonly requests: Array<{ url: string | undefined; authorization: string | undefined }> = []
  readonly connected = new Seen<WebSocket>()
  readonly frames = new Seen<string>()
  refuseWith: number | null = null

  static async start(options: { autoPong?: boolean } = {}): Promise<Gateway> {
    const gateway = new Gateway()
    const sockets = new Set<Socket>()
    const ws = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
      ...options,
    })
    gateway.http.on('connection', (socket) => sockets.add(socket))
    gateway.http.on('upgrade', (request, socket, head) => {
      gateway.requests.push({ url: request.url, authorization: request.headers.authorization })
      if (gateway.refuseWith !== null)
        return socket.end(`HTTP/1.1 ${gateway.refuseWith} No\r\nConnection: close\r\n\r\n`)
      return ws.handleUpgrade(request, socket, head, (peer) => {
        peer.on('message', (data: Buffer) => gateway.frames.add(data.toString()))
        gateway.connected.add(peer)
      })
    })
    await new Promise<void>((resolve) => gateway.http.listen(0, '127.0.0.1', resolve))
    cleanUp.push(() => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => gateway.http.close(resolve))
    })
    return gateway
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port
  }
}

class Ears {
  readonly heard = new Seen<string>()
  readonly open = new Seen<FrameSocket>()
  readonly shut = new Seen<FrameSocket>()
  opened(socket: FrameSocket): void {
    this.open.add(socket)
  }
  received(_: FrameSocket, text: string): void {
    this.heard.add(text)
  }
  closed(socket: FrameSocket): void {
    this.shut.add(socket)
  }
}

type LinkOptions = { url: string; clock?: Clock; times?: Partial<LinkTimes>; chance?: number; insecure?: boolean }

function startLink({ url, clock = systemClock, times, chance = 1, insecure = false }: LinkOptions) {
  const ears = new Ears()
  const logged = new Seen<{ event: string; fields: Record<string, unknown> }>()
  const refused = new Seen<string>()
  const log = (event: string, fields: object = {}) => logged.add({ event, fields: { ...fields } })
  const link = new Link({
    address: gatewayAddress(url),
    credential: 'the-credential',
    insecure,
    clock,
    chance: () => chance,
    log: { info: log, warn: log, error: log },
    refused: (sentence) => refused.add(sentence),
    ...(times === undefined ? {} : { times }),
  })
  cleanUp.push(() => link.stop())
  link.start(ears)
  const until = async (event: string) => {
    for (;;) {
      const next = await logged.next()
      if (next.event === event) return next.fields
    }
  }
  return { link, ears, until, refused }
}

describe('a connection', () => {
  it('goes to /node with the subprotocol and the credential, and carries frames both ways', async () => {
    const gateway = await Gateway.start()
    const { ears, link } = startLink({ url: `http://127.0.0.1:${gateway.port}/below` })
    const socket = await ears.open.next()
    const peer = await gateway.connected.next()
    expect(gateway.requests).toEqual([{ url: '/below/node', authorization: 'Bearer the-credential' }])
    expect(peer.protocol).toBe(SUBPROTOCOL)
    socket.send('{"t":"hello"}')
    expect(await gateway.frames.next()).toBe('{"t":"hello"}')
    peer.send('{"t":"welcome"}')
    expect(await ears.heard.next()).toBe('{"t":"welcome"}')
    await link.stop()
    expect(await ears.shut.next()).toBe(socket)
    socket.send('dropped silently')
    await link.stop()
  })

  it('is closed by the agent at once, and made again', async () => {
    const gateway = await Gateway.start()
    const { ears } = startLink({ url: `http://127.0.0.1:${gateway.port}`, times: { backOffMsMin: 1, backOffMsMax: 1 } })
    const first = await ears.open.next()
    first.close('now')
    expect(await ears.shut.next()).toBe(first)
    const second = await ears.open.next()
    expect(second).not.toBe(first)
  })

  it('stops while it is still connecting', async () => {
    const silent = createServer()
    silent.on('upgrade', () => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    cleanUp.push(() => {
      silent.closeAllConnections()
      silent.close()
    })
    const asked = new Promise((resolve) => silent.once('upgrade', resolve))
    const { link } = startLink({ url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` })
    await asked
    await link.stop()
  })
})

describe('coming back', () => {
  it('later and later, up to half a minute; soon again after a session that worked', async () => {
    const gateway = await Gateway.start()
    gateway.refuseWith = 503
    const clock = new VirtualClock()
    const { link, ears, until } = startLink({ url: `http://127.0.0.1:${gateway.port}`, clock })
    const waits: unknown[] = []
    for (let i = 0; i < 8; i++) {
      const { ms } = await until('link.waiting')
      waits.push(ms)
      if (i === 7) gateway.refuseWith = null
      await clock.advance(Number(ms))
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    await ears.open.next()
    link.control.ready?.(SETTINGS)
    ;(await gateway.connected.next()).terminate()
    expect((await until('link.waiting'))['ms']).toBe(500)
  })

  it('half of the wait is chance', async () => {
    const gateway = await Gateway.start()
    gateway.refuseWith = 502
    const { until } = startLink({ url: `http://127.0.0.1:${gateway.port}`, clock: new VirtualClock(), chance: 0 })
    expect((await until('link.waiting'))['ms']).toBe(250)
  })

  it('not before the time the agent asked to stay away', async () => {
    const gateway = await Gateway.start()
    const clock = new VirtualClock()
    const { link, ears, until } = startLink({ url: `http://127.0.0.1:${gateway.port}`, clock })
    const socket = await ears.open.next()
    link.control.stayAway?.(7_000)
    socket.close('now')
    expect((await until('link.waiting'))['ms']).toBe(7_000)
  })
})

describe('a bad peer', () => {
  it('that is silent is closed', async () => {
    const gateway = await Gateway.start({ autoPong: false })
    const { ears, until } = startLink({ url: `http://127.0.0.1:${gateway.port}`, times: { pingMs: 10, silentMs: 60 } })
    await ears.open.next()
    await until('link.silent_peer')
    await ears.shut.next()
  })

  it('that answers pings is not', async () => {
    const gateway = await Gateway.start()
    const clock = new VirtualClock()
    const { ears } = startLink({ url: `http://127.0.0.1:${gateway.port}`, clock })
    await ears.open.next()
    const peer = await gateway.connected.next()
    const { promise, resolve } = Promise.withResolvers<void>()
    let pings = 0
    peer.on('ping', () => {
      peer.send(`pinged ${++pings}`)
      if (pings === 5) resolve()
    })
    void (async () => {
      for (let i = 1; i <= 5; i++) {
        await clock.advance(15_000)
        await ears.heard.next()
      }
    })()
    await promise
    expect(peer.readyState).toBe(peer.OPEN)
  })

  it('that sends more than a frame may hold is closed, and the agent does not see it', async () => {
    const gateway = await Gateway.start()
    const { ears } = startLink({ url: `http://127.0.0.1:${gateway.port}` })
    await ears.open.next()
    const peer = await gateway.connected.next()
    const closed = new Promise<number>((resolve) => peer.once('close', resolve))
    ears.received = () => expect.unreachable()
    peer.send('x'.repeat(256 * 1024 + 1))
    expect(await closed).toBe(1009)
    await ears.shut.next()
  })

  it('that sends binary frames is closed', async () => {
    const gateway = await Gateway.start()
    const { ears } = startLink({ url: `http://127.0.0.1:${gateway.port}` })
    await ears.open.next()
    const peer = await gateway.connected.next()
    const closed = new Promise<number>((resolve) => peer.once('close', resolve))
    peer.send(Buffer.from('{}'))
    expect(await closed).toBe(1003)
  })
})

describe('after a sleep', () => {
  it('a peer that does not answer at once is dead', async () => {
    const gateway = await Gateway.start({ autoPong: false })
    const { link, ears, until } = startLink({ url: `http://127.0.0.1:${gateway.port}`, times: { wokeMs: 30 } })
    await ears.open.next()
    link.woke()
    expect(await until('link.silent_peer')).toMatchObject({ after: 'sleep' })
    await ears.shut.next()
  })

  it('one that answers is kept', async () => {
    const gateway = await Gateway.start()
    const clock = new VirtualClock()
    const { link, ears } = startLink({ url: `http://127.0.0.1:${gateway.port}`, clock })
    await ears.open.next()
    const peer = await gateway.connected.next()
    const pinged = new Promise((resolve) => peer.once('ping', resolve))
    link.woke()
    await pinged
    peer.send('after the pong')
    await ears.heard.next()
    await clock.advance(6_000)
    expect(peer.readyState).toBe(peer.OPEN)
  })

  it('a gateway that was waited for is dialled at once', async () => {
    const gateway = await Gateway.start()
    gateway.refuseWith = 503
    const clock = new VirtualClock()
    const { link, ears, until } = startLink({ url: `http://127.0.0.1:${gateway.port}`, clock })
    for (let i = 0; i < 8; i++) await clock.advance(Number((await until('link.waiting'))['ms']))
    expect((await until('link.waiting'))['ms']).toBe(30_000)
    gateway.refuseWith = null
    link.woke()
    expect((await until('link.waiting'))['ms']).toBe(500)
    await clock.advance(500)
    await ears.open.next()
  })

  it('nothing, once it is stopped', async () => {
    const gateway = await Gateway.start()
    const { link, ears } = startLink({ url: `http://127.0.0.1:${gateway.port}` })
    await ears.open.next()
    await link.stop()
    link.woke()
    expect(gateway.requests).toHaveLength(1)
  })
})

describe('refusals', () => {
  it('a credential that is refused five times in a row is given up, with a sentence', async () => {
    const gateway = await Gateway.start()
    gateway.refuseWith = 401
    const { refused } = startLink({
      url: `http://127.0.0.1:${gateway.port}`,
      times: { backOffMsMin: 1, backOffMsMax: 1 },
    })
    expect(await refused.next()).toMatch(/Join again/)
    expect(gateway.requests).toHaveLength(5)
  })

  it('a node the gateway does not want any more does not come back', async () => {
    const gateway = await Gateway.start()
    const { link, ears, refused } = startLink({ url: `http://127.0.0.1:${gateway.port}` })
    const socket = await ears.open.next()
    socket.close('now')
    link.control.refused?.('cloned', 'Another machine uses this credential.')
    expect(await refused.next()).toBe('The gateway refuses this node (cloned): Another machine uses this credential.')
    await ears.shut.next()
    expect(gateway.requests).toHaveLength(1)
  })

  it('plain text to a public address is not even tried', () => {
    expect(() => startLink({ url: 'http://8.8.8.8' })).toThrow(/--insecure/)
  })
})

describe('a proxy', () => {
  it('of the environment is used, and does the resolving', async () => {
    const gateway = await Gateway.start()
    const asked: string[] = []
    const proxy = createServer()
    proxy.on('connect', (request, socket: Socket) => {
      asked.push(request.url ?? '')
      const through = connectTcp(gateway.port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
        through.pipe(socket).pipe(through)
      })
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    cleanUp.push(() => {
      proxy.closeAllConnections()
      proxy.close()
    })
    for (const name of ['NO_PROXY', 'no_proxy', 'HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'])
      vi.stubEnv(name, '')
    vi.stubEnv('http_proxy', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`)
    const { ears } = startLink({ url: 'http://gateway.test', insecure: true })
    const socket = await ears.open.next()
    socket.send('hello through it')
    expect(await gateway.frames.next()).toBe('hello through it')
    expect(asked).toEqual(['gateway.test:80'])
  })
})
