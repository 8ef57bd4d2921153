/**
 * Frames of a node that make no sense.
 * Proves: 10,000 mutated frames neither crash a session nor change anything of a message, and each is answered or ends the session;
 * frames that are right but out of place, or of another node, are answered too and change nothing.
 */
import { afterEach, describe, expect, it } from 'vitest'
import { parseNodeFrame } from '@bluewire/contract/node-protocol/node-frames'
import { frameFixtures, mutatedFrames } from '@bluewire/testkit/mutated-frames'
import { ORPHANS_MAX } from '../../src/store/sqlite/journals.ts'
import { SessionWorld } from './session-world.ts'

const FIXTURES = frameFixtures('node')
const SEED = 20261103
const FRAMES = 10_000
/** What a session may do by connecting is no change of a message. */
const TABLES = ['messages', 'attempts', 'lanes', 'usage', 'inbound', 'orphans', 'node_journals']

/** With one attempt in flight. */
class Sessions extends SessionWorld {
  override async start(): Promise<this> {
    await super.start()
    await this.world.accept()
    const dispatched = await this.world.dispatch()
    await this.world.do(this.world.store.taken(this.world.session, dispatched.attempt))
    await this.reconnect()
    return this
  }

  async reconnect(): Promise<void> {
    await this.connect()
    expect(this.session.working).toBe(true)
    this.socket.frames.length = 0
  }

  rows(tables = TABLES): string {
    return JSON.stringify([
      ...tables.map((table) => this.raw.prepare(`select * from ${table}`).all()),
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
      await sessions.reconnect()
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
      if (sessions.socket.isClosed) await sessions.reconnect()
    }
    expect(sessions.raw.prepare('select * from attempts').all()).toEqual(before)
    expect(sessions.failures).toEqual([])
  })

  it('of the session’s own journal: what has its place in the journal is kept, bounded, and no message changes', async () => {
    const sessions = await start()
    const ours = FIXTURES.map((text) => text.replace(/journal_[0-9A-Z]{26}/, sessions.world.journal))
    const mutated = mutatedFrames(ours, SEED)
    const messages = TABLES.filter((table) => table !== 'orphans' && table !== 'node_journals')
    const before = sessions.rows(messages)
    for (let seq = 1, tried = 0; tried < 3_000;) {
      const text = mutated.next().value.replace(/"seq":\d+/, `"seq":${seq}`)
      if (parseNodeFrame(text).ok) continue
      tried++
      sessions.session.received(text)
      await sessions.world.clock.settle()
      const [answer, ...more] = sessions.socket.frames.splice(0)
      expect(more).toEqual([])
      expect(['ack', 'complaint', 'bye']).toContain(answer?.t)
      if (answer?.t === 'ack') seq = answer.seq + 1
      if (sessions.socket.isClosed) await sessions.reconnect()
    }
    expect(sessions.rows(messages)).toBe(before)
    expect(sessions.count('orphans')).toBeGreaterThan(100)
    expect(sessions.count('orphans')).toBeLessThanOrEqual(ORPHANS_MAX)
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
