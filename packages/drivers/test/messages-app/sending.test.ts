/**
 * Sending by Messages.
 * Proves: what is called sent left the Mac once, as it was written; what is called not sent did not leave; everything else is unknown.
 * World: the driver on a fake Mac, whose osascript, Messages and chat.db are real processes and files.
 */
import { describe, expect, test } from 'vitest'
import { SMS_ACCOUNT, IMESSAGE_ACCOUNT } from '@bluewire/testkit/fake-mac/mac-settings'
import { useDriver } from './driver-world.ts'

const world = useDriver({ macos: '15', settings: { accounts: [IMESSAGE_ACCOUNT, SMS_ACCOUNT] } })

describe('a text', () => {
  test('is sent when its row says is_sent=1 and error=0 (MACOS 2.4); then its receipts', async () => {
    const { mac } = world()
    const to = world().person()
    mac.person(to, { readsAfterMs: 50 })
    const text = world().outgoing(to)
    expect(await world().send(text)).toMatchObject({ kind: 'sent', rowGuids: [expect.any(String)] })
    expect(world().phonesOf(to)).toEqual([text.body])
    await world().untilReceipt(text, 'delivered')
    await world().untilReceipt(text, 'read')
  })

  test.each([
    ['quotes and backslashes', `He said "no" \\ 'yes' \\" & (do shell script "false")`],
    ['AppleScript', `" & (do shell script "touch /tmp/x") & "\nend tell\nsend "x" to buddy "y"`],
    ['line ends that AppleScript knows', 'a\u2028b\u2029c\r\nd'],
    ['right to left, and emoji sequences', 'שלום \u202eabc\u202c 👩‍👩‍👧‍👦🏳️‍🌈 ❤️'],
    ['a leading dash', '-e beep'],
    ['20,000 characters', 'x'.repeat(20_000)],
  ])('arrives unchanged: %s (MACOS 1.5)', async (_what, body) => {
    const to = world().person()
    expect(await world().send(world().outgoing(to, { body }))).toMatchObject({ kind: 'sent' })
    expect(world().phonesOf(to)).toEqual([body])
  })

  test.each([
    ['NUL, which no argument can hold', 'a\0b', 'body_has_nul'],
    ['more than Messages takes', 'x'.repeat(20_001), 'body_too_long'],
  ])('is refused before anything is touched: %s', (_what, body, reason) => {
    expect(world().driver.refuses(world().outgoing('+14155550199', { body }))).toEqual({ reason })
  })

  test('to somebody who is not on iMessage: error 22, refused for good, after it could have become an SMS (hole 9)', async () => {
    const to = world().person()
    world().mac.person(to, { onImessage: false })
    expect(await world().send(world().outgoing(to))).toMatchObject({
      kind: 'not_sent',
      class: 'refused',
      reason: 'recipient_not_on_imessage',
    })
    expect(world().phonesOf(to)).toEqual([])
  })

  test('as SMS, by the account that forwards texts', async () => {
    const to = world().person()
    const text = world().outgoing(to, { service: 'sms' })
    expect(await world().send(text)).toMatchObject({ kind: 'sent' })
    expect(
      world()
        .mac.phones()
        .filter((p) => p.to === to),
    ).toMatchObject([{ service: 'SMS', text: text.body }])
  })

  test('whose row is downgraded went out as SMS (MACOS 2.4)', async () => {
    const to = world().person()
    world().mac.behave({ to, downgradedAfterMs: 0 })
    const text = world().outgoing(to)
    const outcome = await world().send(text)
    expect(outcome.kind).toBe('sent')
    // At once, or as late evidence.
    if (outcome.kind === 'sent' && outcome.wasDowngraded !== true) {
      const receipt = await world().untilReceipt(text, 'sent')
      expect(receipt.wasDowngraded).toBe(true)
    }
  })

  test('with quotes that Messages made round is found all the same (MACOS 2.5)', async () => {
    const to = world().person()
    world().mac.behave({ to, smartQuotes: true })
    expect(await world().send(world().outgoing(to, { body: `"it's" -- here` }))).toMatchObject({ kind: 'sent' })
  })

  test('twice the same to one person: two rows, each of one attempt (PROTOCOL 7)', async () => {
    const to = world().person()
    const [a, b] = [world().outgoing(to, { body: 'code 1' }), world().outgoing(to, { body: 'code 1' })]
    const outcomes = [await world().send(a), await world().send(b)]
    expect(outcomes.map(({ kind }) => kind)).toEqual(['sent', 'sent'])
    expect(new Set(outcomes.flatMap(({ rowGuids }) => rowGuids ?? [])).size).toBe(2)
    expect(world().phonesOf(to)).toEqual(['code 1', 'code 1'])
  })

  test('while somebody sends the same by hand: not taken for ours', async () => {
    const to = world().person()
    world().mac.behave({ to, rowAfterMs: 400 })
    const text = world().outgoing(to, { body: 'same words' })
    const sending = world().send(text)
    await world().mac.world.sentElsewhere({ to }, 'other words')
    expect(await sending).toMatchObject({ kind: 'sent' })
    expect(world().phonesOf(to)).toEqual(['same words'])
  })
})

describe('refused before anything was sent: never handed over (MACOS 1.4)', () => {
  test.each([
    [-1743, 'automation_denied'],
    [-1719, 'service_unavailable'],
    [-1700, 'bad_target'],
    [-10004, 'no_gui_session'],
  ])('%i: %s', async (eventError, reason) => {
    const to = world().person()
    world().mac.behave({ to, eventError })
    expect(await world().send(world().outgoing(to))).toEqual({ kind: 'not_sent', class: 'never_handed', reason })
    expect(world().phonesOf(to)).toEqual([])
  })

  test('-1728 of the participant: tried once by the chat that is there (MACOS 1.4)', async () => {
    const to = world().person()
    await world().send(world().outgoing(to))
    world().mac.behave({ to, eventError: -1728 })
    expect(await world().send(world().outgoing(to, { body: 'by chat' }))).toMatchObject({ kind: 'sent' })
    expect(world().phonesOf(to)).toContain('by chat')
  })

  test('a journal that cannot be written: nothing is touched (PROTOCOL 14)', async () => {
    const to = world().person()
    world().memory.isFull = true
    const outcome = await world().send(world().outgoing(to))
    world().memory.isFull = false
    expect(outcome).toMatchObject({ kind: 'not_sent', class: 'never_handed', reason: 'node_disk_full' })
    expect(world().phonesOf(to)).toEqual([])
  })
})

describe('not known', () => {
  test.each([3, 4, 6, 25, 40])('MACOS 2.4: error %i may still go out', async (rowError) => {
    const to = world().person()
    world().mac.behave({ to, rowError })
    expect(await world().send(world().outgoing(to))).toMatchObject({
      kind: 'unknown',
      reason: `apple_error_${rowError}`,
    })
  })

  test('an error row that turns to sent: told as late evidence (hole 9, “Try Again”)', async () => {
    const to = world().person()
    world().mac.behave({ to, rowError: 3, thenSentAfterMs: 300 })
    const text = world().outgoing(to)
    expect(await world().send(text)).toMatchObject({ kind: 'unknown', reason: 'apple_error_3' })
    await world().untilReceipt(text, 'sent')
    expect(world().phonesOf(to)).toEqual([text.body])
  })
})
