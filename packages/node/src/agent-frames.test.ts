/**
 * Frames that make no sense.
 * Proves: 10,000 mutated frames neither crash the agent nor change its journal, and each is answered or ends the session;
 * what is well formed but out of place is answered too; a session of nothing but nonsense is closed.
 */
import { describe, expect, it } from 'vitest'
import { parseGatewayFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import { frameFixtures, mutatedFrames } from '@bluewire/testkit/mutated-frames'
import { World } from '../test/agent-world.ts'
import type { FakeSocket } from '../test/agent-world.ts'

const FIXTURES = frameFixtures('gateway')
const SEED = 20261102
const FRAMES = 10_000

describe('mutated frames', () => {
  it(`${FRAMES} of them: no crash, no change, each answered or the session closed`, async () => {
    const world = new World()
    const mutated = mutatedFrames(FIXTURES, SEED)
    let socket: FakeSocket = await world.work()
    await world.say(socket, world.sendFrame(1))
    const before = JSON.stringify([world.journal.heads(), world.journal.unacked(0, 100)])
    const conns = () =>
      JSON.stringify([{ ...world.journal.heads(), conn: 1, lastSession: 1 }, world.journal.unacked(0, 100)])
    let tried = 0
    let closed = 0
    while (tried < FRAMES) {
      const text = mutated.next().value
      // A mutation may leave a frame that is still right; what those do is what the other tests are about.
      if (parseGatewayFrame(text).ok) continue
      tried++
      const answers = socket.frames.length
      world.agent.received(socket, text)
      expect(socket.frames.slice(answers).map((frame) => frame.t)).toEqual(['complaint'])
      if (socket.closed) {
        closed++
        socket = await world.work()
      }
    }
    await world.clock.settle()
    expect(closed).toBe(FRAMES / 20)
    expect(conns()).toBe(before)
    expect(world.driver.sent).toHaveLength(1)
  })

  it('right frames of another session or journal: no attempt is touched', async () => {
    const world = new World()
    const socket = await world.work()
    await world.say(socket, world.sendFrame(1))
    const before = world.journal.heads()
    for (const text of FIXTURES.filter((text) => /"t":"(void|ack|welcome|drain|complaint)"/.test(text)))
      world.agent.received(socket, text)
    await world.clock.advance(1_000)
    expect(world.journal.heads()).toEqual(before)
    expect(world.agent.status().phase).toBe('working')
  })

  it('a complaint is never answered', async () => {
    const world = new World()
    const socket = await world.work()
    const answers = socket.frames.length
    await world.say(socket, { t: 'complaint', about: 'fact', reason: 'no' })
    await world.say(socket, { t: 'drain' })
    expect(socket.frames).toHaveLength(answers)
  })
})
