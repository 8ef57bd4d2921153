/** What connected nodes cost that do nothing: memory of the gateway for each, and its CPU time. */
import { setTimeout as passed } from 'node:timers/promises'
import { PING_MS } from '@bluewire/contract/node-protocol/common'
import type { World } from './bench-world.ts'
import { costOf } from './gateway-cost.ts'
import type { Row } from './table.ts'

/** Two rounds of pings. */
const IDLE_S = 30
/** After so many seconds what the handshakes left behind has been collected, or counts. */
const SETTLE_S = 5
const KB_MAX = 15
/** What the clock of the system can tell from nothing. */
const CPU_PERCENT_MAX = 1

export async function measureIdleNodes(world: World, { nodes }: { nodes: number }): Promise<Row[]> {
  const { url, nodes: enrolled } = await world.gateway('idle', nodes)
  const program = world.program('idle-nodes')
  const before = await costOf(url)
  await program.ask({ url, nodes: enrolled })
  await passed(SETTLE_S * 1000)
  const connected = await costOf(url)
  await passed(IDLE_S * 1000)
  const after = await costOf(url)
  const kb = (after.residentBytes - before.residentBytes) / nodes / 1024
  const heapKb = (after.heapBytes - before.heapBytes) / nodes / 1024
  const percent = ((after.cpuS - connected.cpuS) / (after.atMs - connected.atMs)) * 100_000
  const what = `${nodes.toLocaleString('en')} idle nodes`
  return [
    {
      what: `${what}: memory of each`,
      measured: `${kb.toFixed(1)} KB resident`,
      reference: `of it ${heapKb.toFixed(1)} KB JavaScript heap`,
      budget: `< ${KB_MAX} KB`,
      isWithin: kb < KB_MAX,
    },
    {
      what: `${what}: CPU`,
      measured: `${percent.toFixed(1)} % of a core`,
      reference: `${Math.round((nodes * 1000) / PING_MS)} pings/s`,
      budget: `≤ ${CPU_PERCENT_MAX} %`,
      isWithin: percent <= CPU_PERCENT_MAX,
    },
  ]
}
