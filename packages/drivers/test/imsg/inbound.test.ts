/**
 * What comes in through imsg.
 * Proves: each message of others is told once by one process and at least once over all of them, with a position to go on from; none is
 * lost when a child dies, a watch overflows, goes deaf, or rows get other numbers; ours are never told.
 * World: the driver, real child processes, and a Messages that tells twice, drops, and is put back from a backup.
 */
import { until } from '@bluewire/testkit/stories/until'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodePosition, encodePosition } from '../../src/imsg/imsg-note.ts'
import { GROUP, ImsgWorld, LINE, THEM } from './imsg-world.ts'

const MINUTE_MS = 60_000
let world: ImsgWorld

beforeAll(async () => {
  world = await ImsgWorld.open()
  await world.isWatching()
})

afterAll(() => world[Symbol.asyncDispose]())

const times = (body: string) => world.bodies.filter((one) => one === body).length

describe('a message', () => {
  it('is told with its line, sender, service and date, and where to go on', async () => {
    const row = world.imsg.receive({ from: THEM, text: 'Hi.', createdAtMs: 1_790_000_000_000 })
    expect(await world.hasInbound('Hi.')).toEqual({
      guid: row.guid,
      line: LINE,
      from: THEM,
      service: 'imessage',
      body: 'Hi.',
      dateMs: 1_790_000_000_000,
      backfilled: true, // by the clock of this test it is an old one
    })
    expect(decodePosition(world.memory.storedPosition ?? '')).toMatchObject({
      cursor: row.id,
      id: row.id,
      guid: row.guid,
    })
  })

  it('that is ours is never told, nor a note to oneself, and the position passes them', async () => {
    const chat = world.imsg.messages.chatWith(THEM, 'iMessage')
    world.imsg.add({ chat, isFromMe: true, text: 'typed on a phone', isSent: true })
    const note = world.imsg.receive({ from: LINE, text: 'note to self' })
    await until('it was passed', () => decodePosition(world.memory.storedPosition ?? '')?.cursor === note.id)
    expect(world.bodies).not.toContain('typed on a phone')
    expect(world.bodies).not.toContain('note to self')
  })

  it('that came by SMS or RCS, or in a group, says so', async () => {
    world.imsg.receive({ from: THEM, text: 'by SMS', service: 'SMS' })
    world.imsg.receive({ from: THEM, text: 'by RCS', service: 'RCS' })
    world.imsg.receive({ from: THEM, text: 'to all', chat: world.imsg.chat('chat4711', { guid: GROUP }) })
    expect(await world.hasInbound('by SMS')).toMatchObject({ service: 'sms' })
    expect(await world.hasInbound('by RCS')).toMatchObject({ service: 'sms' })
    expect(await world.hasInbound('to all')).toMatchObject({ service: 'imessage', chat: GROUP, from: THEM })
  })

  it('in a chat that macOS 26 calls `any` has the service of the chat', async () => {
    const chat = world.imsg.chat('+14155550177', { guid: 'any;-;+14155550177', service: 'SMS' })
    world.imsg.receive({ from: '+14155550177', text: 'any', chat })
    expect(await world.hasInbound('any')).toMatchObject({ service: 'sms' })
  })

  it('is told once, although "watch is at-least-once"', async () => {
    world.imsg.tellsTimes = 3
    world.imsg.receive({ from: THEM, text: 'thrice' })
    world.imsg.tellsTimes = 1
    world.imsg.receive({ from: THEM, text: 'after thrice' })
    await world.hasInbound('after thrice')
    expect(times('thrice')).toBe(1)
  })

  it('of long ago that was read only now is flagged', async () => {
    world.imsg.receive({ from: THEM, text: 'now' })
    world.imsg.receive({ from: THEM, text: 'backfill', createdAtMs: Date.now() - 90 * MINUTE_MS })
    expect(await world.hasInbound('backfill')).toMatchObject({ backfilled: true })
    expect(await world.hasInbound('now')).toMatchObject({ backfilled: false })
  })

  it('with a photo and no text is told, too', async () => {
    const { guid } = world.imsg.receive({ from: THEM, text: '\ufffc', files: ['photo.jpg'] })
    await until('it is told', () => world.inbounds.find((inbound) => inbound.guid === guid && inbound.body === ''))
  })

  it('that makes no sense does not stop those after it', async () => {
    const odd = [{}, { message: null }, { subscription: 1, message: { id: 'x' } }]
    for (const params of odd) world.imsg.write(JSON.stringify({ jsonrpc: '2.0', method: 'message', params }))
    world.imsg.write(JSON.stringify({ jsonrpc: '2.0', method: 'message' }))
    world.imsg.receive({ from: THEM, text: 'after nonsense' })
    await world.hasInbound('after nonsense')
  })
})

describe('a reaction', () => {
  it('is about a message, and is taken back', async () => {
    const about = (type: string, more: object = {}) =>
      world.imsg.receive({ from: THEM, text: 'Loved “Hi.”', reaction: { type, isAdd: true, to: 'p:1/ABC', ...more } })
    const guids = [
      about('emphasis').guid,
      about('custom', { emoji: '🎉', isAdd: false }).guid,
      about('love', { to: 'bp:ABC' }).guid,
    ]
    const told = (guid: string | undefined) => world.inbounds.find((inbound) => inbound.guid === guid)
    await until('all are told', () => guids.every((guid) => told(guid)))
    expect(told(guids[0])).toMatchObject({
      body: '',
      about: { guid: 'ABC', part: 1, what: 'reaction', reaction: { kind: 'emphasize', removed: false } },
    })
    expect(told(guids[1])?.about?.reaction).toEqual({ kind: 'emoji', emoji: '🎉', removed: true })
    expect(told(guids[2])?.about).toMatchObject({ guid: 'ABC', part: 0 })
  })
})

describe('nothing is lost', () => {
  it('when the watch overflows: it goes on from `resume_after_rowid`', async () => {
    world.imsg.overflowNext()
    for (const text of ['overflow 1', 'overflow 2', 'overflow 3']) world.imsg.receive({ from: THEM, text })
    await world.hasInbound('overflow 3')
    expect(['overflow 1', 'overflow 2', 'overflow 3'].map(times)).toEqual([1, 1, 1])
  })

  it('when the watch ends with an error: another goes on from the position', async () => {
    const watches = world.imsg.calls('watch.subscribe').length
    for (let subscription = 1; subscription <= watches; subscription++) {
      const params = { subscription, error: { message: 'database is locked' } }
      world.imsg.write(JSON.stringify({ jsonrpc: '2.0', method: 'error', params }))
    }
    await world.isWatching(watches + 1)
    world.imsg.receive({ from: THEM, text: 'after the error' })
    await world.hasInbound('after the error')
  })

  it('when the child dies, or the node is restarted, while messages come', async () => {
    world.imsg.end()
    world.imsg.receive({ from: THEM, text: 'while dead' })
    await world.hasInbound('while dead')
    await world.driver.stop()
    world.imsg.receive({ from: THEM, text: 'while off' })
    await world.restart()
    await world.hasInbound('while off')
    expect(['while dead', 'while off'].map(times)).toEqual([1, 1])
  })

  it('when rows have other numbers than before: it goes on by date', async () => {
    await world.driver.stop()
    world.imsg.messages.rows.splice(0, 3)
    world.imsg.renumber()
    // More than went: the numbers that were read before belong to messages that were not.
    const texts = ['1', '2', '3', '4', '5'].map((n) => `renumbered ${n}`)
    for (const text of texts) world.imsg.receive({ from: THEM, text })
    await world.restart()
    await until('all are told', () => texts.every((text) => times(text) === 1))
    const { cursor } = decodePosition(world.memory.storedPosition ?? '') ?? {}
    expect(cursor).toBe(world.imsg.messages.tail)
  })

  it('when the database is replaced under a watch, which "keeps the exact database it started with"', async () => {
    await using other = await ImsgWorld.open({ times: { sweepEveryMs: 50 } })
    await other.isWatching()
    other.imsg.receive({ from: THEM, text: 'before 1' })
    other.imsg.receive({ from: THEM, text: 'before 2' })
    await other.hasInbound('before 2')
    other.imsg.messages.rows.splice(0, 1)
    other.imsg.renumber()
    other.imsg.receive({ from: THEM, text: 'after' })
    await other.hasInbound('after')
    other.imsg.receive({ from: THEM, text: 'and on' })
    await other.hasInbound('and on')
    expect(other.bodies).toEqual(['before 1', 'before 2', 'after', 'and on'])
  })
})

describe('a new journal', () => {
  it('begins with what comes from now on, also in an empty database, where 0 would mean the end', async () => {
    await using other = await ImsgWorld.make()
    await other.start()
    await until('the position is stored', () => other.memory.storedPosition)
    await other.driver.stop()
    other.imsg.receive({ from: THEM, text: 'the very first' })
    await other.restart()
    await other.hasInbound('the very first')
    expect(other.imsg.calls('watch.subscribe').map(({ params }) => params['since_rowid'])).toEqual([-1, -1])
  })

  it('goes on where the gateway was told by the one before, which it may say before anything else is told', async () => {
    await using other = await ImsgWorld.make({ times: { holdMs: 60_000 } })
    other.imsg.receive({ from: THEM, text: 'told before' })
    const [{ id: cursor } = { id: 0 }] = other.imsg.messages.rows
    other.imsg.receive({ from: THEM, text: 'lost with the journal' })
    await other.start()
    other.imsg.receive({ from: THEM, text: 'before the link is up' })
    other.driver.resumeAt('nonsense')
    expect([other.bodies, other.memory.storedPosition]).toEqual([[], null])
    other.driver.resumeAt(encodePosition({ cursor, atMs: 0 }))
    await other.hasInbound('before the link is up')
    expect(other.bodies).toEqual(['lost with the journal', 'before the link is up'])
  })

  it('of which the gateway knows nothing: what came since the start is told after a while', async () => {
    await using other = await ImsgWorld.make({ times: { holdMs: 300 } })
    other.imsg.receive({ from: THEM, text: 'old' })
    await other.start()
    await until('the end is known', () => other.imsg.calls('messages.after').length > 0)
    other.imsg.receive({ from: THEM, text: 'new' })
    await other.hasInbound('new')
    expect(other.bodies).toEqual(['new'])
  })
})

describe('imsg 0.9', () => {
  it('receives, and goes on by date after a restart: it cannot page', async () => {
    await using other = await ImsgWorld.open({ version: '0.9' })
    await other.isWatching()
    other.imsg.receive({ from: THEM, text: '1' })
    await other.hasInbound('1')
    await other.driver.stop()
    other.imsg.receive({ from: THEM, text: '2' })
    await other.restart()
    await other.hasInbound('2')
    other.imsg.receive({ from: THEM, text: '3' })
    await other.hasInbound('3')
  })
})
