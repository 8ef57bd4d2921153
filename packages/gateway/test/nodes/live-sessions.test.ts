/**
 * Sessions that stand still, are fenced, or are missed.
 * Proves: no hello, no ready, no outbox: the session ends in time; a settled attempt whose fact never comes ends as unknown; a newer hello
 * ends the older session; an end that could not be stored is stored later; a node that another process retired is sent away; a node from
 * before a recovery says hello anew; and a node that says too much is not read.
 */
import { describe, expect, it } from 'vitest'
import { LiveSessions } from '../../src/nodes/live-sessions.ts'
import {
  HELLO_WITHIN_MS,
  OUTBOX_STEP_WITHIN_MS,
  READY_WITHIN_MS,
  SESSION_SETTINGS,
} from '../../src/nodes/node-session.ts'
import type { NodeSession } from '../../src/nodes/node-session.ts'
import { StoreUnavailableError } from '../../src/store/store.ts'
import { LINE_ADDRESS, RECIPIENT } from '../store/store-world.ts'
import { RecordedSocket, SessionWorld } from './session-world.ts'

const start = (): Promise<SessionWorld> => new SessionWorld().start()

describe('before a session works', () => {
  it('no hello', async () => {
    const w = await start()
    w.greet()
    await w.world.clock.advance(HELLO_WITHIN_MS - 1)
    expect(w.socket.isClosed).toBe(false)
    await w.world.clock.advance(1)
    expect(w.socket.last('bye')).toMatchObject({ code: 'silent' })
  })

  it('no ready: the session ends, so that the node can be missed', async () => {
    const w = await start()
    const id = await w.world.accept()
    await w.world.dispatch()
    await w.hello()
    await w.world.clock.advance(READY_WITHIN_MS)
    expect(w.socket.last('bye')).toMatchObject({ code: 'silent' })
    await w.world.clock.advance(60_001)
    expect(await w.world.do(w.world.store.declareLost(60_000))).toEqual([w.world.node])
    expect(await w.world.state(id)).toMatchObject({ state: 'unknown' })
  })

  it('nothing of the outbox comes', async () => {
    const w = await start()
    await w.connect({ outbox: { oldest: 1, head: 2, acked: 0 } }, undefined, 2)
    await w.world.clock.advance(OUTBOX_STEP_WITHIN_MS - 1)
    const inbound = { line: LINE_ADDRESS, from: RECIPIENT, service: 'sms', body: '', date: 1, backfilled: false }
    await w.say({ t: 'inbound', journal_id: w.world.journal, seq: 1, guid: 'g', ...inbound })
    await w.world.clock.advance(1)
    expect(w.socket.isClosed).toBe(false)
    await w.world.clock.advance(OUTBOX_STEP_WITHIN_MS)
    expect(w.socket.last('bye')).toMatchObject({ code: 'silent' })
  })

  it('a session that works is left alone', async () => {
    const w = await start()
    await w.connect()
    await w.world.clock.advance(3600_000)
    expect(w.socket.isClosed).toBe(false)
  })

  it('a settled attempt whose fact never comes is asked for, and ends as unknown', async () => {
    const w = await start()
    const id = await w.world.accept()
    const { attempt } = await w.world.dispatch()
    await w.connect({}, () => 'settled')
    await w.world.clock.advance(181_000)
    expect(w.socket.last('command')).toMatchObject({ command: 'look_up', attempt })
    await w.world.clock.advance(61_000)
    expect(await w.world.state(id)).toMatchObject({ state: 'unknown' })
  })
})

describe('what the store and the process believe', () => {
  class Live {
    readonly w: SessionWorld
    readonly sessions: LiveSessions
    constructor(w: SessionWorld) {
      this.w = w
      this.sessions = new LiveSessions({
        store: { ...w.world.store, closed: (session) => (w.faults.closed ?? w.world.store.closed)(session) },
        clock: w.world.clock,
        gateway: 'gw_test',
        settings: SESSION_SETTINGS,
        log: () => undefined,
        onWorking: () => undefined,
        onClosed: () => undefined,
      })
    }
    async connect(conn: number): Promise<{ session: NodeSession; socket: RecordedSocket }> {
      const socket = new RecordedSocket()
      const session = this.sessions.open(this.w.world.node, socket)
      session.received(JSON.stringify(this.w.world.hello({ conn })))
      await this.w.world.clock.settle()
      const ready = { t: 'ready', session: session.epoch, states: {}, outbox_head: 0 }
      session.received(JSON.stringify(ready))
      await this.w.world.clock.settle()
      return { session, socket }
    }
    reconcile(): Promise<void> {
      return this.w.world.do(this.sessions.reconcile())
    }
    get online(): boolean {
      return this.w.raw.prepare('select 1 from nodes where gateway is not null').get() !== undefined
    }
  }
  const live = async (): Promise<Live> => new Live(await start())

  it('a newer hello ends the older session at once', async () => {
    const l = await live()
    const older = await l.connect(10)
    const newer = await l.connect(11)
    expect(older.socket.last('bye')).toMatchObject({ code: 'replaced' })
    expect(newer.session.working).toBe(true)
    await l.reconcile()
    expect(newer.session.working).toBe(true)
    expect(l.sessions.all()).toEqual([newer.session])
  })

  it('an end that could not be stored is stored when the disk has room again', async () => {
    const l = await live()
    const { session } = await l.connect(10)
    l.w.faults.closed = () => Promise.reject(new StoreUnavailableError('full', { diskFull: true }))
    session.closed()
    await expect(l.reconcile()).rejects.toThrow('full')
    expect(l.online).toBe(true)
    delete l.w.faults.closed
    await l.reconcile()
    expect(l.online).toBe(false)
  })

  it('a node that another process retired is sent away, and one whose row is closed comes back', async () => {
    const l = await live()
    const { socket } = await l.connect(10)
    await l.w.world.do(l.w.world.store.retireNode('test', l.w.world.node))
    await l.reconcile()
    expect(socket.last('bye')).toMatchObject({ code: 'revoked' })
    const m = await live()
    const { session, socket: second } = await m.connect(10)
    await m.w.world.do(m.w.world.store.closed({ node: m.w.world.node, epoch: session.epoch }))
    await m.reconcile()
    expect(second.last('bye')).toMatchObject({ code: 'replaced' })
  })

  it('a recovery that another process began: the node says hello anew and is asked', async () => {
    const l = await live()
    const { socket } = await l.connect(10)
    await l.w.world.do(l.w.world.store.beginRecovery())
    await l.reconcile()
    expect(socket.last('bye')).toMatchObject({ code: 'recovering' })
    const again = await l.connect(11)
    expect(again.socket.last('welcome')).toHaveProperty('recover_since')
    await l.reconcile()
    expect(again.socket.isClosed).toBe(false)
  })
})

describe('a session', () => {
  it('whose health is fenced ends', async () => {
    const w = await start()
    await w.connect()
    await w.world.connect({ conn: 999 })
    await w.say({ t: 'health', state: 'ok', proven_at: null, queue: 0, free_bytes: 1 })
    expect(w.socket.last('bye')).toMatchObject({ code: 'replaced' })
  })

  it('that says more than can be stored is not read until most of it is', async () => {
    const w = await start()
    await w.connect()
    const calls: string[] = []
    Object.assign(w.socket, { pause: () => calls.push('pause'), resume: () => calls.push('resume') })
    const taken = JSON.stringify({ t: 'taken', session: w.session.epoch, attempt: `attempt_${w.world.ulid()}` })
    for (let i = 0; i < 500; i++) w.session.received(taken)
    expect(calls).toEqual([])
    w.session.received(taken)
    expect(calls).toEqual(['pause'])
    await w.world.clock.settle()
    expect(calls).toEqual(['pause', 'resume'])
  })
})
