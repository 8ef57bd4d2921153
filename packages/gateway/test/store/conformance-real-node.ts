/** Proves: the first real node of an account that is well pauses its simulated ones, in one guarded write with its events; and only then, and once. */
import type { AccountId } from '@bluewire/contract/ids'
import { describe, expect, it } from 'vitest'
import { LINE_ADDRESS, storeWorlds } from './store-world.ts'
import type { OpenStore, StoreWorld } from './store-world.ts'

const REAL_LINE = '+14155550100'
export const OK = { state: 'ok', detail: null, provenAtMs: null }

/** A real node beside the simulated one, connected. */
export async function realNode(w: StoreWorld, lines = [REAL_LINE], account: AccountId = w.account) {
  const machine = 'mac-7'
  const node = await w.join('Ann’s Mac', { simulated: false, machine, account })
  const offered = lines.map((address) => ({ address, services: ['imessage' as const], sends: true, out_24h: 0 }))
  const frame = w.hello({ node, machine, simulated: false, journal_id: `journal_${w.ulid()}`, lines: offered })
  const welcome = await w.do(w.store.hello({ gateway: 'gw_test', frame }))
  if (welcome.kind !== 'welcome') throw new Error(`bye ${welcome.code}`)
  const session = { node, epoch: welcome.epoch }
  await w.do(w.store.ready(session, { t: 'ready', session: welcome.epoch, states: {}, outbox_head: 0 }, []))
  return session
}

export function exerciseFirstRealNode(name: string, open: OpenStore): void {
  const world = storeWorlds(open)

  const paused = async (w: StoreWorld) =>
    Object.fromEntries((await w.store.lines(w.account)).map((line) => [line.address, line.pauseReason]))

  describe(`${name}: the first real node`, () => {
    it('that is well pauses the simulated ones; once, whatever is resumed later', async () => {
      const w = await world()
      const session = await realNode(w)
      await w.do(w.store.health(session, { ...OK, state: 'broken' }))
      await w.do(w.store.health(w.session, OK))
      expect(await paused(w)).toEqual({ [LINE_ADDRESS]: null, [REAL_LINE]: null })
      w.hints.length = 0
      await w.do(w.store.health(session, OK))
      expect(await paused(w)).toEqual({ [LINE_ADDRESS]: 'the real node Ann’s Mac sends now', [REAL_LINE]: null })
      expect(w.hints).toContainEqual({ kind: 'line', id: w.line })
      await w.accept()
      expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing', why: 'paused' })

      await w.do(w.store.orderLine('cli:test', w.line, { order: 'resume', reason: null }))
      await w.do(w.store.health(session, OK))
      expect(await paused(w)).toEqual({ [LINE_ADDRESS]: null, [REAL_LINE]: null })
    })

    it('without a line that sends takes nobody’s place; with one it does', async () => {
      const w = await world()
      await w.do(w.store.health(await realNode(w, []), OK))
      expect(await paused(w)).toEqual({ [LINE_ADDRESS]: null })
      await w.do(w.store.health(await realNode(w), OK))
      expect(await paused(w)).toMatchObject({ [LINE_ADDRESS]: expect.stringContaining('Ann’s Mac') })
    })

    it('whose session is over says nothing; another account’s node neither', async () => {
      const w = await world()
      const old = await realNode(w)
      await w.do(w.store.health({ ...old, epoch: old.epoch - 1 }, OK))
      const other = await w.do(
        w.store.createAccount('test', {
          id: `acct_${w.ulid()}`,
          name: 'other',
          plan: 'unlimited',
          quotaLimit: null,
          entitlements: [],
          region: 'US',
        }),
      )
      await w.do(w.store.health(await realNode(w, [REAL_LINE], other.id), OK))
      expect(await paused(w)).toEqual({ [LINE_ADDRESS]: null, [REAL_LINE]: null })
    })
  })
}
