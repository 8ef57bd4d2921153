/**
 * What came in, as the SQLite store holds it.
 * Proves: reactions, edits and unsent messages are stored beside the message they are about and told as events of their own; none of them is
 * folded into another, and each is taken once; they are no STOP, and neither is a word in a group; what comes from a group proves that its
 * sender is on iMessage, and nothing of the group.
 */
import { describe, expect, it } from 'vitest'
import type { InboundFrame } from '@bluewire/contract/node-protocol/node-frames'
import { SessionWorld } from '../nodes/session-world.ts'
import { RECIPIENT } from './store-world.ts'

const GROUP = 'any;+;chat123456'

type About = NonNullable<InboundFrame['about']>

class InboundWorld {
  readonly w = new SessionWorld()
  #n = 0

  async start(): Promise<this> {
    await this.w.start()
    return this
  }

  /** About the message `guid`, under a guid of its own unless one is given. */
  about(about: Partial<About> & Pick<About, 'what'>, more: Partial<InboundFrame> = {}) {
    const guid = `about-${++this.#n}`
    return this.w.world.inbound('', { guid, date: 5, about: { guid: 'the message', part: 0, ...about }, ...more })
  }

  reaction(reaction: Partial<NonNullable<About['reaction']>> = {}, more: Partial<InboundFrame> = {}) {
    return this.about({ what: 'reaction', reaction: { kind: 'love', removed: false, ...reaction } }, more)
  }

  rows(): Array<Record<string, unknown>> {
    return this.w.raw.prepare('select * from inbound order by id').all()
  }

  events(): Array<{ type: unknown; data: unknown }> {
    const rows = this.w.raw
      .prepare("select type, data from events where message is null and type like 'message.%'")
      .all()
    return rows.map(({ type, data }) => ({ type, data: JSON.parse(String(data)) as unknown }))
  }
}

const start = (): Promise<InboundWorld> => new InboundWorld().start()

describe('what is about another message', () => {
  it('is stored with what it is about, and told as what it is', async () => {
    const i = await start()
    await i.w.world.inbound('helo', { guid: 'the message', date: 4 })
    await i.reaction({ kind: 'emoji', emoji: '🦦' }, { guid: 'r1' })
    await i.about({ what: 'edit', part: 1 }, { guid: 'e1', body: 'hello' })
    await i.about({ what: 'unsend' }, { guid: 'u1' })
    expect(i.rows()).toMatchObject([
      { guid: 'the message', what: 'message', body: 'helo', about_guid: null, reaction: null, reaction_removed: null },
      {
        ...{ guid: 'r1', what: 'reaction', about_guid: 'the message', about_part: 0, body: '' },
        ...{ reaction: 'emoji', reaction_emoji: '🦦', reaction_removed: 0 },
      },
      { guid: 'e1', what: 'edit', about_guid: 'the message', about_part: 1, body: 'hello' },
      { guid: 'u1', what: 'unsend', about_guid: 'the message' },
    ])
    const about = { about: 'the message', part: 0 }
    expect(i.events()).toEqual([
      { type: 'message.received', data: { guid: 'the message' } },
      { type: 'message.reaction', data: { guid: 'r1', ...about, reaction: 'emoji', removed: false } },
      { type: 'message.edited', data: { guid: 'e1', about: 'the message', part: 1 } },
      { type: 'message.unsent', data: { guid: 'u1', ...about } },
    ])
  })

  it('at one instant, by one person, is told apart by what it says', async () => {
    const i = await start()
    await i.reaction()
    await i.reaction({ kind: 'like' })
    await i.reaction({ removed: true })
    await i.reaction({ kind: 'emoji', emoji: '🦦' })
    await i.reaction({ kind: 'emoji', emoji: '🦫' })
    await i.about({ what: 'reaction', part: 1, reaction: { kind: 'love', removed: false } })
    await i.about({ what: 'reaction', guid: 'another message', reaction: { kind: 'love', removed: false } })
    await i.about({ what: 'unsend' })
    await i.about({ what: 'unsend', part: 1 })
    await i.reaction({}, { from: '+14155550002' })
    expect(i.rows()).toHaveLength(10)
  })

  it.each([
    ['under its own guid', { guid: 'r1', date: 5 }, { guid: 'r1', date: 5 }],
    ['under a new one, after a backfill', { guid: 'r1', date: 5 }, { guid: 'r2', date: 5, backfilled: true }],
  ])('is taken once, however often it is reported: %s', async (_, first, second) => {
    const i = await start()
    await i.reaction({}, first)
    await i.reaction({}, second)
    await i.about({ what: 'unsend' }, first)
    await i.about({ what: 'unsend' }, second)
    await i.about({ what: 'edit' }, { body: 'new', ...first })
    await i.about({ what: 'edit' }, { body: 'new', ...second })
    expect(i.events().map(({ type }) => type)).toEqual(['message.reaction', 'message.unsent', 'message.edited'])
  })

  it('edits that come under the guid of their message are all kept, and an unsending once', async () => {
    const i = await start()
    await i.w.world.inbound('a', { guid: 'g', date: 1 })
    const edit = (body: string, date: number) => i.about({ what: 'edit', guid: 'g' }, { guid: 'g', body, date })
    for (const [body, date] of [
      ['b', 2],
      ['a', 3],
      ['b', 4],
      ['b', 4],
    ] as const)
      await edit(body, date)
    for (const date of [5, 6]) await i.about({ what: 'unsend', guid: 'g' }, { guid: 'g', date })
    await i.w.world.inbound('a', { guid: 'g', date: 1 })
    expect(i.rows().map((row) => [row['what'], row['body']])).toEqual([
      ['message', 'a'],
      ['edit', 'b'],
      ['edit', 'a'],
      ['edit', 'b'],
      ['unsend', ''],
    ])
  })

  it('is no STOP', async () => {
    const i = await start()
    const result = await i.about({ what: 'edit' }, { body: 'STOP' })
    expect(result).toEqual({ kind: 'done', stopped: [] })
    expect((await i.w.world.state(await i.w.world.accept())).state).toBe('queued')
  })

  it('loses its emoji when texts are erased', async () => {
    const i = await start()
    await i.reaction({ kind: 'emoji', emoji: '🦦' })
    await i.w.world.clock.advance(10)
    await i.w.world.do(i.w.world.store.retain({ bodiesMs: 5, factsMs: 1e9, batch: 10 }))
    expect(i.rows()).toMatchObject([{ reaction: 'emoji', reaction_emoji: null, body: null }])
  })
})

describe('what was read again from an older history', () => {
  it('says so in its event', async () => {
    const i = await start()
    await i.w.world.inbound('hi', { guid: 'g', backfilled: true })
    expect(i.events()).toEqual([{ type: 'message.received', data: { guid: 'g', backfilled: true } }])
  })

  it('proves nothing that is newer', async () => {
    const i = await start()
    const knows = await notOnImessage(i)
    await i.w.world.inbound('hi', { backfilled: true, date: i.w.world.clock.nowMs() - 1 })
    expect(knows()).toBe(true)
    await i.w.world.inbound('hi again')
    expect(knows()).toBe(false)
  })
})

describe('what comes from a group', () => {
  it('is a message, told with its group; the same words in two groups are two', async () => {
    const i = await start()
    for (const chat of [GROUP, 'any;+;chat9']) await i.w.world.inbound('hi', { guid: chat, date: 5, chat })
    await i.w.world.inbound('hi', { guid: 'alone', date: 5 })
    expect(i.rows().map(({ chat, what }) => [chat, what])).toEqual([
      [GROUP, 'message'],
      ['any;+;chat9', 'message'],
      [null, 'message'],
    ])
    expect(i.events()[0]).toEqual({ type: 'message.received', data: { guid: GROUP, chat: GROUP } })
  })

  it('proves that its sender is on iMessage, and that the group is no address', async () => {
    const i = await start()
    const knows = await notOnImessage(i)
    await i.w.world.inbound('hi', { chat: GROUP })
    expect(knows()).toBe(false)
    expect(i.w.raw.prepare('select recipient from lanes').all()).toEqual([{ recipient: RECIPIENT }])
  })

  it('is no STOP: it was said to the group', async () => {
    const i = await start()
    expect(await i.w.world.inbound('stop', { chat: GROUP })).toEqual({ kind: 'done', stopped: [] })
    expect(i.w.count('lanes')).toBe(0)
  })
})

/** A message was refused for it. Returns whether that is still known. */
async function notOnImessage(i: InboundWorld): Promise<() => boolean> {
  const { world } = i.w
  await world.accept()
  await world.fact(await world.dispatch(), { fact: 'not_sent', class: 'refused', reason: 'recipient_not_on_imessage' })
  const knows = () => i.w.raw.prepare('select 1 from lanes where no_imessage_at is not null').get() !== undefined
  expect(knows()).toBe(true)
  return knows
}
