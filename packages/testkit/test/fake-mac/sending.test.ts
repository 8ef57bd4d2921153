/**
 * What Messages writes for a send.
 * Proves: the row, its join, its handle and chat and what becomes of them, by version of macOS, and that phones() has what left.
 * World: one fake Mac per version with the Messages process, asked on its socket; chat.db read as a file.
 */
import { describe, expect, it } from 'vitest'
import { IMESSAGE_ACCOUNT, MACOS_VERSIONS } from '../../src/fake-mac/mac-settings.ts'
import { until } from '../../src/stories/until.ts'
import { useMac } from './mac-world.ts'

describe.each(MACOS_VERSIONS)('macOS %s', (macos) => {
  const world = useMac({ macos, shuffle: 3 })
  const is26 = macos.startsWith('26')
  const prefix = is26 ? 'any' : 'iMessage'

  it('MACOS 2.4: an iMessage is sent and delivered; MACOS 1.3: its text is in its column before 26, and in attributedBody always', async () => {
    const to = world.person()
    expect(await world.sendTo(to, 'Hello é 👋')).toEqual({ ok: null })
    const row = await world.untilRow(to, ({ is_delivered }) => is_delivered === 1n)
    expect(row).toMatchObject({
      service: 'iMessage',
      is_from_me: 1n,
      is_sent: 1n,
      error: 0n,
      chat: `${prefix};-;${to}`,
    })
    expect(row.text).toBe(is26 ? null : 'Hello é 👋')
    expect(Buffer.from(row.attributedBody ?? []).includes('Hello é 👋')).toBe(true)
    expect(row.date_delivered).toBeGreaterThan(row.date)
    expect(world.phonesOf(to)).toEqual([
      { service: 'iMessage', to, text: 'Hello é 👋', guid: row.guid, atMs: expect.any(Number) },
    ])
  })

  it('MACOS 2.1: dates are above what a double can hold, to the nanosecond', async () => {
    const to = world.person()
    const beforeMs = Date.now()
    await world.sendTo(to, 'When')
    const { date } = await world.untilRow(to)
    expect(BigInt(Number(date))).not.toBe(date)
    expect(Number(date / 1_000_000n) + 978_307_200_000).toBeGreaterThanOrEqual(beforeMs)
  })

  it('MACOS 2.3: an SMS has an SMS handle, and never a receipt', async () => {
    const to = world.person()
    await world.sendSms(to, 'By SMS')
    const row = await world.untilRow(to, ({ is_sent }) => is_sent === 1n)
    expect(row).toMatchObject({ service: 'SMS', chat: is26 ? `any;-;${to}` : `SMS;-;${to}`, is_delivered: 0n })
    const services = world.all('select service from handle where id = ?', to)
    expect(services).toEqual([{ service: 'SMS' }])
  })

  it('MACOS 2.3: one person has a handle for each service, and on 26 one chat for both', async () => {
    const to = world.person()
    await world.sendTo(to, 'one')
    await world.untilRow(to, ({ is_sent }) => is_sent === 1n)
    await world.sendSms(to, 'two')
    await world.untilRow(to, ({ service, is_sent }) => service === 'SMS' && is_sent === 1n)
    const chats = world.rowsWith(to).map(({ chat }) => chat)
    expect(chats).toEqual(is26 ? [`any;-;${to}`, `any;-;${to}`] : [`iMessage;-;${to}`, `SMS;-;${to}`])
  })

  it('MACOS 2.3: a message to a group has no handle and the room name of its chat, and mostly no receipt', async () => {
    const people = [world.person(), world.person()]
    const { guid } = await world.mac.world.group(people, { name: 'Us' })
    expect(guid).toMatch(is26 ? /^any;\+;chat\d+$/ : /^iMessage;\+;chat\d+$/)
    expect(await world.sendToChat(guid, 'All')).toEqual({ ok: null })
    const [row] = await until('the row', () => {
      const rows = world.rows('c.guid = ? and m.is_sent = 1', guid)
      return rows.length > 0 ? rows : null
    })
    expect(row).toMatchObject({
      handle: null,
      cache_roomnames: guid.slice(guid.lastIndexOf(';') + 1),
      is_delivered: 0n,
    })
    expect(world.phonesOf(guid)).toMatchObject([{ chat: guid, text: 'All' }])
  })

  it('MACOS 1.4: an account or a chat that is not there is -1728, and nothing is sent', async () => {
    expect(await world.sendTo('+14155550001', 'x', 'NONE')).toEqual({
      error: { number: -1728, object: 'account id "NONE"' },
    })
    expect(await world.sendToChat('iMessage;-;nobody', 'x')).toEqual({
      error: { number: -1728, object: 'chat id "iMessage;-;nobody"' },
    })
    const to = { chat: 'any;+;chat1' }
    expect(await world.mac.messages.ask({ event: 'resolve', to })).toMatchObject({ error: { number: -1728 } })
  })

  it('MACOS 5.4: the accounts with their connection', async () => {
    const answer = await world.mac.messages.ask({ event: 'accounts' })
    expect(answer).toMatchObject({ ok: [IMESSAGE_ACCOUNT, { service: 'SMS', enabled: true }] })
  })
})
