/** Pacing. Proves: no sequence of sends passes the limit in any span, a rest gives one burst and no more, and no send waits longer than the limit asks. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mayLeaveAtMs, tatAfterSend, tatMax, waitBehindMs } from './pacing.ts'
import type { Pace } from './pacing.ts'

const PACE: Pace = { gapMs: 1000, burst: 5 }

describe('pacing', () => {
  it('lets a burst go at once and the rest one by one', () => {
    let tat = 0
    const left: number[] = []
    for (let i = 0; i < 8; i++) {
      const at = mayLeaveAtMs(tat, PACE, 10_000)
      left.push(at)
      tat = tatAfterSend(tat, PACE, at)
    }
    expect(left).toEqual([10_000, 10_000, 10_000, 10_000, 10_000, 11_000, 12_000, 13_000])
  })

  it('holds in every span, whatever the arrivals', () => {
    const paces = fc.record({ gapMs: fc.integer({ min: 1, max: 5000 }), burst: fc.integer({ min: 1, max: 10 }) })
    fc.assert(
      fc.property(paces, fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 60 }), (pace, waits) => {
        let now = 1_000_000
        let tat = 0
        const left: number[] = []
        for (const wait of waits) {
          now = Math.max(now + wait, mayLeaveAtMs(tat, pace, now + wait))
          left.push(now)
          tat = tatAfterSend(tat, pace, now)
          expect(tat).toBeLessThanOrEqual(tatMax(pace, now))
        }
        left.forEach((from, i) => {
          for (let j = i; j < left.length; j++) {
            expect(j - i + 1).toBeLessThanOrEqual(pace.burst + Math.floor(((left[j] ?? from) - from) / pace.gapMs))
          }
        })
      }),
    )
  })

  it('never waits longer than the limit asks', () => {
    expect(mayLeaveAtMs(0, PACE, 50_000)).toBe(50_000)
    expect(mayLeaveAtMs(54_000, PACE, 50_000)).toBe(50_000)
    expect(mayLeaveAtMs(54_001, PACE, 50_000)).toBe(50_001)
  })

  it('lifted, it never waits', () => {
    expect(mayLeaveAtMs(7, { gapMs: 0, burst: 1 }, 7)).toBe(7)
    expect(waitBehindMs(1000, { tatMs: 0, pace: { gapMs: 0, burst: 1 } }, 7)).toBe(0)
  })

  it('tells exactly how long a queue takes, whatever was sent before', () => {
    fc.assert(
      fc.property(
        fc.record({ gapMs: fc.integer({ min: 0, max: 5000 }), burst: fc.integer({ min: 1, max: 120 }) }),
        fc.integer({ min: 0, max: 150 }),
        fc.integer({ min: 0, max: 150 }),
        (pace, before, ahead) => {
          const nowMs = 1_000_000
          let tatMs = 0
          for (let i = 0; i < Math.min(before, pace.burst); i++) tatMs = tatAfterSend(tatMs, pace, nowMs)
          const told = waitBehindMs(ahead, { tatMs, pace }, nowMs)
          let atMs = nowMs
          for (let i = 0; i < ahead; i++) {
            atMs = mayLeaveAtMs(tatMs, pace, atMs)
            tatMs = tatAfterSend(tatMs, pace, atMs)
          }
          expect(told).toBe(mayLeaveAtMs(tatMs, pace, atMs) - nowMs)
        },
      ),
    )
  })

  it('tells how long a queue takes', () => {
    expect(waitBehindMs(0, { tatMs: 0, pace: PACE }, 10_000)).toBe(0)
    expect(waitBehindMs(4, { tatMs: 0, pace: PACE }, 10_000)).toBe(0)
    expect(waitBehindMs(5, { tatMs: 0, pace: PACE }, 10_000)).toBe(1000)
    expect(waitBehindMs(37, { tatMs: 0, pace: PACE }, 10_000)).toBe(33_000)
  })
})
