/**
 * Two machines with one credential and one identity (PROTOCOL 4), as the sessions and the store see them.
 * Proves: both are paused, told so, and get nothing; it is told once as an event and to whoever watches the log, and shown; what waits moves;
 * it outlives reconnects, until an operator ends it, whose word fences who was told to observe; one machine is never paused for its network.
 */
import { describe, expect, it } from 'vitest'
import { LiveSessions } from '../../src/nodes/live-sessions.ts'
import { SESSION_SETTINGS } from '../../src/nodes/node-session.ts'
import { RecordedSocket, SessionWorld } from './session-world.ts'

/** By turns, each with its journal. */
async function alternate(w: SessionWorld, times: number): Promise<void> {
  const own = w.world.journal
  const others = `journal_${w.world.ulid()}` as const
  for (let n = 0; n < times; n++) {
    w.world.journal = n % 2 === 0 ? own : others
    await w.connect({ boot_id: n % 2 === 0 ? 'A' : 'B', journal_id: w.world.journal })
  }
}

async function paused(): Promise<SessionWorld> {
  const w = await new SessionWorld().start()
  await alternate(w, 4)
  return w
}

const events = (w: SessionWorld) =>
  w.raw
    .prepare("select type, data from events where type in ('node.paused', 'node.resumed') order by seq")
    .all()
    .map(({ type, data }) => [type, JSON.parse(String(data)) as unknown])

describe('two machines by turns', () => {
  it('are told to observe, from the fourth session on', async () => {
    const w = await new SessionWorld().start()
    await alternate(w, 3)
    expect(w.socket.last('welcome')).toMatchObject({ mode: 'work' })
    expect(w.socket.last('welcome')).not.toHaveProperty('reason')
    await alternate(w, 4)
    const reason = expect.stringContaining('Two machines use the credential of this node') as string
    expect(w.socket.last('welcome')).toMatchObject({ mode: 'observe', reason })
    await w.connect({ boot_id: 'A' })
    expect(w.socket.last('welcome')).toMatchObject({ mode: 'observe', reason })
    expect(events(w)).toEqual([['node.paused', { reason: 'two_machines' }]])
    expect(w.alerts).toEqual(['node_paused'])
  })

  it('get nothing to send, and that is shown', async () => {
    const w = await paused()
    const id = await w.world.accept()
    expect(await w.world.dispatchAny()).toEqual({ kind: 'nothing', againInMs: null, why: 'paused' })
    const hold = { why: 'two_machines', check: null, detail: expect.stringContaining('node resume') as string }
    expect((await w.world.state(id)).line?.node).toMatchObject({ online: true, hold })
    expect(await w.world.store.node(w.world.node)).toMatchObject({ online: true, hold })
    expect(await w.world.store.nodes(w.world.account)).toMatchObject([{ hold }])
    await w.say({ t: 'health', state: 'ok', proven_at: 1, queue: 0, free_bytes: 1 })
    expect(await w.world.dispatchAny()).toMatchObject({ why: 'paused' })
  })

  it('tell what they know all the same', async () => {
    const w = await new SessionWorld().start()
    const id = await w.world.accept()
    const d = await w.world.dispatch()
    const own = w.world.journal
    await alternate(w, 4)
    expect((await w.world.state(id)).state).toBe('unknown')
    await w.connect({ boot_id: 'A', journal_id: own })
    await w.say({ ...w.world.factFrame(d, { fact: 'sent' }), journal_id: own, seq: 1 })
    expect((await w.world.state(id)).state).toBe('sent')
    expect(w.socket.last('ack')).toMatchObject({ seq: 1 })
  })

  it('what waits for them moves to another line, as from a node that is away', async () => {
    const w = await paused()
    const id = await w.world.accept()
    await w.say({ t: 'health', state: 'ok', proven_at: 1, queue: 0, free_bytes: 1 }) // its own word is not asked
    w.world.node = await w.world.join('mac-2', { machine: 'machine-2' })
    w.world.journal = `journal_${w.world.ulid()}`
    const address = '+15005550002'
    const lines = [{ address, services: ['imessage' as const], sends: true, out_24h: 0 }]
    await w.world.connect({ machine: 'machine-2', lines })
    await w.world.clock.advance(300_000)
    expect(await w.world.do(w.world.store.failOver(300_000))).toBe(0)
    await w.world.clock.advance(1)
    expect(await w.world.do(w.world.store.failOver(300_000))).toBe(1)
    expect((await w.world.state(id)).line?.address).toBe(address)
  })
})

describe('an operator ends it', () => {
  it('who was told to observe is fenced, and the next session works', async () => {
    const w = await paused()
    const { world } = w
    const id = await world.accept()
    const told = world.session
    expect(await world.do(world.store.resumeNode('cli:ann', world.node))).toBe('resumed')
    expect(await world.dispatchAny()).toEqual({ kind: 'fenced' })
    expect(await world.store.standing(told)).toBe('fenced')
    await w.connect({ boot_id: 'A' })
    expect(w.socket.last('welcome')).toMatchObject({ mode: 'work' })
    expect((await world.dispatch()).message).toBe(id)
    expect(events(w).map(([type]) => type)).toEqual(['node.paused', 'node.resumed'])
    expect((await world.store.audit(10))[0]).toMatchObject({
      actor: 'cli:ann',
      action: 'node.resume',
      target: world.node,
    })
  })

  it('a session of this process is sent away to begin anew', async () => {
    const w = await new SessionWorld().start()
    const { world } = w
    const sessions = new LiveSessions({
      ...{ store: world.store, clock: world.clock, gateway: 'gw_test', settings: SESSION_SETTINGS },
      log: () => undefined,
      onWorking: () => undefined,
      onClosed: () => undefined,
    })
    await alternate(w, 4)
    const socket = new RecordedSocket()
    const session = sessions.open(world.node, socket)
    session.received(JSON.stringify(world.hello({ conn: 500 })))
    await world.clock.settle()
    session.received(JSON.stringify({ t: 'ready', session: session.epoch, states: {}, outbox_head: 0 }))
    await world.clock.settle()
    const command = (name: 'diagnose' | 'restart_messages') => sessions.command(world.node, { command: name })
    expect(await command('restart_messages')).toEqual({ kind: 'paused' })
    void command('diagnose')
    await world.clock.settle()
    expect(socket.last('command')).toMatchObject({ command: 'diagnose' })
    await world.do(world.store.resumeNode('test', world.node))
    await world.do(sessions.reconcile())
    expect(socket.last('bye')).toMatchObject({ code: 'replaced' })
  })

  it('while both are still there, it is found again; what was before does not count', async () => {
    const w = await paused()
    await w.world.do(w.world.store.resumeNode('test', w.world.node))
    await alternate(w, 3)
    expect(w.socket.last('welcome')).toMatchObject({ mode: 'work' })
    await alternate(w, 4)
    expect(w.socket.last('welcome')).toMatchObject({ mode: 'observe' })
    expect(w.alerts).toEqual(['node_paused', 'node_paused'])
  })

  it('where there is nothing to end, it is refused', async () => {
    const w = await new SessionWorld().start()
    expect(await w.world.do(w.world.store.resumeNode('test', w.world.node))).toBe('not_held')
    await alternate(w, 4)
    await w.world.do(w.world.store.retireNode('test', w.world.node))
    expect(await w.world.do(w.world.store.resumeNode('test', w.world.node))).toBe('not_held')
    expect(events(w).map(([type]) => type)).toEqual(['node.paused'])
  })
})

it('one machine whose network comes and goes is left alone', async () => {
  const w = await new SessionWorld().start()
  for (let n = 1; n <= 50; n++) await w.connect({ boot_id: 'A', journal_head: n })
  for (let n = 51; n <= 60; n++) await w.connect({ boot_id: `boot ${n}`, journal_head: n }) // and it starts anew
  expect(w.socket.last('welcome')).toMatchObject({ mode: 'work' })
  expect(w.alerts).toEqual([])
})
