/**
 * When it is worth to send again.
 * Proves: after a failure the pauses grow to a minute and never end; a good message ends them; what is only degraded stays in use.
 * World: virtual time.
 */
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '@bluewire/testkit/virtual-clock'
import { Upstream } from './upstream.ts'
import type { Problem } from './upstream.ts'

const BROKEN: Problem = { state: 'broken', detail: 'Nobody is there.' }
const DEGRADED: Problem = { state: 'degraded', detail: 'It is slow.' }

function world(first: Problem | null = null) {
  const clock = new VirtualClock()
  const state = { next: first, probedAt: [] as number[], changes: 0 }
  const upstream = new Upstream({
    clock,
    probe: async () => {
      state.probedAt.push(clock.monotonicMs())
      return state.next
    },
    changed: () => state.changes++,
  })
  return { clock, state, upstream }
}

describe('the other side', () => {
  it('is asked at the start, and ready when it answers', async () => {
    const { clock, state, upstream } = world()
    expect(upstream.isReady).toBe(false)
    upstream.start()
    await clock.advance(0)
    expect([upstream.isReady, upstream.health(), state.changes]).toEqual([true, { state: 'ok', provenAtMs: null }, 1])
  })

  it('is asked for ever, with pauses that grow to a minute', async () => {
    const { clock, state, upstream } = world(BROKEN)
    upstream.start()
    await clock.advance(600_000)
    const pauses = state.probedAt.slice(1).map((ms, i) => ms - (state.probedAt[i] ?? 0))
    expect(pauses.slice(0, 9)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
    expect([upstream.isReady, upstream.health()]).toEqual([false, { ...BROKEN, provenAtMs: null }])
    expect(state.changes).toBe(1)
    state.next = null
    await clock.advance(60_000)
    expect([upstream.isReady, upstream.health().state]).toEqual([true, 'ok'])
  })

  it('is proven by a message, whatever was thought of it', async () => {
    const { clock, state, upstream } = world(BROKEN)
    upstream.start()
    await clock.advance(10_000)
    upstream.proven()
    expect([upstream.isReady, upstream.health()]).toEqual([true, { state: 'ok', provenAtMs: clock.nowMs() }])
    const probes = state.probedAt.length
    await clock.advance(600_000)
    expect(state.probedAt).toHaveLength(probes)
    upstream.failed(BROKEN)
    await clock.advance(500)
    expect(state.probedAt).toHaveLength(probes + 1) // the pauses began anew
  })

  it('stays in use while it is only degraded', async () => {
    const { clock, upstream } = world()
    upstream.start()
    await clock.advance(0)
    upstream.failed(DEGRADED)
    expect([upstream.isReady, upstream.health().detail]).toEqual([true, DEGRADED.detail])
  })

  it('is left alone for a while when nobody knows what became of five messages in a row', async () => {
    const { clock, state, upstream } = world()
    upstream.start()
    await clock.advance(0)
    const lose = (times: number): void => {
      for (let i = 0; i < times; i++) upstream.lost('No answer came.')
    }
    lose(4)
    expect([upstream.isReady, upstream.health().state]).toEqual([true, 'degraded'])
    upstream.proven()
    lose(4)
    expect(upstream.isReady).toBe(true)
    lose(1)
    expect([upstream.isReady, upstream.health().state]).toEqual([false, 'broken'])
    lose(5) // those that were on their way: one pause is enough
    await clock.advance(500)
    expect([upstream.isReady, upstream.health().state, state.probedAt.length]).toEqual([true, 'degraded', 2])
    lose(1)
    await clock.advance(999)
    expect(upstream.isReady).toBe(false)
    await clock.advance(1)
    expect(upstream.isReady).toBe(true)
    upstream.proven()
    expect([upstream.isReady, upstream.health().state]).toEqual([true, 'ok'])
  })

  it('is not asked any more after the end', async () => {
    const { clock, state, upstream } = world(BROKEN)
    upstream.start()
    upstream.stop()
    upstream.failed(BROKEN)
    await clock.advance(600_000)
    expect([state.probedAt.length, upstream.isReady]).toEqual([1, false])
  })
})
