/**
 * The agent: sends, refusals and what ends a session.
 * Proves: an attempt reaches the driver at most once and only after `started` is durable; a refused one has a tombstone;
 * nothing starts late, out of its session, or beside another of its lane; facts outlive the connection.
 * World: the real agent, journal and outbox on an in-memory database, in virtual time; the gateway is a list of frames.
 */
import { describe, expect, it } from 'vitest'
import { attemptNo, LINE_2, World } from '../test/agent-world.ts'

describe('a send', () => {
  it('is taken, started, settled and told, each durable before the next', async () => {
    const world = new World()
    const socket = await world.work()
    const states: string[] = []
    world.driver.send = (outgoing) => {
      states.push(world.state(1))
      world.driver.sent.push(outgoing)
      return Promise.resolve({ kind: 'sent', rowGuid: 'row-1' })
    }
    await world.say(socket, world.sendFrame(1))
    expect(states).toEqual(['started'])
    expect(socket.words).toEqual(['hello', 'ready', 'taken', 'fact'])
    expect(socket.of('fact')[0]).toMatchObject({ attempt: attemptNo(1), fact: 'sent', row_guid: 'row-1', seq: 1, n: 1 })
    expect(world.state(1)).toBe('settled')
    expect(world.journal.find(attemptNo(1))?.body).toBeNull()
  })
  it('of a second line waits for nothing when the driver sends by line', async () => {
    const world = new World()
    world.driver.serialBy = 'line'
    world.driver.holding = true
    const socket = await world.work()
    await world.say(socket, world.sendFrame(1))
    await world.say(socket, world.sendFrame(2))
    await world.say(socket, world.sendFrame(3, { line: LINE_2 }))
    expect(world.driver.sent.map(({ attempt }) => attempt)).toEqual([attemptNo(1), attemptNo(3)])
  })
})
