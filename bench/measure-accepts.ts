/** How many messages a second are accepted, each on disk before its caller hears of it; beside a route that stores nothing. */
import type { World } from './bench-world.ts'
import { withLines } from './bench-world.ts'
import { costOf } from './gateway-cost.ts'
import type { Gateway, Place } from './instance.ts'
import { median, rate } from './numbers.ts'
import type { Row } from './table.ts'

const CONNECTIONS = 128
const LINES = 10
const WARM_UP_S = 1.5
const ACCEPT_RATIO_MIN = 0.6

/** Something that answers `POST /send/text`. */
export type Server = Readonly<{ url: string; token: string; cpuS: () => Promise<number> }>
export type AcceptOptions = Readonly<{ rounds: number; roundS: number }>
export type Accepts = Readonly<{
  /** One for each round. */
  perSecond: number[]
  /** CPU time of the server for each request. */
  cpuMs: number[]
}>

/** Each in turn, round after round, so that what disturbs the machine disturbs both. */
export async function measureServers(
  world: World,
  servers: readonly Server[],
  { rounds, roundS }: AcceptOptions,
): Promise<Accepts[]> {
  const found = servers.map((): Accepts => ({ perSecond: [], cpuMs: [] }))
  let firstNumber = 0
  const run = async (i: number, { url, token, cpuS }: Server, seconds: number): Promise<void> => {
    const before = await cpuS()
    const load = { kind: 'closed', url, token, isAsync: true, connections: CONNECTIONS } as const
    const { ok, seconds: took } = await world.load({ ...load, seconds, firstNumber })
    firstNumber += ok
    found[i]?.perSecond.push(ok / took)
    found[i]?.cpuMs.push((1000 * ((await cpuS()) - before)) / ok)
  }
  for (const [i, server] of servers.entries()) await run(i, server, WARM_UP_S)
  for (const { perSecond, cpuMs } of found) perSecond.length = cpuMs.length = 0
  for (let round = 0; round < rounds; round++) {
    for (const [i, server] of servers.entries()) await run(i, server, roundS)
  }
  return found
}

/** Its lines are known, and their node is gone: what is accepted stays. */
export async function acceptingGateway(
  world: World,
  name: string,
  prepare?: (place: Place) => void,
): Promise<Place & Gateway & Server> {
  const gateway = await world.gateway(name, 1, prepare === undefined ? {} : { prepare })
  const nodes = world.program('nodes')
  const { url, nodes: enrolled, dataDir } = gateway
  await nodes.ask({ kind: 'connect', url, how: 'tap', directory: dataDir, nodes: withLines(enrolled, LINES) })
  await nodes.ask({ kind: 'disconnect' })
  await nodes.stop()
  return { ...gateway, cpuS: async () => (await costOf(url)).cpuS }
}

async function bareServer(world: World, token: string, args: readonly string[] = []): Promise<Server> {
  const program = world.program('bare-route', { args })
  const { url } = await program.next<{ url: string }>()
  return { url, token, cpuS: async () => (await program.ask<{ cpuS: number }>({})).cpuS }
}

export async function measureAccepts(world: World, options: AcceptOptions): Promise<Row[]> {
  const gateway = await acceptingGateway(world, 'accepts')
  const bare = await bareServer(world, gateway.token)
  const nothing = await bareServer(world, gateway.token, ['nothing'])
  const [ceiling] = await measureServers(world, [nothing], { rounds: 1, roundS: 1.5 })
  const [stored, unstored] = await measureServers(world, [gateway, bare], options)
  if (ceiling === undefined || stored === undefined || unstored === undefined) throw new Error('nothing was measured')
  const ratio = median(stored.perSecond) / median(unstored.perSecond)
  const [cpuMs, bareCpuMs] = [median(stored.cpuMs), median(unstored.cpuMs)]
  return [
    {
      what: 'the load generator alone, against a server that reads nothing',
      measured: rate(median(ceiling.perSecond)),
    },
    {
      what: `durable accepts, ${CONNECTIONS} connections`,
      measured: `${rate(median(stored.perSecond))} (${rangeOf(stored.perSecond)})`,
      reference: `bare route ${rate(median(unstored.perSecond))} (${rangeOf(unstored.perSecond)})`,
      ratio: ratio.toFixed(2),
      budget: `ratio ≥ ${ACCEPT_RATIO_MIN}`,
      isWithin: ratio >= ACCEPT_RATIO_MIN,
    },
    {
      what: 'CPU time of an accept',
      measured: `${cpuMs.toFixed(3)} ms`,
      reference: `bare route ${bareCpuMs.toFixed(3)} ms`,
      ratio: (bareCpuMs / cpuMs).toFixed(2),
    },
  ]
}

function rangeOf(values: readonly number[]): string {
  const written = (value: number): string => Math.round(value).toLocaleString('en')
  return `${written(Math.min(...values))}–${written(Math.max(...values))}`
}
