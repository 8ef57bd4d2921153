/** Everything at once: callers wait for the outcome, one gateway, one process of nodes with their journals, the simulated Messages. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { withLines } from './bench-world.ts'
import type { World } from './bench-world.ts'
import { rate, spread } from './numbers.ts'
import type { Row } from './table.ts'

const LINES = 100
/** So many as may be under way on the lines at once, and a few that wait. */
const CONNECTIONS = 200

export async function measureSends(world: World, { messages }: { messages: number }): Promise<Row[]> {
  const {
    url,
    token,
    nodes: enrolled,
    dataDir,
  } = await world.gateway('sends', 2, { env: { BLUEWIRE_SEND_WAIT: '1m' } })
  const nodes = world.program('nodes')
  const withTheirLines = withLines(enrolled, LINES)
  await nodes.ask({ kind: 'connect', url, how: 'simulated', directory: dataDir, nodes: withTheirLines })
  const load = { kind: 'closed', url, token, isAsync: false, connections: CONNECTIONS } as const
  const warmUp = await world.load({ ...load, requests: CONNECTIONS, firstNumber: 0 })
  const answer = await world.load({ ...load, requests: messages, firstNumber: CONNECTIONS })
  const accepted = warmUp.ok + answer.ok
  const logged = enrolled.flatMap(({ node }) => textsIn(join(dataDir, `${node}.jsonl`)))
  const once = new Set(logged).size
  return [
    {
      what: `sends end to end, ${LINES} lines, answered with the outcome`,
      measured: `${rate(answer.ok / answer.seconds)}, ${spread([...answer.answeredMs])}`,
      reference: `accepted ${accepted}, in the log ${logged.length}`,
      budget: 'each once',
      isWithin: logged.length === accepted && once === accepted,
    },
  ]
}

function textsIn(log: string): string[] {
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n')
  return lines.map((line) => (JSON.parse(line) as { body: string }).body)
}
