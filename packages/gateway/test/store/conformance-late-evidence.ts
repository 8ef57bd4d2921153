/**
 * What every store must do when a node finds out later that a message went out after all (PROTOCOL 9): somebody pressed "Try Again", Messages
 * tried again by itself, or sent it as SMS.
 * Proves: evidence beats what was said before; a further attempt that has not left is not made any more, and one that has makes a duplicate
 * suspected; what really went out is what is told, and charged once.
 */
import { describe, expect, it } from 'vitest'
import type { FactFrame } from '@bluewire/contract/node-protocol/node-frames'
import { LINE_ADDRESS, RECIPIENT, storeWorlds } from './store-world.ts'
import type { OpenStore, StoreWorld } from './store-world.ts'

type Said = Partial<FactFrame> & Pick<FactFrame, 'fact'>

const UNKNOWN: Said = { fact: 'unknown', reason: 'apple_error_6' }
const NOT_ON_IMESSAGE: Said = { fact: 'not_sent', class: 'refused', reason: 'recipient_not_on_imessage' }
const NEVER_HANDED: Said = { fact: 'not_sent', class: 'never_handed', reason: 'send_refused' }
const AS_SMS: Said = { fact: 'sent', was_downgraded: true }

export function exerciseLateEvidence(name: string, open: OpenStore): void {
  const newWorld = storeWorlds(open)

  async function world(): Promise<StoreWorld> {
    const w = await newWorld()
    await w.connect({ lines: [{ address: LINE_ADDRESS, services: ['imessage', 'sms'], sends: true, out_24h: 0 }] })
    return w
  }
  const attempts = async (w: StoreWorld, id: string) =>
    (await w.store.timeline(w.account, id as never)).attempts.map(({ service, state }) => `${service} ${state}`)
  const downgradedAt = async (w: StoreWorld) => (await w.store.lines(w.account))[0]?.downgradedAtMs

  describe(`${name}: sent after all`, () => {
    it.each([
      { said: UNKNOWN, before: 'unknown', after: 'imessage sent' },
      { said: NOT_ON_IMESSAGE, before: 'failed', after: 'imessage refuted' },
    ])('after it was $before, also as SMS by Messages itself', async ({ said, before, after }) => {
      for (const [evidence, service] of [
        [{ fact: 'sent' }, 'imessage'],
        [AS_SMS, 'sms'],
      ] as const) {
        const w = await world()
        const id = await w.accept()
        const d = await w.dispatch()
        await w.fact(d, said)
        expect((await w.state(id)).state).toBe(before)
        await w.clock.advance(3600_000)
        await w.fact(d, evidence)
        expect(await w.state(id)).toMatchObject({ state: 'sent', sentService: service, failure: null })
        expect(await attempts(w, id)).toEqual([after])
        expect(await w.types(id)).not.toContain('message.duplicate_suspected')
        expect(await downgradedAt(w)).toBe(service === 'sms' ? w.clock.nowMs() : null)
        expect(await w.store.used(w.account)).toBe(1)
      }
    })

    it('while a retry waits: it is not made', async () => {
      const w = await world()
      const id = await w.accept()
      const d = await w.dispatch()
      await w.fact(d, NEVER_HANDED)
      await w.fact(d, { fact: 'sent' })
      await w.clock.advance(60_000)
      expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing', why: 'empty' })
      expect(await w.state(id)).toMatchObject({ state: 'sent', attempts: 1 })
      expect(await w.types(id)).not.toContain('message.duplicate_suspected')
    })

    it('while its SMS waits: no SMS leaves', async () => {
      const w = await world()
      const id = await w.accept({ fallback: true })
      const d = await w.dispatch()
      await w.fact(d, NOT_ON_IMESSAGE)
      expect(await w.state(id)).toMatchObject({ state: 'queued', service: 'sms' })
      await w.fact(d, AS_SMS)
      expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing' })
      expect(await w.state(id)).toMatchObject({ state: 'sent', sentService: 'sms', attempts: 1 })
      expect(await w.types(id)).not.toContain('message.duplicate_suspected')
    })

    it.each([
      ['is on its way', false],
      ['is sent', true],
    ])('when its SMS %s: the recipient may have both, and is told nothing further', async (_, isSmsSent) => {
      const w = await world()
      const id = await w.accept({ fallback: true })
      const d = await w.dispatch()
      await w.fact(d, NOT_ON_IMESSAGE)
      const sms = await w.dispatch()
      if (isSmsSent) await w.fact(sms, { fact: 'sent' })
      await w.fact(d, { fact: 'sent' })
      expect((await w.types(id)).filter((type) => type === 'message.duplicate_suspected')).toHaveLength(1)
      expect(await w.state(id)).toMatchObject({ state: 'sent', sentService: isSmsSent ? 'sms' : 'imessage' })
      if (!isSmsSent) await w.fact(sms, { fact: 'not_sent', class: 'refused', reason: 'send_refused' })
      await w.clock.advance(60_000)
      expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing', why: 'empty' })
      expect((await w.state(id)).state).toBe('sent')
      expect(await w.store.used(w.account)).toBe(1)
    })

    it('of a message that a person had sent again: both attempts count, and the doubt is told', async () => {
      const w = await world()
      const id = await w.accept()
      const first = await w.dispatch()
      await w.fact(first, UNKNOWN)
      await w.do(w.store.resend(w.account, id))
      const second = await w.dispatch()
      await w.fact(second, { fact: 'sent' })
      await w.fact(first, { fact: 'sent' })
      expect(await w.types(id)).toContain('message.duplicate_suspected')
      expect((await w.state(id)).state).toBe('sent')
    })

    it('over a reconnect with the same journal, and said twice', async () => {
      const w = await world()
      const id = await w.accept()
      const d = await w.dispatch()
      await w.fact(d, NOT_ON_IMESSAGE)
      await w.connect()
      for (let n = 0; n < 2; n++) await w.fact(d, AS_SMS)
      expect(await w.state(id)).toMatchObject({ state: 'sent', sentService: 'sms' })
      expect((await w.types(id)).filter((type) => type === 'message.sent')).toHaveLength(1)
      await w.fact(d, NOT_ON_IMESSAGE)
      expect((await w.state(id)).state).toBe('sent')
    })

    it('nothing else to the recipient is held, or let go early, by it', async () => {
      const w = await world()
      await w.accept()
      const d = await w.dispatch()
      await w.fact(d, UNKNOWN)
      const next = await w.accept({ recipient: RECIPIENT })
      expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing' })
      await w.fact(d, { fact: 'sent' })
      expect((await w.dispatch()).message).toBe(next)
    })
  })

  describe(`${name}: sent as SMS after all`, () => {
    it('what was sent as an iMessage, and was not: it is told as what it is, once', async () => {
      const w = await world()
      const id = await w.accept()
      const d = await w.dispatch()
      await w.fact(d, { fact: 'sent' })
      for (let n = 0; n < 2; n++) await w.fact(d, AS_SMS)
      expect(await w.state(id)).toMatchObject({ state: 'sent', sentService: 'sms' })
      expect(await attempts(w, id)).toEqual(['imessage sent'])
      expect((await w.types(id)).filter((type) => type === 'attempt.evidence')).toHaveLength(1)
      expect(await downgradedAt(w)).toBe(w.clock.nowMs())
    })

    it('not of what was delivered: only an iMessage is', async () => {
      const w = await world()
      const id = await w.accept()
      const d = await w.dispatch()
      for (const said of [{ fact: 'sent' }, { fact: 'delivered' }, AS_SMS] as const) await w.fact(d, said)
      expect(await w.state(id)).toMatchObject({ state: 'delivered', sentService: 'imessage' })
      expect(await downgradedAt(w)).toBeNull()
    })

    it('not while another attempt of the message left as an iMessage', async () => {
      const w = await world()
      const id = await w.accept()
      const first = await w.dispatch()
      await w.fact(first, UNKNOWN)
      await w.do(w.store.resend(w.account, id))
      await w.fact(await w.dispatch(), { fact: 'sent' })
      for (const said of [{ fact: 'sent' }, AS_SMS] as const) await w.fact(first, said)
      expect((await w.state(id)).sentService).toBe('imessage')
    })

    it('of an SMS it is nothing new', async () => {
      const w = await world()
      const id = await w.accept({ service: 'sms' })
      const d = await w.dispatch()
      await w.fact(d, { fact: 'sent' })
      await w.fact(d, AS_SMS)
      expect(await w.state(id)).toMatchObject({ state: 'sent', sentService: 'sms' })
      expect(await downgradedAt(w)).toBeNull()
    })
  })
}
