/**
 * What every store must do with what comes in (PROTOCOL 43, W10).
 * Proves: how far a node's inbound messages are committed is stored with each of them, never beyond one that is missing, and told to its next
 * journal in the words of the driver that counted.
 */
import { describe, expect, it } from 'vitest'
import { storeWorlds } from './store-world.ts'
import type { OpenStore, StoreWorld } from './store-world.ts'

export function exerciseInbound(name: string, open: OpenStore): void {
  const world = storeWorlds(open)

  describe(`${name}: how far the inbound messages reach`, () => {
    it('a new journal goes on where the one before was committed', async () => {
      const w = await world()
      expect((await w.connect()).inboundAfter).toBeNull()
      await w.inbound('one', { seq: 1, position: 'row 10' })
      await w.inbound('two', { seq: 2, guid: 'two', position: 'row 11' })
      await w.inbound('an old one that says nothing', { seq: 3, guid: 'three' })
      w.journal = `journal_${w.ulid()}`
      expect((await w.connect()).inboundAfter).toBe('row 11')
    })

    it('never beyond a frame that is missing', async () => {
      const w = await world()
      await w.inbound('one', { seq: 1, position: 'row 10' })
      await w.inbound('three', { seq: 3, guid: 'three', position: 'row 12' })
      expect((await w.connect({ outbox: { oldest: 1, head: 3, acked: 1 } })).inboundAfter).toBe('row 10')
      await w.inbound('two', { seq: 2, guid: 'two', position: 'row 11' })
      await w.inbound('three', { seq: 3, guid: 'three', position: 'row 12' })
      expect((await w.connect({ outbox: { oldest: 1, head: 3, acked: 1 } })).inboundAfter).toBe('row 12')
    })

    it('a repeat does not put it back, and what is for no line moves it too', async () => {
      const w = await world()
      await w.inbound('one', { seq: 1, guid: 'one', position: 'row 10' })
      expect(await w.inbound('two', { seq: 2, line: '+19999999999', position: 'row 11' })).toEqual({ kind: 'orphaned' })
      await w.inbound('one', { seq: 1, guid: 'one', position: 'row 10' })
      expect((await w.connect()).inboundAfter).toBe('row 11')
    })

    it('a fenced session moves nothing', async () => {
      const w = await world()
      const old = w.session
      await w.connect()
      w.session = old
      expect(await w.inbound('one', { seq: 1, position: 'row 10' })).toEqual({ kind: 'fenced' })
      expect((await w.connect()).inboundAfter).toBeNull()
    })

    it('is told to no other driver, and again to the one that counted', async () => {
      const w = await world()
      await w.inbound('one', { seq: 1, position: 'row 10' })
      expect((await w.connect({ driver: 'imsg' })).inboundAfter).toBeNull()
      expect((await w.connect()).inboundAfter).toBe('row 10')
    })

    it.each([
      { simulated: false, told: 'row 10' },
      { simulated: true, told: null },
    ])('a machine that joins anew goes on where it was (simulated: $simulated)', async ({ simulated, told }) => {
      const w = await world()
      await rejoin(w, simulated)
      await w.inbound('one', { seq: 1, position: 'row 10' })
      await w.do(w.store.retireNode('test', w.node))
      expect((await rejoin(w, simulated)).inboundAfter).toBe(told)
    })
  })

  async function rejoin(w: StoreWorld, simulated: boolean) {
    await w.do(w.store.closed(w.session))
    w.machine = 'machine-9'
    w.node = await w.join('mac-9', { simulated })
    w.journal = `journal_${w.ulid()}`
    const lines = [{ address: '+15005550001', services: ['imessage' as const], sends: true, out_24h: 0 }]
    return w.connect({ simulated, lines })
  }
}
