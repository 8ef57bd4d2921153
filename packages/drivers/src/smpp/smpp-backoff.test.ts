/**
 * The wait before the next login.
 * Proves: it grows from the least to the most and stays there; a refusal waits longest; a login that held begins anew, one that did not does
 * not; chance moves it by a quarter.
 */
import { describe, expect, it } from 'vitest'
import { waitAfter } from './smpp-backoff.ts'

const LIMITS = { minMs: 1_000, maxMs: 60_000 }
const end = { heldMs: 0, isRefused: false, chance: 0.5 }

describe('the wait', () => {
  it('doubles, up to the most, for ever', () => {
    let failures = 0
    const waits: number[] = []
    for (let i = 0; i < 100; i++) {
      const next = waitAfter({ failures }, end, LIMITS)
      waits.push(next.waitMs)
      failures = next.failures
    }
    expect(waits.slice(0, 8)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
    expect(waits.at(-1)).toBe(60_000)
  })

  it.each([
    ['after a refusal', { failures: 0 }, { isRefused: true }, 60_000, 1],
    ['after a login that held', { failures: 9 }, { heldMs: 61_000 }, 1_000, 1],
    ['after a login that was ended at once', { failures: 3 }, { heldMs: 500 }, 8_000, 4],
    ['with bad luck', { failures: 0 }, { chance: 1 }, 1_250, 1],
    ['with good luck', { failures: 0 }, { chance: 0 }, 750, 1],
  ])('%s', (...[, before, what, waitMs, failures]) => {
    expect(waitAfter(before, { ...end, ...what }, LIMITS)).toEqual({ waitMs, failures })
  })
})
