/**
 * Proves: a provider that stays away gives its queue to others, a line that changes its provider is worked by the new one alone, a receipt
 * claims no more than it says (R4), and what one account gets of a shared number or provider is its own.
 */
import type { AccountId, AttemptId, LineId } from '@bluewire/contract/ids'
import { shortReference } from '@bluewire/contract/short-reference'
import type { Dispatched } from '../../src/store/store.ts'
import { describe, expect, it } from 'vitest'
import { LEASE_MS, ProviderWorld, SMS_ADDRESS } from './provider-world.ts'
import { RECIPIENT, storeWorlds } from './store-world.ts'
import type { OpenStore } from './store-world.ts'

const MINUTE_MS = 60_000
const ELSEWHERE = '+14155550123'
/** Three parts. */
const LONG = 'a long text '.repeat(30)

export function exerciseProviderFaults(name: string, open: OpenStore): void {
  const world = storeWorlds(open)
  const providers = async (more: { shared?: boolean } = {}) => new ProviderWorld(await world()).start(more)

  describe(`${name}: a provider that stays away`, () => {
    it('gives its queue to another line, however often it says that it is not connected', async () => {
      const p = await providers()
      const other = await new Another(p, '+15005550003').start()
      const id = await p.sms()
      for (let i = 0; i < 6; i++) {
        await p.w.do(p.w.store.providerReady(p.session, false))
        await p.w.do(p.w.store.renewLease(p.session, LEASE_MS))
        await p.w.do(p.w.store.renewLease(other.session, LEASE_MS))
        await p.w.clock.advance(10_001)
      }
      expect(await p.w.do(p.w.store.failOver(MINUTE_MS))).toBe(1)
      expect((await p.w.state(id)).line?.address).toBe('+15005550003')
    })

    it('leaves alone which line the recipient knows for iMessages', async () => {
      const p = await providers()
      await p.w.accept()
      await p.w.dispatch()
      const other = await new Another(p, '+15005550003').start()
      await p.sms({ recipient: ELSEWHERE })
      await p.w.accept({ recipient: ELSEWHERE })
      await p.w.do(p.w.store.removeProviderLine('test', p.line))
      expect(await p.w.do(p.w.store.failOver(MINUTE_MS))).toBe(1)
      expect(await p.w.store.lane(p.w.account, ELSEWHERE)).toMatchObject({ line: p.w.line, smsLine: other.line })
    })
  })

  describe(`${name}: a line that changes its provider`, () => {
    it.each([0, 3])('is worked by the new one, and by nobody else (%i sessions later)', async (more) => {
      const p = await providers()
      const other = await new Another(p, '+15005550003').start()
      for (let i = 0; i < more; i++) await p.lease()
      await p.w.do(p.w.store.removeProviderLine('test', p.line))
      const line = { provider: other.provider, account: p.w.account, address: SMS_ADDRESS, gapMs: 0, burst: 100 }
      expect(await p.w.do(p.w.store.addProviderLine('test', { id: `line_${p.w.ulid()}`, ...line }))).toBe('added')
      const id = await p.sms()
      expect((await p.dispatchAny()).kind).toBe('fenced') // its worker may not have heard of it yet
      p.session = other.session
      expect((await p.dispatch()).message).toBe(id)
    })
  })

  describe(`${name}: receipts claim no more than they say`, () => {
    it('the first part of a long SMS that arrives before the others were taken', async () => {
      const p = await providers()
      const d = await p.out({ body: LONG })
      await p.receipt({ fact: 'delivered', reference: shortReference(d.attempt, 1) })
      expect(await p.state(d)).toBe('sending')
      await p.finding(d.attempt, { kind: 'unknown', reason: 'partly_sent', parts: new Map([[1, 'a']]), of: 3 })
      expect(await p.state(d)).toBe('unknown')
    })

    it('and the whole, when its parts arrived before the answer', async () => {
      const p = await providers()
      const d = await p.out({ body: LONG })
      for (const part of [1, 2, 3]) await p.receipt({ fact: 'delivered', reference: shortReference(d.attempt, part) })
      await p.finding(d.attempt, { kind: 'sent', refs: ['a', 'b', 'c'] })
      expect(await p.state(d)).toBe('delivered')
    })

    it('a failure of what provably was not sent is no proof that it was', async () => {
      const p = await providers()
      const d = await p.out()
      await p.finding(d.attempt, { kind: 'not_sent', class: 'refused', reason: 'send_refused' })
      await p.receipt({ fact: 'failed', attempt: d.attempt })
      expect(await p.w.state(d.message)).toMatchObject({ state: 'failed', failure: 'send_refused' })
      expect(await p.w.types(d.message)).not.toContain('message.sent')
    })

    it('an echo of ours tells apart what has one id: also of one whose answer was lost', async () => {
      const p = await providers()
      const lost = await p.out()
      await p.finding(lost.attempt, { kind: 'unknown', reason: 'no_answer' })
      await p.w.clock.advance(3 * MINUTE_MS) // the next of the lane may go
      await p.lease()
      const answered: Dispatched[] = []
      for (let i = 0; i < 2; i++) {
        const d = await p.out()
        await p.finding(d.attempt, { kind: 'sent', refs: ['r'] })
        answered.push(d)
      }
      const tell = (attempt: AttemptId) =>
        p.receipt({ ref: 'r', fact: 'delivered', reference: shortReference(attempt, 1) })
      const states = () => Promise.all([lost, ...answered].map((d) => p.state(d)))
      await tell(lost.attempt)
      expect(await states()).toEqual(['delivered', 'sent', 'sent'])
      await tell(answered[0]?.attempt ?? 'attempt_none')
      expect(await states()).toEqual(['delivered', 'delivered', 'sent'])
    })

    it('one that came early, for another destination, waits on', async () => {
      const p = await providers()
      const d = await p.out()
      await p.receipt({ ref: 'r', fact: 'delivered', to: ELSEWHERE })
      await p.finding(d.attempt, { kind: 'sent', refs: ['r'] })
      expect(await p.state(d)).toBe('sent')
      const theirs = await p.out({ recipient: ELSEWHERE })
      await p.finding(theirs.attempt, { kind: 'sent', refs: ['r'] })
      expect(await p.state(theirs)).toBe('delivered')
    })
  })

  describe(`${name}: accounts beside each other`, () => {
    it('what fits no line of the provider is kept for its operator', async () => {
      const p = await providers()
      const message = { guid: 'g', line: '+15005559999', from: RECIPIENT, body: 'hi', dateMs: p.w.clock.nowMs() }
      expect(await p.w.do(p.w.store.providerInbound(p.session, message))).toMatchObject({ kind: 'unmatched' })
    })

    it('a text to a shared number is for whoever wrote from it, and STOP for all who wrote', async () => {
      const p = await providers({ shared: true })
      const b = await tenant(p, SMS_ADDRESS)
      await p.w.do(p.w.store.accept(p.w.message({ account: b.account, line: null, failure: 'no_line' }))) // not from it
      await p.sms()
      const write = (body: string, guid: string) =>
        p.w.do(
          p.w.store.providerInbound(p.session, {
            guid,
            line: SMS_ADDRESS,
            from: RECIPIENT,
            body,
            dateMs: p.w.clock.nowMs(),
          }),
        )
      expect(await write('STOP', 'g')).toMatchObject({ stopped: [{ account: p.w.account }] })
      const theirs = await p.w.do(
        p.w.store.accept(
          p.w.message({ id: `text_${p.w.ulid()}`, account: b.account, service: 'sms', line: b.line, simulated: true }),
        ),
      )
      const id = theirs.kind === 'accepted' ? theirs.id : expect.fail()
      expect(await p.w.store.message(b.account, id)).toMatchObject({ failure: 'opted_out' })
    })

    it('a START from the year 2100 does not outlive the next STOP', async () => {
      const p = await providers()
      const write = (body: string, dateMs: number) =>
        p.w.do(p.w.store.providerInbound(p.session, { guid: body, line: SMS_ADDRESS, from: RECIPIENT, body, dateMs }))
      await write('START', Date.UTC(2100, 0))
      await p.w.clock.advance(1000)
      await write('STOP', p.w.clock.nowMs())
      expect((await p.w.state(await p.sms())).failure).toBe('opted_out')
    })

    it('a restored store waits for the operator where a real provider of another account sent for this one', async () => {
      const w = await world()
      const owner: AccountId = `acct_${w.ulid()}`
      const more = { plan: 'unlimited', quotaLimit: null, entitlements: [], region: 'US' } as const
      await w.do(w.store.createAccount('test', { id: owner, name: 'owner', ...more }))
      const provider = `prov_${w.ulid()}` as const
      const row = { id: provider, account: owner, name: 'carrier', driver: 'smpp', shared: true, simulated: false }
      await w.do(w.store.createProvider('test', { ...row, settings: {}, secrets: '' }))
      const line = { id: `line_${w.ulid()}` as const, address: '+14155550002', gapMs: 0, burst: 5 }
      await w.do(w.store.addProviderLine('test', { ...line, provider, account: w.account }))
      await w.do(w.store.takeLease({ provider, gateway: 'gw_test', leaseMs: LEASE_MS }))
      await w.connect({ last_session: 40 }) // it knows more than the store
      expect(await w.do(w.store.recovered(w.session))).toMatchObject({ recovering: true })
      await w.do(w.store.endRecovery())
      expect(await w.do(w.store.recovered(w.session))).toMatchObject({ recovering: false })
    })

    it('one whose fallbacks are not possible keeps nobody else from theirs', async () => {
      const p = await providers()
      await p.w.do(p.w.store.updateAccount('test', p.w.account, { smsPerHour: 0 }))
      const away = { recipient: RECIPIENT, fallback: true, fallbackLine: p.line }
      for (let i = 0; i < 500; i++) await p.w.accept({ ...away, recipient: `+1415555${1000 + i}` })
      const b = await tenant(p, '+15005550009')
      const mac = await p.w.offline(b.account)
      const theirs = p.w.message({ ...away, account: b.account, line: mac })
      await p.w.do(p.w.store.accept(theirs))
      await p.w.do(p.w.store.closed(p.w.session))
      await p.w.clock.advance(MINUTE_MS + 1)
      expect(await p.w.do(p.w.store.fallBackOffline(MINUTE_MS))).toBe(1)
      expect(await p.w.store.message(b.account, theirs.id)).toMatchObject({ service: 'sms' })
    })
  })
}

async function tenant(p: ProviderWorld, address: string): Promise<{ account: AccountId; line: LineId }> {
  const account: AccountId = `acct_${p.w.ulid()}`
  const more = { plan: 'unlimited', quotaLimit: null, entitlements: [], region: 'US' } as const
  await p.w.do(p.w.store.createAccount('test', { id: account, name: account, ...more }))
  const line: LineId = `line_${p.w.ulid()}`
  const added = { id: line, provider: p.provider, account, address, gapMs: 0, burst: 5 }
  await p.w.do(p.w.store.addProviderLine('test', added))
  return { account, line }
}

/** A second provider in the same store. */
class Another extends ProviderWorld {
  constructor(p: ProviderWorld, address: string) {
    super(p.w, address)
  }
}
