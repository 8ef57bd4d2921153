/**
 * Frames that make no sense.
 * Proves: 10,000 mutated frames neither crash the agent nor change its journal, and each is answered or ends the session;
 * what is well formed but out of place is answered too; a session of nothing but nonsense is closed.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseGatewayFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import { World } from '../test/agent-world.ts'
import type { FakeSocket } from '../test/agent-world.ts'

const FOLDER = join(import.meta.dirname, '../../contract/fixtures/node-protocol')
const FIXTURES = readdirSync(FOLDER)
  .filter((file) => file.startsWith('from-gateway-'))
  .map((file) => JSON.stringify(JSON.parse(readFileSync(join(FOLDER, file), 'utf8'))))
const SEED = 20261102
const FRAMES = 10_000

/** Mulberry32: the same seed gives the same frames. */
function chanceFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

type Chance = () => number
const pick = <T>(chance: Chance, from: readonly T[]): T => from[Math.floor(chance() * from.length)] as T
const ODD: readonly unknown[] = [
  null,
  -1,
  1.5,
  1e300,
  '',
  'x'.repeat(70_000),
  [],
  {},
  true,
  '\u0000',
  '\ud800',
  'void',
  [[[]]],
]

/** Text that is cut, doubled, or has a byte changed; or a frame with a field replaced, removed or swapped with another's. */
function mutated(chance: Chance): string {
  const text = pick(chance, FIXTURES)
  const at = Math.floor(chance() * text.length)
  const frame = JSON.parse(text) as Record<string, unknown>
  const key = pick(chance, Object.keys(frame))
  const other = JSON.parse(pick(chance, FIXTURES)) as Record<string, unknown>
  switch (Math.floor(chance() * 8)) {
    case 0:
      return text.slice(0, at)
    case 1:
      return text.slice(0, at) + String.fromCharCode(Math.floor(chance() * 0x10000)) + text.slice(at + 1)
    case 2:
      return text + text
    case 3:
      delete frame[key]
      return JSON.stringify(frame)
    case 4:
      return JSON.stringify({ ...frame, t: other['t'] })
    case 5:
      return JSON.stringify({ ...frame, t: pick(chance, ['hello', 'of_the_future', '__proto__', '', 7]) })
    case 6:
      return JSON.stringify(pick(chance, [[frame], frame['t'], null, 1, { frame }]))
    default:
      return JSON.stringify({ ...frame, [key]: pick(chance, ODD) })
  }
}

describe('mutated frames', () => {
  it(`${FRAMES} of them: no crash, no change, each answered or the session closed`, async () => {
    const world = new World()
    const chance = chanceFrom(SEED)
    let socket: FakeSocket = await world.work()
    await world.say(socket, world.sendFrame(1))
    const before = JSON.stringify([world.journal.heads(), world.journal.unacked(0, 100)])
    const conns = () =>
      JSON.stringify([{ ...world.journal.heads(), conn: 1, lastSession: 1 }, world.journal.unacked(0, 100)])
    let tried = 0
    let closed = 0
    while (tried < FRAMES) {
      const text = mutated(chance)
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
