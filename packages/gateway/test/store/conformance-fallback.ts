/**
 * Proves: an iMessage becomes an SMS on proof alone; what is remembered of a recipient is used for those who asked for a fallback, and only
 * when the Apple account is proven (PROTOCOL 39); a node that is away counts as a failure after a while; and SMS are counted.
 */
import { describe, expect, it } from 'vitest'
import { ProviderWorld } from './provider-world.ts'
import { RECIPIENT, storeWorlds } from './store-world.ts'
import type { OpenStore } from './store-world.ts'

const MINUTE_MS = 60_000
const NOT_ON_IMESSAGE = { fact: 'not_sent', class: 'refused', reason: 'recipient_not_on_imessage' } as const
const other = (n: number): string => `+1415555${String(n).padStart(4, '0')}`

export function exerciseFallback(name: string, open: OpenStore): void {
  const world = storeWorlds(open)
  /** The node is a real one: of a simulated one everything is believed. */
  const start = async () => {
    const w = await world()
    w.machine = 'machine-2'
    w.node = await w.join('mac-2', { simulated: false })
    await w.connect({
      simulated: false,
      lines: [{ address: '+14155550001', services: ['imessage'], sends: true, out_24h: 0 }],
    })
    const p = new RealProviderWorld(w)
    await p.start()
    return p
  }
  const imessage = { simulated: false, fallback: true } as const

  describe(`${name}: fallback`, () => {
    it('leaves as SMS when Messages says that the recipient is not on iMessage', async () => {
      const p = await start()
      const id = await p.w.accept({ ...imessage, fallbackLine: p.line })
      await p.w.fact(await p.w.dispatch(), NOT_ON_IMESSAGE)
      expect(await p.w.state(id)).toMatchObject({
        state: 'queued',
        service: 'sms',
        fallbackReason: NOT_ON_IMESSAGE.reason,
      })
      const sms = await p.dispatch()
      expect(sms).toMatchObject({ message: id, n: 2, service: 'sms' })
      await p.finding(sms.attempt, { kind: 'sent', refs: ['1'] })
      expect(await p.w.state(id)).toMatchObject({ state: 'sent', sentService: 'sms', askedService: 'imessage' })
      expect(await p.w.store.used(p.w.account)).toBe(1)
    })

    it('names both reasons when the SMS fails too', async () => {
      const p = await start()
      const id = await p.w.accept({ ...imessage, fallbackLine: p.line })
      await p.w.fact(await p.w.dispatch(), NOT_ON_IMESSAGE)
      await p.finding((await p.dispatch()).attempt, {
        kind: 'not_sent',
        class: 'refused',
        reason: 'recipient_unreachable',
      })
      expect(await p.w.state(id)).toMatchObject({
        state: 'failed',
        failure: 'recipient_unreachable',
        fallbackReason: 'recipient_not_on_imessage',
      })
      expect(await p.w.store.used(p.w.account)).toBe(0)
    })

    it('happens once, however often the refusal is said', async () => {
      const p = await start()
      await p.w.accept({ ...imessage, fallbackLine: p.line })
      const d = await p.w.dispatch()
      for (let i = 0; i < 3; i++) await p.w.fact(d, NOT_ON_IMESSAGE)
      await p.dispatch()
      expect((await p.dispatchAny()).kind).toBe('nothing')
      expect(await p.attempts(d)).toEqual(['imessage not_sent', 'sms dispatched'])
    })

    it('never follows silence: an unknown outcome, or a receipt that does not come', async () => {
      const p = await start()
      const id = await p.w.accept({ ...imessage, fallbackLine: p.line })
      const d = await p.w.dispatch()
      await p.w.fact(d, { fact: 'unknown', reason: 'no_evidence' })
      await p.w.clock.advance(60 * MINUTE_MS)
      expect(await p.w.do(p.w.store.fallBackOffline(MINUTE_MS))).toBe(0)
      expect(await p.w.state(id)).toMatchObject({ state: 'unknown', service: 'imessage' })
      await p.w.fact(d, { fact: 'sent' })
      await p.w.clock.advance(60 * MINUTE_MS)
      expect(await p.w.state(id)).toMatchObject({ state: 'sent', sentService: 'imessage' })
    })

    it('does not follow an iMessage that Messages sent as SMS by itself, which its line shows', async () => {
      const p = await start()
      const id = await p.w.accept({ ...imessage, fallbackLine: p.line })
      await p.w.fact(await p.w.dispatch(), { fact: 'sent', was_downgraded: true })
      expect(await p.w.state(id)).toMatchObject({ state: 'sent', sentService: 'sms' })
      expect((await p.dispatchAny()).kind).toBe('nothing')
      const line = (await p.w.store.lines(p.w.account)).find((l) => l.id === p.w.line)
      expect(line?.downgradedAtMs).toBe(p.w.clock.nowMs())
    })

    it('is cancelled with the message', async () => {
      const p = await start()
      const id = await p.w.accept({ ...imessage, fallbackLine: p.line })
      const d = await p.w.dispatch()
      await p.w.do(p.w.store.cancel(p.w.account, id))
      await p.w.fact(d, NOT_ON_IMESSAGE)
      expect(await p.w.state(id)).toMatchObject({ state: 'cancelled', service: 'imessage' })
    })
  })

  describe(`${name}: a node that is away`, () => {
    it('counts as a failure after a while, for what was never dispatched', async () => {
      const p = await start()
      const tried = await p.w.accept({ ...imessage, fallbackLine: p.line })
      await p.w.fact(await p.w.dispatch(), { fact: 'not_sent', class: 'never_handed', reason: 'node_disk_full' })
      await p.w.do(p.w.store.closed(p.w.session))
      const never = await p.w.accept({ ...imessage, recipient: other(1), fallbackLine: p.line })
      const plain = await p.w.accept({ ...imessage, recipient: other(2), fallback: false })
      await p.w.clock.advance(MINUTE_MS)
      expect(await p.w.do(p.w.store.fallBackOffline(MINUTE_MS))).toBe(0)
      await p.w.clock.advance(1)
      expect(await p.w.do(p.w.store.fallBackOffline(MINUTE_MS))).toBe(1)
      expect((await p.w.state(tried)).service).toBe('imessage')
      expect((await p.w.state(plain)).service).toBe('imessage')
      expect(await p.w.state(never)).toMatchObject({ state: 'queued', service: 'sms', fallbackReason: 'node_offline' })
      await p.lease() // which ran out meanwhile
      expect((await p.dispatch()).message).toBe(never)
    })

    it('does not reorder a lane: an earlier iMessage to the recipient goes first', async () => {
      const p = await start()
      await p.w.do(p.w.store.closed(p.w.session))
      await p.w.accept({ ...imessage, fallback: false })
      const second = await p.w.accept({ ...imessage, fallbackLine: p.line })
      await p.w.clock.advance(MINUTE_MS + 1)
      expect(await p.w.do(p.w.store.fallBackOffline(MINUTE_MS))).toBe(1)
      await p.lease()
      expect((await p.dispatchAny()).kind).toBe('nothing')
      expect((await p.w.state(second)).service).toBe('sms')
    })
  })

  describe(`${name}: "not on iMessage" (PROTOCOL 39)`, () => {
    const refused = async (p: ProviderWorld, recipient: string, more: object = {}) => {
      const id = await p.w.accept({ ...imessage, recipient, fallbackLine: p.line, ...more })
      await p.w.fact(await p.w.dispatch(), NOT_ON_IMESSAGE)
      return id
    }
    const prove = async (p: ProviderWorld, recipient: string) => {
      await p.w.accept({ ...imessage, recipient, fallback: false })
      await p.w.fact(await p.w.dispatch(), { fact: 'sent' })
    }
    const next = async (p: ProviderWorld, recipient = RECIPIENT) =>
      (await p.w.state(await p.w.accept({ ...imessage, recipient, fallbackLine: p.line }))).service

    it('is remembered for a day when the account is proven, and used by those who asked for a fallback', async () => {
      const p = await start()
      await prove(p, other(9))
      await refused(p, RECIPIENT)
      expect(await next(p)).toBe('sms')
      const plain = await p.w.accept({ ...imessage, fallback: false, fallbackLine: null })
      expect((await p.w.state(plain)).service).toBe('imessage')
      await p.w.clock.advance(24 * 60 * MINUTE_MS)
      expect(await next(p)).toBe('imessage')
    })

    it('is forgotten at once when an iMessage comes from them', async () => {
      const p = await start()
      await prove(p, other(9))
      await refused(p, RECIPIENT)
      await p.w.inbound('hello', { line: '+14155550001' })
      expect(await next(p)).toBe('imessage')
    })

    it('is not remembered without proof, nor with a proof that is old or of the same recipient', async () => {
      const p = await start()
      await refused(p, RECIPIENT)
      expect(await next(p)).toBe('imessage')
      const q = await start()
      await prove(q, RECIPIENT)
      await refused(q, RECIPIENT)
      expect(await next(q)).toBe('imessage')
      const r = await start()
      await prove(r, other(9))
      await r.w.clock.advance(10 * MINUTE_MS + 1)
      await r.lease()
      await refused(r, RECIPIENT)
      expect(await next(r)).toBe('imessage')
    })

    it('of everybody stops the line: messages wait, none leaves as SMS, and it is tried again', async () => {
      const p = await start()
      for (let i = 1; i <= 3; i++) expect((await p.w.state(await refused(p, other(i)))).service).toBe('sms')
      const waiting = await refused(p, other(4))
      expect(await p.w.state(waiting)).toMatchObject({ state: 'queued', service: 'imessage', failure: null })
      const line = async () => (await p.w.store.lines(p.w.account)).find((l) => l.id === p.w.line)
      expect(await line()).toMatchObject({ paused: true, pauseReason: expect.stringContaining('signed in') as string })
      expect((await p.w.dispatchAny()).kind).toBe('nothing')
      await p.w.clock.advance(9 * MINUTE_MS)
      expect(await p.w.do(p.w.store.tryLinesInDoubt())).toBe(0)
      await p.w.clock.advance(MINUTE_MS)
      expect(await p.w.do(p.w.store.tryLinesInDoubt())).toBe(1)
      expect((await p.w.dispatchAny()).kind).toBe('nothing') // others would go first
      await p.w.clock.advance(MINUTE_MS)
      await p.w.fact(await p.w.dispatch(), NOT_ON_IMESSAGE) // still so
      expect(await line()).toMatchObject({ paused: true })
      await p.w.clock.advance(10 * MINUTE_MS)
      await p.w.do(p.w.store.tryLinesInDoubt())
      await p.w.clock.advance(MINUTE_MS)
      await p.w.fact(await p.w.dispatch(), { fact: 'sent' })
      expect((await p.w.state(waiting)).state).toBe('sent')
      expect(await line()).toMatchObject({ paused: false })
    })

    it('is believed of any number of recipients while the account sends to others', async () => {
      const p = await start()
      for (let i = 1; i <= 6; i++) {
        await p.w.clock.advance(2000) // the pace of the line
        await prove(p, other(100))
        expect((await p.w.state(await refused(p, other(i)))).service).toBe('sms')
      }
    })
  })

  describe(`${name}: what SMS may cost`, () => {
    const plainSms = (p: ProviderWorld, more: object = {}) =>
      p.w.do(
        p.w.store.accept(
          p.w.message({ id: `text_${p.w.ulid()}`, service: 'sms', line: p.line, simulated: false, ...more }),
        ),
      )

    it('so many an hour, in a window that moves, and refused ones leave no trace', async () => {
      const p = await start()
      await p.w.clock.advance(MINUTE_MS - (p.w.clock.nowMs() % MINUTE_MS))
      for (let i = 0; i < 200; i++) expect((await plainSms(p)).kind).toBe('accepted')
      const refused = await plainSms(p, { idempotency: { key: 'k', fingerprint: 'f' } })
      expect(refused).toMatchObject({ kind: 'sms_guard', country: 'US', limit: 200, retryAfterMs: 60 * MINUTE_MS })
      expect(await p.w.store.used(p.w.account)).toBe(200)
      expect(await p.w.store.keyOwner(p.w.account, 'k')).toBeUndefined()
      await p.w.clock.advance(60 * MINUTE_MS)
      expect((await plainSms(p)).kind).toBe('accepted')
    })

    it('none to a number whose country is not known', async () => {
      const p = await start()
      expect(await plainSms(p, { country: null })).toMatchObject({ kind: 'sms_guard', country: null })
    })

    it('what is sent again may cost as much again: beyond the limit it stays unknown', async () => {
      const p = await start()
      await p.w.do(p.w.store.updateAccount('test', p.w.account, { smsPerHour: 3 }))
      for (const [recipient, left] of [
        [other(1), 'queued'],
        [other(2), 'unknown'],
      ] as const) {
        await plainSms(p, { recipient, onUnknown: 'resend' })
        const d = await p.dispatch()
        await p.finding(d.attempt, { kind: 'unknown', reason: 'no_answer' })
        expect(await p.state(d)).toBe(left)
        if (left === 'queued') await p.finding((await p.dispatch()).attempt, { kind: 'sent', refs: ['r'] })
        else expect(await p.w.do(p.w.store.resend(p.w.account, d.message))).toBe('refused')
      }
    })

    it('an iMessage costs nothing, and its fallback fails when the limit is reached', async () => {
      const p = await start()
      for (let i = 0; i < 200; i++) await plainSms(p)
      const id = await p.w.accept({ ...imessage, recipient: other(1), fallbackLine: p.line })
      await p.w.fact(await p.w.dispatch(), NOT_ON_IMESSAGE)
      expect(await p.w.state(id)).toMatchObject({ state: 'failed', failure: 'sms_limit_reached' })
    })
  })
}

/** Of a real account, so that its lines go with the real node's. */
class RealProviderWorld extends ProviderWorld {
  override async start(): Promise<this> {
    await this.w.do(
      this.w.store.createProvider('test', {
        id: this.provider,
        account: this.w.account,
        name: 'carrier',
        driver: 'smpp',
        shared: false,
        simulated: false,
        settings: {},
        secrets: '',
      }),
    )
    const line = { provider: this.provider, account: this.w.account, address: '+14155550002', gapMs: 0, burst: 100 }
    await this.w.do(this.w.store.addProviderLine('test', { id: this.line, ...line }))
    await this.lease()
    return this
  }
}
