/**
 * What the wall clock may do to a store: nothing (R5, "the clock is a day off"). Each adapter's test calls this once.
 * Proves: what is decided by how much time has passed (who is lost, which lanes move, which keys are forgotten) does not notice when the
 * wall clock is set, by an hour or a day, either way.
 */
import { describe, expect, it } from 'vitest'
import { storeWorlds } from './store-world.ts'
import type { OpenStore, StoreWorld } from './store-world.ts'

const HOUR_MS = 3600_000
const DAY_MS = 24 * HOUR_MS
const JUMPS = [
  ['an hour ahead', HOUR_MS],
  ['a day ahead', DAY_MS + 1],
  ['an hour back', -HOUR_MS],
  ['a day back', -DAY_MS],
] as const

export function exerciseClock(name: string, open: OpenStore): void {
  const world = storeWorlds(open)

  describe.each(JUMPS)(`${name}: the wall clock is set %s`, (_, jumpMs) => {
    const set = async (w: StoreWorld): Promise<void> => {
      w.clock.jumpWall(jumpMs)
      await w.do(w.store.repairClock())
    }

    it('a node that has just left is not lost, and one that stays away is, in time', async () => {
      const w = await world()
      const id = await w.accept({ onUnknown: 'resend', expiresInMs: 7 * DAY_MS })
      await w.dispatch()
      await w.do(w.store.closed(w.session))
      await set(w)
      expect(await w.do(w.store.declareLost(60_000))).toEqual([])
      expect((await w.state(id)).state).toBe('sending')
      await w.clock.advance(61_000)
      expect(await w.do(w.store.declareLost(60_000))).toEqual([w.node])
      expect((await w.state(id)).attempts).toBe(1)
    })

    it('a lane moves when its line has been away long enough, not before and not a day later', async () => {
      const w = await world()
      await w.accept({ expiresInMs: 7 * DAY_MS })
      await w.do(w.store.closed(w.session))
      w.machine = 'machine-2' // joining again on the same one would remove the first node
      w.node = await w.join('mac-2')
      w.journal = `journal_${w.ulid()}`
      await w.connect({ lines: [{ address: '+15005550002', services: ['imessage'], sends: true, out_24h: 0 }] })
      await set(w)
      expect(await w.do(w.store.failOver(300_000))).toBe(0)
      await w.clock.advance(301_000)
      expect(await w.do(w.store.failOver(300_000))).toBe(1)
    })

    it('a key stays known for its day, and no longer', async () => {
      const w = await world()
      const idempotency = { key: 'k', fingerprint: 'f' }
      const id = await w.accept({ idempotency })
      await set(w)
      await w.do(w.store.retain({ bodiesMs: 90 * DAY_MS, factsMs: 400 * DAY_MS, batch: 100 }))
      expect(await w.do(w.store.accept(w.message({ idempotency })))).toEqual({ kind: 'replayed', id })
      expect((await w.store.keyOwner(w.account, 'k'))?.id).toBe(id)
      await w.clock.advance(DAY_MS + 1000)
      expect(await w.store.keyOwner(w.account, 'k')).toBeUndefined()
      expect((await w.do(w.store.accept(w.message({ idempotency })))).kind).toBe('accepted')
    })
  })

  it(`${name}: nobody reads that a node went away in the future`, async () => {
    const w = await world()
    await w.do(w.store.closed(w.session))
    w.clock.jumpWall(-DAY_MS)
    await w.do(w.store.repairClock())
    expect((await w.store.lines(w.account))[0]?.node?.closedAtMs).toBeLessThanOrEqual(w.clock.nowMs())
  })
}
