/**
 * Durable frames and their acknowledgement.
 * Proves: a durable frame that cannot be read is kept before an acknowledgement covers it; an acknowledgement never passes a frame that is
 * missing or failed; a node's frames that make no sense do not fill the disk.
 */
import { describe, expect, it } from 'vitest'
import { ORPHANS_MAX } from '../../src/store/sqlite/journals.ts'
import { LINE_ADDRESS, RECIPIENT } from '../store/store-world.ts'
import { SessionWorld } from './session-world.ts'

async function world(): Promise<SessionWorld> {
  const w = await new SessionWorld().start()
  await w.connect()
  w.socket.frames.length = 0
  return w
}

const inbound = (w: SessionWorld, seq: number, more: Readonly<Record<string, unknown>> = {}) => ({
  t: 'inbound',
  journal_id: w.world.journal,
  seq,
  guid: `guid-${seq}`,
  line: LINE_ADDRESS,
  from: RECIPIENT,
  service: 'sms',
  body: 'hi',
  date: 1,
  backfilled: false,
  ...more,
})

describe('a durable frame that cannot be read', () => {
  it('is kept without its text, acknowledged, and a person is told', async () => {
    const w = await world()
    await w.say(inbound(w, 1, { service: 'rcs', body: 'secret' }))
    await w.say(inbound(w, 2))
    expect(w.socket.frames).toMatchObject([
      { t: 'ack', seq: 1 },
      { t: 'ack', seq: 2 },
    ])
    const [orphan] = w.raw.prepare('select * from orphans').all()
    expect(orphan).toMatchObject({ node: w.world.node, journal_id: w.world.journal })
    expect(String(orphan?.['frame'])).toContain('"rcs"')
    expect(String(orphan?.['frame'])).not.toContain('secret')
    expect(w.alerts).toEqual(['frame_orphaned'])
    await w.connect({ outbox: { oldest: 1, head: 2, acked: 2 } })
    expect(w.socket.last('welcome')).toMatchObject({ acked_seq: 2 })
  })

  it('says nothing of how far the node has read', async () => {
    const w = await world()
    await w.say(inbound(w, 1, { position: 'row 1' }))
    await w.say(inbound(w, 2, { position: 'row 2', date: -1 }))
    await w.connect({ outbox: { oldest: 1, head: 2, acked: 2 } })
    expect(w.socket.last('welcome')).toMatchObject({ acked_seq: 2, inbound_after: 'row 1' })
  })

  it('of a kind of the future as well', async () => {
    const w = await world()
    await w.say({ t: 'of_the_future', journal_id: w.world.journal, seq: 1 })
    expect(w.socket.frames).toMatchObject([{ t: 'ack', seq: 1 }])
    expect(w.count('orphans')).toBe(1)
  })

  it('is not kept twice', async () => {
    const w = await world()
    for (let i = 0; i < 3; i++) await w.say(inbound(w, 1, { date: -1 }))
    expect(w.socket.frames.map(({ t }) => t)).toEqual(['ack', 'ack', 'ack'])
    expect(w.count('orphans')).toBe(1)
  })

  it('of another journal, or without its number, is only complained about', async () => {
    const w = await world()
    await w.say(inbound(w, 1, { date: -1, journal_id: `journal_${w.world.ulid()}` }))
    await w.say(inbound(w, 0, { date: -1 }))
    expect(w.socket.frames.map(({ t }) => t)).toEqual(['complaint', 'complaint'])
    expect(w.count('orphans')).toBe(0)
  })

  it(`only ${ORPHANS_MAX} are kept of a node, the rest is counted`, async () => {
    const w = await world()
    for (let seq = 1; seq <= ORPHANS_MAX + 5; seq++) {
      w.session.received(JSON.stringify(inbound(w, seq, { service: 'rcs', from: 'x'.repeat(20_000) })))
    }
    await w.world.clock.settle()
    expect(w.socket.last('ack')).toMatchObject({ seq: ORPHANS_MAX + 5 })
    expect(w.count('orphans')).toBe(ORPHANS_MAX)
    expect(w.raw.prepare('select orphans_dropped as n from nodes').get()).toEqual({ n: 5 })
    expect((await w.world.store.nodes(w.world.account))[0]).toMatchObject({ framesDropped: 5 })
    expect(Number(w.raw.prepare('select max(length(frame)) as n from orphans').get()?.['n'])).toBeLessThanOrEqual(8192)
  })
})

describe('an acknowledgement', () => {
  it('never passes a frame that is missing', async () => {
    const w = await world()
    await w.say(inbound(w, 1))
    await w.say(inbound(w, 3))
    expect(w.socket.frames.filter(({ t }) => t === 'ack')).toMatchObject([{ seq: 1 }])
    await w.say(inbound(w, 2))
    expect(w.socket.last('ack')).toMatchObject({ seq: 3 })
    await w.connect({ outbox: { oldest: 1, head: 3, acked: 3 } })
    expect(w.socket.last('welcome')).toMatchObject({ acked_seq: 3 })
    expect(w.socket.last('welcome')).not.toHaveProperty('recover_since')
  })

  it('nor one that could not be stored', async () => {
    const w = await world()
    w.faults.inbound = (session, frame) =>
      frame.seq === 1 ? new Promise(() => undefined) : w.world.store.inbound(session, frame)
    await w.connect()
    await w.say(inbound(w, 1))
    await w.say(inbound(w, 2))
    expect(w.socket.last('ack')).toBeUndefined()
  })

  it('a node that only sends what is beyond a gap is turned away', async () => {
    const w = await world()
    for (let seq = 2; seq < 1100; seq++) w.session.received(JSON.stringify(inbound(w, seq)))
    await w.world.clock.settle()
    expect(w.socket.last('bye')).toMatchObject({ code: 'malformed' })
    expect(w.socket.last('ack')).toBeUndefined()
  })
})
