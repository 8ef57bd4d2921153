/**
 * What a hello may do.
 * Proves: a node that knows more than the store holds its own account until its nodes have told, and no other account; the operator's word
 * holds all; the newest attempts are always in the resume list; a simulated node never becomes real; a machine that joins anew retires what
 * it was; the epoch of a line never falls.
 */
import { describe, expect, it } from 'vitest'
import { helloFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { HelloFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { AccountId, LineId, NodeId } from '@bluewire/contract/ids'
import type { SessionKey } from '../../src/store/store.ts'
import { SessionWorld } from './session-world.ts'

type Other = { id: NodeId; account: AccountId; hello: (more?: Partial<HelloFrame>) => HelloFrame }

/** A further node with a line of its own, in an account of its own unless one is given. */
async function join(w: SessionWorld, address: string, given?: AccountId): Promise<Other> {
  const { world } = w
  const account: AccountId = given ?? `acct_${world.ulid()}`
  if (given === undefined) {
    const profile = { name: account, plan: 'unlimited', quotaLimit: null, entitlements: [], region: 'US' } as const
    await world.do(world.store.createAccount('test', { id: account, ...profile }))
  }
  const id: NodeId = `node_${world.ulid()}`
  await world.do(world.store.createEnrolment('test', { codeHash: id, account, expiresInMs: 60_000 }))
  const node = { id, name: id, credentialHash: id, machine: id, simulated: true, driver: 'simulator' }
  await world.do(world.store.redeemEnrolment({ codeHash: id, node }))
  const lines = [{ address, services: ['imessage' as const], sends: true, out_24h: 0 }]
  const own = { node: id, machine: id, journal_id: `journal_${world.ulid()}`, lines } as const
  return { id, account, hello: (more) => world.hello({ ...own, ...more }) }
}

async function connect(w: SessionWorld, other: Other, more: Partial<HelloFrame> = {}) {
  const { world } = w
  const frame = other.hello(more)
  const welcome = await world.do(world.store.hello({ gateway: 'gw_test', frame }))
  if (welcome.kind !== 'welcome') throw new Error(welcome.code)
  const session: SessionKey = { node: other.id, epoch: welcome.epoch }
  const ready = { t: 'ready', session: welcome.epoch, states: {}, outbox_head: 0 } as const
  await world.do(world.store.ready(session, ready, []))
  return { welcome, session, line: welcome.lines[0]?.id as LineId }
}

const dispatch = (w: SessionWorld, { line, session }: { line: LineId; session: SessionKey }) =>
  w.world.do(w.world.store.dispatch({ line, ...session, attempt: `attempt_${w.world.ulid()}`, maxOpen: 5 }))

describe('a node that knows more than the store', () => {
  it.each([
    ['a higher session', { last_session: 1000 }],
    ['a higher store epoch', { store_epoch_seen: 1e12 }],
    ['frames acknowledged that the store never saw', { outbox: { oldest: 1, head: 900, acked: 900 } }],
  ])('%s: no other account is held, and others are told what they were told before', async (_, claim) => {
    const w = await new SessionWorld().start()
    const evil = await join(w, '+19995550100')
    await connect(w, evil)
    const id = await w.world.accept()
    await connect(w, evil, claim)
    expect((await w.world.dispatch()).message).toBe(id)
    const welcome = await w.world.connect()
    expect(welcome).toMatchObject({ ahead: false, storeEpoch: 0, recoverSinceMs: null })
    expect(w.raw.prepare('select * from meta').all()).toEqual([])
  })

  it('its own account is held until each of its nodes has told, and what is accepted afterwards goes', async () => {
    const w = await new SessionWorld().start()
    const { world } = w
    const second = await join(w, '+15005550077', world.account)
    const theirs = await connect(w, second)
    const id = await world.accept()
    const ahead = await world.connect({ last_session: 40 })
    expect(ahead).toMatchObject({ ahead: true, storeEpoch: 1 })
    await world.clock.advance(1)
    const later = await world.accept({ recipient: '+14155550009' })
    expect((await world.dispatch()).message).toBe(later)
    expect(await world.do(world.store.recovered(world.session))).toEqual({ kind: 'done', recovering: true })
    expect(await world.dispatchAny()).toMatchObject({ kind: 'nothing' })
    // The other node is connected and was never asked: its session has to end.
    expect(await world.store.heldNodes('gw_test')).toContainEqual({
      node: second.id,
      epoch: theirs.session.epoch,
      toldEpoch: 1,
    })
    const again = await connect(w, second)
    expect(again.welcome.recoverSinceMs).not.toBeNull()
    expect(await world.do(world.store.recovered(again.session))).toEqual({ kind: 'done', recovering: false })
    await world.clock.advance(2_000)
    expect((await world.dispatch()).message).toBe(id)
    expect(w.raw.prepare("select type from events where type = 'recovery.began'").all()).toHaveLength(1)
  })

  it('is asked once, above the epoch it had seen, and its next hello is nothing special', async () => {
    const w = await new SessionWorld().start()
    const { storeEpoch } = await w.world.connect({ store_epoch_seen: 7 })
    expect(storeEpoch).toBe(8)
    await w.world.do(w.world.store.recovered(w.world.session))
    const next = await w.world.connect({ store_epoch_seen: 8, last_session: w.world.session.epoch })
    expect(next).toMatchObject({ ahead: false, storeEpoch: 8, recoverSinceMs: null })
  })

  it('a person is told', async () => {
    const w = await new SessionWorld().start()
    await w.connect({ last_session: 40 })
    expect(w.alerts).toEqual(['node_ahead_of_store'])
  })

  it('the operator’s word holds every account, and ends every hold', async () => {
    const w = await new SessionWorld().start()
    const other = await join(w, '+19995550100')
    const theirs = await connect(w, other)
    await w.world.accept()
    await w.world.accept({ account: other.account, line: theirs.line })
    await w.world.do(w.world.store.beginRecovery())
    expect(await w.world.dispatchAny()).toMatchObject({ kind: 'nothing' })
    expect(await dispatch(w, theirs)).toMatchObject({ kind: 'nothing' })
    await connect(w, other, { last_session: 99 })
    await w.world.do(w.world.store.endRecovery())
    expect((await w.world.dispatch()).n).toBe(1)
  })

  it('numbers that no node counts up to are no hello', () => {
    const w = new SessionWorld()
    const parse = (more: Partial<HelloFrame>) => helloFrame.safeParse({ ...w.world.hello(), ...more }).success
    w.world.node = `node_${w.world.ulid()}`
    expect(parse({})).toBe(true)
    for (const key of ['conn', 'last_session', 'store_epoch_seen', 'journal_head'] as const)
      expect(parse({ [key]: Number.MAX_SAFE_INTEGER })).toBe(false)
  })
})

describe('the resume list', () => {
  it('has what is in flight, however much is unknown', async () => {
    const w = await new SessionWorld().start()
    await w.world.accept()
    const first = await w.world.dispatch()
    await w.world.fact(first, { fact: 'unknown', reason: 'no_evidence' })
    const [attempt] = w.raw.prepare('select * from attempts').all()
    const [message] = w.raw.prepare('select * from messages').all()
    const insert = (table: string, row: object): unknown =>
      w.raw
        .prepare(`insert into ${table} (${Object.keys(row).join()}) values (${Object.keys(row).fill('?').join()})`)
        .run(...(Object.values(row) as string[]))
    w.raw.exec('begin')
    const unknown = Array.from({ length: 1000 }, (_, i) => {
      const ids = { message: `imessage_${w.world.ulid()}`, attempt: `attempt_${w.world.ulid()}` }
      insert('messages', { ...message, id: ids.message, lane_seq: 2 + i, lane_free_at: 0 })
      insert('attempts', { ...attempt, id: ids.attempt, message: ids.message })
      return ids.attempt
    })
    w.raw.exec('commit')
    await w.world.clock.advance(130_000)
    await w.world.accept({ recipient: '+14155550199' })
    const open = await w.world.dispatch()
    const { resume } = await w.world.connect()
    expect(resume).toHaveLength(1000)
    expect(resume.map((r) => r.attempt)).toEqual(expect.arrayContaining([open.attempt, unknown.at(-1)]))
    expect(resume.map((r) => r.attempt)).not.toContain(first.attempt)
  })
})

describe('enrolment', () => {
  it('a simulated node never becomes a real one', async () => {
    const w = await new SessionWorld().start()
    await w.hello({ simulated: false, driver: 'messages-app' })
    expect(w.socket.last('bye')).toMatchObject({ code: 'revoked' })
    await w.hello({ driver: 'another' })
    expect(w.socket.last('welcome')).toBeDefined()
    expect(w.raw.prepare('select driver from nodes').get()).toEqual({ driver: 'another' })
  })

  it('a machine that joins anew retires the node it was, and what that had open becomes unknown', async () => {
    const w = await new SessionWorld().start()
    const { world } = w
    const id = await world.accept()
    await world.dispatch()
    w.raw.exec('update nodes set simulated = 0; update lines set simulated = 0')
    const elsewhere = await join(w, '+15005550077', world.account)
    const old = world.node
    world.node = await world.join('again')
    expect(await world.state(id)).toMatchObject({ state: 'unknown', failure: 'node_removed' })
    expect((await world.store.nodes(world.account)).map((n) => n.id).sort()).toEqual([elsewhere.id, world.node].sort())
    expect(world.hints).toContainEqual({ kind: 'revoked', node: old })
  })

  it('of simulated nodes on one machine only one that is away', async () => {
    const w = await new SessionWorld().start()
    await w.world.join('beside it')
    expect(await w.world.store.nodes(w.world.account)).toHaveLength(2)
    await w.world.do(w.world.store.closed(w.world.session))
    await w.world.join('instead of both')
    expect((await w.world.store.nodes(w.world.account)).map((n) => n.name)).toEqual(['instead of both'])
  })
})

describe('a line that changes its node', () => {
  it('is fenced by a higher number than ever before, and the session works it under that number', async () => {
    const w = await new SessionWorld().start()
    const { world } = w
    for (let i = 0; i < 5; i++) await world.connect()
    await world.do(world.store.closed(world.session))
    const before = Number(w.raw.prepare('select epoch from lines').get()?.['epoch'])
    const other = await join(w, '+15005550001', world.account)
    const mine = await connect(w, other)
    expect(mine.session.epoch).toBeGreaterThan(before)
    await world.accept()
    expect(await world.dispatchAny()).toEqual({ kind: 'fenced' })
    expect(await dispatch(w, mine)).toMatchObject({ kind: 'dispatched' })
  })
})
