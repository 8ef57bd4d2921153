/**
 * One process with some connected nodes: the real link, agent and journal. `simulated`: the real simulator with its log, everything on
 * disk. `tap`: when each frame arrived is what matters, so the journal is in memory and Messages answers at once.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Driver } from '@bluewire/drivers/driver' // eslint-disable-line n/no-extraneous-import -- the part that is measured
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { systemClock } from '@bluewire/platform/clock'
import { SimulatorDriver } from '../../packages/drivers/src/simulator/simulator-driver.ts'
import { memorySimulatorLog, openSimulatorLog } from '../../packages/drivers/src/simulator/simulator-log.ts'
import { Agent } from '../../packages/node/src/agent.ts'
import { silentLog } from '../../packages/node/src/agent-log.ts'
import { gatewayAddress } from '../../packages/node/src/gateway-address.ts'
import { openJournal } from '../../packages/node/src/journal/open-journal.ts'
import { Link } from '../../packages/node/src/link.ts'
import { serve } from '../child.ts'
import type { EnrolledNode } from '../instance.ts'
import { machineMs } from './machine-clock.ts'
import { numberIn } from './send-request.ts'

export type ConnectNodes = Readonly<{
  kind: 'connect'
  url: string
  how: 'simulated' | 'tap'
  directory: string
  nodes: ReadonlyArray<EnrolledNode & Readonly<{ lines: readonly string[] }>>
}>
/** What arrived so far. */
export type ReadTap = Readonly<{ kind: 'tap' }>
export type Disconnect = Readonly<{ kind: 'disconnect' }>

/** When the text with each number arrived, by the clock of the machine. */
export type TapAnswer = Readonly<{ numbers: Float64Array; arrivedMs: Float64Array }>

const newId = newUlidSource(Date.now, systemChance)
const numbers: number[] = []
const arrivedMs: number[] = []
let parts: Array<{ agent: Agent; link: Link }> = []

function driverOf(how: ConnectNodes['how'], lines: readonly string[], log: string): Driver {
  return new SimulatorDriver({
    clock: systemClock,
    log: how === 'tap' ? memorySimulatorLog() : openSimulatorLog(log),
    lines: lines.map((address) => ({ address, services: ['imessage', 'sms'] })),
  })
}

function connect({ url, how, directory, nodes }: ConnectNodes): Promise<object> {
  mkdirSync(directory, { recursive: true })
  return Promise.all(nodes.map((node) => connectOne({ url, how, directory, node }))).then(() => ({}))
}

type One = Pick<ConnectNodes, 'url' | 'how' | 'directory'> & { node: ConnectNodes['nodes'][number] }

async function connectOne({ url, how, directory, node }: One): Promise<void> {
  const ready = Promise.withResolvers<void>()
  const path = how === 'tap' ? ':memory:' : join(directory, `${node.node}.sqlite`)
  const { journal } = openJournal(path, () => `journal_${newId()}`, systemClock.nowMs())
  const link = new Link({
    address: gatewayAddress(url),
    credential: node.credential,
    insecure: false,
    clock: systemClock,
    chance: systemChance,
    log: silentLog,
    refused: (sentence) => ready.reject(new Error(sentence)),
  })
  const agent = new Agent({
    clock: systemClock,
    journal,
    driver: driverOf(how, node.lines, join(directory, `${node.node}.jsonl`)),
    identity: { node: node.node, machine: node.machine, bootId: '', agent: 'bench', os: process.platform },
    freeBytes: () => Number.MAX_SAFE_INTEGER,
    link: { ...link.control, ready: (settings) => (link.control.ready?.(settings), ready.resolve()) },
  })
  await agent.start()
  link.start({
    opened: (socket) => agent.opened(socket),
    closed: (socket) => agent.closed(socket),
    received(socket, text) {
      if (how === 'tap') tap(text)
      agent.received(socket, text)
    },
  })
  parts.push({ agent, link })
  await ready.promise
}

function tap(text: string): void {
  if (!text.startsWith('{"t":"send"')) return
  const nowMs = machineMs()
  const number = numberIn((JSON.parse(text) as { body: string }).body)
  if (number === null) return
  numbers.push(number)
  arrivedMs.push(nowMs)
}

async function disconnect(): Promise<object> {
  for (const { agent, link } of parts) {
    await agent.stop()
    await link.stop()
  }
  parts = []
  return {}
}

serve<ConnectNodes | ReadTap | Disconnect>((question) => {
  if (question.kind === 'connect') return connect(question)
  if (question.kind === 'disconnect') return disconnect()
  const answer: TapAnswer = { numbers: Float64Array.from(numbers), arrivedMs: Float64Array.from(arrivedMs) }
  return answer
})
