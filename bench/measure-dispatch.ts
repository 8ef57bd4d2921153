/** From the moment a request is due to the moment its frame is at the node, at a fixed rate. Two commits lie between. */
import { setTimeout as passed } from 'node:timers/promises'
import { withLines } from './bench-world.ts'
import type { World } from './bench-world.ts'
import type { Child } from './child.ts'
import { costOf } from './gateway-cost.ts'
import { milliseconds, percentile, spread } from './numbers.ts'
import type { TapAnswer } from './programs/nodes.ts'
import type { Row } from './table.ts'

const PER_SECOND = 500
const LINES = 50
/** Until the code is compiled: at this rate that takes longer than under full load. */
const WARM_UP_S = 6
const CONNECTIONS = 64
const P50_MS_MAX = 5
const P99_MS_MAX = 25
/** What has not arrived this long after the load ended never will. */
const LATE_MS_MAX = 30_000

export async function measureDispatch(world: World, { seconds }: { seconds: number }): Promise<Row[]> {
  const { url, token, nodes: enrolled, dataDir } = await world.gateway('dispatch', 1)
  const nodes = world.program('nodes')
  await nodes.ask({ kind: 'connect', url, how: 'tap', directory: dataDir, nodes: withLines(enrolled, LINES) })
  const load = { kind: 'open', url, token, isAsync: true, connections: CONNECTIONS, perSecond: PER_SECOND } as const
  await world.load({ ...load, seconds: WARM_UP_S, firstNumber: 0 })
  const firstNumber = WARM_UP_S * PER_SECOND
  const before = await costOf(url)
  const { dueMs, answeredMs, ok } = await world.load({ ...load, seconds, firstNumber })
  const { numbers, arrivedMs } = await untilArrived(nodes, firstNumber + ok)
  const cpuMs = (1000 * ((await costOf(url)).cpuS - before.cpuS)) / ok
  const took: number[] = []
  for (const [i, number] of numbers.entries()) {
    const due = dueMs[number - firstNumber]
    if (due !== undefined) took.push((arrivedMs[i] ?? NaN) - due)
  }
  const [p50, p99] = [percentile(took, 0.5), percentile(took, 0.99)]
  if (took.length !== ok) throw new Error(`${ok} were accepted and ${took.length} arrived at the node`)
  return [
    {
      what: `accept → at the node, ${PER_SECOND}/s, ${LINES} lines`,
      measured: `p50 ${milliseconds(p50)}, p99 ${milliseconds(p99)}`,
      reference: `HTTP answer ${spread([...answeredMs])}`,
      budget: `p50 < ${P50_MS_MAX} ms, p99 < ${P99_MS_MAX} ms`,
      isWithin: p50 < P50_MS_MAX && p99 < P99_MS_MAX,
    },
    {
      what: 'CPU time of a message, from its accept to its receipt',
      measured: milliseconds(cpuMs),
      reference: `at ${PER_SECOND}/s: ${((cpuMs * PER_SECOND) / 10).toFixed(0)} % of a core`,
    },
  ]
}

async function untilArrived(nodes: Child, many: number): Promise<TapAnswer> {
  const beganMs = performance.now()
  for (;;) {
    const answer = await nodes.ask<TapAnswer>({ kind: 'tap' })
    if (answer.numbers.length >= many || performance.now() - beganMs > LATE_MS_MAX) return answer
    await passed(200)
  }
}
