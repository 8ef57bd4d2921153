/**
 * The agent at work: sends, refusals, cancels, and what the end of a session does to them.
 * Proves: an attempt reaches the driver at most once and only after `started` is durable; a refused one has a tombstone;
 * nothing starts late, out of its session, or beside another of its lane; facts outlive the connection.
 * World: the real agent, journal and outbox on an in-memory database, in virtual time; the gateway is a list of frames.
 */
import { describe, expect, it } from 'vitest'
import { attemptNo, LINE, LINE_2, messageNo, World } from '../test/agent-world.ts'
import type { FakeSocket } from '../test/agent-world.ts'

function sentNos(world: World): string[] {
  return world.driver.sent.map(({ attempt }) => String(Number(attempt.slice('attempt_'.length))))
}

async function hold(world: World): Promise<FakeSocket> {
  world.driver.holding = true
  return world.work()
}

describe('a send', () => {
  it('is taken, started, settled and told, each durable before the next', async () => {
    const world = new World()
    const socket = await world.work()
    const states: string[] = []
    world.driver.send = (outgoing) => {
      states.push(world.state(1), socket.words.at(-1) ?? '')
      world.driver.sent.push(outgoing)
      return Promise.resolve({ kind: 'sent', rowGuids: ['row-1'] })
    }
    await world.say(socket, world.sendFrame(1))
    expect(states).toEqual(['started', 'taken'])
    expect(socket.words).toEqual(['hello', 'ready', 'taken', 'fact'])
    expect(socket.of('fact')[0]).toMatchObject({
      attempt: attemptNo(1),
      message: messageNo(1),
      fact: 'sent',
      row_guid: 'row-1',
      seq: 1,
    })
    expect(world.state(1)).toBe('settled')
    expect(world.journal.find(attemptNo(1))?.body).toBeNull()
  })

  it.each([
    [
      { kind: 'not_sent', class: 'refused', reason: 'recipient_not_on_imessage', detail: 'Messages error 22' } as const,
      { fact: 'not_sent', class: 'refused', reason: 'recipient_not_on_imessage', detail: 'Messages error 22' },
    ],
    [{ kind: 'unknown', reason: 'timed_out' } as const, { fact: 'unknown', reason: 'timed_out' }],
    [{ kind: 'sent', wasDowngraded: true } as const, { fact: 'sent', was_downgraded: true }],
  ])('tells %j', async (outcome, fact) => {
    const world = new World()
    world.driver.outcome = outcome
    const socket = await world.work()
    await world.say(socket, world.sendFrame(1))
    expect(socket.of('fact')[0]).toMatchObject(fact)
  })

  it('that makes the driver throw is unknown, and says nothing of the text', async () => {
    const world = new World()
    const socket = await hold(world)
    await world.say(socket, world.sendFrame(1, { body: 'very private' }))
    world.driver.held[0]?.fail(new TypeError('could not send "very private"'))
    await world.clock.settle()
    expect(socket.of('fact')[0]).toMatchObject({ fact: 'unknown', reason: 'driver_error', detail: 'TypeError' })
    expect(JSON.stringify([socket.frames, world.logged])).not.toContain('very private')
  })

  it('whose detail quotes the text loses the detail', async () => {
    const world = new World()
    world.driver.outcome = { kind: 'unknown', reason: 'odd', detail: 'what became of "very private"?' }
    const socket = await world.work()
    await world.say(socket, world.sendFrame(1, { body: 'very private' }))
    expect(socket.of('fact')[0]).not.toHaveProperty('detail')
  })

  it('of a known attempt is answered with its state and runs nothing', async () => {
    const world = new World()
    const socket = await hold(world)
    await world.say(socket, world.sendFrame(1))
    await world.say(socket, world.sendFrame(2))
    await world.say(socket, world.sendFrame(1))
    await world.say(socket, world.sendFrame(2))
    expect(socket.words.slice(2)).toEqual(['taken', 'taken', 'taken', 'taken'])
    world.driver.held[0]?.settle({ kind: 'sent' })
    await world.clock.settle()
    await world.say(socket, { t: 'ack', journal_id: world.journal.heads().journalId, seq: 1 })
    await world.say(socket, world.sendFrame(1))
    expect(socket.of('fact')).toMatchObject([{ seq: 1 }, { seq: 2, attempt: attemptNo(1), fact: 'sent' }])
    world.driver.refuse = 'node_disk_full'
    await world.say(socket, world.sendFrame(3))
    await world.say(socket, world.sendFrame(3))
    expect(socket.of('void_done')).toMatchObject([{ seq: 3 }, { seq: 3 }])
    expect(sentNos(world)).toEqual(['1', '2'])
  })
})

describe('turns', () => {
  it('one at a time for the whole node', async () => {
    const world = new World()
    const socket = await hold(world)
    await world.say(socket, world.sendFrame(1))
    await world.say(socket, world.sendFrame(2, { line: LINE_2 }))
    await world.say(socket, world.sendFrame(3))
    expect(sentNos(world)).toEqual(['1'])
    world.driver.held[0]?.settle({ kind: 'sent' })
    await world.clock.settle()
    expect(sentNos(world)).toEqual(['1', '2'])
    world.driver.held[1]?.settle({ kind: 'unknown', reason: 'timed_out' })
    await world.clock.settle()
    expect(sentNos(world)).toEqual(['1', '2', '3'])
  })

  it('one at a time for each line, when the driver says so', async () => {
    const world = new World()
    world.driver.serialBy = 'line'
    const socket = await hold(world)
    await world.say(socket, world.sendFrame(1))
    await world.say(socket, world.sendFrame(2))
    await world.say(socket, world.sendFrame(3, { line: LINE_2 }))
    expect(sentNos(world)).toEqual(['1', '3'])
  })

  it('a line keeps its gap, and does not hold up another', async () => {
    const world = new World()
    const settings = { ping_ms: 15_000, start_within_ms: 10_000, gap_ms: 1_000, max_open: 5 }
    const socket = await world.work({ settings })
    for (const n of [1, 2]) await world.say(socket, world.sendFrame(n))
    await world.say(socket, world.sendFrame(3, { line: LINE_2 }))
    expect(sentNos(world)).toEqual(['1', '3'])
    await world.clock.advance(999)
    expect(sentNos(world)).toEqual(['1', '3'])
    await world.clock.advance(1)
    expect(sentNos(world)).toEqual(['1', '3', '2'])
  })

  it('the gap holds across a restart', async () => {
    const world = new World()
    const settings = { ping_ms: 15_000, start_within_ms: 10_000, gap_ms: 1_000, max_open: 5 }
    await world.say(await world.work({ settings }), world.sendFrame(1))
    await world.clock.advance(400)
    world.restart()
    const socket = await world.work({ settings })
    await world.say(socket, world.sendFrame(2))
    await world.clock.advance(599)
    expect(sentNos(world)).toEqual([])
    await world.clock.advance(1)
    expect(sentNos(world)).toEqual(['2'])
  })
})

describe('too late', () => {
  it('by the monotonic clock: voided when its time is over, though its turn has not come', async () => {
    const world = new World()
    const socket = await hold(world)
    await world.say(socket, world.sendFrame(1))
    await world.say(socket, world.sendFrame(2, { start_within_ms: 3_000 }))
    await world.clock.advance(3_000)
    expect(world.state(2)).toBe('taken')
    await world.clock.advance(1)
    expect(socket.of('void_done')).toMatchObject([{ attempt: attemptNo(2), reason: 'too_late', proof: true }])
    world.driver.held[0]?.settle({ kind: 'sent' })
    await world.clock.settle()
    expect(sentNos(world)).toEqual(['1'])
  })

  it('by the wall clock: the machine slept, and the monotonic clock with it', async () => {
    const world = new World()
    const socket = await hold(world)
    await world.say(socket, world.sendFrame(1))
    await world.say(socket, world.sendFrame(2))
    world.clock.jumpWall(10_001)
    world.driver.held[0]?.settle({ kind: 'sent' })
    await world.clock.settle()
    expect(world.state(2)).toBe('void')
    expect(sentNos(world)).toEqual(['1'])
  })

  it('a wall clock that is set back does not give more time', async () => {
    const world = new World()
    const socket = await hold(world)
    await world.say(socket, world.sendFrame(1))
    await world.say(socket, world.sendFrame(2))
    world.clock.jumpWall(-86_400_000)
    await world.clock.advance(10_001)
    expect(world.state(2)).toBe('void')
  })
})

describe('refusals leave a tombstone', () => {
  type Case = [string, string, (world: World) => Promise<FakeSocket>, Partial<ReturnType<World['sendFrame']>>?]
  const cases: Case[] = [
    ['another session', 'stale_session', (w) => w.work(), { session: 77 }],
    ['before ready', 'stale_session', (w) => w.connect()],
    ['mode observe', 'observing', (w) => w.work({ mode: 'observe' })],
    ['little free disk', 'node_disk_full', async (w) => ((w.freeBytes = 1024 ** 3 - 1), w.work())],
    ['another line', 'line_not_here', (w) => w.work(), { line: '+15005559999' }],
    ['a service the line has not', 'line_not_here', (w) => w.work(), { line: LINE_2, service: 'sms' }],
    ['the driver refuses', 'driver_says_no', async (w) => ((w.driver.refuse = 'driver_says_no'), w.work())],
  ]
  it.each(cases)('%s: %s', async (...[, reason, connect, more = {}]) => {
    const world = new World()
    const socket = await connect(world)
    await world.say(socket, world.sendFrame(1, more))
    expect(world.state(1)).toBe('void')
    expect(socket.of('refused')).toMatchObject([{ attempt: attemptNo(1), reason }])
    expect(world.driver.sent).toEqual([])
    // The tombstone itself reaches the gateway as soon as there is a session.
    const working = await world.work()
    expect([...socket.of('void_done'), ...working.of('void_done')]).toContainEqual(
      expect.objectContaining({ attempt: attemptNo(1), reason, proof: true }),
    )
    await world.say(working, world.sendFrame(1))
    expect(world.driver.sent).toEqual([])
  })

  it('more than max_open on the line: line_full; another line is free', async () => {
    const world = new World()
    world.driver.serialBy = 'line'
    const socket = await hold(world)
    for (const n of [1, 2, 3, 4, 5, 6]) await world.say(socket, world.sendFrame(n))
    await world.say(socket, world.sendFrame(7, { line: LINE_2 }))
    expect(socket.of('refused')).toMatchObject([{ attempt: attemptNo(6), reason: 'line_full' }])
    expect(world.state(7)).toBe('started')
  })
})

describe('void', () => {
  it.each([
    ['absent', 9],
    ['taken', 2],
  ] as const)('%s: a tombstone that proves', async (_, n) => {
    const world = new World()
    const socket = await hold(world)
    await world.say(socket, world.sendFrame(1))
    await world.say(socket, world.sendFrame(2))
    await world.say(socket, { t: 'void', session: world.session, attempt: attemptNo(n) })
    expect(socket.of('void_done')).toMatchObject([{ attempt: attemptNo(n), reason: 'cancelled', proof: true }])
    world.driver.held[0]?.settle({ kind: 'sent' })
    await world.clock.settle()
    expect(sentNos(world)).not.toContain(String(n))
  })

  it('started: nothing now, its fact follows', async () => {
    const world = new World()
    const socket = await hold(world)
    await world.say(socket, world.sendFrame(1))
    await world.say(socket, { t: 'void', session: world.session, attempt: attemptNo(1) })
    expect(socket.words).toEqual(['hello', 'ready', 'taken'])
    world.driver.held[0]?.settle({ kind: 'sent' })
    await world.clock.settle()
    expect(socket.of('fact')).toMatchObject([{ fact: 'sent' }])
  })

  it('settled or voided: said again', async () => {
    const world = new World()
    const socket = await world.work()
    await world.say(socket, world.sendFrame(1))
    await world.say(socket, { t: 'void', session: world.session, attempt: attemptNo(1) })
    expect(socket.of('fact').map(({ seq }) => seq)).toEqual([1, 1])
    await world.say(socket, { t: 'void', session: world.session, attempt: attemptNo(2) })
    await world.say(socket, { t: 'void', session: world.session, attempt: attemptNo(2) })
    expect(socket.of('void_done').map(({ seq }) => seq)).toEqual([2, 2])
  })

  it('of another session: nothing happens', async () => {
    const world = new World()
    const socket = await world.work()
    await world.say(socket, { t: 'void', session: world.session - 1, attempt: attemptNo(3) })
    expect(world.state(3)).toBe('absent')
    expect(socket.of('complaint')).toMatchObject([{ about: 'void' }])
  })
})

describe('the end of a session', () => {
  it('voids what waits, lets what runs finish, and tells its fact in the next session', async () => {
    const world = new World()
    const first = await hold(world)
    await world.say(first, world.sendFrame(1))
    await world.say(first, world.sendFrame(2))
    world.agent.closed(first)
    expect([world.state(1), world.state(2)]).toEqual(['started', 'void'])
    world.driver.held[0]?.settle({ kind: 'sent' })
    await world.clock.settle()
    expect(world.state(1)).toBe('settled')
    const second = await world.work()
    expect(second.words).toEqual(['hello', 'ready', 'void_done', 'fact'])
    expect(sentNos(world)).toEqual(['1'])
  })

  it('frames of a connection that is not the current one are not read', async () => {
    const world = new World()
    const old = await world.work()
    const session = world.session
    const current = await world.work()
    expect(old.closed).toBe('now')
    await world.say(old, world.sendFrame(1, { session }))
    await world.say(old, world.sendFrame(2))
    expect([world.state(1), world.state(2)]).toEqual(['absent', 'absent'])
    world.agent.closed(old) // late: the current connection stays
    await world.say(current, world.sendFrame(3))
    expect(sentNos(world)).toEqual(['3'])
  })

  it('a taken attempt does not start in a later session, also when asked for again', async () => {
    const world = new World()
    const first = await hold(world)
    for (const n of [1, 2]) await world.say(first, world.sendFrame(n))
    const second = await world.work()
    world.driver.held[0]?.settle({ kind: 'sent' })
    await world.say(second, world.sendFrame(2))
    await world.clock.advance(1_000)
    expect(sentNos(world)).toEqual(['1'])
    expect(world.state(2)).toBe('void')
  })

  it('the driver may drop the link in the middle of a send', async () => {
    const world = new World()
    const socket = await world.work()
    world.driver.send = (outgoing) => {
      world.driver.sent.push(outgoing)
      world.driver.events?.dropLink?.(1_000)
      return Promise.resolve({ kind: 'sent' })
    }
    await world.say(socket, world.sendFrame(1))
    expect(socket.words).toEqual(['hello', 'ready', 'taken'])
    expect(socket.closed).toBe('now')
    expect(world.asked).toContain('stay away 1000')
    const next = await world.work({ resume: [{ attempt: attemptNo(1), proof: true }] })
    expect(next.of('ready')).toMatchObject([{ states: { [attemptNo(1)]: 'settled' } }])
    expect(next.of('fact')).toMatchObject([{ attempt: attemptNo(1), fact: 'sent' }])
  })
})

describe('stop', () => {
  it('voids what waits, waits for what runs, and tells it before it hangs up', async () => {
    const world = new World()
    const socket = await hold(world)
    for (const n of [1, 2]) await world.say(socket, world.sendFrame(n))
    const stopped = world.agent.stop()
    await world.clock.advance(1_000)
    expect([socket.closed, world.driver.stopped, world.state(2)]).toEqual([null, 0, 'void'])
    await world.say(socket, world.sendFrame(3))
    expect(socket.of('refused')).toMatchObject([{ attempt: attemptNo(3) }])
    world.driver.held[0]?.settle({ kind: 'sent' })
    await world.clock.settle()
    await stopped
    expect(socket.of('fact')).toMatchObject([{ attempt: attemptNo(1), fact: 'sent' }])
    expect([socket.closed, world.driver.stopped, sentNos(world)]).toEqual(['politely', 1, ['1']])
    await world.agent.stop()
  })

  it('does not wait longer than its bound; what is still running stays started', async () => {
    const world = new World()
    const socket = await hold(world)
    await world.say(socket, world.sendFrame(1))
    const stopped = world.agent.stop()
    await world.clock.advance(3_000)
    await stopped
    expect([world.state(1), socket.closed]).toEqual(['started', 'politely'])
  })

  it('before start is nothing', async () => {
    const world = new World()
    await world.agent.stop()
    expect(world.agent.status().phase).toBe('offline')
  })
})

describe('what the driver reports by itself', () => {
  it('receipts and inbound messages are durable and told in order', async () => {
    const world = new World()
    const socket = await world.work()
    await world.say(socket, world.sendFrame(1))
    const { events } = world.driver
    events?.receipt({ attempt: attemptNo(1), fact: 'delivered', atMs: world.clock.nowMs() + 0.4 })
    events?.inbound({
      guid: 'g-1',
      line: LINE,
      from: '+14155552671',
      service: 'imessage',
      body: 'STOP',
      dateMs: 5,
      backfilled: false,
    })
    events?.receipt({ attempt: attemptNo(8), fact: 'read', atMs: 1 })
    expect(socket.words.slice(3)).toEqual(['fact', 'fact', 'inbound'])
    expect(socket.of('inbound')).toMatchObject([{ seq: 3, guid: 'g-1', body: 'STOP' }])
  })

  it('while there is no connection they wait', async () => {
    const world = new World()
    world.agent.closed(await world.work())
    world.driver.events?.inbound({
      guid: 'g',
      line: LINE,
      from: '+14155552671',
      service: 'sms',
      body: 'hi',
      dateMs: 5,
      backfilled: true,
    })
    expect((await world.work()).of('inbound')).toMatchObject([{ guid: 'g', backfilled: true }])
  })

  it('health is told with every session and once a minute', async () => {
    const world = new World()
    const socket = await world.work()
    await world.clock.advance(120_000)
    expect(socket.of('health')).toHaveLength(3)
    world.agent.closed(socket)
    await world.clock.advance(120_000)
    expect(socket.of('health')).toHaveLength(3)
  })
})

describe('commands', () => {
  it('look_up: says what is known, looks up what is started and not running', async () => {
    const world = new World()
    const socket = await hold(world)
    await world.say(socket, world.sendFrame(1))
    const lookUp = (n: number) =>
      world.say(socket, { t: 'command', id: `c${n}`, command: 'look_up', attempt: attemptNo(n) })
    await lookUp(1)
    expect([socket.of('reply').at(-1)?.detail, world.driver.lookedUp]).toEqual(['started', []])
    world.driver.held[0]?.settle({ kind: 'sent' })
    await world.clock.settle()
    await lookUp(1)
    await lookUp(5)
    expect(socket.of('reply').map(({ id, ok, detail }) => [id, ok, detail])).toEqual([
      ['c1', true, 'started'],
      ['c1', true, 'settled'],
      ['c5', false, 'absent'],
    ])
    expect(socket.of('fact').map(({ seq }) => seq)).toEqual([1, 1])
    await world.say(socket, { t: 'command', id: 'c', command: 'look_up' })
    expect(socket.of('reply').at(-1)).toMatchObject({ id: 'c', ok: false })
  })

  it('diagnose: the driver’s own word', async () => {
    const world = new World()
    const socket = await world.work()
    await world.say(socket, { t: 'command', id: 'd', command: 'diagnose' })
    expect(socket.of('reply')).toMatchObject([{ id: 'd', ok: true, detail: 'ok' }])
  })
})
