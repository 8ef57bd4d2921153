/**
 * Frames of a node that make no sense.
 * Proves: 10,000 mutated frames neither crash a session nor change anything of a message, and each is answered or ends the session;
 * frames that are right but out of place, or of another node, are answered too and change nothing.
 */
import { DatabaseSync } from 'node:sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import type { GatewayFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import { parseNodeFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { HelloFrame, NodeFrame } from '@bluewire/contract/node-protocol/node-frames'
import { newUlidSource } from '@bluewire/platform/chance'
import type { FrameSocket } from '@bluewire/platform/frame-socket'
import { frameFixtures, mutatedFrames } from '@bluewire/testkit/mutated-frames'
import { NodeSession, SESSION_SETTINGS } from '../../src/nodes/node-session.ts'
import { sqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { StoreWorld } from '../store/store-world.ts'

const FIXTURES = frameFixtures('node')
const SEED = 20261103
const FRAMES = 10_000
/** What a session may do by connecting is no change of a message. */
const TABLES = ['messages', 'attempts', 'lanes', 'usage', 'inbound', 'orphans', 'node_journals']

class RecordedSocket implements FrameSocket {
  readonly frames: GatewayFrame[] = []
  isClosed = false
  send(text: string): void {
    this.frames.push(JSON.parse(text) as GatewayFrame)
  }
  close(): void {
    this.isClosed = true
  }
}

/** A store with one attempt in flight, and sessions of its node. */
class Sessions {
  readonly raw = new DatabaseSync(':memory:')
  readonly failures: string[] = []
  readonly world = new StoreWorld(({ clock, onHints }) => {
    const ulid = newUlidSource(() => clock.nowMs(), Math.random)
    const onFatal = (error: unknown): void => void this.failures.push(String(error))
    return Promise.resolve(
      sqliteStore(this.raw, { clock, ulid, lineDefaults: { gapMs: 1000, burst: 5 }, onHints, onFatal }),
    )
  })
  session!: NodeSession
  socket!: RecordedSocket
  #conn = 100

  async start(): Promise<this> {
    await this.world.start()
    await this.world.accept()
    const dispatched = await this.world.dispatch()
    await this.world.do(this.world.store.taken(this.world.session, dispatched.attempt))
    await this.connect()
    return this
  }

  /** A new connection, up to the point where the node works. */
  async connect(): Promise<void> {
    this.greet()
    await this.say(this.world.hello({ conn: this.#conn++ }))
    const welcome = this.socket.frames.find((frame) => frame.t === 'welcome')
    if (welcome === undefined) throw new Error(JSON.stringify(this.socket.frames))
    const states = Object.fromEntries(welcome.resume.map(({ attempt }) => [attempt, 'started' as const]))
    await this.say({ t: 'ready', session: welcome.session, states, outbox_head: 0 })
    expect(this.session.working).toBe(true)
    this.socket.frames.length = 0
  }

  /** A new connection that has said nothing yet. */
  greet(): void {
    this.socket = new RecordedSocket()
    this.session = new NodeSession(this.world.node, this.socket, {
      store: this.world.store,
      clock: this.world.clock,
      gateway: 'gw_test',
      settings: SESSION_SETTINGS,
      log: (event) => void (event === 'session_failed' && this.failures.push(event)),
      onWorking: () => undefined,
      onClosed: () => undefined,
    })
  }

  say(frame: NodeFrame | HelloFrame): Promise<void> {
    this.session.received(JSON.stringify(frame))
    return this.world.clock.settle()
  }

  rows(): string {
    return JSON.stringify([
      ...TABLES.map((table) => this.raw.prepare(`select * from ${table}`).all()),
      this.raw.prepare('select * from events where message is not null').all(),
    ])
  }
}

describe('mutated frames', () => {
  const open: Sessions[] = []
  afterEach(async () => {
    for (const sessions of open.splice(0)) await sessions.world.store.close()
  })
  const start = async (): Promise<Sessions> => {
    const sessions = await new Sessions().start()
    open.push(sessions)
    return sessions
  }

  it(`${FRAMES} of them: no crash, no change, each answered or the session closed`, async () => {
    const sessions = await start()
    const mutated = mutatedFrames(FIXTURES, SEED)
    const before = sessions.rows()
    let tried = 0
    let closed = 0
    while (tried < FRAMES) {
      const text = mutated.next().value
      // What is still right after its mutation is tried below.
      if (parseNodeFrame(text).ok) continue
      tried++
      sessions.session.received(text)
      const answers = sessions.socket.frames.splice(0).map(({ t }) => t)
      expect(answers).toEqual([sessions.socket.isClosed ? 'bye' : 'complaint'])
      if (!sessions.socket.isClosed) continue
      closed++
      await sessions.connect()
    }
    await sessions.world.clock.settle()
    expect(closed).toBe(Math.floor(FRAMES / 21))
    expect(sessions.rows()).toBe(before)
    expect(sessions.failures).toEqual([])
  })

  it('mutated frames that are still well formed end no process and touch no attempt of others', async () => {
    const sessions = await start()
    const mutated = mutatedFrames(FIXTURES, SEED)
    const before = sessions.raw.prepare('select * from attempts').all()
    let tried = 0
    while (tried < 2_000) {
      const text = mutated.next().value
      if (!parseNodeFrame(text).ok) continue
      tried++
      sessions.session.received(text)
      await sessions.world.clock.settle()
      if (sessions.socket.isClosed) await sessions.connect()
    }
    expect(sessions.raw.prepare('select * from attempts').all()).toEqual(before)
    expect(sessions.failures).toEqual([])
  })

  it('right frames before hello: each is answered, and nothing changes', async () => {
    const sessions = await start()
    const before = sessions.rows()
    for (const text of FIXTURES.filter((fixture) => !/"t":"(hello|complaint)"/.test(fixture))) {
      sessions.greet()
      sessions.session.received(text)
      await sessions.world.clock.settle()
      expect(sessions.socket.frames.map(({ t }) => t)).toEqual(['complaint'])
    }
    expect(sessions.rows()).toBe(before)
  })
})
