/**
 * What comes in through BlueBubbles.
 * Proves: every message is told once, whatever is pushed, repeated, late, cut or restarted; edits, unsends and tapbacks are about what they are
 * about; nothing of ours and nothing that no person wrote is told.
 * World: the driver over real HTTP and websocket, a fake BlueBubbles as a process of its own.
 */
import { FakeBlueBubbles } from '@bluewire/testkit/fake-bluebubbles/fake-bluebubbles'
import { until } from '@bluewire/testkit/stories/until'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LINE, THEM, World } from './bluebubbles-world.ts'

let fake: FakeBlueBubbles
beforeAll(async () => {
  fake = await FakeBlueBubbles.start()
})
afterAll(() => fake[Symbol.asyncDispose]())

const GROUP = 'iMessage;+;chat77'

describe('a message', () => {
  test('is told once, with who wrote it, to which line and when', async () => {
    await using world = await World.open(fake)
    const atMs = Date.now() - 5_000
    const [guid] = await fake.receive({ text: 'hello', atMs })
    await world.wasTold(1)
    expect(world.told[0]?.message).toEqual({
      guid,
      line: LINE,
      from: THEM,
      service: 'imessage',
      body: 'hello',
      dateMs: atMs,
      backfilled: false,
    })
    await world.afterNextReadings()
    expect(world.bodies).toEqual(['hello'])
    expect(world.driver.health().provenAtMs).not.toBeNull()
  })

  test('by SMS, to the line that has SMS', async () => {
    const lines = [
      { address: 'us@example.com', services: ['imessage'] },
      { address: LINE, services: ['sms'] },
    ]
    await using world = await World.open(fake, { settings: { lines } })
    await fake.receive({ text: 'sms', service: 'SMS' }, { text: 'imessage' }, { text: 'rcs', service: 'RCS' })
    await world.wasTold(3)
    expect(world.told.map(({ message: { line, service } }) => [line, service])).toEqual([
      [LINE, 'sms'],
      ['us@example.com', 'imessage'],
      [LINE, 'sms'],
    ])
  })

  test('of a group names the group', async () => {
    await using world = await World.open(fake)
    await fake.receive({ text: 'all', group: GROUP })
    await world.wasTold(1)
    expect(world.told[0]?.message).toMatchObject({ from: THEM, chat: GROUP, body: 'all' })
  })

  test('whose chat is joined a moment later is told then, and what comes meanwhile is not held up', async () => {
    await using world = await World.open(fake)
    const [late] = await fake.receive({ text: 'to the group', group: GROUP, unjoined: true }, { text: 'after' })
    await world.wasTold(1)
    expect(world.bodies).toEqual(['after'])
    await fake.ask({ do: 'join', guid: late ?? '' })
    await world.wasTold(2)
    expect(world.told[1]?.message).toMatchObject({ chat: GROUP, body: 'to the group' })
  })

  test('that is never joined is told all the same', async () => {
    await using world = await World.open(fake)
    await fake.receive({ text: 'lonely', unjoined: true })
    await world.wasTold(1)
    expect(world.told[0]?.message).toMatchObject({ from: THEM, body: 'lonely' })
  })
})

describe('DRIVERS 2.1, the traps of what comes in', () => {
  test('trap 2: what we or somebody at the Mac writes comes as new-message, and is told to nobody', async () => {
    await using world = await World.open(fake)
    await fake.receive({ fromMe: true, text: 'by hand' }, { text: 'theirs' })
    await world.wasTold(1)
    await world.send('ours')
    await world.afterNextReadings()
    expect(world.bodies).toEqual(['theirs'])
  })

  test('trap 3: updated-message for a receipt, a read mark or an attachment is no new message', async () => {
    await using world = await World.open(fake)
    const [guid = ''] = await fake.receive({ text: 'hello' })
    await world.wasTold(1)
    for (const set of [{ date_read: Date.now() }, { is_delivered: 1, date_delivered: Date.now() }]) {
      await fake.ask({ do: 'change', guid, set })
      await world.afterNextReadings()
    }
    expect(world.bodies).toEqual(['hello'])
  })

  test('trap 5: no webhook is asked for, and an alias that the account lost is a problem until it is back', async () => {
    await using world = await World.open(fake, { fake: { privateApi: true } })
    await fake.ask({ do: 'lose', aliases: [LINE] })
    const { detail } = await world.healthIs('broken', /lost the address of this line/)
    expect(detail).not.toContain(LINE)
    expect(world.driver.refuses(world.outgoing('x'))).not.toBeNull()
    await fake.ask({ do: 'regain' })
    await world.healthIs('ok')
    await fake.ask({ do: 'lose', aliases: ['us@example.com'] })
    await world.healthIs('degraded', /no line of this node/)
    expect(await fake.requests(/webhook/)).toEqual([])
  })

  test('trap 6: an event without its chat: the chat is read', async () => {
    await using world = await World.open(fake, { timings: { read: 60_000 } })
    const [guid] = await fake.receive({ text: 'all', group: GROUP, silent: true })
    const payload = { guid, text: 'all', isFromMe: false, handle: { address: THEM } }
    await fake.ask({ do: 'emit', event: 'new-message', payload })
    await world.wasTold(1)
    expect(world.told[0]?.message).toMatchObject({ chat: GROUP })
  })

  test('events that are nonsense, or about nothing, break nothing', async () => {
    await using world = await World.open(fake)
    for (const payload of [null, 7, 'x', [], { guid: 5 }, { aliases: 3 }, { guid: 'NO-SUCH', isFromMe: true }]) {
      for (const event of ['new-message', 'updated-message', 'imessage-aliases-removed', 'never-heard-of'])
        await fake.ask({ do: 'emit', event, payload })
    }
    await fake.receive({ text: 'hello' })
    await world.wasTold(1)
    expect(world.driver.health().state).toBe('ok')
  })
})

describe('what is about another message', () => {
  test('tapbacks, put and taken back', async () => {
    await using world = await World.open(fake)
    const about = { guid: 'OURS', type: 2000 }
    await fake.receive(
      { text: 'Loved “x”', about },
      { text: 'Removed', about: { guid: 'OURS', type: 3003 } },
      { text: 'Reacted', about: { guid: 'OURS', type: 2006 } },
    )
    await world.wasTold(3)
    expect(world.told.map(({ message }) => [message.body, message.about])).toEqual([
      ['', { guid: 'OURS', part: 0, what: 'reaction', reaction: { kind: 'love', removed: false } }],
      ['', { guid: 'OURS', part: 0, what: 'reaction', reaction: { kind: 'laugh', removed: true } }],
      ['', { guid: 'OURS', part: 0, what: 'reaction', reaction: { kind: 'emoji', removed: false } }],
    ])
  })

  test('an edit, a second edit, and that it was unsent: each once, under a guid of its own', async () => {
    await using world = await World.open(fake)
    const [guid = ''] = await fake.receive({ text: 'one' })
    await world.wasTold(1)
    const at = Date.now()
    await fake.ask({ do: 'change', guid, set: { text: 'two', date_edited: at + 1 } })
    await world.wasTold(2)
    await fake.ask({ do: 'change', guid, set: { text: 'three', date_edited: at + 2 }, silent: true })
    await world.wasTold(3)
    await fake.ask({ do: 'change', guid, set: { text: null, part_count: 0, date_edited: at + 3 } })
    await world.wasTold(4)
    await world.afterNextReadings()
    expect(world.told.map(({ message }) => [message.body, message.about?.what])).toEqual([
      ['one', undefined],
      ['two', 'edit'],
      ['three', 'edit'],
      ['', 'unsend'],
    ])
    expect(world.told.slice(1).every(({ message }) => message.about?.guid === guid)).toBe(true)
    expect(new Set(world.told.map(({ message }) => message.guid)).size).toBe(4)
  })

  test('what no person wrote is not told: a group’s new name, a sticker, the preview of a link', async () => {
    await using world = await World.open(fake)
    await fake.receive(
      { text: null, itemType: 2, group: GROUP },
      { text: null, about: { guid: 'X', type: 1000 } },
      { text: null, balloon: 'com.apple.messages.URLBalloonProvider' },
      { text: 'the last' },
    )
    await world.wasTold(1)
    expect(world.bodies).toEqual(['the last'])
  })
})

describe('nothing is lost and nothing told twice', () => {
  test('more than a hundred between two readings, no event for most of them, texts that fill more than an answer', async () => {
    await using world = await World.open(fake)
    const long = 'x'.repeat(19_000)
    const many = Array.from({ length: 250 }, (_, i) => ({ text: `${i} ${i % 3 === 0 ? long : ''}` }))
    await fake.receive(...many)
    await world.wasTold(250)
    await world.afterNextReadings()
    expect(world.bodies.map((body) => Number(body.split(' ')[0]))).toEqual(many.map((_, i) => i))
  })

  test('over a restart, and while it was away: it goes on where it was', async () => {
    await using world = await World.open(fake)
    await fake.receive({ text: 'one' }, { text: 'two' })
    await world.wasTold(2)
    await world.driver.stop()
    await fake.receive({ text: 'three', atMs: Date.now() - 3_600_000 * 5 }, { text: 'four' })
    await world.restart()
    await world.wasTold(4)
    await world.afterNextReadings()
    expect(world.bodies).toEqual(['one', 'two', 'three', 'four'])
    // Dated hours before what was known already: from an older history.
    expect(world.told.map(({ message }) => message.backfilled)).toEqual([false, false, true, false])
  })

  test('in the middle of a batch: each position is that of its message', async () => {
    await using world = await World.open(fake)
    await fake.receive(...['a', 'b', 'c', 'd'].map((text) => ({ text })))
    await world.wasTold(4)
    world.memory.stored = world.told[1]?.position ?? null // the process died after the second
    await world.restart()
    await world.wasTold(6)
    await world.afterNextReadings()
    expect(world.bodies).toEqual(['a', 'b', 'c', 'd', 'c', 'd'])
    for (const { position } of world.told) expect(position?.length ?? 0).toBeLessThan(500)
  })

  test('on a new journal: from where the gateway was told, and what was told meanwhile is not repeated', async () => {
    await using world = await World.open(fake)
    await fake.receive({ text: 'one' }, { text: 'two' }, { text: 'three' })
    await world.wasTold(3)
    const afterOne = world.told[0]?.position ?? ''
    world.memory.stored = null
    await world.restart()
    await world.afterNextReadings()
    await fake.receive({ text: 'four' })
    await world.wasTold(4)
    world.driver.resumeAt?.(afterOne)
    await world.wasTold(6)
    await world.afterNextReadings()
    expect(world.bodies).toEqual(['one', 'two', 'three', 'four', 'two', 'three'])
  })

  test('a first start tells nothing old', async () => {
    await using world = await World.make(fake)
    await fake.receive({ text: 'old', silent: true })
    await world.start()
    await world.afterNextReadings()
    await fake.receive({ text: 'new' })
    await world.wasTold(1)
    expect(world.bodies).toEqual(['new'])
  })

  test('while the events are away, and while BlueBubbles is', async () => {
    await using world = await World.open(fake)
    await fake.ask({ do: 'kick' })
    await fake.receive({ text: 'one', silent: true })
    await world.wasTold(1)
    await fake.ask({ do: 'down' })
    await world.healthIs('broken')
    await fake.receive({ text: 'two' })
    await fake.ask({ do: 'up' })
    await world.wasTold(2)
    expect(world.bodies).toEqual(['one', 'two'])
    await world.healthIs('ok')
  })

  test('answers that fail now and then', async () => {
    await using world = await World.open(fake)
    for (const how of ['error_500', 'cut', 'page', 'garbage'] as const) {
      await fake.serve({ path: 'message/query', how, times: 3 })
      await fake.receive({ text: how })
      await until(`${how} is told`, () => world.bodies.includes(how))
    }
    expect(world.bodies).toEqual(['error_500', 'cut', 'page', 'garbage'])
  })

  test('a chat.db that was rebuilt under other numbers, while it runs and while it does not', async () => {
    await using world = await World.open(fake)
    await fake.receive({ text: 'one' }, { text: 'two' })
    await world.wasTold(2)
    await fake.ask({ do: 'renumber' })
    await fake.receive({ text: 'three' })
    await world.wasTold(3)
    await world.driver.stop()
    await fake.ask({ do: 'renumber' })
    await fake.receive({ text: 'four' })
    await world.restart()
    await world.wasTold(4)
    await world.afterNextReadings()
    expect(world.bodies).toEqual(['one', 'two', 'three', 'four'])
  })

  test('a row with a lower number than the newest', async () => {
    await using world = await World.open(fake)
    await fake.receive({ text: 'one', row: 500 }, { text: 'two', row: 900 })
    await world.wasTold(2)
    await fake.receive({ text: 'three', row: 700 })
    await world.wasTold(3)
    await world.afterNextReadings()
    expect(world.bodies).toEqual(['one', 'two', 'three'])
  })

  test('a version that takes no conditions', async () => {
    await using world = await World.open(fake, { fake: { conditions: false } })
    await fake.receive(...Array.from({ length: 130 }, (_, i) => ({ text: String(i) })))
    await world.wasTold(130)
    await world.restart()
    await fake.receive({ text: 'after' })
    await world.wasTold(131)
    await world.afterNextReadings()
    expect(world.bodies).toEqual([...Array.from({ length: 130 }, (_, i) => String(i)), 'after'])
  })
})

describe('receipts', () => {
  test('delivered and read, once each, also when the process that sent it is gone', async () => {
    await using world = await World.open(fake)
    const outcome = await world.send('hello')
    await world.hasReceipt('delivered')
    await world.restart()
    const guid = outcome.kind === 'sent' ? (outcome.rowGuids?.[0] ?? '') : ''
    await fake.ask({ do: 'change', guid, set: { date_read: Date.now() } })
    await world.hasReceipt('read')
    await world.afterNextReadings()
    // The journal takes each fact of an attempt once; the second process says again what it sees.
    expect(new Set(world.facts())).toEqual(new Set(['delivered', 'read']))
    expect(world.receipts.every(({ attempt }) => attempt.startsWith('attempt_'))).toBe(true)
  })

  test('of what was sent by hand there are none', async () => {
    await using world = await World.open(fake)
    await fake.receive({ fromMe: true, text: 'by hand' })
    await world.afterNextReadings()
    expect(world.receipts).toEqual([])
  })
})
