/**
 * How Messages can treat a send.
 * Proves: each thing that MACOS lists happens when a rule asks for it, and only to the sends the rule names; phones() has what left and
 * nothing else.
 * World: one fake Mac with macOS 26.5, the Messages process asked on its socket; chat.db read as a file.
 */
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { until } from '../../src/stories/until.ts'
import { useMac } from './mac-world.ts'

const world = useMac({ macos: '26.5' })
const bodyOf = (row: { attributedBody: Uint8Array | null }) => Buffer.from(row.attributedBody ?? []).toString('utf8')

/** osascript that was killed: the event is there, and nobody waits for its answer. */
function sendAndGo(to: string, text: string): Promise<void> {
  const account = world.mac.settings.accounts[0]?.id ?? ''
  return new Promise((resolve) => {
    const socket = connect(world.mac.paths.messagesSocket, () => {
      const event = { event: 'send', text, to: { participant: to, account } }
      socket.write(`${JSON.stringify(event)}\n`, () => {
        socket.destroy()
        resolve()
      })
    })
  })
}

describe('the Apple event', () => {
  it.each([-1728, -1719, -1700, -1743, -600])('MACOS 1.4: error %i, and nothing is sent', async (number) => {
    const to = world.person()
    const rule = world.mac.behave({ to, eventError: number })
    expect(await world.sendTo(to, 'x')).toEqual({ error: { number } })
    expect(rule.used()).toBe(1)
    expect(await world.sendTo(to, 'after')).toEqual({ ok: null })
    await world.untilRow(to, ({ is_sent }) => is_sent === 1n)
    expect(world.phonesOf(to).map(({ text }) => text)).toEqual(['after'])
  })

  it.each([-1712, -609])('MACOS 1.4: error %i says nothing about whether it was sent: it was', async (number) => {
    const to = world.person()
    world.mac.behave({ to, eventError: number, carriedOut: true })
    expect(await world.sendTo(to, 'sent all the same')).toEqual({ error: { number } })
    await world.untilRow(to, ({ is_sent }) => is_sent === 1n)
    expect(world.phonesOf(to)).toHaveLength(1)
  })

  it('the error names an object when the rule does', async () => {
    const to = world.person()
    world.mac.behave({ to, eventError: { number: -1728, object: 'participant "x"' } })
    expect(await world.sendTo(to, 'x')).toEqual({ error: { number: -1728, object: 'participant "x"' } })
  })

  it('a rule counts for so many sends, for its text, and for other events when it says so', async () => {
    const to = world.person()
    world.mac.behave({ to, text: 'no', times: 2, eventError: -1728 })
    for (const answer of [{ error: { number: -1728 } }, { error: { number: -1728 } }, { ok: null }]) {
      expect(await world.sendTo(to, 'no')).toEqual(answer)
    }
    world.mac.behave({ event: 'accounts', eventError: -1712 })
    expect(await world.sendTo(to, 'yes')).toEqual({ ok: null })
    expect(await world.mac.messages.ask({ event: 'accounts' })).toEqual({ error: { number: -1712 } })
    expect(await world.mac.messages.ask({ event: 'accounts' })).toHaveProperty('ok')
  })

  it('a rule that was ended does nothing', async () => {
    const to = world.person()
    world.mac.behave({ to, times: 9, eventError: -1728 }).end()
    expect(await world.sendTo(to, 'x')).toEqual({ ok: null })
  })

  it('MACOS 1.5: osascript was killed, and it is sent', async () => {
    const to = world.person()
    await sendAndGo(to, 'goes on')
    await world.untilRow(to, ({ is_sent }) => is_sent === 1n)
    expect(world.phonesOf(to)).toHaveLength(1)
  })

  it('MACOS 1.5: it is carried out late, when nobody waits for it any more', async () => {
    const to = world.person()
    world.mac.behave({ to, eventLateMs: 300 })
    await sendAndGo(to, 'late')
    await until('it is being handled', async () => (await world.mac.messages.state()).waiting > 0)
    expect(world.rowsWith(to)).toEqual([])
    await world.untilRow(to, ({ is_sent }) => is_sent === 1n)
    expect(world.phonesOf(to)).toHaveLength(1)
  })

  it('MACOS 1.4: it is carried out and never answered', async () => {
    const to = world.person()
    world.mac.behave({ to, noAnswer: true })
    const answered = world.sendTo(to, 'silence').then(() => 'answered')
    await world.untilRow(to, ({ is_sent }) => is_sent === 1n)
    expect(await Promise.race([answered, Promise.resolve('not answered')])).toBe('not answered')
    await world.mac.messages.kill() // which ends the wait
    await answered
    await world.mac.messages.start()
  })
})

describe('Messages hangs', () => {
  it('MACOS 1.4: its events wait in order, and are carried out when it recovers', async () => {
    const to = world.person()
    world.mac.behave({ to, text: 'one', hang: true })
    const sent = [world.sendTo(to, 'one'), world.sendTo(to, 'two'), world.sendTo(to, 'three')]
    await until('all wait', async () => (await world.mac.messages.state()).waiting === 3)
    expect(await world.mac.messages.state()).toMatchObject({ hung: true })
    expect(world.rowsWith(to)).toEqual([])
    await world.mac.messages.recover()
    expect(await Promise.all(sent)).toEqual([{ ok: null }, { ok: null }, { ok: null }])
    await until('all left', () => world.phonesOf(to).length === 3)
    expect(world.phonesOf(to).map(({ text }) => text)).toEqual(['one', 'two', 'three'])
  })

  it('its events are lost when it dies', async () => {
    const to = world.person()
    await world.mac.messages.hang()
    const sent = [world.sendTo(to, 'lost'), world.sendTo(to, 'lost too')]
    await until('all wait', async () => (await world.mac.messages.state()).waiting === 2)
    await world.mac.messages.kill()
    expect(await Promise.all(sent)).toEqual([undefined, undefined])
    await world.mac.messages.start()
    expect(await world.sendTo(to, 'after')).toEqual({ ok: null })
    await world.untilRow(to, ({ is_sent }) => is_sent === 1n)
    expect(world.phonesOf(to).map(({ text }) => text)).toEqual(['after'])
  })
})

describe('Messages dies', () => {
  it('before it did anything', async () => {
    const to = world.person()
    const { pid } = world.mac.messages
    world.mac.behave({ to, dies: 'before' })
    expect(await world.sendTo(to, 'x')).toBeUndefined()
    await until('it is gone', () => world.mac.messages.pid === undefined)
    await world.mac.messages.start()
    expect(world.mac.messages.pid).not.toBe(pid)
    expect(world.rowsWith(to)).toEqual([])
  })

  it('with the row written: it leaves once, when Messages is started again', async () => {
    const to = world.person()
    world.mac.behave({ to, dies: 'after' })
    expect(await world.sendTo(to, 'x')).toBeUndefined()
    expect(await world.untilRow(to)).toMatchObject({ is_sent: 0n, error: 0n })
    expect(world.phonesOf(to)).toEqual([])
    await world.mac.messages.start()
    await world.untilRow(to, ({ is_delivered }) => is_delivered === 1n)
    expect(world.phonesOf(to)).toHaveLength(1)
    expect(world.rowsWith(to)).toHaveLength(1)
  })
})

describe('the row', () => {
  it('MACOS 1.3: a ghost: no text, no chat, to a handle that is the raw target, on SMS; nothing leaves', async () => {
    const { guid } = await world.mac.world.group([world.person(), world.person()])
    await world.mac.configure({ groupPrefix: 'any;-;' })
    const asMessagesSays = guid.replace('any;+;', 'any;-;')
    expect(await world.sendToChat(guid, 'x')).toEqual({ error: { number: -1728, object: `chat id "${guid}"` } })
    expect(await world.sendToChat(asMessagesSays, 'x')).toEqual({ ok: null })
    const ghost = await world.untilRow(asMessagesSays)
    expect(ghost).toMatchObject({
      text: null,
      attributedBody: null,
      is_empty: 1n,
      chat: null,
      service: 'SMS',
      is_from_me: 1n,
    })
    await world.mac.configure({ groupPrefix: 'any;+;' })
    expect(await world.sendToChat(guid, 'x')).toEqual({ ok: null })
    expect(world.mac.phones().filter(({ chat }) => chat === asMessagesSays)).toEqual([])
  })

  it('MACOS 1.3: a ghost of any send, when a rule says so', async () => {
    const to = world.person()
    world.mac.behave({ to, row: 'ghost' })
    expect(await world.sendTo(to, 'x')).toEqual({ ok: null })
    expect(await world.untilRow(to)).toMatchObject({ chat: null, service: 'SMS' })
    expect(world.phonesOf(to)).toEqual([])
  })

  it('MACOS 2.5: it is in a wrong chat, and goes there', async () => {
    const [to, other] = [world.person(), world.person()]
    await world.sendTo(other, 'known')
    const { chat } = await world.untilRow(other, (row) => row.chat !== null)
    world.mac.behave({ to, wrongChat: chat ?? '' })
    expect(await world.sendTo(to, 'misled')).toEqual({ ok: null })
    await until('it left', () => world.phonesOf(other).length === 2)
    expect(world.phonesOf(to)).toEqual([])
    expect(bodyOf(world.rowsWith(other).at(-1) ?? { attributedBody: null })).toContain('misled')
  })

  it('a full disk: the event is answered, there is no row, and nothing leaves', async () => {
    const to = world.person()
    world.mac.behave({ to, row: 'none' })
    expect(await world.sendTo(to, 'x')).toEqual({ ok: null })
    await world.mac.configure({ freeBytes: 0 })
    expect(await world.sendTo(to, 'x')).toEqual({ ok: null })
    await world.mac.configure({ freeBytes: null })
    expect(await world.sendTo(to, 'after')).toEqual({ ok: null })
    await world.untilRow(to, ({ is_sent }) => is_sent === 1n)
    expect(world.rowsWith(to)).toHaveLength(1)
    expect(world.phonesOf(to)).toHaveLength(1)
  })

  it('it appears late', async () => {
    const to = world.person()
    world.mac.behave({ to, rowAfterMs: 300 })
    const answeredAtMs = await world.sendTo(to, 'late').then(() => Date.now())
    expect(world.rowsWith(to)).toEqual([])
    const { date } = await world.untilRow(to)
    expect(Number(date / 1_000_000n) + 978_307_200_000 - answeredAtMs).toBeGreaterThan(200)
  })

  it('MACOS 2.5: it has no chat for 400 ms, or never', async () => {
    const [to, never] = [world.person(), world.person()]
    world.mac.behave({ to, joinAfterMs: 400 })
    world.mac.behave({ to: never, joinAfterMs: 'never' })
    await world.sendTo(to, 'x')
    await world.sendTo(never, 'x')
    expect((await world.untilRow(to)).chat).toBeNull()
    await world.untilRow(to, ({ chat }) => chat === `any;-;${to}`)
    expect((await world.untilRow(never, ({ is_delivered }) => is_delivered === 1n)).chat).toBeNull()
  })

  it('MACOS 2.5: straight quotes and dashes are replaced, in the row and on the phone', async () => {
    const to = world.person()
    world.mac.behave({ to, smartQuotes: true })
    await world.sendTo(to, `"It's" -- he said 'no'...`)
    const row = await world.untilRow(to, ({ is_sent }) => is_sent === 1n)
    expect(bodyOf(row)).toContain('“It’s” — he said ‘no’…')
    expect(world.phonesOf(to)).toMatchObject([{ text: '“It’s” — he said ‘no’…' }])
  })
})

describe('what becomes of it', () => {
  it('MACOS 2.4: a failed send writes its row at once, error 22, is_sent 0, and nothing leaves', async () => {
    const to = world.person()
    world.mac.behave({ to, rowError: 22 })
    await world.sendTo(to, 'x')
    expect(await world.untilRow(to)).toMatchObject({ error: 22n, is_sent: 0n })
    const [noted] = world.all(`select value from kvtable where key = 'lastFailedMessageDate'`)
    expect(noted).toEqual({ value: (await world.untilRow(to)).date })
    expect(world.phonesOf(to)).toEqual([])
  })

  it('MACOS 2.7: who is not on iMessage gets error 22 after a while', async () => {
    const to = world.person()
    world.mac.person(to, { onImessage: false })
    await world.sendTo(to, 'x')
    expect(await world.untilRow(to)).toMatchObject({ error: 0n, is_sent: 0n })
    expect(await world.untilRow(to, ({ error }) => error !== 0n)).toMatchObject({ error: 22n, is_sent: 0n })
    await world.sendSms(to, 'but by SMS')
    await until('it left', () => world.phonesOf(to).length === 1)
  })

  it('MACOS 2.4: so does a number without its plus', async () => {
    await world.sendTo('4155552671', 'x')
    expect(await world.untilRow('4155552671', ({ error }) => error !== 0n)).toMatchObject({ error: 22n })
  })

  it.each([3, 6, 25, 31, 43])('MACOS 2.4: error %i, 200 ms after the row', async (rowError) => {
    const to = world.person()
    world.mac.behave({ to, rowError, rowErrorAfterMs: 200 })
    await world.sendTo(to, 'x')
    expect(await world.untilRow(to)).toMatchObject({ error: 0n })
    expect(await world.untilRow(to, ({ error }) => error !== 0n)).toMatchObject({
      error: BigInt(rowError),
      is_sent: 0n,
    })
  })

  it('MACOS 2.4: a good send that never gets a receipt, by a rule or because that person gives none', async () => {
    const [to, silent] = [world.person(), world.person()]
    world.mac.behave({ to, deliveredAfterMs: 'never' })
    world.mac.person(silent, { givesReceipts: false })
    const after = world.person()
    for (const one of [to, silent, after]) await world.sendTo(one, 'x')
    await world.untilRow(after, ({ is_delivered }) => is_delivered === 1n)
    expect(await world.untilRow(to)).toMatchObject({ is_sent: 1n, is_delivered: 0n, date_delivered: 0n })
    expect(await world.untilRow(silent)).toMatchObject({ is_sent: 1n, is_delivered: 0n })
  })

  it('a send that stays on its way', async () => {
    const [to, after] = [world.person(), world.person()]
    world.mac.behave({ to, sentAfterMs: 'never' })
    await world.sendTo(to, 'x')
    await world.sendTo(after, 'x')
    await world.untilRow(after, ({ is_delivered }) => is_delivered === 1n)
    expect(await world.untilRow(to)).toMatchObject({ is_sent: 0n, error: 0n })
    expect(world.phonesOf(to)).toEqual([])
  })

  it('MACOS 2.4: read by who shares it', async () => {
    const to = world.person()
    world.mac.person(to, { readsAfterMs: 50 })
    await world.sendTo(to, 'x')
    const row = await world.untilRow(to, ({ date_read }) => date_read > 0n)
    expect(row.date_read).toBeGreaterThan(row.date_delivered)
  })

  it('MACOS 2.4: sent as iMessage, then as a text message instead: only that left', async () => {
    const to = world.person()
    world.mac.behave({ to, downgradedAfterMs: 150 })
    await world.sendTo(to, 'x')
    expect(await world.untilRow(to, ({ is_sent }) => is_sent === 1n)).toMatchObject({
      service: 'iMessage',
      was_downgraded: 0n,
    })
    expect(world.phonesOf(to)).toEqual([])
    await world.untilRow(to, ({ was_downgraded, service }) => was_downgraded === 1n && service === 'SMS')
    expect(world.phonesOf(to)).toMatchObject([{ service: 'SMS', text: 'x' }])
  })

  it('MACOS 2.4: failed, and then sent by itself', async () => {
    const to = world.person()
    world.mac.behave({ to, rowError: 6, thenSentAfterMs: 200 })
    await world.sendTo(to, 'x')
    const failed = await world.untilRow(to)
    expect(failed).toMatchObject({ error: 6n, is_sent: 0n })
    expect(world.phonesOf(to)).toEqual([])
    const sent = await world.untilRow(to, ({ is_sent }) => is_sent === 1n)
    expect(sent).toMatchObject({ guid: failed.guid, error: 0n })
    expect(world.phonesOf(to)).toHaveLength(1)
  })

  it('MACOS 2.4: failed, and then sent because the user pressed "Try Again"', async () => {
    const to = world.person()
    world.mac.behave({ to, rowError: 4 })
    await world.sendTo(to, 'once more')
    const { guid } = await world.untilRow(to, ({ error, chat }) => error === 4n && chat !== null)
    await world.mac.world.tryAgain(guid)
    expect(await world.untilGuid(guid, ({ is_delivered }) => is_delivered === 1n)).toMatchObject({
      error: 0n,
      is_sent: 1n,
    })
    expect(world.phonesOf(to)).toMatchObject([{ text: 'once more' }])
    await expect(world.mac.world.tryAgain(guid)).rejects.toThrow(`no failed message "${guid}"`)
  })

  it('MACOS 2.4: an SMS fails with error 4 when the phone cannot be reached', async () => {
    const to = world.person()
    await world.mac.configure({ phoneReachable: false })
    await world.sendSms(to, 'x')
    expect(await world.untilRow(to, ({ error }) => error !== 0n)).toMatchObject({ error: 4n, service: 'SMS' })
    await world.mac.configure({ phoneReachable: true })
  })

  it.each([40, 22] as const)(
    'MACOS 5.4: signed out, every iMessage gets error %i while the account says connected',
    async (error) => {
      await world.mac.signOut(error)
      const to = world.person()
      await world.sendTo(to, 'x')
      expect(await world.untilRow(to)).toMatchObject({ error: BigInt(error), is_sent: 0n })
      expect(await world.mac.messages.ask({ event: 'accounts' })).toMatchObject({
        ok: [{ connection: 'connected' }, {}],
      })
      await world.mac.signOut(error, { says: 'disconnected' })
      expect(await world.mac.messages.ask({ event: 'accounts' })).toMatchObject({
        ok: [{ connection: 'disconnected' }, {}],
      })
      await world.mac.signIn()
      await world.sendTo(to, 'x')
      await world.untilRow(to, ({ is_sent }) => is_sent === 1n)
    },
  )
})

describe('MACOS 1.3: chats that Messages does not know', () => {
  it('in chat.db and not loaded: -1728 by its id, and by participant it goes', async () => {
    const to = world.person()
    const { guid } = await world.mac.world.direct(to)
    await world.mac.unloadChat(guid)
    expect(await world.sendToChat(guid, 'x')).toEqual({ error: { number: -1728, object: `chat id "${guid}"` } })
    expect(await world.sendTo(to, 'x')).toEqual({ ok: null })
    await until('it left', () => world.phonesOf(to).length === 1)
    await world.mac.loadChat(guid)
    expect(await world.sendToChat(guid, 'y')).toEqual({ ok: null })
  })

  it('an own address: -1728 by chat, error 22 by participant', async () => {
    const [own = ''] = world.mac.settings.ownAddresses
    const { guid } = await world.mac.world.direct(own)
    expect(await world.sendToChat(guid, 'x')).toMatchObject({ error: { number: -1728 } })
    expect(await world.sendTo(own, 'x')).toEqual({ ok: null })
    expect(await world.untilRow(own, ({ error }) => error !== 0n)).toMatchObject({ error: 22n })
    await world.mac.configure({ selfSend: 'delivered' })
    await world.sendTo(own, 'to me')
    await until('both copies', () => world.rowsWith(own).filter((row) => row.chat !== null).length === 3)
    expect(world.rowsWith(own).map(({ is_from_me }) => is_from_me)).toEqual([1n, 1n, 0n])
  })
})
