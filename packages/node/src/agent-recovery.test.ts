/**
 * The agent after a crash, and on a disk that takes nothing.
 * Proves: nothing taken runs after a restart; what was started is looked up, never sent again; an outcome that cannot be
 * stored is kept, told only once stored, and keeps everything new out meanwhile; a crash between any two steps of a session
 * never makes an attempt run twice or vanish.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SendOutcome } from '@bluewire/drivers/driver'
import { attemptNo, LINE_2, World } from '../test/agent-world.ts'

async function crashed(): Promise<World> {
  const world = new World()
  world.driver.holding = true
  const socket = await world.work()
  await world.say(socket, world.sendFrame(1)) // started
  await world.say(socket, world.sendFrame(2)) // taken
  world.restart()
  return world
}

describe('after a restart', () => {
  const outcomes: SendOutcome[] = [
    { kind: 'sent', rowGuids: ['row'] },
    { kind: 'not_sent', class: 'never_handed', reason: 'no_row' },
    { kind: 'unknown', reason: 'not_found' },
  ]
  it.each(outcomes)('what was taken is void, what was started is looked up: %j', async (found) => {
    const world = await crashed()
    world.driver.found = found
    const socket = await world.work({ resume: [1, 2].map((n) => ({ attempt: attemptNo(n), proof: true })) })
    expect(world.driver.lookedUp).toEqual([attemptNo(1)])
    expect(world.driver.sent).toEqual([])
    expect(socket.of('ready')[0]?.states).toEqual({ [attemptNo(1)]: 'settled', [attemptNo(2)]: 'void' })
    expect(socket.of('void_done')).toMatchObject([{ attempt: attemptNo(2), reason: 'restarted', proof: true }])
    expect(socket.of('fact')).toMatchObject([{ attempt: attemptNo(1), fact: found.kind }])
    for (const n of [1, 2]) await world.say(socket, world.sendFrame(n))
    expect(world.driver.sent).toEqual([])
  })

  it('a driver that cannot look yet is asked again; the lane waits, others do not', async () => {
    const world = await crashed()
    world.driver.serialBy = 'line'
    world.driver.found = new Error('chat.db is locked')
    const socket = await world.work({ resume: [{ attempt: attemptNo(1), proof: true }] })
    expect(socket.of('ready')[0]?.states).toEqual({ [attemptNo(1)]: 'started' })
    await world.say(socket, world.sendFrame(3))
    await world.say(socket, world.sendFrame(4, { line: LINE_2 }))
    expect([world.state(3), world.state(4)]).toEqual(['taken', 'settled'])
    await world.clock.advance(1_000)
    world.driver.found = { kind: 'sent' }
    await world.clock.advance(5_000)
    expect(world.driver.lookedUp).toHaveLength(3)
    expect([world.state(1), world.state(3)]).toEqual(['settled', 'settled'])
    expect(world.driver.sent.map(({ attempt }) => attempt)).toEqual([attemptNo(4), attemptNo(3)])
  })

  it('a driver that never can look ends it as unknown', async () => {
    const world = await crashed()
    world.driver.found = new Error('no disk access')
    const socket = await world.work()
    await world.clock.advance(90_000)
    expect(socket.of('fact')).toMatchObject([{ fact: 'unknown', reason: 'look_up_failed' }])
  })

  it('a stop while looking leaves it started, for the next process', async () => {
    const world = await crashed()
    world.driver.found = new Error('locked')
    await world.work()
    const stopped = world.agent.stop()
    await world.clock.advance(90_000)
    await stopped
    expect(world.state(1)).toBe('started')
  })

  it('a fact that was stored and not told is told', async () => {
    const world = new World()
    await world.say(await world.work(), world.sendFrame(1))
    world.restart()
    expect((await world.work()).of('fact')).toMatchObject([{ seq: 1, fact: 'sent' }])
    expect(world.driver.lookedUp).toEqual([])
  })
})

describe('a full disk', () => {
  const full = (world: World) => world.database.exec('pragma query_only = on')
  const space = (world: World) => world.database.exec('pragma query_only = off')

  it('an outcome is stored with the ballast given up', async () => {
    const world = new World()
    let given = 0
    world.with({ giveUpBallast: () => (given++, space(world), true) })
    world.driver.holding = true
    const socket = await world.work()
    await world.say(socket, world.sendFrame(1))
    full(world)
    world.driver.held[0]?.settle({ kind: 'sent' })
    await world.clock.settle()
    expect([world.state(1), given]).toEqual(['settled', 1])
    expect(socket.of('fact')).toHaveLength(1)
  })

  it('an outcome that cannot be stored is kept, nothing new is taken, and both go on when there is space', async () => {
    const world = new World()
    world.driver.holding = true
    const socket = await world.work()
    for (const n of [1, 2]) await world.say(socket, world.sendFrame(n, { start_within_ms: 60_000 }))
    full(world)
    world.driver.held[0]?.settle({ kind: 'sent' })
    await world.clock.settle()
    expect([world.state(1), socket.of('fact')]).toEqual(['started', []])
    await world.say(socket, world.sendFrame(3))
    expect(world.state(3)).toBe('absent')
    expect(socket.of('refused')).toEqual([]) // a refusal without its tombstone would prove nothing
    await world.clock.advance(20_000)
    expect(world.driver.sent).toHaveLength(1)
    space(world)
    await world.clock.advance(1_000)
    expect(world.state(1)).toBe('settled')
    expect(socket.of('fact')).toMatchObject([{ attempt: attemptNo(1), fact: 'sent' }])
    expect(world.driver.sent.map(({ attempt }) => attempt)).toEqual([attemptNo(1), attemptNo(2)])
  })

  it('what cannot be marked as started is not started', async () => {
    const world = new World()
    world.driver.holding = true
    const socket = await world.work()
    for (const n of [1, 2]) await world.say(socket, world.sendFrame(n))
    world.driver.held[0]?.settle({ kind: 'sent' })
    const start = world.journal.start.bind(world.journal)
    world.journal.start = (...args) => {
      full(world)
      return start(...args)
    }
    await world.clock.settle()
    expect(world.driver.sent).toHaveLength(1)
    space(world)
    await world.clock.advance(1_000)
    expect(socket.of('void_done')).toMatchObject([{ attempt: attemptNo(2), reason: 'node_disk_full', proof: true }])
    expect(world.driver.sent).toHaveLength(1)
  })

  /** Only outcomes fail: the rest of the disk still takes small writes. */
  function outcomesFail(world: World): { end(): void } {
    const settle = world.journal.settle.bind(world.journal)
    world.journal.settle = () => {
      throw Object.assign(new Error('database or disk is full'), { errcode: 13 })
    }
    return { end: () => void (world.journal.settle = settle) }
  }

  it('while an outcome waits, sends are refused with a tombstone, also where the disk still takes one', async () => {
    const world = new World()
    const failing = outcomesFail(world)
    const socket = await world.work()
    await world.say(socket, world.sendFrame(1))
    await world.say(socket, world.sendFrame(2))
    expect(socket.of('refused')).toMatchObject([{ attempt: attemptNo(2), reason: 'node_disk_full' }])
    failing.end()
    await world.clock.advance(1_000)
    await world.say(socket, world.sendFrame(3))
    expect([1, 2, 3].map((n) => world.state(n))).toEqual(['settled', 'void', 'settled'])
  })

  it('while an outcome waits, nothing starts on any line', async () => {
    const world = new World()
    world.driver.serialBy = 'line'
    const socket = await world.work({
      settings: { ping_ms: 15_000, start_within_ms: 60_000, gap_ms: 500, max_open: 5 },
    })
    const patient = { start_within_ms: 60_000, line: LINE_2 }
    for (const n of [1, 2]) await world.say(socket, world.sendFrame(n, patient))
    const failing = outcomesFail(world)
    await world.say(socket, world.sendFrame(3))
    await world.clock.advance(5_000)
    expect([1, 2, 3].map((n) => world.state(n))).toEqual(['settled', 'taken', 'started'])
    failing.end()
    await world.clock.advance(1_000)
    expect([2, 3].map((n) => world.state(n))).toEqual(['settled', 'settled'])
  })

  it('what could not be voided when the connection went is voided by the next session', async () => {
    const world = new World()
    world.driver.holding = true
    const first = await world.work()
    for (const n of [1, 2]) await world.say(first, world.sendFrame(n))
    full(world)
    world.agent.closed(first)
    expect(world.state(2)).toBe('taken')
    space(world)
    await world.work()
    expect(world.state(2)).toBe('void')
  })

  it('inbound messages wait in memory, in their order, and are told once stored', async () => {
    const world = new World()
    const socket = await world.work()
    full(world)
    for (const guid of ['a', 'b']) {
      world.driver.events?.inbound({
        guid,
        line: LINE_2,
        from: '+14155552671',
        service: 'imessage',
        body: 'x',
        dateMs: 1,
        backfilled: false,
      })
    }
    expect(socket.of('inbound')).toEqual([])
    space(world)
    await world.clock.advance(1_000)
    expect(socket.of('inbound').map(({ guid }) => guid)).toEqual(['a', 'b'])
  })

  it('the start of the agent does not fail', async () => {
    const world = await crashed()
    full(world)
    await world.agent.start()
    world.agent.opened({ send: () => expect.unreachable(), close: () => {} })
    space(world)
    await world.clock.advance(1_000)
    expect([world.state(1), world.state(2)]).toEqual(['settled', 'void'])
  })

  it('a fault that is not the disk’s is not swallowed', () => {
    const world = new World()
    world.journal.voidAllTaken = () => {
      throw new RangeError('a bug')
    }
    return expect(world.agent.start()).rejects.toThrow('a bug')
  })
})

/** What can happen to a node between two frames. */
type Event =
  | { do: 'send' | 'void'; n: number }
  | { do: 'finish'; outcome: SendOutcome['kind'] }
  | { do: 'pass'; ms: number }
  | { do: 'drop' | 'crash' | 'ack' | 'jump' }

const n = fc.integer({ min: 1, max: 5 })
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: n.map((n): Event => ({ do: 'send', n })) },
  n.map((n): Event => ({ do: 'void', n })),
  {
    weight: 3,
    arbitrary: fc.constantFrom('sent', 'not_sent', 'unknown').map((outcome): Event => ({ do: 'finish', outcome })),
  },
  fc.integer({ min: 0, max: 12_000 }).map((ms): Event => ({ do: 'pass', ms })),
  fc.constantFrom('drop', 'crash', 'ack', 'jump').map((word): Event => ({ do: word })),
)

const outcomeOf = (kind: SendOutcome['kind']): SendOutcome =>
  kind === 'sent' ? { kind } : kind === 'unknown' ? { kind, reason: 'r' } : { kind, class: 'refused', reason: 'r' }

/** Plays the events with a gateway that resumes as PROTOCOL says, and returns what reached the driver and the gateway. */
async function played(events: readonly Event[]) {
  const world = new World()
  world.driver.holding = true
  const runs = new Map<string, number>()
  const told = new Map<string, Set<string>>()
  const dispatched = new Set<number>()
  let socket = await world.work()
  const listen = () => {
    for (const frame of socket.frames.splice(0)) {
      if (frame.t === 'ready')
        for (const [id, state] of Object.entries(frame.states)) if (state === 'void') note(id, 'void')
      if (frame.t === 'fact') note(frame.attempt, frame.fact)
      if (frame.t === 'void_done') note(frame.attempt, 'void')
    }
  }
  const note = (id: string, word: string) => told.set(id, (told.get(id) ?? new Set<string>()).add(word))
  const connect = async () => {
    listen()
    for (const { attempt } of world.driver.sent.splice(0)) runs.set(attempt, (runs.get(attempt) ?? 0) + 1)
    socket = await world.work({ resume: [...dispatched].map((n) => ({ attempt: attemptNo(n), proof: true })) })
  }
  for (const e of events) {
    if (e.do === 'send') await world.say(socket, world.sendFrame((dispatched.add(e.n), e.n)))
    else if (e.do === 'void')
      await world.say(socket, { t: 'void', session: world.session, attempt: attemptNo((dispatched.add(e.n), e.n)) })
    else if (e.do === 'finish') world.driver.held.shift()?.settle(outcomeOf(e.outcome))
    else if (e.do === 'pass') await world.clock.advance(e.ms)
    else if (e.do === 'jump') world.clock.jumpWall(3600_000)
    else if (e.do === 'ack')
      await world.say(socket, {
        t: 'ack',
        journal_id: world.journal.heads().journalId,
        seq: world.journal.heads().outbox.head,
      })
    else if (e.do === 'drop') {
      world.agent.closed(socket)
      await connect()
    } else {
      listen()
      for (const { attempt } of world.driver.sent.splice(0)) runs.set(attempt, (runs.get(attempt) ?? 0) + 1)
      world.restart()
      world.driver.holding = true
      await connect()
    }
    await world.clock.settle()
  }
  for (const held of world.driver.held) held.settle({ kind: 'sent' })
  await world.clock.advance(60_000)
  for (let more = world.driver.held.length; more > 0; more--) world.driver.held.shift()?.settle({ kind: 'sent' })
  await world.clock.advance(60_000)
  await connect()
  listen()
  return { world, runs, told, dispatched }
}

describe('any order of sends, cancels, drops, crashes and clock jumps', () => {
  it('no attempt runs twice; each is told once and the same; none is void that ran', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
        const { world, runs, told, dispatched } = await played(events)
        for (const times of runs.values()) expect(times).toBe(1)
        for (const number of dispatched) {
          const id = attemptNo(number)
          const words = told.get(id) ?? new Set()
          expect([id, [...words].length]).toEqual([id, 1])
          if (words.has('void')) expect([id, runs.has(id)]).toEqual([id, false])
          expect(['settled', 'void']).toContain(world.state(number))
        }
      }),
      { numRuns: 150 },
    )
  })
})
