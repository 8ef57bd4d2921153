/**
 * Where the gateway is and how it may be reached: not in plain text over a public network, and through a proxy where the
 * environment says so (`ws` and `node:http` obey neither by themselves).
 */
import { lookup } from 'node:dns'
import type { LookupAddress, LookupAllOptions } from 'node:dns'
import type { Agent } from 'node:http'
import { BlockList, isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { getProxyForUrl } from 'proxy-from-env'

/** A full sentence, for the person who typed it. */
export class AddressError extends Error {
  override name = 'AddressError'
}

export type GatewayAddress = Readonly<{
  /** As it was given, without a slash at its end. */
  base: string
  join: URL
  socket: URL
  isPlain: boolean
}>

/** @throws AddressError */
export function gatewayAddress(text: string): GatewayAddress {
  const url = URL.canParse(text) ? new URL(text) : null
  const isPlain = url?.protocol === 'http:' || url?.protocol === 'ws:'
  if (!url || (!isPlain && url.protocol !== 'https:' && url.protocol !== 'wss:')) {
    throw new AddressError(
      `${text} is not the address of a gateway: it must begin with https:// (or http:// inside your own network).`,
    )
  }
  if (url.username !== '' || url.search !== '' || url.hash !== '') {
    throw new AddressError('The address of a gateway has no user name, query or fragment.')
  }
  const path = url.pathname.replace(/\/+$/, '')
  const base = `${isPlain ? 'http' : 'https'}://${url.host}${path}`
  return {
    base,
    join: new URL(`${base}/node/join`),
    socket: new URL(`${isPlain ? 'ws' : 'wss'}://${url.host}${path}/node`),
    isPlain,
  }
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Not routed on the internet: loopback, link-local, private networks and those of providers and overlays. */
const PRIVATE = new BlockList()
for (const [network, bits] of [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4')
}
for (const [network, bits] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv6')
}

export function isPrivateAddress(ip: string): boolean {
  return contains(PRIVATE, ip)
}

function contains(list: BlockList, ip: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1]
  const address = mapped ?? ip.replace(/%.*$/, '')
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

function isLoopback(url: URL): boolean {
  const host = hostOf(url)
  return host === 'localhost' || host.endsWith('.localhost') || contains(LOOPBACK, host)
}

type LookupAll = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/**
 * How names are resolved when the connection is plain: a name that leads to a public address is an error. The check is on
 * the very addresses that are connected to, so a name cannot answer differently a moment later.
 */
export function privateLookup(lookupAll: LookupAll): LookupFunction {
  return (hostname, options, callback) => {
    lookupAll(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      if (addresses.some(({ address }) => !isPrivateAddress(address))) return callback(publicPlain(hostname), [])
      const first = addresses[0]
      if (options.all === true || !first) return callback(null, addresses)
      return callback(null, first.address, first.family)
    })
  }
}

function publicPlain(host: string): AddressError {
  return new AddressError(
    `${host} is a public address and the connection would not be encrypted: use https://, or --insecure to accept that others on the way read and change it.`,
  )
}

export type Connecting = Readonly<{ agent?: Agent; lookup?: LookupFunction }>

/**
 * What `http.request` and `ws` need to reach this URL.
 * @throws AddressError when it is plain and the address is public
 */
export function connectingTo(url: URL, { insecure }: { insecure: boolean }): Connecting {
  const isPlain = url.protocol === 'http:' || url.protocol === 'ws:'
  const guarded = isPlain && !insecure
  const host = hostOf(url)
  if (guarded && isIP(host) !== 0 && !isPrivateAddress(host)) throw publicPlain(host)
  const proxy = isLoopback(url) ? '' : getProxyForUrl(url.href.replace(/^ws/, 'http'))
  if (proxy === '') return guarded ? { lookup: privateLookup(lookup) } : {}
  // Behind a proxy it is the proxy that resolves the name: what it finds cannot be checked here.
  if (guarded && isIP(host) === 0) throw publicPlain(host)
  return { agent: new HttpsProxyAgent(proxy) }
}
