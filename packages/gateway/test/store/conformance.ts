/**
 * What every store must do, whatever its database. Each adapter's test calls this once.
 * Proves: the guards of PROTOCOL 8.5 (W1-W10, W12, W13), one by one, on a real database.
 */
import { describe, expect, it } from 'vitest'
import { LINE_ADDRESS, RECIPIENT, storeWorlds } from './store-world.ts'
import type { OpenStore, StoreWorld } from './store-world.ts'

export function exerciseStore(name: string, open: OpenStore): void {
  const world = storeWorlds(open)

  describe(`${name}: accept (W1, W9)`, () => {
    it('stores the message with its event, its charge and its place', async () => {
      const w = await world()
      const id = await w.accept()
      expect(await w.state(id)).toMatchObject({ state: 'queued', recipient: RECIPIENT, body: 'hello', attempts: 0 })
      expect(await w.types(id)).toEqual(['message.accepted'])
      expect(await w.store.used(w.account)).toBe(1)
    })

    it('shows nothing of one account to another', async () => {
      const w = await world()
      const id = await w.accept()
      expect(await w.store.message('acct_other', id)).toBeUndefined()
      expect(await w.store.timeline('acct_other', id)).toEqual({ events: [], attempts: [] })
      expect(await w.do(w.store.cancel('acct_other', id))).toBe('not_found')
      expect(await w.store.lines('acct_other')).toEqual([])
    })

    it('gives one key one message, however often it is asked', async () => {
      const w = await world()
      const key = { key: 'k', fingerprint: 'f' }
      const both = await w.do(
        Promise.all([w.store.accept(w.message({ idempotency: key })), w.store.accept(w.message({ idempotency: key }))]),
      )
      expect(both.map((r) => r.kind)).toEqual(['accepted', 'replayed'])
      expect(both[0]).toHaveProperty('id', (both[1] as { id: string }).id)
      expect(await w.do(w.store.accept(w.message({ idempotency: { key: 'k', fingerprint: 'other' } })))).toEqual({
        kind: 'mismatch',
      })
      expect(await w.store.used(w.account)).toBe(1)
    })

    it('remembers a key over the turn of the month and forgets it after a day', async () => {
      const w = await world()
      await w.clock.advance(Date.UTC(2026, 10, 30, 23, 59) - w.clock.nowMs())
      const key = { key: 'k', fingerprint: 'f' }
      await w.accept({ idempotency: key })
      await w.clock.advance(120_000)
      expect((await w.do(w.store.accept(w.message({ idempotency: key })))).kind).toBe('replayed')
      expect(await w.store.used(w.account)).toBe(0)
      await w.clock.advance(24 * 3600_000)
      expect((await w.do(w.store.accept(w.message({ idempotency: key })))).kind).toBe('accepted')
    })

    it('lets one of fifty through a quota of one, and leaves no trace of the others', async () => {
      const w = await world({ quotaLimit: 1, plan: 'free' })
      const all = await w.do(Promise.all(Array.from({ length: 50 }, () => w.store.accept(w.message()))))
      expect(all.filter((r) => r.kind === 'accepted')).toHaveLength(1)
      expect(all.filter((r) => r.kind === 'quota_exceeded')).toHaveLength(49)
      expect(await w.store.used(w.account)).toBe(1)
      expect((await w.store.queues())[0]?.queued).toBe(1)
    })

    it('records what no line can send as failed, without a charge', async () => {
      const w = await world()
      const id = await w.accept({ line: null, failure: 'no_line' })
      expect(await w.state(id)).toMatchObject({ state: 'failed', failure: 'no_line', line: null })
      expect(await w.store.used(w.account)).toBe(0)
    })
  })

  describe(`${name}: dispatch (W2)`, () => {
    it('makes the attempt in the commit that takes the message', async () => {
      const w = await world()
      const id = await w.accept()
      const d = await w.dispatch()
      expect(d).toMatchObject({
        message: id,
        n: 1,
        line: LINE_ADDRESS,
        recipient: RECIPIENT,
        body: 'hello',
        service: 'imessage',
      })
      expect(await w.state(id)).toMatchObject({ state: 'sending', attempts: 1 })
      expect((await w.store.timeline(w.account, id)).attempts).toMatchObject([{ id: d.attempt, state: 'dispatched' }])
    })

    it('is fenced by the epoch', async () => {
      const w = await world()
      const id = await w.accept()
      const stale = { line: w.line, ...w.session, maxOpen: 5 }
      await w.connect()
      expect(await w.do(w.store.dispatch({ ...stale, attempt: `attempt_${w.ulid()}` }))).toEqual({ kind: 'fenced' })
      expect(await w.state(id)).toMatchObject({ state: 'queued' })
    })

    it('keeps one in flight per recipient, in order, and others meanwhile', async () => {
      const w = await world()
      const first = await w.accept()
      const second = await w.accept()
      const other = await w.accept({ recipient: '+14155550000' })
      const d1 = await w.dispatch()
      expect([d1.message, (await w.dispatch()).message]).toEqual([first, other])
      expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing', why: 'empty' })
      await w.fact(d1, { fact: 'sent' })
      expect((await w.dispatch()).message).toBe(second)
    })

    it('sends interactive ones before bulk, also to one recipient', async () => {
      const w = await world()
      const bulk = await w.accept({ class: 'bulk' })
      const interactive = await w.accept()
      expect((await w.dispatch()).message).toBe(interactive)
      expect(bulk).not.toBe(interactive)
    })

    it('paces by one durable number, and says how long to wait', async () => {
      const w = await world()
      for (let i = 0; i < 7; i++) await w.accept({ recipient: `+1415555000${i}` })
      for (let i = 0; i < 5; i++) {
        const d = await w.dispatch()
        await w.fact(d, { fact: 'sent' })
      }
      expect(await w.dispatchAny()).toEqual({ kind: 'nothing', againInMs: 1000, why: 'rate' })
      await w.clock.advance(1000)
      await w.dispatch()
      expect(await w.dispatchAny()).toMatchObject({ why: 'rate' })
    })

    it('gives no second burst when the wall clock is set ahead, and does not stall when it is set back', async () => {
      const w = await world()
      for (let i = 0; i < 9; i++) await w.accept({ recipient: `+1415555000${i}`, expiresInMs: 7 * 86_400_000 })
      for (let i = 0; i < 5; i++) await w.fact(await w.dispatch(), { fact: 'sent' })
      w.clock.jumpWall(86_400_000)
      expect(await w.dispatchAny()).toMatchObject({ why: 'rate' })
      w.clock.jumpWall(-2 * 86_400_000)
      await w.do(w.store.repairClock())
      await w.clock.advance(1000)
      await w.dispatch()
    })

    it('holds no more open than the node may have', async () => {
      const w = await world()
      for (let i = 0; i < 6; i++) await w.accept({ recipient: `+1415555000${i}` })
      for (let i = 0; i < 5; i++) await w.dispatch()
      await w.clock.advance(60_000)
      expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing', why: 'open' })
    })

    it('never takes one that is cancelled, expired or opted out', async () => {
      const w = await world()
      const cancelled = await w.accept()
      const expiring = await w.accept({ recipient: '+14155550001', expiresInMs: 10_000 })
      const optedOut = await w.accept({ recipient: '+14155550002' })
      expect(await w.do(w.store.cancel(w.account, cancelled))).toBe('cancelled')
      await w.inbound('STOP', { from: '+14155550002' })
      await w.clock.advance(10_000)
      expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing' })
      expect(await w.do(w.store.expire(100))).toBe(1)
      expect((await w.state(expiring)).state).toBe('expired')
      expect(await w.state(optedOut)).toMatchObject({ state: 'failed', failure: 'opted_out' })
      expect(await w.store.used(w.account)).toBe(0)
    })

    it('lets an unknown message hold its lane for two minutes and no longer', async () => {
      const w = await world()
      await w.accept()
      const next = await w.accept()
      const d = await w.dispatch()
      await w.fact(d, { fact: 'unknown', reason: 'no_row' })
      expect(await w.dispatchAny()).toEqual({ kind: 'nothing', againInMs: 120_000, why: 'empty' })
      expect(await w.store.ahead(next)).toEqual({ messages: 0, unknownUntilMs: w.clock.nowMs() + 120_000 })
      await w.clock.advance(120_000)
      expect(await w.store.ahead(next)).toEqual({ messages: 0, unknownUntilMs: null })
      expect((await w.dispatch()).message).toBe(next)
    })
  })

  exerciseOutcomes(name, world)
  exerciseSessions(name, world)
}

type MakeWorld = (account?: Parameters<StoreWorld['start']>[0]) => Promise<StoreWorld>

function exerciseOutcomes(name: string, world: MakeWorld): void {
  describe(`${name}: facts (W3)`, () => {
    it('settles once, whatever is repeated or comes out of order', async () => {
      const w = await world()
      const id = await w.accept()
      const d = await w.dispatch()
      expect(await w.do(w.store.taken(w.session, d.attempt))).toEqual({ kind: 'done' })
      await w.fact(d, { fact: 'delivered' })
      await w.fact(d, { fact: 'sent' })
      await w.fact(d, { fact: 'delivered' })
      expect((await w.state(id)).state).toBe('delivered')
      expect(await w.types(id)).toEqual([
        'message.accepted',
        'message.dispatched',
        'message.taken',
        'message.delivered',
      ])
    })

    it('takes a rightful fact in a later session, and refuses the session that is fenced', async () => {
      const w = await world()
      const id = await w.accept()
      const d = await w.dispatch()
      const old = w.session
      await w.connect({}, () => 'started')
      expect(await w.do(w.store.fact(old, w.factFrame(d, { fact: 'sent' })))).toEqual({ kind: 'fenced' })
      expect((await w.state(id)).state).toBe('sending')
      expect(await w.fact(d, { fact: 'sent' })).toEqual({ kind: 'done' })
      expect((await w.state(id)).state).toBe('sent')
    })

    it('keeps a fact about an attempt it never had, and acknowledges it', async () => {
      const w = await world()
      const d = {
        attempt: `attempt_${w.ulid()}`,
        message: `imessage_${w.ulid()}`,
        n: 1,
        line: LINE_ADDRESS,
        recipient: RECIPIENT,
        body: '',
        service: 'imessage',
      } as const
      expect(await w.fact(d, { fact: 'sent' })).toEqual({ kind: 'orphaned' })
    })

    it('tries again what was never handed over, three times, and gives the quota back when it fails', async () => {
      const w = await world()
      const id = await w.accept()
      for (const wait of [1000, 5000, 0]) {
        await w.fact(await w.dispatch(), { fact: 'not_sent', class: 'never_handed', reason: 'send_refused' })
        await w.clock.advance(wait)
      }
      expect(await w.state(id)).toMatchObject({ state: 'failed', failure: 'send_refused', attempts: 3 })
      expect(await w.store.usedByService(w.account)).toEqual({ all: 0, imessage: 0, sms: 0 })
    })

    it('charges again when late evidence shows that it went out after all', async () => {
      const w = await world()
      const id = await w.accept()
      const d = await w.dispatch()
      await w.fact(d, { fact: 'not_sent', class: 'refused', reason: 'recipient_not_on_imessage' })
      expect(await w.state(id)).toMatchObject({ state: 'failed', failure: 'recipient_not_on_imessage' })
      await w.fact(d, { fact: 'sent' })
      expect(await w.state(id)).toMatchObject({ state: 'sent', failure: null })
      expect(await w.store.usedByService(w.account)).toEqual({ all: 1, imessage: 1, sms: 0 })
    })

    it('a message waiting for its retry keeps its place', async () => {
      const w = await world()
      const first = await w.accept()
      await w.accept()
      await w.fact(await w.dispatch(), { fact: 'not_sent', class: 'never_handed', reason: 'send_refused' })
      expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing', againInMs: 1000 })
      await w.clock.advance(1000)
      expect((await w.dispatch()).message).toBe(first)
    })

    it('a sealed failure is never tried again, and evidence unseals nothing but tells the truth', async () => {
      const w = await world()
      const id = await w.accept()
      const d = await w.dispatch()
      expect(await w.do(w.store.seal(id))).toBe(false)
      await w.fact(d, { fact: 'not_sent', class: 'refused', reason: 'send_refused' })
      expect(await w.do(w.store.seal(id))).toBe(true)
      expect(await w.do(w.store.resend(w.account, id))).toBe('refused')
      await w.fact(d, { fact: 'sent' })
      expect((await w.state(id)).state).toBe('sent')
      expect(await w.do(w.store.seal(id))).toBe(false)
    })

    it('falls back by a line that can, in the transaction that settled the first attempt', async () => {
      const w = await world()
      await w.connect({ lines: [{ address: LINE_ADDRESS, services: ['imessage', 'sms'], sends: true, out_24h: 0 }] })
      const id = await w.accept({ fallback: true })
      await w.fact(await w.dispatch(), { fact: 'not_sent', class: 'refused', reason: 'recipient_not_on_imessage' })
      const second = await w.dispatch()
      expect(second).toMatchObject({ message: id, n: 2, service: 'sms' })
      await w.fact(second, { fact: 'sent' })
      expect(await w.state(id)).toMatchObject({ state: 'sent', sentService: 'sms' })
      await w.accept({ service: 'sms' })
      expect(await w.store.usedByService(w.account)).toEqual({ all: 2, imessage: 1, sms: 1 })
    })

    it('suspects a duplicate when evidence comes for an attempt that was followed', async () => {
      const w = await world()
      const id = await w.accept()
      const first = await w.dispatch()
      await w.fact(first, { fact: 'not_sent', class: 'never_handed', reason: 'send_refused' })
      await w.clock.advance(1000)
      await w.dispatch()
      await w.fact(first, { fact: 'sent' })
      expect(await w.types(id)).toContain('message.duplicate_suspected')
      expect((await w.state(id)).state).toBe('sent')
    })

    it('late evidence for the first attempt does not let the lane go while the second is in flight', async () => {
      const w = await world()
      await w.accept()
      const next = await w.accept()
      const first = await w.dispatch()
      await w.fact(first, { fact: 'not_sent', class: 'never_handed', reason: 'send_refused' })
      await w.clock.advance(1000)
      const second = await w.dispatch()
      await w.fact(first, { fact: 'sent' })
      expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing', why: 'empty' })
      await w.fact(second, { fact: 'sent' })
      expect((await w.dispatch()).message).toBe(next)
    })

    it('believes receipts of an attempt that was called not sent', async () => {
      const w = await world()
      const id = await w.accept()
      const d = await w.dispatch()
      await w.fact(d, { fact: 'not_sent', class: 'refused', reason: 'send_refused' })
      for (const fact of ['sent', 'delivered', 'read'] as const) await w.fact(d, { fact })
      expect((await w.state(id)).state).toBe('read')
    })

    it('asks the node to leave a message that a caller cancels, and cancels on proof', async () => {
      const w = await world()
      const id = await w.accept()
      const d = await w.dispatch()
      expect(await w.do(w.store.cancel(w.account, id))).toBe('asked')
      expect(w.hints).toContainEqual({ kind: 'cancel', node: w.node, attempt: d.attempt })
      await w.do(
        w.store.voidDone(w.session, {
          t: 'void_done',
          journal_id: w.journal,
          seq: 99,
          attempt: d.attempt,
          proof: true,
          reason: 'cancelled',
          at: 1,
        }),
      )
      expect((await w.state(id)).state).toBe('cancelled')
    })
  })

  describe(`${name}: inbound (W10, W8)`, () => {
    it('takes each once', async () => {
      const w = await world()
      await w.inbound('hi', { guid: 'g', date: 5 })
      await w.inbound('hi', { guid: 'g', date: 5 })
      await w.inbound('hi', { guid: 'another guid after a backfill', date: 5 })
      expect(await w.inbound('x', { line: '+19999999999' })).toEqual({ kind: 'orphaned' })
    })

    it('obeys the latest word by its own date; on a tie the stop', async () => {
      const w = await world()
      await w.inbound('START', { date: 2000 })
      await w.inbound('STOP', { date: 1000 })
      expect((await w.do(w.store.accept(w.message()))).kind).toBe('accepted')
      await w.inbound('STOP', { date: 2000 })
      const id = await w.accept()
      expect(await w.state(id)).toMatchObject({ state: 'failed', failure: 'opted_out' })
      await w.inbound('START', { date: 3000 })
      expect((await w.state(await w.accept())).state).toBe('queued')
    })
  })
}

function exerciseSessions(name: string, world: MakeWorld): void {
  describe(`${name}: sessions (W4, W6)`, () => {
    it('takes only a higher connection number, and tells the one it holds', async () => {
      const w = await world()
      const late = w.hello()
      await w.connect()
      expect(await w.do(w.store.hello({ gateway: 'gw_test', frame: late }))).toMatchObject({
        kind: 'bye',
        code: 'stale',
        conn: late.conn + 1,
      })
    })

    it('refuses another machine with the same credential', async () => {
      const w = await world()
      expect(await w.do(w.store.hello({ gateway: 'gw_test', frame: w.hello({ machine: 'clone' }) }))).toMatchObject({
        code: 'cloned',
      })
    })

    it('makes proof of a tombstone, and sends again', async () => {
      const w = await world()
      const id = await w.accept()
      const first = await w.dispatch()
      await w.connect()
      const second = await w.dispatch()
      expect(second).toMatchObject({ message: id, n: 2 })
      expect(second.attempt).not.toBe(first.attempt)
    })

    it('takes nothing of another journal for proof', async () => {
      const w = await world()
      const id = await w.accept()
      await w.dispatch()
      w.journal = `journal_${w.ulid()}`
      const welcome = await w.connect()
      expect(welcome.resume).toMatchObject([{ proof: false }])
      expect(await w.state(id)).toMatchObject({ state: 'unknown', failure: 'journal_lost' })
    })

    it('sends a journal that is older than one seen before away', async () => {
      const w = await world()
      await w.connect({ journal_head: 10 })
      expect(await w.do(w.store.hello({ gateway: 'gw_test', frame: w.hello({ journal_head: 9 }) }))).toMatchObject({
        code: 'restored',
      })
    })

    it('acknowledges in order: a frame that failed is asked for again although later ones are stored', async () => {
      const w = await world()
      await w.inbound('one', { seq: 1 })
      await w.inbound('three', { seq: 3, guid: 'third' })
      const welcome = await w.connect({ outbox: { oldest: 1, head: 3, acked: 1 } })
      expect(welcome.ackedSeq).toBe(1)
      await w.inbound('two', { seq: 2, guid: 'second' })
      await w.inbound('three', { seq: 3, guid: 'third' })
      expect((await w.connect({ outbox: { oldest: 1, head: 3, acked: 1 } })).ackedSeq).toBe(3)
    })

    it('does not wait for frames that a node no longer has', async () => {
      const w = await world()
      const welcome = await w.connect({ outbox: { oldest: 41, head: 45, acked: 0 } })
      expect(welcome.ackedSeq).toBe(40)
    })

    it('wants an answer for every attempt it holds open', async () => {
      const w = await world()
      await w.accept()
      const d = await w.dispatch()
      const welcome = await w.do(w.store.hello({ gateway: 'gw_test', frame: w.hello() }))
      if (welcome.kind !== 'welcome') throw new Error(welcome.code)
      const session = { node: w.node, epoch: welcome.epoch }
      const ready = { t: 'ready', session: welcome.epoch, states: {}, outbox_head: 0 } as const
      expect(await w.do(w.store.ready(session, ready, [d.attempt]))).toEqual({ kind: 'incomplete', missing: d.attempt })
    })

    it('declares a node lost only when it is away long enough, and then fences it first', async () => {
      const w = await world()
      const id = await w.accept()
      const d = await w.dispatch()
      const old = w.session
      await w.do(w.store.closed(old))
      await w.clock.advance(59_000)
      expect(await w.do(w.store.declareLost(60_000))).toEqual([])
      await w.clock.advance(2_000)
      expect(await w.do(w.store.declareLost(60_000))).toEqual([w.node])
      expect(await w.state(id)).toMatchObject({ state: 'unknown', failure: 'node_lost' })
      expect(await w.do(w.store.fact(old, w.factFrame(d, { fact: 'sent' })))).toEqual({ kind: 'fenced' })
      await w.connect({}, () => 'settled')
      await w.fact(d, { fact: 'sent' })
      expect((await w.state(id)).state).toBe('sent')
    })

    it('moves whole lanes from a line that stays away, and never past what is unresolved', async () => {
      const w = await world()
      const stuck = await w.accept()
      const d = await w.dispatch()
      await w.accept()
      const free = [await w.accept({ recipient: '+14155550001' }), await w.accept({ recipient: '+14155550001' })]
      const first = { session: w.session, line: w.line }
      await w.do(w.store.closed(w.session))
      await w.clock.advance(301_000)
      w.machine = 'machine-2'
      w.node = await w.join('mac-2')
      w.journal = `journal_${w.ulid()}`
      await w.connect({ lines: [{ address: '+15005550002', services: ['imessage'], sends: true, out_24h: 0 }] })
      expect(await w.do(w.store.failOver(300_000))).toBe(1)
      for (const id of free) {
        expect((await w.state(id)).line?.address).toBe('+15005550002')
        expect(await w.types(id)).toContain('numbers.substitution')
      }
      expect((await w.state(stuck)).line?.id).toBe(first.line)
      expect(d.line).toBe(LINE_ADDRESS)
    })

    it('after a restore sends nothing accepted before, until every node has told what it sent', async () => {
      const w = await world()
      const before = await w.accept()
      await w.do(w.store.beginRecovery())
      await w.clock.advance(1)
      const after = await w.accept({ recipient: '+14155550009' })
      const welcome = await w.connect()
      expect(welcome.recoverSinceMs).not.toBeNull()
      expect((await w.dispatch()).message).toBe(after)
      expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing' })
      // The node remembers an attempt that the restored store lacks.
      const forgotten = {
        attempt: `attempt_${w.ulid()}`,
        message: before,
        n: 1,
        line: LINE_ADDRESS,
        recipient: RECIPIENT,
        body: '',
        service: 'imessage',
      } as const
      await w.fact(forgotten, { fact: 'sent' })
      expect(await w.do(w.store.recovered(w.session))).toEqual({ kind: 'done', recovering: false })
      expect(await w.state(before)).toMatchObject({ state: 'sent', attempts: 1 })
    })

    it('notices by a hello that the store is older than what the node remembers', async () => {
      const w = await world()
      const id = await w.accept()
      const welcome = await w.connect({ last_session: 40 })
      expect(welcome.epoch).toBe(41)
      expect(welcome.recoverSinceMs).not.toBeNull()
      expect(await w.dispatchAny()).toMatchObject({ kind: 'nothing' })
      await w.do(w.store.recovered(w.session))
      expect((await w.dispatch()).message).toBe(id)
    })

    it('takes the credential of a removed node away, and its attempts become unknown', async () => {
      const w = await world()
      const id = await w.accept()
      await w.dispatch()
      expect(await w.do(w.store.retireNode('test', w.node))).toBe(true)
      expect(await w.state(id)).toMatchObject({ state: 'unknown', failure: 'node_removed' })
      expect(w.hints).toContainEqual({ kind: 'revoked', node: w.node })
      expect(await w.do(w.store.hello({ gateway: 'gw_test', frame: w.hello() }))).toMatchObject({ code: 'revoked' })
      expect((await w.store.nodeByCredential(w.node))?.retired).toBe(true)
    })
  })
}
