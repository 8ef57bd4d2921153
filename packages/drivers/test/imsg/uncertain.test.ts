/**
 * Sends whose answer proves nothing, or never comes.
 * Proves: nothing leaves twice; what left is found, by its guid or by recipient and text after the noted row; what is not found is unknown,
 * and never "not sent"; only `retry_safe: true` is proof; a wedged child is replaced, and the next message goes.
 * World: the driver, real child processes that misbehave, and a Messages that knows what really left.
 */
import { NOBODY } from '@bluewire/testkit/fake-imsg/fake-answers'
import { deliveryFailure } from '@bluewire/testkit/fake-imsg/wire'
import type { RpcError } from '@bluewire/testkit/fake-imsg/wire'
import { until } from '@bluewire/testkit/stories/until'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { guidOfAttempt } from '../../src/imsg/imsg-note.ts'
import { ImsgWorld, THEM } from './imsg-world.ts'

let world: ImsgWorld
let bridged: ImsgWorld

beforeAll(async () => {
  world = await ImsgWorld.make()
  bridged = await ImsgWorld.make({ bridge: true })
  bridged.imsg.chat(THEM)
  await Promise.all([world.start(), bridged.start()])
  await until('the chats are known', () => bridged.imsg.calls('chats.list').length > 1)
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await bridged[Symbol.asyncDispose]()
})

const NOTHING_FOUND = { kind: 'unknown', reason: 'no_evidence' }

describe('only `retry_safe: true` is proof', () => {
  it('not_started with retry_safe: true: never handed', async () => {
    world.imsg.behave({ message: 'stays', answer: deliveryFailure('not_started') })
    const outcome = await world.send('not started')
    expect(outcome).toMatchObject({ kind: 'not_sent', class: 'never_handed', reason: 'imsg_not_started' })
    expect(world.copies('not started')).toBe(0)
  })

  const CODES: readonly RpcError[] = [
    { code: -32000, message: 'Server busy', data: 'over 128 outstanding requests' },
    { code: -32002, message: 'Database unavailable', data: { detail: 'no access', retryable: true } },
    { code: -32003, message: 'Bridge unavailable' },
    { code: -32602, message: 'Invalid params', data: 'unknown parameter' },
    { code: -32603, message: 'Internal error', data: 'osascript failed' },
    {
      code: -32001,
      message: 'Delivery outcome unknown',
      data: { retry_safe: true, disposition: 'may_have_completed' },
    },
    { code: -32001, message: 'Delivery outcome unknown', data: { retry_safe: 'true' } },
  ]

  it.each(CODES)('$code $data: not sent is not said', async (answer) => {
    const body = `stays ${JSON.stringify(answer)}`
    world.imsg.behave({ message: 'stays', answer })
    expect(await world.send(body)).toMatchObject(NOTHING_FOUND)
    expect(world.copies(body)).toBe(0)
  })

  it.each(CODES)('$code $data, and it left all the same: sent', async (answer) => {
    const body = `leaves ${JSON.stringify(answer)}`
    world.imsg.behave({ answer })
    expect(await world.send(body)).toMatchObject({ kind: 'sent', rowGuids: [await world.guidOf(body)] })
    expect(world.copies(body)).toBe(1)
  })

  it('"repeat ids are refused", as not started and retry_safe: that message is the attempt', async () => {
    const outgoing = bridged.outgoing('twice the same guid')
    await bridged.sent(outgoing)
    expect(await bridged.driver.send(outgoing)).toMatchObject({
      kind: 'sent',
      rowGuids: [guidOfAttempt(outgoing.attempt, 0)],
    })
    expect(bridged.copies('twice the same guid')).toBe(1)
  })

  it('after the bridge did not begin, the next message goes without it', async () => {
    await using other = await ImsgWorld.make({ bridge: true })
    other.imsg.chat(THEM)
    await other.start()
    await until('the chats are known', () => other.imsg.calls('chats.list').length > 1)
    other.imsg.behave({ on: 'send.tracked', message: 'stays', answer: deliveryFailure('not_started') })
    expect(await other.send('1')).toMatchObject({ class: 'never_handed' })
    expect(await other.send('2')).toMatchObject({ kind: 'sent' })
    expect(other.imsg.left.map(({ text, method }) => [text, method])).toEqual([['2', 'send']])
  })
})

describe('may_have_completed', () => {
  it.each(['leaves', 'stays'] as const)('and it %s', async (message) => {
    for (const one of [world, bridged]) {
      const body = `may have completed, ${message}`
      one.imsg.behave({ message, answer: deliveryFailure('may_have_completed') })
      const outcome = await one.send(body)
      if (message === 'leaves') expect(outcome).toMatchObject({ kind: 'sent' })
      else expect(outcome).toMatchObject(NOTHING_FOUND)
      expect(one.copies(body)).toBe(message === 'leaves' ? 1 : 0)
    }
  })

  it('and it leaves long after: sent after all is told, by its guid or by the row after the mark', async () => {
    for (const one of [world, bridged]) {
      one.imsg.behave({ message: 'late', answer: deliveryFailure('may_have_completed') })
      const outgoing = one.outgoing('late')
      expect(await one.sent(outgoing)).toMatchObject(NOTHING_FOUND)
      one.imsg.leaveLate()
      expect(await one.send('the next one')).toMatchObject({ kind: 'sent' })
      await one.hasReceipt(outgoing.attempt, 'sent')
      expect(one.copies('late')).toBe(1)
    }
  })
})

describe('still_in_flight', () => {
  it('"every mutation is refused until the child is restarted": it is, and the next message goes', async () => {
    const { started } = world.imsg
    world.imsg.behave({ message: 'late', answer: deliveryFailure('still_in_flight') })
    expect(await world.send('in flight')).toMatchObject(NOTHING_FOUND)
    expect(await world.send('after it')).toMatchObject({ kind: 'sent' })
    expect(world.imsg.started).toBe(started + 1)
    expect(world.copies('after it')).toBe(1)
    world.imsg.leaveLate()
  })

  it('−32004 for a send: unknown, and the child is restarted', async () => {
    const { started } = world.imsg
    const blocked = { ...deliveryFailure('still_in_flight'), code: -32004 }
    world.imsg.behave({ message: 'stays', answer: blocked })
    expect(await world.send('blocked')).toMatchObject(NOTHING_FOUND)
    expect(await world.send('unblocked')).toMatchObject({ kind: 'sent' })
    expect(world.imsg.started).toBe(started + 1)
  })
})

describe('no answer', () => {
  it.each(['leaves', 'stays'] as const)('the child died at the write, and it %s', async (message) => {
    for (const one of message === 'leaves' ? [world, bridged] : [world]) {
      const body = `died, ${message}`
      one.imsg.behave({ message, process: 'dies' })
      const outcome = await one.send(body)
      if (message === 'leaves') expect(outcome).toMatchObject({ kind: 'sent' })
      else
        expect(outcome).toMatchObject({ ...NOTHING_FOUND, detail: expect.stringContaining('ended before it answered') })
      expect(await one.send(`after ${body}`)).toMatchObject({ kind: 'sent' })
      expect(one.copies(body)).toBe(message === 'leaves' ? 1 : 0)
    }
  })

  it('it hangs: the next message goes all the same', async () => {
    await using other = await ImsgWorld.open({ times: { sendMs: 200 } })
    other.imsg.behave({ answer: 'none' })
    expect(await other.send('hangs, leaves')).toMatchObject({ kind: 'sent' })
    other.imsg.behave({ message: 'stays', answer: 'none' })
    expect(await other.send('hangs, stays')).toMatchObject(NOTHING_FOUND)
    expect(await other.send('after it')).toMatchObject({ kind: 'sent' })
    expect(other.texts).toEqual(['hangs, leaves', 'after it'])
  })

  it('the whole child is wedged: it is killed, and what left is found by the next one', async () => {
    await using other = await ImsgWorld.open({ times: { readMs: 300 } })
    other.imsg.behave({ process: 'stops' })
    expect(await other.send('wedged')).toMatchObject({ kind: 'sent' })
    expect(other.imsg.started).toBe(2)
    expect(await other.send('after it')).toMatchObject({ kind: 'sent' })
    expect(other.texts).toEqual(['wedged', 'after it'])
  })

  it('`{"ok":true}` and no more: it is found by its row, or unknown', async () => {
    world.imsg.behave({ answer: 'bare' })
    expect(await world.send('bare')).toMatchObject({ kind: 'sent', rowGuids: [await world.guidOf('bare')] })
    world.imsg.behave({ answer: 'bare', message: 'stays' })
    expect(await world.send('bare, stays')).toMatchObject(NOTHING_FOUND)
  })

  it('a ghost row of macOS 26 is no message of ours', async () => {
    world.imsg.behave({ row: { kind: 'ghost' } })
    expect(await world.send('ghost')).toMatchObject(NOTHING_FOUND)
    expect(world.copies('ghost')).toBe(0)
  })
})

describe('what is looked for', () => {
  const lost = { message: 'stays', answer: deliveryFailure('may_have_completed') } as const
  const row = (text: string, more: Parameters<typeof world.imsg.add>[0] | object = {}) =>
    world.imsg.add({
      chat: world.imsg.messages.chatWith(THEM, 'iMessage'),
      isFromMe: true,
      isSent: true,
      text,
      ...more,
    })

  it('is found although Messages has written its quotes and dashes in another way', async () => {
    world.imsg.behave({ ...lost, meanwhile: () => row('“It’s” — well…', { guid: 'QUOTES' }) })
    expect(await world.send(`"It's" -- well...`)).toMatchObject({ kind: 'sent', rowGuids: ['QUOTES'] })
  })

  it('is neither an older row, nor another recipient’s, nor somebody else’s text', async () => {
    row('the same') // typed on a phone
    world.imsg.behave({
      ...lost,
      meanwhile: () => {
        row('the same', { chat: world.imsg.chat('+14155550123') })
        world.imsg.receive({ from: THEM, text: 'the same' })
      },
    })
    expect(await world.send('the same')).toMatchObject(NOTHING_FOUND)
    expect(world.copies('the same')).toBe(0)
  })

  it('may be one of two: which is which cannot be told', async () => {
    world.imsg.behave({ ...lost, meanwhile: () => [row('one of two'), row('one of two')] })
    expect(await world.send('one of two')).toMatchObject({ kind: 'unknown', reason: 'ambiguous_rows' })
  })

  it('two identical texts, the first one hung: its late row does not make the second one sent', async () => {
    world.imsg.behave({ ...lost, message: 'late' })
    expect(await world.send('code 1')).toMatchObject(NOTHING_FOUND)
    world.imsg.behave({ ...lost, meanwhile: () => world.imsg.leaveLate() })
    expect(await world.send('code 1')).toMatchObject({ kind: 'unknown', reason: 'ambiguous_rows' })
    expect(world.copies('code 1')).toBe(1)
  })

  it('two identical texts, the first one hung: not even when imsg takes its late row for that of the second one', async () => {
    world.imsg.behave({ ...lost, message: 'late', row: { guid: 'LATE' } })
    expect(await world.send('code 3')).toMatchObject(NOTHING_FOUND)
    const answer = { result: { ok: true, guid: 'LATE' } }
    world.imsg.behave({ message: 'stays', meanwhile: () => world.imsg.leaveLate(), answer })
    expect(await world.send('code 3')).toMatchObject({ kind: 'unknown', reason: 'ambiguous_rows' })
    expect(world.copies('code 3')).toBe(1)
  })

  it('two identical texts, and both are there: both are sent', async () => {
    world.imsg.behave({ message: 'late', answer: deliveryFailure('may_have_completed') })
    const first = world.outgoing('code 2')
    expect(await world.sent(first)).toMatchObject(NOTHING_FOUND)
    world.imsg.leaveLate()
    expect(await world.send('code 2')).toMatchObject({ kind: 'sent' })
    await world.hasReceipt(first.attempt, 'sent')
    expect(world.copies('code 2')).toBe(2)
  })
})

describe('what a child writes', () => {
  it('lines that are no JSON-RPC, and answers to nothing, are passed over', async () => {
    const writes = [
      'Warning: something',
      '{"jsonrpc":"2.0"}',
      '[]',
      'null',
      '{"id":99999,"result":{}}',
      '{"id":1,"result":{}}',
    ]
    world.imsg.behave({ writes })
    expect(await world.send('among noise')).toMatchObject({ kind: 'sent' })
    expect(world.copies('among noise')).toBe(1)
  })

  it('nothing but noise, or a line without end, is its end: the next child finds what left, and no memory is filled', async () => {
    const { started } = world.imsg
    world.imsg.behave({ writes: Array.from({ length: 60 }, (_, i) => `noise ${i}`), answer: 'none' })
    expect(await world.send('in the noise')).toMatchObject({ kind: 'sent' })
    world.imsg.behave({ writes: [9_000_000], answer: 'none' })
    expect(await world.send('behind a wall')).toMatchObject({ kind: 'sent' })
    expect(world.imsg.started).toBe(started + 2)
    expect([world.copies('in the noise'), world.copies('behind a wall')]).toEqual([1, 1])
  })

  it('"reads up to four at once, possibly answered out of order": each is the answer to its own question', async () => {
    bridged.imsg.behave({ on: 'handles.check', answerAfterCalls: 1 })
    const available = (to: string) => bridged.driver.command({ name: 'availability', args: { to } })
    const replies = await Promise.all([available(THEM), available(NOBODY)])
    expect(replies.map(({ data }) => data)).toEqual([{ available: true }, { available: false }])
  })
})
