/**
 * Sends that leave a doubt: Messages hangs, dies, is slow, writes no row, writes it elsewhere; the agent dies in the middle.
 * Proves: what is called not sent never leaves afterwards, nothing leaves twice, and no row of another is taken for ours (PROTOCOL holes 4 to 9).
 * World: the driver on a fake Mac.
 */
import { describe, expect, test } from 'vitest'
import { until } from '@bluewire/testkit/stories/until'
import { useDriver } from './driver-world.ts'

const world = useDriver({ macos: '26.5' })

describe('behind the barrier (PROTOCOL 6)', () => {
  test('Messages hangs with the event in its queue: it is ended, and then nothing was sent, for good', async () => {
    const to = world().person()
    world().mac.behave({ to, hang: true })
    await world().restartWith({ osascript: 700, quick: 300 })
    const before = world().mac.messages.pid
    expect(await world().send(world().outgoing(to))).toMatchObject({ kind: 'not_sent', class: 'never_handed' })
    await until('another Messages', () => world().mac.messages.pid !== before || null)
    await world().restartWith({})
    const next = world().outgoing(to, { body: 'afterwards' })
    expect(await world().send(next)).toMatchObject({ kind: 'sent' })
    expect(world().phonesOf(to)).toEqual(['afterwards'])
  })

  test('done and never answered, osascript is killed: the row says that it was sent (MACOS 1.5)', async () => {
    const to = world().person()
    world().mac.behave({ to, noAnswer: true })
    await world().restartWith({ osascript: 1_500 })
    const text = world().outgoing(to)
    expect(await world().send(text)).toMatchObject({ kind: 'sent' })
    expect(world().phonesOf(to)).toEqual([text.body])
  })

  test('an error that says nothing, and the event was carried out: found (-1712)', async () => {
    const to = world().person()
    world().mac.behave({ to, eventError: -1712, carriedOut: true })
    expect(await world().send(world().outgoing(to))).toMatchObject({ kind: 'sent' })
  })

  test('Messages dies of it, before it did anything (-609)', async () => {
    const to = world().person()
    world().mac.behave({ to, dies: 'before' })
    await world().restartWith({ quick: 300 })
    expect(await world().send(world().outgoing(to))).toMatchObject({ kind: 'not_sent', class: 'never_handed' })
    expect(world().phonesOf(to)).toEqual([])
  })

  test('Messages dies after it: the row is there, and goes on', async () => {
    const to = world().person()
    world().mac.behave({ to, dies: 'after' })
    await world().restartWith({ quick: 1_500, text: 3_000 })
    const outcome = await world().send(world().outgoing(to))
    expect(outcome.kind).not.toBe('not_sent')
    expect(world().phonesOf(to).length).toBeLessThanOrEqual(1)
  })

  test('accepted, and no row: as with a full disk (PROTOCOL 14)', async () => {
    const to = world().person()
    world().mac.behave({ to, row: 'none' })
    await world().restartWith({ quick: 300, text: 500 })
    expect(await world().send(world().outgoing(to))).toEqual({
      kind: 'not_sent',
      class: 'never_handed',
      reason: 'no_row',
    })
  })

  test('a row that comes late is waited for', async () => {
    const to = world().person()
    world().mac.behave({ to, rowAfterMs: 1_500 })
    await world().restartWith({ quick: 500, text: 10_000 })
    expect(await world().send(world().outgoing(to))).toMatchObject({ kind: 'sent' })
    expect(world().phonesOf(to)).toHaveLength(1)
  })

  test('a row that says only `sending` is unknown for however long; what becomes of it is told later (PROTOCOL 8)', async () => {
    const to = world().person()
    world().mac.behave({ to, sentAfterMs: 3_500 })
    await world().restartWith({ quick: 300, text: 600 })
    const text = world().outgoing(to)
    expect(await world().send(text)).toMatchObject({ kind: 'unknown', reason: 'still_sending' })
    await world().untilReceipt(text, 'sent')
    expect(world().phonesOf(to)).toEqual([text.body])
  })
})

describe('rows that are not what they seem', () => {
  test('MACOS 1.3: the ghost row is no success', async () => {
    const { guid } = await world().mac.world.group([world().person(), world().person()])
    world().mac.behave({ to: guid, row: 'ghost' })
    await world().restartWith({ quick: 400, text: 600 })
    expect(await world().send(world().outgoing(guid))).toMatchObject({ kind: 'unknown', reason: 'ghost_row' })
  })

  test('MACOS 2.5: in somebody else’s chat: an alarm, and no second try', async () => {
    const [to, other] = [world().person(), world().person()]
    await world().send(world().outgoing(other))
    const chat = world().chatOf(other)
    world().mac.behave({ to, wrongChat: chat })
    await world().restartWith({ quick: 400, text: 600 })
    expect(await world().send(world().outgoing(to))).toMatchObject({ kind: 'unknown', reason: 'misrouted' })
  })

  test('a group on macOS 26 is reached by its chat', async () => {
    const { guid } = await world().mac.world.group([world().person(), world().person()])
    await world().restartWith({})
    const text = world().outgoing(guid)
    expect(await world().send(text)).toMatchObject({ kind: 'sent' })
    expect(world().phonesOf(guid)).toEqual([text.body])
  })
})

describe('the agent dies in the middle (PROTOCOL 5)', () => {
  test('before anything was noted: nothing was touched', async () => {
    const text = world().outgoing(world().person())
    expect(await world().lookUp(text)).toEqual({ kind: 'not_sent', class: 'never_handed', reason: 'process_died' })
  })

  test('after the text had gone: the next one finds its row', async () => {
    const to = world().person()
    await world().restartWith({})
    const text = world().outgoing(to)
    const dying = world().driver.send(text)
    await until('its row', () => world().phonesOf(to).length === 1 || null)
    await world().restartWith({})
    expect(await world().lookUp(text)).toMatchObject({ kind: 'sent' })
    await dying
    expect(world().phonesOf(to)).toEqual([text.body])
  })

  test('its osascript, left behind, is ended before anything else; then nothing was sent', async () => {
    const to = world().person()
    world().mac.behave({ to, hang: true })
    await world().restartWith({ osascript: 60_000 })
    const text = world().outgoing(to)
    void world().driver.send(text)
    await until('the hand-over', () => world().memory.notes.get(text.attempt) ?? null)
    await until('a Messages that hangs', async () => (await world().mac.messages.state()).waiting > 0 || null)
    await world().restartWith({ quick: 300 })
    expect(await world().lookUp(text)).toMatchObject({ kind: 'not_sent', class: 'never_handed' })
    expect(world().phonesOf(to)).toEqual([])
  })

  test('and chat.db is another file since: a missing row proves nothing', async () => {
    const to = world().person()
    world().mac.behave({ to, row: 'none' })
    await world().restartWith({ quick: 300, text: 500 })
    const text = world().outgoing(to)
    await world().send(text)
    await world().mac.database.replace({ keepRows: 1 })
    expect(await world().lookUp(text)).toMatchObject({ kind: 'unknown', reason: 'chatdb_replaced' })
  })
})
