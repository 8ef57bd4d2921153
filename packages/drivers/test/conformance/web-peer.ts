/** A provider that is called by HTTP, and a fake company in a process of its own that calls back to a small server here. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@bluewire/platform/clock'
import type { CallbackRequest, Provider, ProviderContext, ProviderKind } from '@bluewire/drivers/provider'
import type { Ability, Behaviour, ConnectHow, Peer } from './peer.ts'
import { PeerChild } from './peer-child.ts'

export type WebPeerKind = Readonly<{
  /** The file of the peer's process, and what it is given. */
  script: string
  argument: string
  kind: ProviderKind
  /** Before they are parsed. */
  settings(peerUrl: string, how: ConnectHow): unknown
  secrets(how: ConnectHow): Readonly<Record<string, string>>
  /** Where inbound messages go, at the provider made with this context. */
  inboundUrl(context: ProviderContext): string
  unable: ReadonlyMap<Behaviour | Ability, string>
}>

const CALLBACK_KEY = new Uint8Array(32).fill(7)

export async function startWebPeer(kind: WebPeerKind): Promise<Peer> {
  const child = new PeerChild(kind.script, kind.argument)
  const reception = await Reception.open()
  const peerUrl = `http://127.0.0.1:${await child.order('up', null)}`
  const logged: string[] = []
  let latest: ProviderContext | null = null
  return {
    connect: (how: ConnectHow = {}) => {
      const context = contextOf(kind, { peerUrl, how, callbackUrl: reception.nextAddress(), logged })
      const provider = kind.kind.create(context)
      reception.route(context.callbackUrl, provider)
      latest = context
      return provider
    },
    behave: async (behaviour) => void (await child.order('behave', behaviour)),
    arrived: () => child.order('arrived', null),
    receipt: (fact, { times = 1 } = {}) => child.order('receipt', { fact, times }),
    write: async (message) => {
      if (!latest) throw new Error('nobody has connected')
      return child.order('write', { ...message, url: kind.inboundUrl(latest) })
    },
    unable: kind.unable,
    logged,
    secrets: Object.values(kind.secrets({})).concat(Object.values(kind.secrets({ badCredentials: true }))),
    freeze: () => child.freeze(),
    thaw: () => child.thaw(),
    down: async () => void (await child.order('down', null)),
    up: async () => void (await child.order('up', null)),
    stop: async () => {
      await child.stop()
      await reception.close()
    },
  }
}

type Where = Readonly<{ peerUrl: string; how: ConnectHow; callbackUrl: string; logged: string[] }>

function contextOf(
  { kind, settings, secrets }: WebPeerKind,
  { peerUrl, how, callbackUrl, logged }: Where,
): ProviderContext {
  return {
    clock: systemClock,
    callbackKey: CALLBACK_KEY,
    dataDirectory: '/nowhere',
    callbackUrl,
    settings: kind.settings.parse(settings(peerUrl, how)),
    secrets: kind.secrets.parse(secrets(how)),
    log: (event, fields) => void logged.push(JSON.stringify({ event, ...fields })),
  }
}

/** Stands for the gateway's own server: takes what is called back and gives it to the provider whose address it is. */
class Reception {
  readonly #server: Server
  readonly #providers = new Map<string, Provider>()
  #addresses = 0

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  static async open(): Promise<Reception> {
    const reception = new Reception()
    await new Promise<void>((resolve) => reception.#server.listen(0, '127.0.0.1', resolve))
    return reception
  }

  nextAddress(): string {
    return `${this.#origin}/callbacks/${++this.#addresses}`
  }

  route(address: string, provider: Provider): void {
    this.#providers.set(address, provider)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  get #origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const url = `${this.#origin}${request.url ?? '/'}`
    const [address = ''] = /^.*\/callbacks\/\d+/.exec(url.split('?')[0] ?? '') ?? []
    const provider = this.#providers.get(address)
    const answer = await provider?.callback?.(
      callbackOf(request, { url, address, body: Buffer.concat(chunks).toString() }),
    )
    const type = answer?.contentType === undefined ? {} : { 'content-type': answer.contentType }
    response.writeHead(answer?.status ?? 404, type).end(answer?.body)
  }
}

function callbackOf(
  request: IncomingMessage,
  { url, address, body }: { url: string; address: string; body: string },
): CallbackRequest {
  const { pathname, searchParams } = new URL(url)
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
  const path = pathname.slice(new URL(address).pathname.length)
  return { method: request.method ?? '', url, path, query: searchParams, headers, body }
}
