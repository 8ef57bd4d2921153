/**
 * Virtual time.
 * Proves: timers fire at their instants and in the order of their instants, with every promise they settle done before the
 * next one; nothing happens by itself; cancelled timers do not fire; the wall clock can jump alone.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ClockBusyError, VirtualClock } from './virtual-clock.ts'

describe('virtual time', () => {
  it('stands still until it is moved', async () => {
    const clock = new VirtualClock(1_000)
    const seen: number[] = []
    clock.setTimer(10, () => seen.push(clock.nowMs()))
    clock.setTimer(0, () => seen.push(clock.nowMs()))
    expect([clock.nowMs(), clock.monotonicMs(), clock.nextTimerInMs()]).toEqual([1_000, 0, 0])
    await clock.settle()
    expect(seen).toEqual([1_000])
    await clock.advance(9)
    expect([seen, clock.nextTimerInMs()]).toEqual([[1_000], 1])
    await clock.advance(1)
    expect([seen, clock.nowMs(), clock.nextTimerInMs()]).toEqual([[1_000, 1_010], 1_010, null])
  })

  it('lets every promise settle between two timers', async () => {
    const clock = new VirtualClock()
    const seen: string[] = []
    clock.setTimer(1, () => {
      seen.push('first')
      void (async () => {
        for (let i = 0; i < 50; i++) await Promise.resolve()
        seen.push('its promises')
        clock.soon(() => seen.push('soon'))
        clock.setTimer(0, () => seen.push('its timer'))
      })()
    })
    clock.setTimer(1, () => seen.push('second'))
    await clock.advance(5)
    expect(seen).toEqual(['first', 'its promises', 'soon', 'second', 'its timer'])
  })

  it('a cancelled timer does not fire, also when it is cancelled by one of the same instant', async () => {
    const clock = new VirtualClock()
    const seen: string[] = []
    const first = clock.setTimer(5, () => {
      seen.push('first')
      second.cancel()
      first.cancel()
    })
    const second = clock.setTimer(5, () => seen.push('second'))
    await clock.advance(10)
    expect(seen).toEqual(['first'])
  })

  it('the wall clock jumps alone', async () => {
    const clock = new VirtualClock(0)
    let fired = false
    clock.setTimer(100, () => (fired = true))
    clock.jumpWall(3_600_000)
    await clock.settle()
    expect([clock.nowMs(), clock.monotonicMs(), fired]).toEqual([3_600_000, 0, false])
  })

  it('two calls at once are an error', async () => {
    const clock = new VirtualClock()
    const first = clock.advance(1)
    await expect(clock.advance(1)).rejects.toThrow(ClockBusyError)
    await first
  })

  it('any timers fire in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(50), { maxLength: 60 }), async (delays) => {
        const clock = new VirtualClock()
        const seen: Array<[number, number]> = []
        delays.forEach((delay, i) => clock.setTimer(delay, () => seen.push([clock.monotonicMs(), i])))
        await clock.advance(50)
        const expected = delays
          .map((delay, i): [number, number] => [delay, i])
          .sort((a, b) => a[0] - b[0] || a[1] - b[1])
        expect(seen).toEqual(expected)
      }),
      { numRuns: 50 },
    )
  })
})
