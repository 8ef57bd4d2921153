/**
 * What the world does to Messages.
 * Proves: each happening that MACOS lists leaves in chat.db what it says, with Messages running and without, and phones() has none of it.
 * World: one fake Mac with macOS 26.5 and one with 12; chat.db read as a file.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FakeMac } from '../../src/fake-mac/fake-mac.ts'
import { TAPBACKS } from '../../src/fake-mac/happenings/happening.ts'
import { until } from '../../src/stories/until.ts'
import { MacWorld, useMac } from './mac-world.ts'

const HOUR_MS = 3_600_000

const world = useMac({ macos: '26.5' })
const mac = () => world.mac.world
const bytesOf = (value: unknown) => Buffer.from((value ?? []) as Uint8Array)
const bodyOf = (row: { attributedBody: unknown } | undefined) => bytesOf(row?.attributedBody).toString('utf8')
const unixMsOf = (date: bigint) => Number(date / 1_000_000n) + 978_307_200_000

describe('MACOS 2.3: a message comes in', () => {
  it('from one person, on the own address it was sent to', async () => {
    const from = world.person()
    const { guid, rowid } = await mac().receive({ from, text: 'Hello', to: 'mac@example.com' })
    expect(world.byGuid(guid)).toMatchObject({
      ROWID: BigInt(rowid),
      text: 'Hello',
      is_from_me: 0n,
      handle: from,
      chat: `any;-;${from}`,
      service: 'iMessage',
      destination_caller_id: 'mac@example.com',
      account: null,
      item_type: 0n,
    })
    expect(world.mac.phones()).toEqual([])
  })

  it('from a group, with the room name of its chat', async () => {
    const [from, other] = [world.person(), world.person()]
    const group = await mac().group([from, other], { name: 'Us' })
    const { guid } = await mac().receive({ from, text: 'All', chat: group.guid })
    expect(world.byGuid(guid)).toMatchObject({
      handle: from,
      chat: group.guid,
      cache_roomnames: expect.stringMatching(/^chat\d+$/),
    })
    const people = `select h.id from chat_handle_join j join handle h on h.ROWID = j.handle_id
      join chat c on c.ROWID = j.chat_id where c.guid = ? order by h.id`
    expect(world.all(people, group.guid)).toEqual(
      [{ id: from }, { id: other }].toSorted((a, b) => a.id.localeCompare(b.id)),
    )
  })

  it('as SMS, also from a short code or a name', async () => {
    for (const from of ['73822', 'BANK']) {
      const { guid } = await mac().receive({ from, text: 'Code 123456', service: 'SMS' })
      expect(world.byGuid(guid)).toMatchObject({ handle: from, service: 'SMS', chat: `any;-;${from}` })
    }
  })

  it('with its text only in attributedBody, and with one that is damaged', async () => {
    const from = world.person()
    const good = await mac().receive({ from, text: 'only there', textColumn: false })
    expect(world.byGuid(good.guid)).toMatchObject({ text: null })
    expect(bodyOf(world.byGuid(good.guid))).toContain('only there')
    for (const damagedBody of ['noise', 'cut'] as const) {
      const { guid } = await mac().receive({ from, text: 'not to be read any more', damagedBody })
      const row = world.byGuid(guid)
      expect(row?.text).toBeNull()
      expect(row?.attributedBody?.length).toBeGreaterThan(20)
      expect(bodyOf(row)).not.toContain('not to be read any more')
    }
  })

  it('with files, which are in its folder', async () => {
    const from = world.person()
    const files = [{ name: 'a.txt', content: 'AAA' }, { name: 'b.txt', content: 'BB' }] // prettier-ignore
    const { guid, rowid } = await mac().receive({ from, text: 'two', files })
    expect(world.byGuid(guid)).toMatchObject({ text: '\uFFFC\uFFFCtwo', cache_has_attachments: 1n })
    const sql = `select a.* from message_attachment_join j join attachment a on a.ROWID = j.attachment_id where j.message_id = ?`
    const attachments = world.all(sql, rowid) as { transfer_name: string; filename: string; guid: string }[]
    expect(attachments).toMatchObject([
      { transfer_name: 'a.txt', is_outgoing: 0n, transfer_state: 5n, total_bytes: 3n },
      { transfer_name: 'b.txt' },
    ])
    const path = join(world.mac.home, attachments[0]?.filename.slice(2) ?? '')
    expect(readFileSync(path, 'utf8')).toBe('AAA')
    expect(bodyOf(world.byGuid(guid))).toContain(attachments[1]?.guid)
  })

  it('as a reply, with a subject, as spam, as audio, as the second row of a link', async () => {
    const from = world.person()
    const first = await mac().receive({ from, text: 'first' })
    const reply = await mac().receive({ from, text: 're', replyTo: first.guid, subject: 'S', spam: true, audio: true })
    expect(world.byGuid(reply.guid)).toMatchObject({
      thread_originator_guid: first.guid,
      thread_originator_part: '0:0:1',
      subject: 'S',
      is_spam: 1n,
      is_audio_message: 1n,
    })
    expect(world.all('select is_filtered from chat where guid = ?', `any;-;${from}`)).toEqual([{ is_filtered: 1n }])
    const balloon = 'com.apple.messages.URLBalloonProvider'
    const link = await mac().receive({ from, text: 'https://example.com', balloon })
    expect(world.byGuid(link.guid)).toMatchObject({ balloon_bundle_id: balloon })
  })

  it('MACOS 2.5: into its chat a little later', async () => {
    const { guid } = await mac().receive({ from: world.person(), text: 'x', joinAfterMs: 150 })
    expect(world.byGuid(guid)?.chat).toBeNull()
    await world.untilGuid(guid, ({ chat }) => chat !== null)
  })
})

describe('MACOS 2.3: tapbacks', () => {
  it.each(Object.entries(TAPBACKS))('%s is %i, and 1000 more when it is taken back', async (tapback, type) => {
    const from = world.person()
    const { guid } = await mac().receive({ from, text: 'nice' })
    const given = { on: guid, from, tapback: tapback as keyof typeof TAPBACKS, emoji: '🦜' }
    const on = await mac().tapback(given)
    expect(world.byGuid(on.guid)).toMatchObject({
      associated_message_type: BigInt(type),
      associated_message_guid: `p:0/${guid}`,
      associated_message_emoji: '🦜',
      text: expect.stringContaining('“nice”'),
    })
    const off = await mac().tapback({ ...given, removed: true })
    expect(world.byGuid(off.guid)).toMatchObject({ associated_message_type: BigInt(type + 1000) })
  })
})

describe('MACOS 2.3: the same row, later', () => {
  it('an edit: same ROWID, the new text in attributedBody, all texts in message_summary_info', async () => {
    const { guid, rowid } = await mac().receive({ from: world.person(), text: 'frist' })
    await mac().edit(guid, 'first')
    await mac().edit(guid, 'first!')
    const row = world.byGuid(guid)
    expect(row).toMatchObject({ ROWID: BigInt(rowid), text: null })
    expect(row?.date_edited).toBeGreaterThan(row?.date ?? 0n)
    expect(bodyOf(row)).toContain('first!')
    const summary = bytesOf(row?.['message_summary_info'])
    expect(summary.toString('latin1', 0, 8)).toBe('bplist00')
    for (const text of ['frist', 'first', 'first!'])
      expect(summary.includes(Buffer.from(`+${String.fromCharCode(text.length)}${text}`))).toBe(true)
  })

  it('an edit of what this Mac sent', async () => {
    const to = world.person()
    await world.sendTo(to, 'sent')
    const { guid } = await world.untilRow(to, ({ is_sent }) => is_sent === 1n)
    await mac().edit(guid, 'sent, and corrected')
    expect(bodyOf(world.byGuid(guid))).toContain('sent, and corrected')
    expect(bytesOf(world.byGuid(guid)?.['message_summary_info']).includes(Buffer.from('+\x04sent'))).toBe(true)
  })

  it('an unsend: of one part, and of all', async () => {
    const from = world.person()
    const { guid, rowid } = await mac().receive({ from, text: 'and text', files: [{ name: 'a.txt', content: 'A' }] })
    await mac().unsend(guid, 0)
    expect(world.byGuid(guid)).toMatchObject({ ROWID: BigInt(rowid), is_empty: 0n })
    expect(bodyOf(world.byGuid(guid))).toContain('and text')
    expect(bodyOf(world.byGuid(guid))).not.toContain('\uFFFC')
    await mac().unsend(guid)
    expect(world.byGuid(guid)).toMatchObject({ text: null, attributedBody: null, is_empty: 1n })
    expect(world.byGuid(guid)?.date_edited).toBeGreaterThan(0n)
  })

  it('receipts that come late, an error after it was sent, and what the user reads', async () => {
    const to = world.person()
    world.mac.behave({ to, deliveredAfterMs: 'never' })
    await world.sendTo(to, 'x')
    const { guid } = await world.untilRow(to, ({ is_sent }) => is_sent === 1n)
    await mac().delivered(guid)
    const delivered = world.byGuid(guid)
    expect(delivered).toMatchObject({ is_delivered: 1n, date_read: 0n })
    await mac().read(guid)
    expect(world.byGuid(guid)?.date_read).toBeGreaterThan(delivered?.date_delivered ?? 0n)
    await mac().failed(guid, 34)
    expect(world.byGuid(guid)).toMatchObject({ error: 34n, is_sent: 0n })
    const incoming = await mac().receive({ from: to, text: 'y' })
    await mac().readByUser(incoming.guid)
    expect(world.byGuid(incoming.guid)).toMatchObject({ is_read: 1n })
  })

  it('a message that the user deletes', async () => {
    const { guid } = await mac().receive({ from: world.person(), text: 'away' })
    await mac().deleteMessage(guid)
    expect(world.byGuid(guid)).toBeUndefined()
    expect(world.all('select count(*) n from deleted_messages where guid = ?', guid)).toEqual([{ n: 1n }])
  })
})

describe('MACOS 2.5: rows with is_from_me that this Mac did not send', () => {
  it('the same text, written on the phone', async () => {
    const to = world.person()
    await world.sendTo(to, 'same words')
    await world.untilRow(to, ({ is_sent }) => is_sent === 1n)
    const { guid } = await mac().sentElsewhere({ to }, 'same words')
    expect(world.byGuid(guid)).toMatchObject({ is_from_me: 1n, is_sent: 1n, text: null, chat: `any;-;${to}` })
    expect(bodyOf(world.byGuid(guid))).toBe(bodyOf(world.rowsWith(to)[0]))
    expect(world.phonesOf(to)).toHaveLength(1)
  })

  it('to a group', async () => {
    const group = await mac().group([world.person(), world.person()])
    const { guid } = await mac().sentElsewhere({ chat: group.guid }, 'all', { dateMs: Date.now() - HOUR_MS })
    expect(world.byGuid(guid)).toMatchObject({ handle: null, chat: group.guid })
  })

  it('MACOS 2.3: Send Later: a row of the future with schedule_type 2, sent when its time has come', async () => {
    const to = world.person()
    const { guid } = await mac().sendLater(to, 'later', Date.now() + HOUR_MS)
    expect(world.byGuid(guid)).toMatchObject({ schedule_type: 2n, is_sent: 0n, is_from_me: 1n })
    expect(unixMsOf(world.byGuid(guid)?.date ?? 0n)).toBeGreaterThan(Date.now())
    await mac().sendLaterGoes(guid)
    expect(world.byGuid(guid)).toMatchObject({ is_sent: 1n })
    expect(unixMsOf(world.byGuid(guid)?.date ?? 0n)).toBeLessThanOrEqual(Date.now() + 1)
  })
})

describe('MACOS 2.6: rows that are new and old', () => {
  it('backfill: new ROWIDs and guids, old dates', async () => {
    const from = world.person()
    const { rowid: before } = await mac().receive({ from, text: 'now' })
    const messages = [1, 2, 3].map((day) => ({
      with: from,
      text: `old ${day}`,
      dateMs: Date.now() - day * 24 * HOUR_MS,
      fromMe: day === 2,
    }))
    await mac().backfill(messages)
    const rows = world.rowsWith(from).slice(1)
    expect(rows.map(({ ROWID }) => Number(ROWID) > before)).toEqual([true, true, true])
    expect(rows.map(({ date }) => Math.round((Date.now() - unixMsOf(date)) / HOUR_MS))).toEqual([24, 48, 72])
    expect(rows.map(({ is_from_me }) => is_from_me)).toEqual([0n, 1n, 0n])
  })

  it('backfill of what is there: another guid, the same date and text', async () => {
    const from = world.person()
    const { guid } = await mac().receive({ from, text: 'twice' })
    const copy = await mac().backfillAgain([guid])
    const [first, second] = world.rowsWith(from)
    expect(second).toMatchObject({ guid: copy.guid, date: first?.date, text: first?.text, chat: first?.chat })
    expect(copy.guid).not.toBe(guid)
  })

  it('thousands of old messages at once', async () => {
    const before = world.rows().length
    await mac().grow(20_000)
    expect(world.all('select count(*) n from message')).toEqual([{ n: BigInt(before + 20_000) }])
    const unknown = 'select count(*) n from chat_message_join where message_id not in (select ROWID from message)'
    expect(world.all(unknown)).toEqual([{ n: 0n }])
    const { guid } = await mac().receive({ from: world.person(), text: 'after' })
    expect(world.byGuid(guid)?.ROWID).toBeGreaterThan(20_000n)
    await mac().grow(10)
  })
})

describe('MACOS 2.3: events of a group', () => {
  it.each([
    [{ event: 'added' as const, whom: '+14155559001' }, 1n, 0n],
    [{ event: 'removed' as const, whom: '+14155559001' }, 1n, 1n],
    [{ event: 'renamed' as const, name: 'Others' }, 2n, 0n],
    [{ event: 'left' as const }, 3n, 0n],
    [{ event: 'icon' as const }, 3n, 1n],
    [{ event: 'location' as const }, 4n, 0n],
    [{ event: 'audio_kept' as const }, 5n, 0n],
    [{ event: 'share_play' as const }, 6n, 0n],
  ])('%o', async (event, itemType, action) => {
    const from = world.person()
    const group = await mac().group([from, world.person()])
    const { guid } = await mac().groupEvent(group.guid, { ...event, from })
    expect(world.byGuid(guid)).toMatchObject({
      item_type: itemType,
      group_action_type: action,
      text: null,
      attributedBody: null,
    })
    if ('name' in event) expect(world.byGuid(guid)).toMatchObject({ group_title: event.name })
    if ('whom' in event) expect(world.byGuid(guid)?.['other_handle']).toBeGreaterThan(0n)
  })
})

describe('MACOS 5.3: a Mac that naps', () => {
  it('holds what comes in until Messages is asked something', async () => {
    await world.mac.configure({ napping: true })
    const from = world.person()
    expect(await mac().receive({ from, text: 'held' })).toEqual({ guid: '', rowid: 0 })
    expect(await world.mac.messages.state()).toMatchObject({ napping: 1 })
    expect(world.rowsWith(from)).toEqual([])
    await world.mac.messages.ask({ event: 'accounts' })
    expect(world.rowsWith(from)).toMatchObject([{ text: 'held' }])
    await world.mac.configure({ napping: false })
  })
})

describe('what is not there', () => {
  it('is refused with a sentence', async () => {
    await expect(mac().edit('NONE', 'x')).rejects.toThrow('chat.db has no message "NONE"')
    await expect(mac().receive({ from: '+14155550001', text: 'x', chat: 'any;+;none' })).rejects.toThrow(
      'no chat "any;+;none"',
    )
  })
})

describe('macOS 12, Messages not started', () => {
  let old: MacWorld
  beforeAll(async () => {
    old = new MacWorld(await FakeMac.make({ macos: '12' }))
  })
  afterAll(() => old.mac.stop())

  it('what comes in is in chat.db all the same, with the prefix of the service', async () => {
    const { guid } = await old.mac.world.receive({ from: '+14155552671', text: 'Hello' })
    expect(old.byGuid(guid)).toMatchObject({ text: 'Hello', chat: 'iMessage;-;+14155552671' })
    await old.mac.world.receive({ from: '+14155552671', text: 'SMS', service: 'SMS' })
    expect(old.rowsWith('+14155552671').map(({ chat }) => chat)).toEqual([
      'iMessage;-;+14155552671',
      'SMS;-;+14155552671',
    ])
  })

  it('MACOS 2.2: what came later than 12 is refused', async () => {
    const { guid } = await old.mac.world.receive({ from: '+14155552671', text: 'Hello' })
    await expect(old.mac.world.edit(guid, 'x')).rejects.toThrow('Edits came with macOS 13')
    await expect(old.mac.world.sendLater('+14155552671', 'x', Date.now())).rejects.toThrow(
      'Send Later came with macOS 15',
    )
    const tapback = { on: guid, tapback: 'emoji' as const, emoji: '🦜' }
    await expect(old.mac.world.tapback(tapback)).rejects.toThrow('came with macOS 15')
    await old.mac.world.tapback({ on: guid, from: '+14155552671', tapback: 'love' })
    expect(old.rows('m.associated_message_type = 2000')).toMatchObject([{ text: 'Loved “Hello”' }])
  })

  it('it is there when Messages is started', async () => {
    await old.mac.messages.start()
    expect(await old.sendToChat('iMessage;-;+14155552671', 'answer')).toEqual({ ok: null })
    await until('it left', () => old.phonesOf('+14155552671').length === 1)
  })
})
