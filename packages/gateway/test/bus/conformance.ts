/**
 * What every bus must do, whatever carries it. Each adapter's test calls this once.
 * Proves: a hint reaches every subscriber, in the order of its publisher; a subscriber that throws, or leaves, harms no other; and after
 * `close` nothing arrives.
 */
import { afterEach, describe, expect, it } from 'vitest'
import type { Bus } from '../../src/bus/bus.ts'
import type { Hint } from '../../src/store/store.ts'

export type BusUnderTest = Readonly<{
  /** Two ends of one bus: what is published at either reaches the subscribers at both. May be the same object. */
  ends: readonly [Bus, Bus]
  /** What subscribers threw. */
  errors: readonly unknown[]
}>

const hint = (n: number): Hint => ({ kind: 'line', id: `line_${n}` })
const hints = (from: number, to: number): Hint[] => Array.from({ length: to - from + 1 }, (_, i) => hint(from + i))

export function exerciseBus(name: string, open: () => Promise<BusUnderTest>): void {
  const opened: BusUnderTest[] = []
  const bus = async (): Promise<BusUnderTest> => {
    const made = await open()
    opened.push(made)
    return made
  }
  const listen = (end: Bus): Hint[] => {
    const heard: Hint[] = []
    end.subscribe((h) => heard.push(h))
    return heard
  }
  afterEach(async () => {
    for (const { ends } of opened.splice(0)) for (const end of ends) await end.close()
  })

  describe(`${name}: the bus`, () => {
    it('brings every hint to every subscriber, at both ends', async () => {
      const { ends } = await bus()
      const heard = [listen(ends[0]), listen(ends[0]), listen(ends[1])]
      ends[0].publish(hints(1, 2))
      for (const one of heard) await expect.poll(() => one).toEqual(hints(1, 2))
    })

    it('keeps the order of each publisher', async () => {
      const { ends } = await bus()
      const heard = listen(ends[1])
      for (let n = 1; n <= 99; n += 3) ends[0].publish(hints(n, n + 2))
      await expect.poll(() => heard).toEqual(hints(1, 99))
    })

    it('carries every kind of hint unchanged', async () => {
      const { ends } = await bus()
      const all: Hint[] = [
        { kind: 'message', id: 'imessage_1' },
        { kind: 'line', id: 'line_1' },
        { kind: 'outcome', status: 'failed', reason: 'send_refused' },
        { kind: 'cancel', node: 'node_1', attempt: 'attempt_1' },
        { kind: 'revoked', node: 'node_1' },
      ]
      const heard = listen(ends[1])
      ends[0].publish(all)
      await expect.poll(() => heard).toEqual(all)
    })

    it('does not let one subscriber that throws harm the others, or the publisher', async () => {
      const { ends, errors } = await bus()
      const before = listen(ends[0])
      const bug = new Error('a bug')
      ends[0].subscribe(() => {
        throw bug
      })
      const after = listen(ends[0])
      ends[0].publish(hints(1, 2))
      for (const one of [before, after]) await expect.poll(() => one).toEqual(hints(1, 2))
      expect(errors).toEqual([bug, bug])
    })

    it('tells nothing more to who has unsubscribed, also from within a hint, and goes on for the rest', async () => {
      const { ends } = await bus()
      const once: Hint[] = []
      const stop = ends[0].subscribe((h) => {
        once.push(h)
        stop()
      })
      const rest = listen(ends[0])
      ends[0].publish(hints(1, 3))
      await expect.poll(() => rest).toEqual(hints(1, 3))
      expect(once).toEqual([hint(1)])
      stop() // twice is nothing
    })

    it('lets a subscriber publish', async () => {
      const { ends } = await bus()
      ends[0].subscribe((h) => {
        if (h.kind === 'line' && h.id === 'line_1') ends[0].publish([hint(2)])
      })
      const heard = listen(ends[0])
      ends[0].publish([hint(1)])
      await expect.poll(() => heard).toHaveLength(2)
      expect(heard).toEqual(expect.arrayContaining(hints(1, 2)))
    })

    it('is silent once it is closed; closing and publishing again are nothing', async () => {
      const { ends } = await bus()
      const heard = listen(ends[0])
      await ends[0].close()
      ends[0].publish([hint(1)])
      await ends[0].close()
      expect(heard).toEqual([])
    })
  })
}
