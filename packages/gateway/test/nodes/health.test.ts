/**
 * `health`, from the frame to the log.
 * Proves: what a node says of itself is stored with its checks, however odd they are; that it gets no work, or gets it again, is told once as
 * an event and to whoever watches the log, without words of the Mac.
 */
import { describe, expect, it } from 'vitest'
import { SessionWorld } from './session-world.ts'

const HEALTH = { t: 'health', state: 'ok', proven_at: 5, queue: 0, free_bytes: 1 } as const
const CLICK = { name: 'automation', state: 'problem', detail: 'Open System Settings and click.' } as const

async function start(): Promise<SessionWorld> {
  const w = await new SessionWorld().start()
  await w.connect()
  return w
}

function events(w: SessionWorld) {
  const rows = w.raw.prepare(
    "select type, data from events where type in ('node.health', 'node.held', 'node.released')",
  )
  return rows.all().map(({ type, data }) => [type, JSON.parse(String(data)) as unknown])
}

describe('health', () => {
  it('tells once when a node gets no work, why, and when it does again', async () => {
    const w = await start()
    const broken = { ...HEALTH, state: 'broken', detail: 'In words.', checks: [CLICK] }
    for (const frame of [HEALTH, broken, broken, { ...broken, detail: 'Other words.' }, HEALTH, HEALTH])
      await w.say(frame)
    expect(events(w)).toEqual([
      ['node.health', { state: 'ok' }],
      ['node.health', { state: 'broken' }],
      ['node.held', { reason: 'broken', check: 'automation' }],
      ['node.health', { state: 'ok' }],
      ['node.released', {}],
    ])
    expect(w.alerts).toEqual(['node_held'])
  })

  it('a reason that becomes another is news', async () => {
    const w = await start()
    await w.say({ ...HEALTH, state: 'broken' })
    await w.say({ ...HEALTH, checks: [{ name: 'sending_address', state: 'problem' }] })
    expect(events(w).filter(([type]) => type === 'node.held')).toEqual([
      ['node.held', { reason: 'broken' }],
      ['node.held', { reason: 'sending_address', check: 'sending_address' }],
    ])
    expect(w.alerts).toEqual(['node_held', 'node_held'])
  })

  it('as many checks as a frame may have are kept as they are', async () => {
    const w = await start()
    const checks = Array.from({ length: 40 }, (_, n) => ({
      name: `check ${n}`,
      state: 'unknown',
      detail: '🦦'.repeat(250),
    }))
    await w.say({ ...HEALTH, checks })
    expect((await w.world.store.node(w.world.node))?.checks).toEqual(checks)
    await w.say({ ...HEALTH, checks: [...checks, CLICK] })
    expect(w.socket.last('complaint')).toMatchObject({ about: 'health' })
  })

  it('says nothing of a node that is not past its hello', async () => {
    const w = await start()
    w.greet()
    await w.say({ ...HEALTH, state: 'broken' })
    expect(w.socket.last('complaint')).toMatchObject({ about: 'health' })
    expect(events(w)).toEqual([])
  })
})
