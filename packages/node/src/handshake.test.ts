/**
 * The handshake: hello, welcome, ready.
 * Proves: connection numbers only rise and are durable before they are said; every attempt a gateway holds open gets the
 * answer PROTOCOL 8.4 asks for; nothing is told before `ready`, and then everything that waits, in order; an older copy of a
 * journal, a restored gateway and a gateway whose numbers run backwards are each noticed.
 */
import { describe, expect, it } from 'vitest'
import type { WelcomeFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import { attemptNo, LINE, LINE_2, World } from '../test/agent-world.ts'

describe('hello', () => {
  it('has counts and heads, not lists', async () => {
    const world = new World()
    await world.say(await world.work(), world.sendFrame(1))
    const socket = await world.connect()
    expect(socket.of('hello')[0]).toMatchObject({
      protocol: 1,
      conn: 2,
      journal_id: world.journal.heads().journalId,
      journal_head: 3,
      last_session: 1,
      store_epoch_seen: 1,
      machine: 'machine-1',
      driver: 'fake',
      at_most_once: true,
      lines: [
        { address: LINE, services: ['imessage', 'sms'], sends: true, out_24h: 1 },
        { address: LINE_2, out_24h: 0 },
      ],
      outbox: { oldest: 1, head: 1, acked: 0 },
      open: { taken: 0, started: 0 },
      now_ms: world.clock.nowMs(),
      free_bytes: world.freeBytes,
    })
  })

  it('counts every connection attempt, across restarts', async () => {
    const world = new World()
    await world.connect()
    await world.connect()
    world.restart()
    expect((await world.connect()).of('hello')[0]?.conn).toBe(3)
  })

  it('is not said when its number cannot be stored', async () => {
    const world = new World()
    await world.agent.start()
    world.database.exec('pragma query_only = on')
    const socket = await world.connect()
    expect([socket.frames, socket.closed]).toEqual([[], 'now'])
  })

  it('is not said before the agent has started', async () => {
    const world = new World()
    const socket = {
      closed: '',
      send: () => expect.unreachable(),
      close: (how = 'politely') => void (socket.closed = how),
    }
    world.agent.opened(socket)
    expect(socket.closed).toBe('now')
    await world.agent.start()
  })

  it('without an answer the connection is given up', async () => {
    const world = new World()
    const socket = await world.connect()
    await world.clock.advance(20_000)
    expect(socket.closed).toBe('now')
    expect(world.agent.status().phase).toBe('offline')
  })
})

describe('welcome', () => {
  it('every attempt held open gets its answer, and a tombstone where it is absent', async () => {
    const world = new World()
    world.driver.serialBy = 'line'
    const first = await world.work()
    await world.say(first, world.sendFrame(1)) // settled
    world.driver.holding = true
    await world.say(first, world.sendFrame(2)) // started
    await world.say(first, world.sendFrame(3)) // taken, waits behind 2
    await world.say(first, { t: 'void', session: world.session, attempt: attemptNo(4) })
    const resume = [1, 2, 3, 4, 5].map((n) => ({ attempt: attemptNo(n), proof: true }))
    resume.push({ attempt: attemptNo(6), proof: false })
    const socket = await world.work({ resume })
    expect(socket.of('ready')).toEqual([
      {
        t: 'ready',
        session: world.session,
        outbox_head: world.journal.heads().outbox.head,
        states: {
          [attemptNo(1)]: 'settled',
          [attemptNo(2)]: 'started',
          [attemptNo(3)]: 'void',
          [attemptNo(4)]: 'void',
          [attemptNo(5)]: 'void',
          [attemptNo(6)]: 'lost',
        },
      },
    ])
    expect([5, 6].map((n) => world.state(n))).toEqual(['void', 'void'])
    for (const n of [3, 5, 6]) await world.say(socket, world.sendFrame(n))
    world.driver.held[0]?.settle({ kind: 'sent' })
    await world.clock.advance(1_000)
    expect(world.driver.sent.map(({ attempt }) => attempt)).toEqual([attemptNo(1), attemptNo(2)])
  })

  it('a tombstone proves nothing about an attempt of another journal', async () => {
    const world = new World()
    const first = await world.work()
    await world.say(first, { t: 'void', session: world.session, attempt: attemptNo(1) })
    const socket = await world.work({ resume: [{ attempt: attemptNo(1), proof: false }] })
    expect(socket.of('ready')[0]?.states).toEqual({ [attemptNo(1)]: 'lost' })
  })

  it('the fact of a settled one that was acked is queued again under a new number', async () => {
    const world = new World()
    const first = await world.work()
    await world.say(first, world.sendFrame(1))
    await world.say(first, { t: 'ack', journal_id: world.journal.heads().journalId, seq: 1 })
    const socket = await world.work({ acked_seq: 1, resume: [{ attempt: attemptNo(1), proof: true }] })
    expect(socket.words).toEqual(['hello', 'ready', 'fact'])
    expect(socket.of('fact')).toMatchObject([{ seq: 2, fact: 'sent' }])
    expect(socket.of('ready')[0]?.outbox_head).toBe(2)
  })

  it('nothing of the outbox goes out before ready; then all of it, in order', async () => {
    const world = new World()
    const first = await world.work()
    for (let n = 1; n <= 5; n++) await world.say(first, world.sendFrame(n))
    const receive = (n: number) =>
      world.driver.events?.inbound({
        guid: `g${n}`,
        line: LINE,
        from: '+14155552671',
        service: 'sms',
        body: 'b',
        dateMs: n,
        backfilled: false,
      })
    world.agent.closed(first)
    for (let n = 0; n < 150; n++) receive(n)
    const socket = await world.connect()
    expect(socket.words).toEqual(['hello'])
    await world.say(socket, world.welcomeFrame({ acked_seq: 2 }))
    const seqs = socket.frames.flatMap((frame) => ('seq' in frame ? [frame.seq] : []))
    expect(seqs).toEqual(Array.from({ length: 153 }, (_, i) => i + 3))
    expect(world.agent.status()).toMatchObject({ phase: 'working', unacked: 153 })
  })

  it('what arrives while a long backlog goes out keeps its place behind it', async () => {
    const world = new World()
    world.agent.closed(await world.work())
    const receive = (n: number) =>
      world.driver.events?.inbound({
        guid: `g${n}`,
        line: LINE,
        from: '+14155552671',
        service: 'sms',
        body: 'b',
        dateMs: n,
        backfilled: false,
      })
    for (let n = 0; n < 150; n++) receive(n)
    const socket = await world.connect()
    world.agent.received(socket, JSON.stringify(world.welcomeFrame()))
    receive(150)
    await world.clock.settle()
    expect(socket.of('inbound').map(({ seq }) => seq)).toEqual(Array.from({ length: 151 }, (_, i) => i + 1))
  })

  it('a second welcome in one connection changes nothing', async () => {
    const world = new World()
    const socket = await world.work()
    await world.say(socket, world.welcomeFrame())
    expect(socket.of('ready')).toHaveLength(1)
    expect(world.agent.status().session).toBe(1)
    expect(socket.of('complaint')).toMatchObject([{ about: 'welcome' }])
  })

  it('a session that is not higher than the last one is not entered', async () => {
    const world = new World()
    await world.work({ session: 9 })
    const socket = await world.work({ session: 9 })
    expect(socket.of('ready')).toEqual([])
    expect(socket.closed).toBe('now')
  })

  it('observe: outcomes are told, sends are not taken', async () => {
    const world = new World()
    const first = await world.work()
    await world.say(first, world.sendFrame(1))
    const socket = await world.work({ mode: 'observe', reason: 'restored' })
    expect(world.asked).toEqual(['ready']) // of the first: after this one, the next connection may be far off
    expect(socket.of('fact')).toHaveLength(1)
    await world.say(socket, world.sendFrame(2))
    expect(socket.of('refused')).toMatchObject([{ reason: 'observing' }])
    expect(world.agent.status().phase).toBe('observing')
  })

  it('that cannot be stored is not answered', async () => {
    const world = new World()
    const socket = await world.connect()
    world.database.exec('pragma query_only = on')
    await world.say(socket, world.welcomeFrame({ resume: [{ attempt: attemptNo(1), proof: true }] }))
    expect(socket.of('ready')).toEqual([])
    expect(socket.closed).toBe('now')
  })
})

describe('acks', () => {
  it('are kept, of this journal and up to its head only', async () => {
    const world = new World()
    const socket = await world.work()
    for (const n of [1, 2]) await world.say(socket, world.sendFrame(n))
    const { journalId } = world.journal.heads()
    await world.say(socket, { t: 'ack', journal_id: `journal_${'Z'.repeat(26)}`, seq: 2 })
    await world.say(socket, { t: 'ack', journal_id: journalId, seq: 3 })
    await world.clock.advance(1_000)
    expect(world.journal.heads().outbox.acked).toBe(0)
    await world.say(socket, { t: 'ack', journal_id: journalId, seq: 2 })
    await world.clock.advance(1_000)
    expect(world.journal.heads().outbox.acked).toBe(2)
    expect((await world.work()).of('fact')).toEqual([])
  })
})

describe('a gateway that lost something', () => {
  async function withAckedFacts(): Promise<World> {
    const world = new World()
    const socket = await world.work()
    for (const n of [1, 2, 3]) {
      await world.say(socket, world.sendFrame(n))
      await world.clock.advance(10_000)
    }
    await world.say(socket, { t: 'ack', journal_id: world.journal.heads().journalId, seq: 3 })
    await world.clock.advance(1_000)
    return world
  }

  it('acked less than it once did: those frames are sent again', async () => {
    const world = await withAckedFacts()
    expect((await world.work({ acked_seq: 1 })).of('fact').map(({ seq }) => seq)).toEqual([2, 3])
  })

  it('asks for everything since an instant: once per restore', async () => {
    const world = await withAckedFacts()
    const recover: Partial<WelcomeFrame> = { store_epoch: 2, recover_since: world.clock.nowMs() - 15_000 }
    const socket = await world.work(recover)
    expect(socket.of('fact').map(({ seq, attempt }) => [seq, attempt])).toEqual([[4, attemptNo(3)]])
    expect(socket.of('ready')[0]?.outbox_head).toBe(4)
    await world.say(socket, { t: 'ack', journal_id: world.journal.heads().journalId, seq: 4 })
    expect((await world.work(recover)).of('fact')).toEqual([])
    expect((await world.work({ ...recover, store_epoch: 3 })).of('fact')).toHaveLength(2)
  })
})

describe('an older copy of the journal', () => {
  it('bye restored: it begins anew, and proves nothing', async () => {
    const world = new World()
    const first = await world.work()
    const backup = world.database.serialize()
    await world.say(first, world.sendFrame(1))
    world.restart(backup)
    const before = world.journal.heads()
    const socket = await world.connect()
    await world.say(socket, { t: 'bye', code: 'restored', detail: 'older than one seen before' })
    expect(socket.closed).toBe('now')
    const next = await world.work({ resume: [{ attempt: attemptNo(1), proof: false }] })
    expect(next.of('hello')[0]?.journal_id).not.toBe(before.journalId)
    expect(next.of('ready')[0]?.states).toEqual({ [attemptNo(1)]: 'lost' })
    expect(next.of('void_done')).toMatchObject([{ proof: false }])
  })

  it('what was taken in the copy and voided at start is no proof any more', async () => {
    const world = new World()
    const first = await world.work()
    world.driver.holding = true
    await world.say(first, world.sendFrame(1))
    await world.say(first, world.sendFrame(2))
    const backup = world.database.serialize()
    world.driver.held[0]?.settle({ kind: 'sent' }) // and 2 goes out after it
    await world.clock.settle()
    expect(world.driver.sent).toHaveLength(2)
    world.restart(backup)
    world.driver.found = { kind: 'not_sent', class: 'never_handed', reason: 'no_row' }
    const socket = await world.connect()
    await world.say(socket, { t: 'bye', code: 'restored', detail: 'older' })
    const next = await world.work()
    expect(next.of('void_done')).toMatchObject([{ attempt: attemptNo(2), proof: false }])
    expect(next.of('fact')).toMatchObject([{ attempt: attemptNo(1), fact: 'unknown', reason: 'journal_restored' }])
  })

  it('bye stale with a number this journal has not used: the number is skipped, and the journal is an older copy', async () => {
    const world = new World()
    const { journalId } = world.journal.heads()
    const socket = await world.connect()
    await world.say(socket, { t: 'bye', code: 'stale', detail: 'newer known', conn: 40 })
    expect(world.journal.heads()).toMatchObject({ conn: 40 })
    expect(world.journal.heads().journalId).not.toBe(journalId)
    expect((await world.connect()).of('hello')[0]?.conn).toBe(41)
  })

  it('bye stale in a session only ends it', async () => {
    const world = new World()
    const { journalId } = world.journal.heads()
    const socket = await world.work()
    await world.say(socket, { t: 'bye', code: 'stale', detail: 'newer known', conn: 1 })
    expect(world.journal.heads().journalId).toBe(journalId)
    expect(socket.closed).toBe('now')
  })

  it('a gateway that has frames this journal never made: it begins anew', async () => {
    const world = new World()
    const { journalId } = world.journal.heads()
    const socket = await world.work({ acked_seq: 5 })
    expect([socket.of('ready'), socket.closed]).toEqual([[], 'now'])
    expect(world.journal.heads().journalId).not.toBe(journalId)
    expect((await world.work({ acked_seq: 0 })).of('ready')).toHaveLength(1)
  })
})

describe('bye', () => {
  it.each(['revoked', 'cloned', 'unsupported'] as const)('%s: never again', async (code) => {
    const world = new World()
    await world.say(await world.connect(), { t: 'bye', code, detail: 'no' })
    expect(world.asked).toEqual([`refused ${code}`])
  })

  it.each(['replaced', 'malformed', 'no_taken', 'silent', 'draining', 'store'] as const)('%s: again', async (code) => {
    const world = new World()
    const socket = await world.work()
    await world.say(socket, { t: 'bye', code, detail: 'later' })
    expect([socket.closed, world.asked]).toEqual(['now', ['ready']])
    expect((await world.work()).of('ready')).toHaveLength(1)
  })
})
