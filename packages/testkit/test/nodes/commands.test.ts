/**
 * What a gateway asks of a node besides sending.
 * Proves: a command reaches the driver of a connected node and its reply comes back, with what the driver said; what the driver cannot do is
 * not asked; a session that ends, ends what waits for it; where a new journal goes on reading is told by the gateway.
 * World: the gateway's sessions on a real socket, a real agent and its journal; the driver does what the test says.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { NodeId } from '@bluewire/contract/ids'
import type { NodeCommand } from '@bluewire/gateway/nodes/commands'
import { until } from '../../src/stories/until.ts'
import { LINE, RealNodes, TestDriver } from './real-nodes.ts'
import type { Mac } from './real-nodes.ts'

let world: RealNodes
let joined: { node: NodeId; credential: string }
beforeEach(async () => {
  world = await new RealNodes().start()
  joined = await world.join()
})
afterEach(() => world.stop())

async function connect(driver = new TestDriver()): Promise<Mac> {
  const mac = await world.mac(joined, { bootId: 'boot-1', driver })
  await world.untilOnline(joined.node)
  return mac
}

const ask = (command: NodeCommand) => world.nodes.sessions.command(joined.node, command)

describe('a command', () => {
  test('reaches the driver, and its reply comes back', async () => {
    const driver = new TestDriver()
    driver.capabilities = ['typing', 'availability']
    driver.answer = ({ name }) =>
      Promise.resolve(
        name === 'typing' ? { ok: true } : { ok: true, detail: 'Asked IDS.', data: { imessage: true, at: [1, 2] } },
      )
    await connect(driver)
    const typing = { command: 'typing', args: { to: '+14155552671', on: true } } as const
    const both = await Promise.all([ask(typing), ask({ command: 'availability', args: { to: '+14155552672' } })])
    expect(both).toEqual([
      { kind: 'reply', ok: true, detail: null, data: {} },
      { kind: 'reply', ok: true, detail: 'Asked IDS.', data: { imessage: true, at: [1, 2] } },
    ])
    expect(driver.asked).toEqual([
      { name: 'typing', args: typing.args },
      { name: 'availability', args: { to: '+14155552672' } },
    ])
  })

  test('that the driver fails is a reply too', async () => {
    const driver = new TestDriver()
    driver.capabilities = ['mark_read']
    driver.answer = () => Promise.reject(new Error('no such chat'))
    await connect(driver)
    expect(await ask({ command: 'read', args: { to: '+14155552671' } })).toMatchObject({ kind: 'reply', ok: false })
  })

  test('what every node answers: how it is, and what became of an attempt', async () => {
    const driver = new TestDriver()
    driver.says = {
      state: 'degraded',
      provenAtMs: null,
      detail: 'In words.',
      checks: [{ name: 'x', state: 'problem' }],
    }
    await connect(driver)
    expect(await ask({ command: 'diagnose' })).toEqual({
      kind: 'reply',
      ok: true,
      detail: 'degraded: In words.',
      data: { checks: driver.says.checks },
    })
    const attempt = `attempt_${'0'.repeat(26)}` as const
    expect(await ask({ command: 'look_up', attempt })).toMatchObject({ kind: 'reply', ok: false, detail: 'absent' })
  })

  test('that its driver cannot do is not asked', async () => {
    const driver = new TestDriver()
    driver.capabilities = ['reactions']
    await connect(driver)
    expect(await ask({ command: 'edit' })).toEqual({ kind: 'not_capable', needs: 'edit' })
    const react = { to: '+14155552671', guid: 'g', on: true } as const
    expect(await ask({ command: 'react', args: { ...react, reaction: 'emoji', emoji: '🦦' } })).toEqual({
      kind: 'not_capable',
      needs: 'emoji_reactions',
    })
    expect(await ask({ command: 'react', args: { ...react, reaction: 'love' } })).toMatchObject({ kind: 'reply' })
    expect(driver.asked).toHaveLength(1)
  })

  test('to a node that is not connected, or of which nothing is known', async () => {
    expect(await ask({ command: 'diagnose' })).toEqual({ kind: 'not_connected' })
    expect(await world.nodes.sessions.command('node_x', { command: 'diagnose' })).toEqual({ kind: 'not_connected' })
  })

  test('ends with its session, and the next one answers again', async () => {
    const driver = new TestDriver()
    driver.capabilities = ['availability']
    driver.answer = () => new Promise(() => undefined)
    const mac = await connect(driver)
    const waiting = ask({ command: 'availability', args: { to: '+14155552671' } })
    await until('the driver was asked', () => driver.asked.length === 1)
    mac.cut()
    expect(await waiting).toEqual({ kind: 'no_answer', why: 'session_ended' })
    await until('it is back', async () => (await ask({ command: 'diagnose' })).kind === 'reply')
  })
})

test('a new journal goes on reading where the gateway has everything', async () => {
  const first = await connect()
  const message = { guid: 'g', line: LINE, from: '+14155552671', service: 'imessage', body: 'hi', dateMs: 1 } as const
  first.driver.events?.inbound({ ...message, backfilled: false }, 'row 41')
  await until('it is committed', () => world.raw.prepare('select 1 from inbound').get() !== undefined)
  await first.stop()
  const second = new TestDriver()
  await connect(second)
  await until('it was told', () => second.resumedAt)
  expect(second.resumedAt).toBe('row 41')
})
