/**
 * Long inbound texts.
 * Proves: parts in any order and any number of times become one text; none is acknowledged before the whole is stored, but for an SMSC that
 * waits; what stays incomplete is reported, what cannot be stored is kept or asked for again; memory is bounded.
 * World: virtual time.
 */
import { VirtualClock } from '@bluewire/testkit/virtual-clock'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SmppReassembly } from './smpp-reassembly.ts'

const HOLD_MS = 5_000
const MINUTE_MS = 60_000

function worldOf() {
  const clock = new VirtualClock()
  const stored: string[] = []
  const world = { clock, stored, fails: false, tries: 0 }
  const reassembly = new SmppReassembly({
    clock,
    holdMs: HOLD_MS,
    store: async ({ text }) => {
      // Without an end, and between two tries nothing else gets a turn.
      if (++world.tries > 5_000) return
      if (world.fails) throw new Error('the disk is full')
      stored.push(text)
    },
  })
  const add = (number: number, text: string, how: { total?: number; key?: string } = {}) => {
    const part = { key: how.key ?? 'udh8-1', total: how.total ?? 3, number }
    return reassembly.add({ source: '+1', destination: '+2', text, part })
  }
  return Object.assign(world, { reassembly, add })
}

describe('parts', () => {
  it('in any order, some of them again, are one text', async () => {
    const order = fc.shuffledSubarray([1, 2, 3, 4], { minLength: 4 })
    await fc.assert(
      fc.asyncProperty(order, fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }), async (numbers, again) => {
        const { add, stored, clock } = worldOf()
        const answers = [...numbers, ...again].map((number) => add(number, `${number}`, { total: 4 }))
        await clock.settle()
        expect(await Promise.all(answers)).toEqual(answers.map(() => true))
        expect(stored).toEqual(['1234'])
        await clock.advance(11 * MINUTE_MS)
        expect(stored).toEqual(['1234'])
      }),
    )
  })

  it('are not acknowledged before the whole is stored', async () => {
    const { add, clock } = worldOf()
    const acknowledged: number[] = []
    for (const number of [1, 2]) void add(number, 'x').then(() => acknowledged.push(number))
    await clock.advance(HOLD_MS - 1)
    expect(acknowledged).toEqual([])
    await clock.advance(1)
    expect(acknowledged).toEqual([1, 2])
  })

  it('that were acknowledged are kept when the whole cannot be stored, the others asked for again', async () => {
    const world = worldOf()
    const first = world.add(1, 'a')
    await world.clock.advance(HOLD_MS)
    expect(await first).toBe(true)
    world.fails = true
    const others = [world.add(2, 'b'), world.add(3, 'c')]
    expect(await Promise.all(others)).toEqual([false, false])
    world.fails = false
    expect(await Promise.all([world.add(2, 'b'), world.add(3, 'c')])).toEqual([true, true])
    expect(world.stored).toEqual(['abc'])
  })

  it('that stay alone are reported after a while, and later where they cannot be stored', async () => {
    const world = worldOf()
    void world.add(4, 'tail', { total: 4 })
    world.fails = true
    await world.clock.advance(10 * MINUTE_MS)
    expect(world.stored).toEqual([])
    world.fails = false
    await world.clock.advance(MINUTE_MS)
    expect(world.stored).toEqual(['[…]tail'])
  })

  it('of another text under the same number end the one before', async () => {
    const { add, stored, clock } = worldOf()
    void add(1, 'old')
    void add(1, 'new')
    await clock.settle()
    expect(stored).toEqual(['old[…]'])
    void add(2, ' b')
    void add(3, ' c')
    await clock.settle()
    expect(stored).toEqual(['old[…]', 'new b c'])
  })

  it('of the same text a day later are another text', async () => {
    const { add, stored, clock } = worldOf()
    for (const _day of [1, 2]) {
      for (const number of [1, 2, 3]) void add(number, `${number}`)
      await clock.advance(24 * 60 * MINUTE_MS)
    }
    expect(stored).toEqual(['123', '123'])
  })
})

describe('memory', () => {
  it('holds 1,000 texts; the oldest is reported as it is', async () => {
    const { add, stored, clock } = worldOf()
    for (let i = 0; i < 1_002; i++) void add(1, `${i}`, { key: `udh8-${i}` })
    await clock.settle()
    expect(stored).toEqual(['0[…]', '1[…]'])
  })

  it('is not exceeded while nothing can be stored: what came last is asked for again', async () => {
    const world = worldOf()
    world.fails = true
    const answers: boolean[] = []
    for (let i = 0; i < 1_010; i++)
      void world.add(1, `${i}`, { key: `udh8-${i}` }).then((answer) => answers.push(answer))
    await world.clock.settle()
    expect(world.tries).toBeLessThan(50)
    expect(answers.length).toBeGreaterThanOrEqual(10)
    expect(new Set(answers)).toEqual(new Set([false]))
    world.fails = false
    await world.clock.advance(11 * MINUTE_MS)
    expect(new Set(world.stored).size).toBe(world.stored.length)
    expect(world.stored.length).toBeGreaterThanOrEqual(1_000)
  })

  it('holds 4 million letters', async () => {
    const { add, stored, clock } = worldOf()
    for (let i = 0; i < 600; i++) void add(1, 'x'.repeat(8_000), { key: `udh8-${i}` })
    await clock.settle()
    expect(stored).toHaveLength(100)
  })

  it('is let go of at the end: what was acknowledged is reported, what comes again is not', async () => {
    const world = worldOf()
    void world.add(1, 'kept')
    await world.clock.advance(HOLD_MS)
    void world.add(2, 'comes again', { key: 'udh8-2' })
    await world.reassembly.stop()
    expect(world.stored).toEqual(['kept[…]'])
    await world.clock.advance(20 * MINUTE_MS)
    expect(world.stored).toHaveLength(1)
  })
})
