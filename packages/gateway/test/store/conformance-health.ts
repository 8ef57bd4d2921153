/**
 * What every store must do with a node's word about itself (R8, PROTOCOL 19).
 * Proves: a node that is broken, or would send from another address, gets nothing, over reconnects too, until it says that it is well; what
 * waits for it goes on then, and meanwhile moves to another line or leaves as SMS under the same conditions as for a node that is away, and
 * never to one that gets nothing either; what it says is there to be shown.
 */
import { describe, expect, it } from 'vitest'
import type { LineId, NodeId } from '@bluewire/contract/ids'
import type { NodeHealth, SessionKey } from '../../src/store/store.ts'
import { storeWorlds } from './store-world.ts'
import type { OpenStore, StoreWorld } from './store-world.ts'

const AWAY_MS = 300_000
const CLICK = { name: 'automation', state: 'problem', detail: 'Somebody has to click OK.' } as const
const ADDRESS = { name: 'sending_address', state: 'problem', detail: 'It is signed in as another.' } as const
const READABLE = { name: 'db_readable', state: 'ok' } as const
const WELL: NodeHealth = { state: 'ok', detail: null, provenAtMs: 1, checks: [READABLE] }
const BROKEN: NodeHealth = {
  state: 'broken',
  detail: 'It waits for a click.',
  provenAtMs: 1,
  checks: [READABLE, CLICK],
}
const ELSEWHERE: NodeHealth = { ...WELL, checks: [READABLE, ADDRESS] }

type Mac = Readonly<{ node: NodeId; session: SessionKey; line: LineId }>

export function exerciseHealth(name: string, open: OpenStore): void {
  const world = storeWorlds(open)
  const says = (w: StoreWorld, health: NodeHealth, session = w.session) => w.do(w.store.health(session, health))
  const hold = async (w: StoreWorld) => (await w.store.lines(w.account))[0]?.node?.hold

  /** A further node of the account; the world goes on with it. */
  async function addMac(w: StoreWorld, address: string): Promise<Mac> {
    const machine = `machine of ${address}`
    w.node = await w.join(address, { machine })
    w.journal = `journal_${w.ulid()}`
    await w.connect({ machine, lines: [{ address, services: ['imessage', 'sms'], sends: true, out_24h: 0 }] })
    return { node: w.node, session: w.session, line: w.line }
  }

  describe(`${name}: a node that cannot send`, () => {
    it.each([
      ['broken', BROKEN, { why: 'broken', check: 'automation', detail: CLICK.detail }],
      ['another address', ELSEWHERE, { why: 'sending_address', check: ADDRESS.name, detail: ADDRESS.detail }],
    ] as const)('%s: gets nothing until it is well again', async (_, health, held) => {
      const w = await world()
      const id = await w.accept()
      expect(await says(w, health)).toEqual({ kind: 'done', hold: held, isNews: true, mayWork: false })
      expect(await w.dispatchAny()).toEqual({ kind: 'nothing', againInMs: null, why: 'paused' })
      expect(await w.state(id)).toMatchObject({ state: 'queued', line: { node: { online: true, hold: held } } })
      expect(await hold(w)).toEqual(held)
      expect(await says(w, health)).toMatchObject({ isNews: false })
      w.hints.length = 0
      expect(await says(w, WELL)).toEqual({ kind: 'done', hold: null, isNews: true, mayWork: true })
      expect(w.hints).toContainEqual({ kind: 'line', id: w.line })
      expect((await w.dispatch()).message).toBe(id)
    })

    it('another address: an operator lets one message leave, and what that shows is believed', async () => {
      const w = await world()
      await says(w, ELSEWHERE)
      const resume = () => w.do(w.store.resumeNode('cli:ann', w.node))
      for (let n = 0; n < 3; n++) await w.accept({ recipient: `+1415555000${n}` })
      for (const shown of [ELSEWHERE, WELL]) {
        expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing', why: 'paused' })
        w.hints.length = 0
        expect(await resume()).toBe('one_message')
        expect(w.hints).toContainEqual({ kind: 'line', id: w.line })
        await says(w, ELSEWHERE) // of before
        await w.connect()
        const d = await w.dispatch()
        expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing', why: 'paused' })
        await w.fact(d, { fact: 'sent' })
        await says(w, shown)
      }
      await w.dispatch()
      expect(await resume()).toBe('not_held')
      expect((await w.store.audit(10)).filter(({ action }) => action === 'node.resume')).toHaveLength(2)
    })

    it('an operator’s word for one reason is not one for another', async () => {
      const w = await world()
      await w.accept()
      await says(w, ELSEWHERE)
      await w.do(w.store.resumeNode('cli:ann', w.node))
      await says(w, BROKEN)
      expect(await w.dispatchAny()).toMatchObject({ why: 'paused' })
      await says(w, ELSEWHERE)
      expect(await w.dispatchAny()).toMatchObject({ why: 'paused' })
    })

    it('a run of failures: one message every ten minutes finds out whether it is over', async () => {
      const w = await world()
      const failing: NodeHealth = { ...BROKEN, checks: [{ name: 'sending', state: 'problem' }] }
      for (let n = 0; n < 3; n++) await w.accept({ recipient: `+1415555000${n}` })
      await says(w, failing)
      for (const shown of [failing, WELL]) {
        await w.clock.advance(600_000 - 1)
        expect(await w.do(w.store.tryLinesInDoubt())).toBe(0)
        await says(w, failing)
        await w.clock.advance(1)
        expect(await w.do(w.store.tryLinesInDoubt())).toBe(1)
        await w.fact(await w.dispatch(), { fact: 'unknown' })
        expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing', why: 'paused' })
        await says(w, shown)
      }
      await w.dispatch()
    })

    it('no other word of it is tried by itself', async () => {
      const w = await world()
      await w.accept()
      for (const health of [BROKEN, ELSEWHERE]) {
        await says(w, health)
        await w.clock.advance(600_000)
        expect(await w.do(w.store.tryLinesInDoubt())).toBe(0)
      }
    })

    it('what it is doing already is not touched', async () => {
      const w = await world()
      const id = await w.accept()
      const d = await w.dispatch()
      await says(w, BROKEN)
      await w.fact(d, { fact: 'sent' })
      expect((await w.state(id)).state).toBe('sent')
    })

    it('a new session begins with what the one before said last', async () => {
      const w = await world()
      await says(w, BROKEN)
      await w.accept()
      await w.connect()
      expect(await w.dispatchAny()).toMatchObject({ why: 'paused' })
      await says(w, WELL)
      await w.dispatch()
    })

    it('degraded is no reason', async () => {
      const w = await world()
      await w.accept()
      await says(w, { ...BROKEN, state: 'degraded' })
      await w.dispatch()
    })

    it('a fenced session says nothing', async () => {
      const w = await world()
      const old = w.session
      await w.connect()
      expect(await says(w, BROKEN, old)).toEqual({ kind: 'fenced' })
      expect(await hold(w)).toBeNull()
    })
  })

  describe(`${name}: what waits for a node that cannot send`, () => {
    it('moves when it stays so, to a line that works', async () => {
      const w = await world()
      const first = { session: w.session, line: w.line }
      const id = await w.accept()
      const second = await addMac(w, '+15005550002')
      await says(w, BROKEN, first.session)
      await says(w, ELSEWHERE, second.session)
      await w.clock.advance(AWAY_MS)
      expect(await w.do(w.store.failOver(AWAY_MS))).toBe(0) // not for long enough
      await w.clock.advance(1)
      expect(await w.do(w.store.failOver(AWAY_MS))).toBe(0) // the other one gets nothing either
      await says(w, WELL, second.session)
      expect(await w.do(w.store.failOver(AWAY_MS))).toBe(1)
      expect((await w.state(id)).line?.id).toBe(second.line)
      expect((await w.dispatch()).message).toBe(id)
    })

    it('the time counts from when it stopped working, over its reconnects, and anew when it worked meanwhile', async () => {
      const w = await world()
      const first = { node: w.node, session: w.session, line: w.line, machine: w.machine, journal: w.journal }
      await w.accept()
      await says(w, BROKEN)
      await addMac(w, '+15005550002')
      Object.assign(w, first)
      await w.clock.advance(AWAY_MS / 2)
      await w.do(w.store.closed(w.session))
      await w.connect()
      await w.clock.advance(AWAY_MS / 2)
      await says(w, WELL)
      await says(w, BROKEN)
      expect(await w.do(w.store.failOver(AWAY_MS))).toBe(0)
      await w.clock.advance(AWAY_MS / 2)
      await w.do(w.store.closed(w.session))
      await w.connect()
      await w.clock.advance(AWAY_MS / 2 + 1)
      expect(await w.do(w.store.failOver(AWAY_MS))).toBe(1)
    })

    it('leaves as SMS where that was asked for, but not by the same Mac', async () => {
      const w = await world()
      await w.do(w.store.closed(w.session))
      const mac = await addMac(w, '+15005550002')
      const ids = [await w.accept({ fallback: true }), await w.accept({ recipient: '+14155550002' })]
      await says(w, BROKEN)
      await w.clock.advance(60_001)
      expect(await w.do(w.store.fallBackOffline(60_000))).toBe(0)
      await addMac(w, '+15005550003')
      expect(await w.do(w.store.fallBackOffline(60_000))).toBe(1)
      expect(await w.state(ids[0] as never)).toMatchObject({
        ...{ state: 'queued', service: 'sms', fallbackReason: 'node_held', line: { address: '+15005550003' } },
      })
      expect(await w.state(ids[1] as never)).toMatchObject({ service: 'imessage', line: { id: mac.line } })
    })
  })

  describe(`${name}: what a node says of itself`, () => {
    it('is there to be shown, with what it has open', async () => {
      const w = await world()
      await w.accept()
      const d = await w.dispatch()
      const atMs = w.clock.nowMs()
      await says(w, BROKEN)
      await w.clock.advance(5)
      expect(await w.store.node(w.node)).toMatchObject({
        ...{ name: 'mac-1', account: w.account, online: true, driver: 'simulator', agent: 'test/1', atMostOnce: true },
        ...{ health: 'broken', healthAtMs: atMs, healthDetail: BROKEN.detail, provenAtMs: 1, checks: BROKEN.checks },
        ...{ inFlight: [{ id: d.attempt, message: d.message, state: 'dispatched' }], unknown: 0, sentAtMs: null },
      })
      await w.fact(d, { fact: 'unknown' })
      await says(w, WELL)
      expect(await w.store.node(w.node)).toMatchObject({ checks: [READABLE], inFlight: [], unknown: 1, hold: null })
      expect(await w.store.nodes(w.account)).toMatchObject([{ id: w.node, health: 'ok', hold: null, provenAtMs: 1 }])
    })

    it('also of one that is retired; of none there is nothing', async () => {
      const w = await world()
      await w.do(w.store.retireNode('test', w.node))
      expect(await w.store.node(w.node)).toMatchObject({ online: false, retiredAtMs: w.clock.nowMs(), checks: [] })
      expect(await w.store.node(`node_${w.ulid()}`)).toBeUndefined()
    })

    it('whether it may send twice is known of its lines', async () => {
      const w = await world()
      await w.connect({ at_most_once: false, driver: 'bluebubbles' })
      expect((await w.store.lines(w.account))[0]?.node).toMatchObject({ atMostOnce: false, driver: 'bluebubbles' })
    })
  })
}
