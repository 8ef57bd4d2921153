/**
 * What every store must do when a message cannot simply be sent.
 * Proves: simulated and real lines never carry each other's messages; nothing is called failed while an attempt of it may have gone out;
 * STOP holds also for what is in flight; a crowd that cannot move never keeps others from moving.
 */
import { describe, expect, it } from 'vitest'
import type { LineId, NodeId } from '@bluewire/contract/ids'
import type { SessionKey } from '../../src/store/store.ts'
import { storeWorlds } from './store-world.ts'
import type { OpenStore, StoreWorld } from './store-world.ts'

const AWAY_MS = 300_000
const OTHER = '+14155550001'

type Mac = Readonly<{ node: NodeId; session: SessionKey; line: LineId }>

export function exerciseEndings(name: string, open: OpenStore): void {
  const world = storeWorlds(open)

  /** Another node of the account, on a machine of its own; the world goes on with it. */
  async function addMac(w: StoreWorld, address: string, simulated: boolean): Promise<Mac> {
    const machine = `machine of ${address}`
    w.node = await w.join(address, { simulated, machine })
    w.journal = `journal_${w.ulid()}`
    const services = ['imessage' as const, 'sms' as const]
    await w.connect({ machine, simulated, lines: [{ address, services, sends: true, out_24h: 0 }] })
    return { node: w.node, session: w.session, line: w.line }
  }

  async function leave(w: StoreWorld, { session }: Pick<Mac, 'session'>): Promise<void> {
    await w.do(w.store.closed(session))
    await w.clock.advance(AWAY_MS + 1000)
  }

  describe(`${name}: simulated and real lines`, () => {
    it.each([true, false])(
      'a message of an away line stays when the other kind is there (simulated: %s)',
      async (simulated) => {
        const w = await world()
        await w.do(w.store.closed(w.session))
        const away = await addMac(w, '+15005550005', simulated)
        const id = await w.accept({ line: away.line, simulated, recipient: OTHER })
        await leave(w, away)
        await addMac(w, '+15005550006', !simulated)
        expect(await w.do(w.store.failOver(AWAY_MS))).toBe(0)
        expect((await w.state(id)).line?.id).toBe(away.line)
        await addMac(w, '+15005550007', simulated)
        expect(await w.do(w.store.failOver(AWAY_MS))).toBe(1)
        expect((await w.state(id)).line?.address).toBe('+15005550007')
      },
    )

    it('an SMS that takes over leaves by the same kind of line, or not at all', async () => {
      const w = await world()
      const simulated = { session: w.session, line: w.line }
      await addMac(w, '+15005550006', false)
      w.session = simulated.session
      w.line = simulated.line
      const id = await w.accept({ fallback: true, from: simulated.line })
      await w.fact(await w.dispatch(), { fact: 'not_sent', class: 'refused', reason: 'recipient_not_on_imessage' })
      expect(await w.state(id)).toMatchObject({ state: 'failed', failure: 'recipient_not_on_imessage' })
    })

    it('a line that turned real does not send what was accepted for a simulated one', async () => {
      const w = await world()
      await w.accept({ simulated: false })
      expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing' })
    })
  })

  describe(`${name}: endings (R4)`, () => {
    it('sends an unknown one again once, when the caller asked for it, and not for ever', async () => {
      const w = await world()
      const id = await w.accept({ onUnknown: 'resend' })
      await w.fact(await w.dispatch(), { fact: 'unknown', reason: 'no_row' })
      await w.fact(await w.dispatch(), { fact: 'unknown', reason: 'no_row' })
      expect(await w.state(id)).toMatchObject({ state: 'unknown', attempts: 2 })
      expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing' })
    })

    it('calls nothing failed while its first attempt may have gone out, and settles it with the last proof', async () => {
      const w = await world()
      const id = await w.accept({ onUnknown: 'resend', fallback: true })
      const first = await w.dispatch()
      await w.fact(first, { fact: 'unknown', reason: 'no_row' })
      await w.fact(await w.dispatch(), { fact: 'not_sent', class: 'refused', reason: 'recipient_not_on_imessage' })
      expect(await w.state(id)).toMatchObject({ state: 'unknown', attempts: 2 })
      expect(await w.store.used(w.account)).toBe(1)
      await w.fact(first, { fact: 'not_sent', class: 'refused', reason: 'recipient_not_on_imessage' })
      expect(await w.state(id)).toMatchObject({ state: 'failed', failure: 'recipient_not_on_imessage' })
      expect(await w.store.used(w.account)).toBe(0)
    })

    it('and believes that it went out when that is what comes', async () => {
      const w = await world()
      const id = await w.accept({ onUnknown: 'resend' })
      const first = await w.dispatch()
      await w.fact(first, { fact: 'unknown', reason: 'no_row' })
      await w.fact(await w.dispatch(), { fact: 'not_sent', class: 'refused', reason: 'recipient_not_on_imessage' })
      await w.fact(first, { fact: 'sent' })
      expect((await w.state(id)).state).toBe('sent')
    })

    it.each(['expired', 'cancelled'])('does not call it %s either', async (ending) => {
      const w = await world()
      const id = await w.accept({ onUnknown: 'resend', expiresInMs: 10_000 })
      await w.fact(await w.dispatch(), { fact: 'unknown', reason: 'no_row' })
      expect((await w.state(id)).state).toBe('queued')
      if (ending === 'cancelled') expect(await w.do(w.store.cancel(w.account, id))).toBe('asked')
      else await w.clock.advance(11_000)
      await w.do(w.store.expire(100))
      expect((await w.state(id)).state).toBe('unknown')
      expect(await w.store.used(w.account)).toBe(1)
    })

    it('takes a not_sent without its class for silence', async () => {
      const w = await world()
      const id = await w.accept()
      await w.fact(await w.dispatch(), { fact: 'not_sent', reason: 'send_refused' })
      expect((await w.state(id)).state).toBe('unknown')
    })
  })

  describe(`${name}: STOP`, () => {
    it('ends what is in flight when it did not go out, also after a later START', async () => {
      const w = await world()
      const id = await w.accept()
      const d = await w.dispatch()
      await w.inbound('STOP')
      await w.fact(d, { fact: 'not_sent', class: 'never_handed', reason: 'send_refused' })
      expect(await w.state(id)).toMatchObject({ state: 'failed', failure: 'opted_out' })
    })

    it('holds for an address in whatever case it is written', async () => {
      const w = await world()
      const queued = await w.accept({ recipient: 'Ann.B@example.com' })
      await w.inbound('STOP', { from: 'ann.b@example.com' })
      expect((await w.state(queued)).state).toBe('failed')
      expect(await w.state(await w.accept({ recipient: 'ANN.B@example.com' }))).toMatchObject({ failure: 'opted_out' })
    })
  })

  describe(`${name}: fail-over`, () => {
    it('moves a lane that can move, however many cannot', async () => {
      const w = await world()
      const home = { session: w.session, line: w.line }
      const crowd = Array.from({ length: 600 }, (_, i) =>
        w.message({ recipient: `+1415556${String(i).padStart(4, '0')}`, service: 'sms' }),
      )
      await w.do(Promise.all(crowd.map((m) => w.store.accept(m))))
      const movable = await w.accept({ recipient: '+19995550000' })
      await leave(w, home)
      w.node = await w.join('mac-2', { machine: 'machine-2' })
      w.journal = `journal_${w.ulid()}`
      await w.connect({
        machine: 'machine-2',
        lines: [{ address: '+15005550002', services: ['imessage'], sends: true, out_24h: 0 }],
      })
      expect(await w.do(w.store.failOver(AWAY_MS))).toBe(1)
      expect((await w.state(movable)).line?.address).toBe('+15005550002')
    })
  })

  describe(`${name}: a suspended account`, () => {
    it('sends nothing until it is active again', async () => {
      const w = await world()
      const id = await w.accept()
      await w.do(w.store.updateAccount('test', w.account, { suspended: true }))
      expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing', why: 'paused' })
      await w.do(w.store.updateAccount('test', w.account, { suspended: false }))
      expect((await w.dispatch()).message).toBe(id)
    })
  })

  describe(`${name}: retention`, () => {
    it('lets go of everything that is old, and of nothing that still counts', async () => {
      const w = await world()
      const id = await w.accept()
      await w.fact(await w.dispatch(), { fact: 'sent' })
      await w.inbound('hello')
      await w.inbound('hello', { line: '+19999999999' })
      await w.inbound('STOP', { from: OTHER })
      const waiting = await w.accept({ recipient: '+14155550003', expiresInMs: 9e10 })
      const limits = { bodiesMs: 86_400_000, factsMs: 10 * 86_400_000, batch: 100 }
      await w.clock.advance(2 * 86_400_000)
      await w.do(w.store.retain(limits))
      expect((await w.state(id)).body).toBeNull()
      expect((await w.state(waiting)).body).toBe('hello')
      await w.clock.advance(20 * 86_400_000)
      while ((await w.do(w.store.retain(limits))) > 0);
      expect(await w.store.message(w.account, id)).toBeUndefined()
      expect((await w.state(waiting)).state).toBe('queued')
      expect(await w.state(await w.accept({ recipient: OTHER }))).toMatchObject({ failure: 'opted_out' })
      // Numbers of events are never given twice, also when all are old.
      expect(Math.min(...(await w.store.timeline(w.account, waiting)).events.map((e) => e.seq))).toBeGreaterThan(1)
    })
  })
}
