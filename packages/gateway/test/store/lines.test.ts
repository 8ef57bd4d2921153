/**
 * Lines in the SQLite store.
 * Proves: an address that another connected node has stays there, and one whose node is away moves, each with an event; what an operator
 * orders holds a line back or takes it out of routing, is in the audit log, and wakes whoever waits for the line.
 */
import { describe, expect, test } from 'vitest'
import { newUlidSource } from '@bluewire/platform/chance'
import { openDurably } from '@bluewire/platform/sqlite'
import { sqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { OK, realNode } from './conformance-real-node.ts'
import { StoreWorld } from './store-world.ts'

async function newWorld() {
  const raw = openDurably(':memory:')
  const world = await new StoreWorld(({ clock, onHints }) =>
    Promise.resolve(
      sqliteStore(raw, {
        clock,
        ulid: newUlidSource(() => clock.nowMs(), Math.random),
        lineDefaults: { gapMs: 1000, burst: 5 },
        onHints,
        onFatal: (error) => {
          throw error
        },
      }),
    ),
  ).start()
  const events = () =>
    raw
      .prepare("select type, node from events where type like 'line.%' or type = 'node.paused' order by seq")
      .all()
      .map((row) => [row['type'], row['node']])
  return { world, events }
}

describe('an address that two nodes offer', () => {
  test('stays with the one that is connected', async () => {
    const { world, events } = await newWorld()
    const first = world.node
    world.node = await world.join('mac-2')
    const welcome = await world.connect({ journal_id: `journal_${world.ulid()}` })
    expect(welcome.lines).toEqual([])
    expect(events()).toEqual([
      ['line.added', first],
      ['line.conflict', world.node],
    ])
  })

  test('moves when that one is away', async () => {
    const { world, events } = await newWorld()
    const first = world.node
    await world.do(world.store.closed(world.session))
    world.node = await world.join('mac-2')
    const welcome = await world.connect({ journal_id: `journal_${world.ulid()}` })
    expect(welcome.lines).toMatchObject([{ id: world.line }])
    expect(events()).toEqual([
      ['line.added', first],
      ['line.moved', world.node],
    ])
  })
})

test('orders of an operator', async () => {
  const { world } = await newWorld()
  const { store, account, line } = world
  const order = (name: 'pause' | 'resume' | 'suspend' | 'unsuspend', reason: string | null = null) =>
    world.do(store.orderLine('cli:ann', line, { order: name, reason }))
  const now = async () => (await store.lines(account))[0]

  expect(await order('pause', 'moving')).toBe(true)
  expect(await now()).toMatchObject({ paused: true, pauseReason: 'moving', suspended: false })
  await order('suspend')
  await order('resume')
  expect(await now()).toMatchObject({ paused: false, pauseReason: null, suspended: true })
  expect(world.hints.at(-1)).toEqual({ kind: 'line', id: line })
  await order('unsuspend')
  expect(await now()).toMatchObject({ suspended: false })
  expect(await world.do(store.orderLine('cli:ann', `line_${world.ulid()}`, { order: 'pause', reason: null }))).toBe(
    false,
  )
  const audited = (await store.audit(4)).map(({ actor, action, target, data }) => [actor, action, target, data])
  expect(audited.reverse()).toEqual([
    ['cli:ann', 'line.pause', line, { reason: 'moving' }],
    ['cli:ann', 'line.suspend', line, {}],
    ['cli:ann', 'line.resume', line, {}],
    ['cli:ann', 'line.unsuspend', line, {}],
  ])
})

test('the first real node that is well pauses the simulated one, with an event that names it', async () => {
  const { world, events } = await newWorld()
  const real = await realNode(world)
  await world.do(world.store.health(real, OK))
  expect(events().at(-1)).toEqual(['node.paused', world.node])
})
