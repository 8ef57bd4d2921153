/**
 * Proves: the lease fences (W11), what a provider says of an attempt is kept and never taken back, a receipt finds its attempt however it
 * comes (PROTOCOL 40, 41), and STOP holds on a provider's lines.
 */
import type { AttemptId } from '@bluewire/contract/ids'
import { shortReference } from '@bluewire/contract/short-reference'
import { describe, expect, it } from 'vitest'
import { LEASE_MS, ProviderWorld, SMS_ADDRESS } from './provider-world.ts'
import { RECIPIENT, storeWorlds } from './store-world.ts'
import type { OpenStore } from './store-world.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

export function exerciseProviders(name: string, open: OpenStore): void {
  const world = storeWorlds(open)
  const providers = async () => new ProviderWorld(await world()).start()

  describe(`${name}: the lease of a provider (W11)`, () => {
    it('is held by one gateway, and taken by another when it ran out', async () => {
      const p = await providers()
      const take = () => p.w.do(p.w.store.takeLease({ provider: p.provider, gateway: 'gw_other', leaseMs: LEASE_MS }))
      expect(await take()).toEqual({ kind: 'held' })
      await p.w.clock.advance(LEASE_MS - 1)
      expect(await p.w.do(p.w.store.renewLease(p.session, LEASE_MS))).toBe(true)
      await p.w.clock.advance(LEASE_MS - 1)
      expect(await take()).toEqual({ kind: 'held' })
      await p.w.clock.advance(2)
      expect(await take()).toMatchObject({ kind: 'taken', epoch: p.session.epoch + 1 })
      expect(await p.w.do(p.w.store.renewLease(p.session, LEASE_MS))).toBe(false)
    })

    it('fences whoever held it before: dispatch, findings, receipts and inbound', async () => {
      const p = await providers()
      const d = await p.out()
      await p.sms({ recipient: '+14155550123' })
      await p.w.do(p.w.store.closed(p.session))
      const former = p.session
      const lease = await p.lease('gw_other')
      expect(lease.open).toMatchObject([
        { attempt: d.attempt, state: 'dispatched', recipient: RECIPIENT, body: 'hello' },
      ])
      const present = p.session
      p.session = former
      expect((await p.dispatchAny()).kind).toBe('fenced')
      expect(await p.finding(d.attempt, { kind: 'sent', refs: ['1'] })).toEqual({ kind: 'fenced' })
      expect(await p.receipt({ fact: 'delivered', attempt: d.attempt })).toEqual({ kind: 'fenced' })
      p.session = present
      expect(await p.finding(d.attempt, { kind: 'sent', refs: ['1'] })).toEqual({ kind: 'done' })
      expect(await p.state(d)).toBe('sent')
    })

    it('names twins among what is open: the same text to the same recipient', async () => {
      const p = await providers()
      const open: AttemptId[] = []
      for (const body of ['code 1', 'code 1', 'code 2']) {
        const d = await p.out({ body })
        await p.finding(d.attempt, { kind: 'unknown', reason: 'no_answer' })
        open.push(d.attempt)
        await p.w.clock.advance(3 * MINUTE_MS)
        await p.lease()
      }
      const twins = await Promise.all(open.map(async (id) => (await p.w.store.openAttempt(p.provider, id))?.hasTwin))
      expect(twins).toEqual([true, true, false])
    })

    it('ends before a request could leave too late', async () => {
      const p = await providers()
      await p.sms()
      await p.w.clock.advance(LEASE_MS - 10_000)
      expect(await p.dispatchAny()).toMatchObject({ kind: 'nothing', why: 'paused' })
      await p.w.do(p.w.store.renewLease(p.session, LEASE_MS))
      expect((await p.dispatchAny()).kind).toBe('dispatched')
    })

    it('dispatches nothing while the provider is not connected, and says so of its line', async () => {
      const p = await providers()
      await p.w.do(p.w.store.providerReady(p.session, false))
      await p.w.do(p.w.store.providerHealth(p.provider, { state: 'broken', detail: 'no login', provenAtMs: null }))
      await p.sms()
      expect((await p.dispatchAny()).kind).toBe('nothing')
      const line = (await p.w.store.lines(p.w.account)).find((l) => l.address === SMS_ADDRESS)
      expect(line?.node).toMatchObject({ online: false, isProvider: true, health: 'broken', healthDetail: 'no login' })
      await p.w.do(p.w.store.providerReady(p.session, true))
      expect((await p.dispatchAny()).kind).toBe('dispatched')
    })

    it('is no session of a node: nobody ends it because there is no connection', async () => {
      const p = await providers()
      expect((await p.w.store.heldNodes('gw_test')).map((held) => held.node)).toEqual([p.w.node])
      expect((await p.w.store.nodes(p.w.account)).map((node) => node.id)).toEqual([p.w.node])
    })

    it('remembers the latest proof that the provider works, without news of it each time', async () => {
      const p = await providers()
      const prove = (provenAtMs: number) =>
        p.w.do(p.w.store.providerHealth(p.provider, { state: 'ok', detail: null, provenAtMs }))
      for (const atMs of [1_000, 2_000, 20 * MINUTE_MS]) await prove(atMs)
      expect((await p.w.store.providers())[0]?.provenAtMs).toBe(20 * MINUTE_MS)
    })

    it('is refused for a provider that was removed, whose lines send no more', async () => {
      const p = await providers()
      await p.sms()
      expect(await p.w.do(p.w.store.retireNode('test', p.provider))).toBe(true)
      expect((await p.dispatchAny()).kind).toBe('fenced')
      const again = p.w.store.takeLease({ provider: p.provider, gateway: 'gw_test', leaseMs: LEASE_MS })
      expect(await p.w.do(again)).toEqual({ kind: 'gone' })
      expect(await p.w.store.providers()).toEqual([])
    })
  })

  describe(`${name}: a line that is taken away`, () => {
    it('sends no more, and what waits for it goes to another line of the account', async () => {
      const p = await providers()
      const id = await p.sms()
      const other = `line_${p.w.ulid()}` as const
      const line = { provider: p.provider, account: p.w.account, address: '+15005550003', gapMs: 0, burst: 5 }
      await p.w.do(p.w.store.addProviderLine('test', { id: other, ...line }))
      expect(await p.w.do(p.w.store.removeProviderLine('test', p.line))).toBe(true)
      expect(await p.w.do(p.w.store.removeProviderLine('test', p.line))).toBe(false)
      expect(await p.w.do(p.w.store.failOver(60_000))).toBe(1)
      expect((await p.w.state(id)).line?.address).toBe('+15005550003')
    })

    it('takes nothing out of an account that has no other', async () => {
      const p = await providers()
      const id = await p.sms()
      await p.w.do(p.w.store.removeProviderLine('test', p.line))
      expect(await p.w.do(p.w.store.failOver(60_000))).toBe(0)
      expect((await p.w.state(id)).state).toBe('queued')
    })
  })

  describe(`${name}: what a provider says of an attempt`, () => {
    it.each([
      [{ kind: 'sent', refs: ['a'] }, 'sent', null],
      [{ kind: 'unknown', reason: 'no_answer' }, 'unknown', 'no_answer'],
      [{ kind: 'not_sent', class: 'refused', reason: 'recipient_unreachable' }, 'failed', 'recipient_unreachable'],
      [{ kind: 'not_sent', class: 'never_handed', reason: 'send_refused' }, 'queued', null],
    ] as const)('%j → %s', async (finding, state, failure) => {
      const p = await providers()
      const d = await p.out()
      await p.finding(d.attempt, finding)
      expect(await p.w.state(d.message)).toMatchObject({ state, failure })
    })

    it('keeps a message whose provider is asked too fast, for as long as it may wait, and counts no try', async () => {
      const p = await providers()
      const id = await p.sms({ expiresInMs: HOUR_MS })
      for (let i = 0; i < 20; i++) {
        const d = await p.dispatch()
        await p.finding(d.attempt, { kind: 'not_sent', class: 'never_handed', reason: 'throttled', waitMs: 9_999.4 })
        expect((await p.dispatchAny()).kind).toBe('nothing')
        await p.w.clock.advance(10_000)
        await p.w.do(p.w.store.renewLease(p.session, LEASE_MS))
      }
      const d = await p.dispatch()
      await p.finding(d.attempt, { kind: 'sent', refs: ['1'] })
      expect(await p.w.state(id)).toMatchObject({ state: 'sent', attempts: 21 })
    })

    it('takes its word that the recipient has opted out, also for what is queued', async () => {
      const p = await providers()
      const d = await p.out()
      const queued = await p.sms()
      await p.finding(d.attempt, { kind: 'not_sent', class: 'refused', reason: 'opted_out' })
      expect((await p.w.state(d.message)).failure).toBe('opted_out')
      expect(await p.w.state(queued)).toMatchObject({ state: 'failed', failure: 'opted_out' })
      expect(await p.w.state(await p.sms())).toMatchObject({ state: 'failed', failure: 'opted_out' })
    })

    it('never starts a second attempt for one of which a part was taken', async () => {
      const p = await providers()
      const d = await p.out()
      await p.finding(d.attempt, { kind: 'unknown', reason: 'partly_sent', parts: new Map([[1, 'r1']]), of: 3 })
      expect(await p.state(d)).toBe('unknown')
      expect(await p.w.store.openAttempt(p.provider, d.attempt)).toMatchObject({ parts: new Map([[1, 'r1']]) })
      expect(await p.w.store.isRefTaken(p.provider, 'r1', 'attempt_other')).toBe(true)
      expect(await p.w.store.isRefTaken(p.provider, 'r1', d.attempt)).toBe(false)
    })
  })

  describe(`${name}: receipts`, () => {
    const sent = async (p: ProviderWorld, ...refs: string[]) => {
      const d = await p.out()
      await p.finding(d.attempt, { kind: 'sent', refs })
      return d
    }

    it('deliver, once and again, and never fall back', async () => {
      const p = await providers()
      const d = await sent(p, 'r')
      for (const fact of ['sent', 'delivered', 'delivered', 'sent', 'failed'] as const) {
        expect(await p.receipt({ ref: 'r', fact })).toEqual({ kind: 'done' })
        expect(await p.state(d)).toBe(fact === 'sent' && (await p.state(d)) === 'sent' ? 'sent' : 'delivered')
      }
      const types = await p.w.types(d.message)
      expect(types.filter((type) => type === 'message.delivered')).toHaveLength(1)
    })

    it('that say it failed end it, and start nothing; proof of arrival wins over them', async () => {
      const p = await providers()
      const d = await sent(p, 'r')
      await p.receipt({ ref: 'r', fact: 'failed', detail: 'absent subscriber' })
      expect(await p.w.state(d.message)).toMatchObject({ state: 'failed', failure: 'undeliverable' })
      expect((await p.dispatchAny()).kind).toBe('nothing')
      await p.receipt({ ref: 'r', fact: 'delivered' })
      expect(await p.state(d)).toBe('delivered')
    })

    it('may come before the answer', async () => {
      const p = await providers()
      const d = await p.out()
      expect(await p.receipt({ ref: 'early', fact: 'delivered' })).toEqual({ kind: 'kept' })
      expect(await p.state(d)).toBe('sending')
      await p.finding(d.attempt, { kind: 'sent', refs: ['early'] })
      expect(await p.state(d)).toBe('delivered')
    })

    it('that came early are of the destination that they name, whoever else gets their id', async () => {
      const p = await providers()
      const here = await p.out()
      const there = await p.out({ recipient: '+14155550123' })
      await p.receipt({ ref: '7', fact: 'delivered' })
      await p.finding(there.attempt, { kind: 'sent', refs: ['7'] })
      expect(await p.state(there)).toBe('sent')
      await p.finding(here.attempt, { kind: 'sent', refs: ['7'] })
      expect(await p.state(here)).toBe('delivered')
    })

    it('with an echo of ours are never taken for another with their id', async () => {
      const p = await providers()
      const lost = await p.out()
      await p.finding(lost.attempt, { kind: 'unknown', reason: 'no_answer' })
      await p.w.clock.advance(3 * MINUTE_MS)
      await p.lease()
      const newer = await sent(p, '7')
      await p.receipt({ ref: '7', reference: shortReference(lost.attempt, 1), fact: 'delivered' })
      expect([await p.state(lost), await p.state(newer)]).toEqual(['delivered', 'sent'])
      await p.receipt({ ref: '7', reference: shortReference(newer.attempt, 1), fact: 'delivered' })
      expect(await p.state(newer)).toBe('delivered')
    })

    it('are kept ten minutes for an answer with their id, and then let go', async () => {
      const p = await providers()
      await p.receipt({ ref: 'late-id', fact: 'delivered' })
      await p.w.clock.advance(10 * MINUTE_MS + 1)
      await p.lease('gw_test')
      const d = await p.out()
      await p.finding(d.attempt, { kind: 'sent', refs: ['late-id'] })
      expect(await p.state(d)).toBe('sent')
      expect(await p.w.do(p.w.store.dropReceipts())).toBe(1)
    })

    it('may come a day later', async () => {
      const p = await providers()
      const d = await sent(p, 'r')
      await p.w.clock.advance(25 * HOUR_MS)
      await p.receipt({ ref: 'r', fact: 'delivered' })
      expect(await p.state(d)).toBe('delivered')
    })

    it('with an id that was used before mean the newest message to that destination', async () => {
      const p = await providers()
      const before = await sent(p, 'r')
      await p.w.clock.advance(HOUR_MS)
      await p.lease()
      const d = await sent(p, 'r')
      const elsewhere = await p.out({ recipient: '+14155550123' })
      await p.finding(elsewhere.attempt, { kind: 'sent', refs: ['r'] })
      await p.receipt({ ref: 'r', fact: 'delivered' })
      expect([await p.state(before), await p.state(d), await p.state(elsewhere)]).toEqual(['sent', 'delivered', 'sent'])
    })

    it('of last week confirm nothing', async () => {
      const p = await providers()
      const d = await sent(p, 'r')
      await p.w.clock.advance(73 * HOUR_MS)
      expect(await p.receipt({ ref: 'r', fact: 'delivered' })).toEqual({ kind: 'kept' })
      expect(await p.state(d)).toBe('sent')
    })

    it('with an echo of ours settle what got no answer', async () => {
      const p = await providers()
      const d = await p.out()
      await p.finding(d.attempt, { kind: 'unknown', reason: 'no_answer' })
      await p.receipt({ attempt: d.attempt, ref: 'x', fact: 'delivered' })
      expect(await p.state(d)).toBe('delivered')
      const other = await p.out()
      await p.finding(other.attempt, { kind: 'unknown', reason: 'no_answer' })
      await p.receipt({ ref: 'y', reference: shortReference(other.attempt, 1), fact: 'delivered' })
      expect(await p.state(other)).toBe('delivered')
    })

    it('name another provider in vain', async () => {
      const p = await providers()
      const d = await p.out()
      const q = await new ProviderWorldOf(p).start()
      expect(await q.receipt({ attempt: d.attempt, ref: 'x', fact: 'delivered' })).toEqual({ kind: 'kept' })
      expect(await p.state(d)).toBe('sending')
    })

    it('with the text settle what got no answer, when it alone can be meant', async () => {
      const p = await providers()
      const d = await p.out()
      const receipt = { ref: 'z', fact: 'delivered', textStart: 'hel' } as const
      await p.finding(d.attempt, { kind: 'unknown', reason: 'no_answer' })
      expect(await p.receipt({ ...receipt, textStart: 'bye' })).toEqual({ kind: 'kept' })
      expect(await p.receipt({ ...receipt, textStart: '' })).toEqual({ kind: 'kept' })
      expect(await p.receipt(receipt)).toEqual({ kind: 'done' })
      expect(await p.state(d)).toBe('delivered')
      const two: AttemptId[] = []
      for (let i = 0; i < 2; i++) {
        const open = await p.out()
        await p.finding(open.attempt, { kind: 'unknown', reason: 'no_answer' })
        two.push(open.attempt)
        await p.w.clock.advance(3 * MINUTE_MS) // an unknown message lets the next one go after a while
        await p.lease()
      }
      expect(await p.receipt({ ...receipt, ref: 'zz' })).toEqual({ kind: 'kept' })
    })

    it('before an answer that comes too late are found by the id in it', async () => {
      const p = await providers()
      const d = await p.out()
      expect(await p.receipt({ ref: 'late', fact: 'delivered' })).toEqual({ kind: 'kept' })
      await p.finding(d.attempt, { kind: 'unknown', reason: 'no_answer' })
      expect(await p.receipt({ attempt: d.attempt, ref: 'late', fact: 'sent' })).toEqual({ kind: 'done' })
      expect(await p.state(d)).toBe('delivered')
    })

    it('with the text that came before it was known that no answer comes settle it then', async () => {
      const p = await providers()
      const d = await p.out()
      expect(await p.receipt({ ref: 'z', fact: 'delivered', textStart: 'hel' })).toEqual({ kind: 'kept' })
      await p.finding(d.attempt, { kind: 'unknown', reason: 'no_answer' })
      expect(await p.state(d)).toBe('delivered')
    })

    it('of parts: delivered when all are, failed when one is', async () => {
      const p = await providers()
      const d = await sent(p, 'p1', 'p2')
      await p.receipt({ ref: 'p2', fact: 'delivered' })
      expect(await p.state(d)).toBe('sent')
      await p.receipt({ ref: 'p1', fact: 'delivered' })
      expect(await p.state(d)).toBe('delivered')
      const e = await sent(p, 'q1', 'q2')
      await p.receipt({ ref: 'q1', fact: 'delivered' })
      await p.receipt({ ref: 'q2', fact: 'failed' })
      expect(await p.state(e)).toBe('failed')
    })

    it('of some parts do not say that the others went out', async () => {
      const p = await providers()
      const d = await p.out()
      await p.finding(d.attempt, { kind: 'unknown', reason: 'partly_sent', parts: new Map([[1, 'a']]), of: 2 })
      await p.receipt({ ref: 'a', fact: 'delivered' })
      expect(await p.state(d)).toBe('unknown')
      await p.receipt({ ref: 'b', reference: shortReference(d.attempt, 2), fact: 'delivered' })
      expect(await p.state(d)).toBe('delivered')
    })

    it('that failed of what got no answer: it was taken, and did not arrive', async () => {
      const p = await providers()
      const d = await p.out({ onUnknown: 'hold' })
      await p.finding(d.attempt, { kind: 'unknown', reason: 'no_answer' })
      await p.receipt({ attempt: d.attempt, ref: null, fact: 'failed' })
      expect(await p.w.state(d.message)).toMatchObject({ state: 'failed', failure: 'undeliverable' })
      expect((await p.dispatchAny()).kind).toBe('nothing')
    })
  })

  describe(`${name}: inbound SMS`, () => {
    const write = (p: ProviderWorld, body: string, guid = 'g') =>
      p.w.do(
        p.w.store.providerInbound(p.session, {
          guid,
          line: SMS_ADDRESS,
          from: RECIPIENT,
          body,
          dateMs: p.w.clock.nowMs(),
        }),
      )

    it('STOP ends what is queued, once however often it is reported, and START resumes', async () => {
      const p = await providers()
      const queued = await p.sms()
      await write(p, 'Stop')
      expect(await p.w.state(queued)).toMatchObject({ state: 'failed', failure: 'opted_out' })
      await p.w.clock.advance(1000)
      await write(p, 'start', 'g2')
      await write(p, 'Stop') // again
      expect((await p.w.state(await p.sms())).state).toBe('queued')
    })

    it('says once who has opted out, and lets the confirmation through, and nothing else', async () => {
      const p = await providers()
      expect(await write(p, 'STOP')).toMatchObject({ stopped: [{ account: p.w.account, recipient: RECIPIENT }] })
      expect(await write(p, 'STOP')).toMatchObject({ stopped: [] }) // the same, reported again
      await p.w.clock.advance(1000)
      expect(await write(p, 'stop', 'g2')).toMatchObject({ stopped: [] }) // said again
      expect((await p.w.state(await p.sms())).failure).toBe('opted_out')
      const confirmation = await p.sms({ exempt: true })
      expect((await p.dispatch()).message).toBe(confirmation)
    })

    it('on a number that accounts share is for those who wrote to the sender', async () => {
      const p = await new ProviderWorld(await world()).start({ shared: true })
      const account = `acct_${p.w.ulid()}` as const
      const tenant = {
        id: account,
        name: 'b',
        plan: 'unlimited',
        quotaLimit: null,
        entitlements: [],
        region: 'US',
      } as const
      await p.w.do(p.w.store.createAccount('test', tenant))
      const line = `line_${p.w.ulid()}` as const
      await p.w.do(
        p.w.store.addProviderLine('test', {
          id: line,
          provider: p.provider,
          account,
          address: SMS_ADDRESS,
          gapMs: 0,
          burst: 5,
        }),
      )
      const theirs = await p.w.do(
        p.w.store.accept(p.w.message({ id: `text_${p.w.ulid()}`, account, service: 'sms', line })),
      )
      await write(p, 'STOP')
      const mine = await p.sms()
      expect((await p.w.state(mine)).state).toBe('queued')
      const id = theirs.kind === 'accepted' ? theirs.id : expect.fail()
      expect(await p.w.store.message(account, id)).toMatchObject({ state: 'failed', failure: 'opted_out' })
      await write(p, 'STOP', 'second') // by now both have written to them
      expect(await p.w.state(mine)).toMatchObject({ state: 'failed', failure: 'opted_out' })
    })
  })
}

/** A second provider in the same store. */
class ProviderWorldOf extends ProviderWorld {
  constructor(other: ProviderWorld) {
    super(other.w)
  }
}
