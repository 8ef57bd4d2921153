/**
 * Two Macs with one credential and one identity, both alive (PROTOCOL 4).
 * Proves: both are paused within seconds and nothing is sent meanwhile; when one is off and the operator says so, the other sends what
 * waited, each once; a forked machine, with the same start of its system, is found too; one Mac whose network flaps is left alone.
 * World: the gateway's sessions on a real socket, real agents with copies of one journal, real reconnects.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LineId, NodeId } from '@bluewire/contract/ids'
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { systemClock } from '@bluewire/platform/clock'
import { newMessage } from '../../../gateway/test/store/new-message.ts'
import { until } from '../../src/stories/until.ts'
import { RealNodes } from './real-nodes.ts'
import type { Mac } from './real-nodes.ts'

const ulid = newUlidSource(() => systemClock.nowMs(), systemChance)

let world: RealNodes
let joined: { node: NodeId; credential: string }
beforeEach(async () => {
  world = await new RealNodes().start()
  joined = await world.join()
})
afterEach(() => world.stop())

async function start(bootId: string, journal?: Uint8Array): Promise<Mac> {
  return world.mac(joined, { bootId, ...(journal === undefined ? {} : { journal }) })
}

async function firstMac(): Promise<Mac> {
  const mac = await start('boot A')
  await world.untilOnline(joined.node)
  return mac
}

const hold = async () => (await world.store.node(joined.node))?.hold?.why ?? null

let count = 0
async function accept(): Promise<string> {
  const line: LineId = (await world.store.lines(world.account))[0]?.id ?? 'line_none'
  const id = `imessage_${ulid()}` as const
  const about = { id, account: world.account, line, service: 'imessage' } as const
  await world.store.accept(newMessage(about, { recipient: `+1415555${1000 + count++}`, body: id }))
  return id
}

const bodies = (...macs: Mac[]) => macs.flatMap(({ driver }) => driver.sent.map(({ body }) => body)).sort()
const sent = (many: number, ...macs: Mac[]) => until(`${many} are sent`, () => bodies(...macs).length >= many)

describe('two Macs with one credential', () => {
  test.each([
    ['a copy on like hardware', 'boot B'],
    ['a machine that was forked while it ran', 'boot A'],
  ])('%s: both are paused, and one goes on when the other is off', async (_, otherBoot) => {
    const one = await firstMac()
    const before = await accept()
    await sent(1, one)
    const other = await start(otherBoot, one.disk())
    await until('both are paused', async () => (await hold()) === 'two_machines')
    expect(world.alerts).toContain('node_paused')
    const meanwhile = [await accept(), await accept()]
    await until('each is told to observe', () => [one, other].every(({ agent }) => agent.status().phase !== 'working'))
    expect(bodies(one, other)).toEqual([before])
    await other.stop()
    expect(await world.store.resumeNode('test', joined.node)).toBe('resumed')
    await world.nodes.sessions.reconcile()
    await sent(3, one)
    expect(bodies(one, other)).toEqual([before, ...meanwhile].sort())
    expect(await hold()).toBeNull()
  })

  test('while both are alive, resuming pauses them again', async () => {
    const one = await firstMac()
    await start('boot B', one.disk())
    await until('both are paused', async () => (await hold()) === 'two_machines')
    await world.store.resumeNode('test', joined.node)
    await until('both are paused again', async () => (await hold()) === 'two_machines')
    expect(world.alerts.filter((event) => event === 'node_paused')).toHaveLength(2)
  })
})

test('one Mac whose network flaps is left alone, and sends each once', async () => {
  const mac = await firstMac()
  const ids: string[] = []
  for (let n = 0; n < 12; n++) {
    ids.push(await accept())
    const session = mac.agent.status().session ?? 0
    mac.cut()
    await until('it is back', () => (mac.agent.status().session ?? 0) > session)
  }
  await sent(ids.length, mac)
  expect(await hold()).toBeNull()
  expect(bodies(mac)).toEqual([...ids].sort())
})
