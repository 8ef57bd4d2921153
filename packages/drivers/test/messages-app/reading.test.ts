/**
 * What comes in, and what changes, on a fake Mac.
 * Proves: each message that somebody wrote to us is told once, as what it is, with the position to go on from; history is told as history;
 * whatever happens to the file chat.db, nothing is lost and nothing old comes as new (MACOS 2.6, PROTOCOL 43).
 * World: the driver on a fake Mac, for three of the schemas of MACOS 2.2.
 */
import { describe, expect, test } from 'vitest'
import { until } from '@bluewire/testkit/stories/until'
import { LINE, useDriver } from './driver-world.ts'

describe.each(['12', '15', '26.5'] as const)('macOS %s', (macos) => {
  const world = useDriver({ macos, shuffle: 7 })
  const told = (guid: string) => world().inbound.filter((message) => message.guid === guid)

  test('a text, whose words are in its attributedBody, and one in a group', async () => {
    const from = world().person()
    const { guid } = await world().mac.world.receive({ from, text: 'héllo 👋', textColumn: false })
    expect(await world().untilInbound('the text', (m) => m.guid === guid)).toMatchObject({
      line: LINE,
      from,
      service: 'imessage',
      body: 'héllo 👋',
      backfilled: false,
    })
    const group = await world().mac.world.group([from, world().person()])
    const inGroup = await world().mac.world.receive({ from, text: 'all', chat: group.guid, joinAfterMs: 150 })
    expect(await world().untilInbound('in the group', (m) => m.guid === inGroup.guid)).toMatchObject({
      from,
      chat: group.guid,
    })
    expect(told(guid)).toHaveLength(1)
  })

  test('an SMS from a short code, and a body that is damaged', async () => {
    const sms = await world().mac.world.receive({ from: '22395', text: 'code', service: 'SMS' })
    expect(await world().untilInbound('the SMS', (m) => m.guid === sms.guid)).toMatchObject({
      from: '22395',
      service: 'sms',
    })
    const bad = await world().mac.world.receive({
      from: world().person(),
      text: 'x',
      textColumn: false,
      damagedBody: 'noise',
    })
    expect(await world().untilInbound('the damaged', (m) => m.guid === bad.guid)).toMatchObject({ body: '' })
  })

  test('tapbacks, an edit and an unsent message are about the message, and told once', async () => {
    const from = world().person()
    const { guid } = await world().mac.world.receive({ from, text: 'first words' })
    await world().untilInbound('the text', (m) => m.guid === guid)
    const tapback = await world().mac.world.tapback({ on: guid, from, tapback: 'love' })
    expect(await world().untilInbound('the tapback', (m) => m.guid === tapback.guid)).toMatchObject({
      about: { guid, what: 'reaction', reaction: { kind: 'love', removed: false } },
    })
    if (macos === '12') return // neither edits nor unsending before macOS 13
    await world().mac.world.edit(guid, 'second words')
    const isEdit = (m: { about?: { guid: string; what: string } }) => m.about?.guid === guid && m.about.what === 'edit'
    expect(await world().untilInbound('the edit', isEdit)).toMatchObject({ body: 'second words' })
    await world().mac.world.unsend(guid)
    await world().untilInbound('that it was unsent', (m) => m.about?.guid === guid && m.about.what === 'unsend')
    expect(world().inbound.filter(isEdit)).toHaveLength(1)
  })

  test('what is written on our phone is not inbound, nor is what a group does', async () => {
    const to = world().person()
    const before = world().inbound.length
    await world().mac.world.sentElsewhere({ to }, 'by hand')
    const group = await world().mac.world.group([to, world().person()])
    await world().mac.world.groupEvent(group.guid, { event: 'renamed', name: 'new', from: to })
    const { guid } = await world().mac.world.receive({ from: to, text: 'end' })
    await world().untilInbound('the last', (m) => m.guid === guid)
    expect(
      world()
        .inbound.slice(before)
        .map((m) => m.body),
    ).toEqual(['end'])
  })

  test('a row with a lower number than the last one (a rebuilt file)', async () => {
    const high = await world().mac.world.receive({ from: world().person(), text: 'high', rowid: 5_000 })
    await world().untilInbound('the high one', (m) => m.guid === high.guid)
    const { guid } = await world().mac.world.receive({ from: world().person(), text: 'low', rowid: 4_000 })
    await world().untilInbound('the low one', (m) => m.guid === guid)
  })

  test('iCloud brings history: told as history, each once, whatever its guid', async () => {
    const from = world().person()
    const dateMs = Date.now() - 26 * 3600_000
    await world().mac.world.backfill(
      [1, 2, 3].map((n) => ({ with: from, text: `old ${n}`, dateMs: dateMs + n * 1000 })),
    )
    await until('all three', () => world().inbound.filter((m) => m.from === from).length === 3 || null)
    expect(
      world()
        .inbound.filter((m) => m.from === from)
        .every((m) => m.backfilled),
    ).toBe(true)
  })

  test('after a restart it goes on where it was: what came meanwhile is told, what was told is not', async () => {
    const from = world().person()
    const before = await world().mac.world.receive({ from, text: 'before' })
    await world().untilInbound('the one before', (m) => m.guid === before.guid)
    await world().driver.stop()
    const meanwhile = await world().mac.world.receive({ from, text: 'meanwhile' })
    await world().start()
    await world().untilInbound('the one meanwhile', (m) => m.guid === meanwhile.guid)
  })

  test.each(['in_place', 'new_file'] as const)(
    'rows are numbered anew (%s): what comes next is told, the old is not news',
    async (how) => {
      const from = world().person()
      const old = await world().mac.world.receive({ from, text: 'old' })
      await world().untilInbound('the old one', (m) => m.guid === old.guid)
      await world().mac.database.rebuild(how)
      const { guid } = await world().mac.world.receive({ from, text: 'next' })
      await world().untilInbound('the next', (m) => m.guid === guid)
      expect(told(old.guid)).toHaveLength(1)
    },
  )

  test('a new journal goes on from what the gateway knows', async () => {
    const from = world().person()
    const known = await world().mac.world.receive({ from, text: 'known' })
    await world().untilInbound('the known one', (m) => m.guid === known.guid)
    const position = world().memory.at ?? ''
    await world().driver.stop()
    const missed = await world().mac.world.receive({ from, text: 'missed' })
    world().memory.at = null
    await world().start()
    expect(told(missed.guid)).toHaveLength(0)
    world().driver.resumeAt(position)
    await world().untilInbound('the missed one', (m) => m.guid === missed.guid)
  })
})

describe('the file cannot be read', () => {
  const world = useDriver({ macos: '26.0' })

  test.each([
    [
      'full_disk_access',
      () => world().mac.configure({ fullDiskAccess: false }),
      () => world().mac.configure({ fullDiskAccess: true }),
    ],
    ['db_readable', () => world().mac.database.remove(), () => world().mac.database.restore()],
    ['db_readable', () => world().mac.database.corrupt('header'), () => world().mac.database.restore()],
  ])('%s: it says so, refuses, and goes on when it can', async (check, breakIt, mend) => {
    await breakIt()
    await world().restartWith({})
    const problem = () =>
      world()
        .driver.health()
        .checks?.find((c) => c.name === check)?.state
    await until('the problem', () => problem() === 'problem' || null)
    expect(world().driver.health().state).toBe('broken')
    expect(world().driver.refuses(world().outgoing(world().person()))).toEqual({ reason: check })
    await mend()
    await until('the end of it', () => world().driver.health().state === 'ok' || null)
    const { guid } = await world().mac.world.receive({ from: world().person(), text: 'again' })
    await world().untilInbound('what comes then', (m) => m.guid === guid)
  })
})
