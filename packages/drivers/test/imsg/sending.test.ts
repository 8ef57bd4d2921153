/**
 * Sending by imsg.
 * Proves: what each row means for a message (DRIVERS 2.2, MACOS 2.4); sent is said of a row with is_sent=1 and error=0 and of nothing else;
 * what happens to a row afterwards is told; parts leave one by one.
 * World: the driver, a real child process that speaks as imsg does, and a Messages that knows what really left.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deliveryFailure } from '@bluewire/testkit/fake-imsg/wire'
import { until } from '@bluewire/testkit/stories/until'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { guidOfAttempt } from '../../src/imsg/imsg-note.ts'
import { GROUP, ImsgWorld, LINE, THEM } from './imsg-world.ts'

const BOTH = { lines: [{ address: LINE, services: ['imessage', 'sms'] }] }
let world: ImsgWorld
let bridged: ImsgWorld

beforeAll(async () => {
  world = await ImsgWorld.make({ settings: BOTH, times: { downgradeMs: 300 } })
  bridged = await ImsgWorld.make({ bridge: true })
  for (const { imsg } of [world, bridged]) imsg.chat('chat4711', { guid: GROUP })
  bridged.imsg.chat(THEM)
  await Promise.all([world.start(), bridged.start()])
  await until('the chats are known', () => bridged.imsg.calls('chats.list').length > 1)
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await bridged[Symbol.asyncDispose]()
})

function asked(guid: string): number {
  return world.imsg.calls('message.send_status').filter(({ params }) => params['guid'] === guid).length
}

describe('a text', () => {
  it('goes by `send` without a bridge, with its service named and without a fallback of imsg', async () => {
    const outcome = await world.send('plain')
    expect(outcome).toEqual({ kind: 'sent', rowGuids: [await world.guidOf('plain')] })
    expect(world.copies('plain')).toBe(1)
    expect(world.imsg.calls('send').at(-1)?.params).toEqual({
      to: THEM,
      text: 'plain',
      service: 'imessage',
      region: 'US',
      allow_sms_fallback: false,
    })
  })

  it('goes by `send.tracked` with a bridge: its attempt is its guid', async () => {
    const outgoing = bridged.outgoing('tracked')
    const guid = guidOfAttempt(outgoing.attempt, 0)
    expect(await bridged.sent(outgoing)).toEqual({ kind: 'sent', rowGuids: [guid] })
    expect(bridged.imsg.left.at(-1)).toMatchObject({ text: 'tracked', guid, method: 'send.tracked' })
  })

  it('goes by `send` to somebody new: the bridge needs a chat that is there', async () => {
    expect(await bridged.send('new here', { to: '+14155550199' })).toMatchObject({ kind: 'sent' })
    expect(bridged.imsg.left.at(-1)).toMatchObject({ text: 'new here', method: 'send' })
  })

  it('goes as an SMS where that is asked', async () => {
    expect(await world.send('by SMS', { service: 'sms' })).toMatchObject({ kind: 'sent' })
    expect(world.imsg.left.at(-1)).toMatchObject({ service: 'SMS', text: 'by SMS' })
  })

  it('goes to a group by its guid, and is found there when the answer has no guid', async () => {
    world.imsg.behave({ answer: 'bare' })
    expect(await world.send('all of you', { to: GROUP })).toMatchObject({ kind: 'sent' })
    expect(world.imsg.calls('send').at(-1)?.params).toEqual({
      chat_guid: GROUP,
      text: 'all of you',
      allow_sms_fallback: false,
    })
  })

  it('is not handed over when the journal cannot note it', async () => {
    world.memory.isFull = true
    expect(await world.send('not noted')).toMatchObject({ class: 'never_handed', reason: 'node_disk_full' })
    world.memory.isFull = false
    expect(world.copies('not noted')).toBe(0)
  })

  it('is not handed over when imsg cannot read chat.db: nobody could say what became of it', async () => {
    world.imsg.isDatabaseReadable = false
    expect(await world.send('not seen')).toMatchObject({ class: 'never_handed', reason: 'imsg_cannot_read' })
    world.imsg.isDatabaseReadable = true
    expect(world.copies('not seen')).toBe(0)
  })
})

describe('what counts is the row', () => {
  it('"ok" means that a row was observed: with is_sent=0 and error=0 it is waited for', async () => {
    world.imsg.behave({ row: { staysPending: true } })
    const sending = world.send('slow')
    const guid = await world.guidOf('slow')
    await until('it is asked for', () => asked(guid) > 2)
    world.imsg.change(guid, { isSent: true })
    expect(await sending).toEqual({ kind: 'sent', rowGuids: [guid] })
  })

  it('that stays pending: unknown, and sent after all when it turns out so', async () => {
    world.imsg.behave({ row: { staysPending: true } })
    const outgoing = world.outgoing('very slow')
    expect(await world.sent(outgoing)).toMatchObject({ kind: 'unknown', reason: 'not_confirmed' })
    world.imsg.change(await world.guidOf('very slow'), { isSent: true })
    await world.hasReceipt(outgoing.attempt, 'sent')
    expect(world.copies('very slow')).toBe(1)
  })

  it('error 22 is a refusal', async () => {
    bridged.imsg.behave({ row: { error: 22 } })
    expect(await bridged.send('22')).toEqual({ kind: 'not_sent', class: 'refused', reason: 'apple_error_22' })
    expect(bridged.copies('22')).toBe(0)
  })

  it('error 22 where Messages has SMS: read again, and what went as SMS meanwhile is sent', async () => {
    world.imsg.behave({ row: { error: 22, guid: 'DOWNGRADED' } })
    // The first look sees the error, and what comes after it sees the SMS.
    world.imsg.behave({
      on: 'message.send_status',
      when: ({ guid }) => guid === 'DOWNGRADED',
      meanwhile: () => world.imsg.change('DOWNGRADED', { error: 0, isSent: true, wasDowngraded: true, service: 'SMS' }),
    })
    expect(await world.send('22, then SMS')).toEqual({ kind: 'sent', rowGuids: ['DOWNGRADED'], wasDowngraded: true })
  })

  it('error 22 where Messages has SMS, and nothing went: refused after the wait', async () => {
    world.imsg.behave({ row: { error: 22 } })
    expect(await world.send('22 for good')).toMatchObject({ kind: 'not_sent', class: 'refused' })
  })

  it.each([1, 3, 4, 19, 43])('error %i is no proof: it may still go out', async (error) => {
    world.imsg.behave({ row: { error } })
    expect(await world.send(`error ${error}`)).toMatchObject({ kind: 'unknown', reason: `apple_error_${error}` })
  })

  it('was_downgraded is told', async () => {
    world.imsg.behave({ row: { wasDowngraded: true } })
    expect(await world.send('downgraded')).toMatchObject({ kind: 'sent', wasDowngraded: true })
  })
})

describe('receipts', () => {
  it('delivered and read are told when they come, once each', async () => {
    world.imsg.behave({ row: { isNeverDelivered: true } })
    const outgoing = world.outgoing('with receipts')
    await world.sent(outgoing)
    const guid = await world.guidOf('with receipts')
    world.imsg.change(guid, { isDelivered: true, deliveredAtMs: 1_790_000_000_000 })
    expect(await world.hasReceipt(outgoing.attempt, 'delivered')).toMatchObject({ atMs: 1_790_000_000_000 })
    world.imsg.change(guid, { readAtMs: 1_790_000_001_000 })
    expect(await world.hasReceipt(outgoing.attempt, 'read')).toMatchObject({ atMs: 1_790_000_001_000 })
    const told = world.receipts.filter(({ attempt }) => attempt === outgoing.attempt)
    expect(told.map(({ fact }) => fact)).toEqual(['delivered', 'read'])
  })

  it('that never come: nothing is told, and it stays sent', async () => {
    world.imsg.behave({ row: { isNeverDelivered: true } })
    const outgoing = world.outgoing('never delivered')
    expect(await world.sent(outgoing)).toMatchObject({ kind: 'sent' })
    const guid = await world.guidOf('never delivered')
    const before = asked(guid)
    await until('it goes on asking', () => asked(guid) > before + 2)
    expect(world.receipts.filter(({ attempt }) => attempt === outgoing.attempt)).toEqual([])
  })

  it('error 22 later: bounced, and sent again when somebody pressed "Try Again"', async () => {
    world.imsg.behave({ row: { isNeverDelivered: true } })
    const outgoing = world.outgoing('22 later')
    await world.sent(outgoing)
    const guid = await world.guidOf('22 later')
    world.imsg.change(guid, { error: 22, isSent: false })
    expect(await world.hasReceipt(outgoing.attempt, 'bounced')).toMatchObject({ reason: 'apple_error_22' })
    world.imsg.change(guid, { error: 0, isSent: true })
    await world.hasReceipt(outgoing.attempt, 'sent')
  })

  it('an error after it was delivered takes nothing back', async () => {
    const outgoing = world.outgoing('delivered')
    await world.sent(outgoing)
    await world.hasReceipt(outgoing.attempt, 'delivered')
    const guid = await world.guidOf('delivered')
    world.imsg.change(guid, { error: 4 })
    const before = asked(guid)
    await until('it was asked for again, and the answer read', () => asked(guid) > before + 1)
    expect(world.receipts.filter(({ attempt }) => attempt === outgoing.attempt)).toHaveLength(1)
  })

  it('a refused one that goes out after all is told as sent', async () => {
    bridged.imsg.behave({ row: { error: 22 } })
    const outgoing = bridged.outgoing('22 at first')
    await bridged.sent(outgoing)
    bridged.imsg.change(await bridged.guidOf('22 at first'), { error: 0, isSent: true })
    await bridged.hasReceipt(outgoing.attempt, 'sent')
  })

  it('go on after the node was restarted', async () => {
    bridged.imsg.behave({ row: { isNeverDelivered: true } })
    const outgoing = bridged.outgoing('before the restart')
    await bridged.sent(outgoing)
    await bridged.restart()
    const change = { isDelivered: true, deliveredAtMs: Date.now() }
    bridged.imsg.change(await bridged.guidOf('before the restart'), change)
    await bridged.hasReceipt(outgoing.attempt, 'delivered')
  })
})

describe('several parts', () => {
  function files(...names: string[]) {
    return names.map((name, i) => {
      const path = join(world.imsg.folder, `upload-${i}`)
      writeFileSync(path, name)
      return { name, path }
    })
  }
  const left = (from: number) => world.texts.slice(from)

  it('leave one after the other, under the names that were asked for, each noted', async () => {
    const from = world.texts.length
    const outgoing = world.outgoing('see', { files: files('plan.pdf', 'photo of us.jpg') })
    const outcome = await world.sent(outgoing)
    expect(outcome.kind === 'sent' && outcome.rowGuids?.length).toBe(3)
    expect(left(from)).toEqual(['see', 'plan.pdf', 'photo of us.jpg'])
    const note: unknown = JSON.parse(world.memory.notes.get(outgoing.attempt) ?? '')
    expect(note).toMatchObject({ part: 2, parts: 3, file: 'photo of us.jpg' })
  })

  it('of which the first was not begun: not sent', async () => {
    const from = world.texts.length
    world.imsg.behave({ message: 'stays', answer: deliveryFailure('not_started') })
    expect(await world.send('see 2', { files: files('a.pdf') })).toMatchObject({
      kind: 'not_sent',
      class: 'never_handed',
    })
    expect(left(from)).toEqual([])
  })

  it('of which a later one was not begun: unknown, with the parts named, and the rest does not leave', async () => {
    const from = world.texts.length
    world.imsg.behave({})
    world.imsg.behave({ message: 'stays', answer: deliveryFailure('not_started') })
    const outcome = await world.send('see 3', { files: files('a.pdf', 'b.pdf') })
    expect(outcome).toMatchObject({
      kind: 'unknown',
      reason: 'parts_incomplete',
      detail: expect.stringMatching(/Part 1 of 3/),
    })
    expect(left(from)).toEqual(['see 3'])
  })

  it('of which the answer for a file was lost: it is found by its name', async () => {
    const from = world.texts.length
    world.imsg.behave({ answer: deliveryFailure('may_have_completed') })
    expect(await world.send('', { files: files('only.pdf') })).toMatchObject({ kind: 'sent' })
    expect(left(from)).toEqual(['only.pdf'])
  })

  it('with a file that is not there: nothing is touched', async () => {
    const gone = [{ name: 'a.pdf', path: join(world.imsg.folder, 'gone') }]
    const outcome = await world.send('see 4', { files: gone })
    expect(outcome).toMatchObject({ class: 'never_handed', reason: 'file_not_readable' })
    expect(world.copies('see 4')).toBe(0)
  })
})

describe('effects and replies', () => {
  it('go by `send.rich`, in the chat', async () => {
    const replyTo = { guid: 'ABC', part: 1 }
    expect(await bridged.send('boom', { effect: 'slam', replyTo })).toMatchObject({ kind: 'sent' })
    expect(bridged.imsg.calls('send.rich').at(-1)?.params).toEqual({
      chat_guid: `iMessage;-;${THEM}`,
      text: 'boom',
      effect_id: 'com.apple.MobileSMS.expressivesend.impact',
      reply_to: 'ABC',
      part_index: 1,
    })
  })

  it('without a bridge, or with a word that nobody knows: not sent', async () => {
    const reason = { class: 'never_handed', reason: 'effects_not_here' }
    expect(await world.send('boom', { effect: 'slam' })).toMatchObject(reason)
    expect(await bridged.send('moon', { effect: 'moon' })).toMatchObject(reason)
    expect([world.copies('boom'), bridged.copies('moon')]).toEqual([0, 0])
  })
})
