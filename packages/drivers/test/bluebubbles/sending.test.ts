/**
 * Sending through BlueBubbles.
 * Proves: each attempt is handed over once, whatever the answer; `sent` is said on evidence alone, `not_sent` on proof, and everything else is
 * unknown; what BlueBubbles sends a second time by itself is not ours.
 * World: the driver over real HTTP and websocket, a fake BlueBubbles as a process of its own with a chat.db in SQLite; the phones are the truth.
 */
import { writeFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeBlueBubbles } from '@bluewire/testkit/fake-bluebubbles/fake-bluebubbles'
import { until } from '@bluewire/testkit/stories/until'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LINE, THEM, World } from './bluebubbles-world.ts'

let fake: FakeBlueBubbles
beforeAll(async () => {
  fake = await FakeBlueBubbles.start()
})
afterAll(() => fake[Symbol.asyncDispose]())

const PAPI = { fake: { privateApi: true } } as const

describe('an ordinary text', () => {
  test('by AppleScript to somebody new: a chat is made with it, once, and it is sent when Messages says so', async () => {
    await using world = await World.open(fake)
    expect(world.driver.atMostOnce).toBe(false)
    expect(await world.send('hello')).toMatchObject({ kind: 'sent', rowGuids: [expect.any(String)] })
    expect(await fake.phones()).toMatchObject([{ service: 'iMessage', to: THEM, text: 'hello' }])
    expect((await fake.sends()).map(({ path, body }) => [path, body['method'], body['service']])).toEqual([
      ['chat/new', 'apple-script', 'iMessage'],
    ])
    await world.hasReceipt('delivered')
  })

  test('by the private API into a chat that is there, with an effect and as a reply', async () => {
    await using world = await World.open(fake, PAPI)
    expect(world.driver.atMostOnce).toBe(true)
    expect(world.driver.capabilities).toContain('effects')
    await fake.ask({ do: 'chat', guid: `iMessage;-;${THEM}`, lastService: 'iMessage' })
    const replyTo = { guid: 'AAAA', part: 1 }
    expect(await world.send('hello', { effect: 'confetti', replyTo })).toMatchObject({ kind: 'sent' })
    const [send, ...more] = await fake.sends()
    expect(more).toEqual([])
    expect(send).toMatchObject({
      path: 'message/text',
      body: {
        method: 'private-api',
        chatGuid: `iMessage;-;${THEM}`,
        effectId: 'com.apple.messages.effect.CKConfettiEffect',
        selectedMessageGuid: 'AAAA',
        partIndex: 1,
      },
    })
  })

  test('to somebody new by the private API, and to a group', async () => {
    await using world = await World.open(fake, PAPI)
    expect(await world.send('hello')).toMatchObject({ kind: 'sent' })
    await fake.ask({ do: 'chat', guid: 'iMessage;+;chat77' })
    expect(await world.send('all of you', { to: 'iMessage;+;chat77' })).toMatchObject({ kind: 'sent' })
    expect(await world.send('nobody', { to: 'iMessage;+;chat99' })).toMatchObject({
      kind: 'not_sent',
      class: 'never_handed',
    })
    expect((await fake.phones()).map(({ to }) => to)).toEqual([THEM, 'iMessage;+;chat77'])
  })

  test('as SMS, with no word of delivery: sent all the same', async () => {
    await using world = await World.open(fake)
    expect(await world.send('text', { service: 'sms' })).toMatchObject({ kind: 'sent' })
    expect(await fake.phones()).toMatchObject([{ service: 'SMS', to: THEM }])
    expect(world.receipts).toEqual([])
  })

  test('which the Mac turned into an SMS: sent, and said to be downgraded', async () => {
    await using world = await World.open(fake)
    await fake.behave({ fates: [{ kind: 'sent', service: 'SMS' }] })
    expect(await world.send('text')).toMatchObject({ kind: 'sent', wasDowngraded: true })
  })

  test('on macOS 26, whose chats are `any`: to the chat where it surely goes by this service, else to a new one', async () => {
    await using world = await World.open(fake, { fake: { macos: 26, privateApi: true } })
    await fake.ask({ do: 'chat', guid: `any;-;${THEM}`, lastService: 'iMessage' })
    expect(await world.send('one')).toMatchObject({ kind: 'sent' })
    expect(await world.send('two', { service: 'sms' })).toMatchObject({ kind: 'sent' })
    const where = (await fake.sends()).map(({ path, body }) => [path, body['chatGuid'] ?? body['service']])
    expect(where).toEqual([
      ['message/text', `any;-;${THEM}`],
      ['chat/new', 'SMS'],
    ])
  })
})

describe('DRIVERS 2.1, the traps of a send', () => {
  test('trap 1: the method is always said, and each request has an id that is used once', async () => {
    await using world = await World.open(fake)
    await world.send('one')
    await world.send('one')
    await world.send('two', { service: 'sms' })
    const sends = await fake.sends()
    expect(sends.map(({ body }) => body['method'])).toEqual(['apple-script', 'apple-script', 'apple-script'])
    expect(new Set(sends.map(({ body }) => body['tempGuid'])).size).toBe(3)
  })

  test('trap 2: a message of ours comes as two events, and is told to nobody', async () => {
    await using world = await World.open(fake)
    await world.send('hello')
    await world.hasReceipt('delivered')
    await world.afterNextReadings()
    expect(world.told).toEqual([])
  })

  test('trap 4: an error that is written late, without an event, is found before anything is called sent', async () => {
    await using world = await World.open(fake)
    await fake.behave({ fates: [{ kind: 'error', code: 22, afterMs: 250 }] })
    expect(await world.send('hello')).toMatchObject({
      kind: 'not_sent',
      class: 'refused',
      reason: 'recipient_not_on_imessage',
    })
    await fake.behave({ fates: [{ kind: 'error', code: 4, afterMs: 200 }] })
    expect(await world.send('again')).toMatchObject({ kind: 'unknown', reason: 'apple_error_4' })
    expect(await fake.phones()).toEqual([])
    expect(await fake.sends()).toHaveLength(2)
  })

  test('trap 4: an error after it was sent is found by looking, and reported once', async () => {
    await using world = await World.open(fake)
    await fake.behave({ fates: [{ kind: 'bounced', code: 3, afterMs: 200 }] })
    expect(await world.send('hello')).toMatchObject({ kind: 'sent' })
    await world.hasReceipt('bounced apple_error_3')
    await world.afterNextReadings()
    expect(world.facts()).toEqual(['bounced apple_error_3'])
  })

  test('trap 7: something on the way repeats the request: the answer to the repetition proves nothing', async () => {
    await using world = await World.open(fake)
    await fake.behave({ http: 'is_replayed' })
    expect(await world.send('hello')).toMatchObject({ kind: 'sent' })
    expect(await fake.texts()).toEqual(['hello'])
  })

  test('trap 8: the private API hangs after the message went out: its row ends the wait', async () => {
    await using world = await World.open(fake, { ...PAPI, timings: { textAnswer: 8_000, text: 9_000 } })
    await fake.ask({ do: 'chat', guid: `iMessage;-;${THEM}`, lastService: 'iMessage' })
    await fake.behave({ helperMs: 6_000 })
    const startMs = performance.now()
    expect(await world.send('hello', { replyTo: { guid: 'AAAA', part: 0 } })).toMatchObject({ kind: 'sent' })
    expect(performance.now() - startMs).toBeLessThan(5_000)
    expect(await fake.texts()).toEqual(['hello'])
  })

  test('trap 8: AppleScript fails on macOS 26 and nothing goes out: unknown, and never a second request', async () => {
    await using world = await World.open(fake, { fake: { macos: 26 } })
    await fake.ask({ do: 'chat', guid: `any;-;${THEM}`, lastService: 'iMessage' })
    await fake.behave({ scripts: ['refused'] })
    expect(await world.send('hello')).toMatchObject({ kind: 'unknown', reason: 'no_row' })
    expect(await fake.sends()).toHaveLength(1)
    expect(await fake.phones()).toEqual([])
  })

  test('trap 9: 500 at the end of its patience, although the text went out', async () => {
    await using world = await World.open(fake)
    await fake.behave({ http: 'fails_although_sent' })
    expect(await world.send('hello')).toMatchObject({ kind: 'sent' })
    await fake.behave({ http: 'fails_although_sent', fates: [{ kind: 'nothing' }] })
    expect(await world.send('never')).toMatchObject({ kind: 'unknown', reason: 'no_row' })
    expect(await fake.texts()).toEqual(['hello'])
    expect(await fake.sends()).toHaveLength(2)
  })

  test('trap 9: 504 for a file, while BlueBubbles goes on with it', async () => {
    await using world = await World.open(fake)
    await fake.behave({})
    await fake.behave({ http: 'times_out', fates: [{ kind: 'late', afterMs: 300 }] })
    expect(await world.send('see', { files: [aFile('plan.pdf')] })).toMatchObject({ kind: 'sent' })
    expect(await fake.texts()).toEqual(['see', 'plan.pdf'])
  })
})

describe('an answer that does not come whole', () => {
  test.each(['cuts', 'cuts_in_body', 'page_502', 'says_nothing'] as const)(
    '%s, and the text went out: found by its row, sent once',
    async (http) => {
      await using world = await World.open(fake)
      await fake.behave({ http })
      expect(await world.send('hello')).toMatchObject({ kind: 'sent' })
      expect(await fake.texts()).toEqual(['hello'])
      expect(await fake.sends()).toHaveLength(1)
    },
  )

  test('and nothing went out: unknown, never not_sent, never again', async () => {
    await using world = await World.open(fake)
    await fake.behave({ http: 'cuts', fates: [{ kind: 'nothing' }] })
    expect(await world.send('hello')).toMatchObject({ kind: 'unknown', reason: 'no_row' })
    expect(await fake.sends()).toHaveLength(1)
  })

  test('and Messages does it later than anybody waits: unknown', async () => {
    await using world = await World.open(fake)
    await fake.behave({ http: 'cuts', fates: [{ kind: 'late', afterMs: 1_000 }] })
    expect(await world.send('hello')).toMatchObject({ kind: 'unknown' })
    // The same words again: the row of the first must not be taken for the second.
    await fake.behave({ http: 'cuts', fates: [{ kind: 'nothing' }] })
    expect(await world.send('hello')).toMatchObject({ kind: 'unknown', reason: 'ambiguous_rows' })
    expect(await fake.texts()).toEqual(['hello'])
  })
})

describe('no false success', () => {
  test('a row that Messages never calls sent: unknown, although BlueBubbles answered 200', async () => {
    await using world = await World.open(fake)
    await fake.behave({ fates: [{ kind: 'pending' }] })
    expect(await world.send('hello')).toMatchObject({ kind: 'unknown', reason: 'no_evidence' })
  })

  test('and when it is sent after all, that is reported', async () => {
    await using world = await World.open(fake)
    await fake.behave({ fates: [{ kind: 'pending' }] })
    await world.send('hello')
    const [row] = await fake.ask<Array<{ guid: string }>>({ do: 'rows' })
    await fake.ask({ do: 'change', guid: row?.guid ?? '', set: { is_sent: 1 } })
    await world.hasReceipt('sent')
  })

  test('a version that takes no conditions: only what is delivered is called sent', async () => {
    await using world = await World.open(fake, { fake: { conditions: false } })
    expect(await world.send('hello')).toMatchObject({ kind: 'sent' })
    await fake.behave({ fates: [{ kind: 'sent', delivered: false }] })
    expect(await world.send('there')).toMatchObject({ kind: 'unknown', reason: 'no_evidence' })
    await world.healthIs('degraded', /does not say whether a message was sent/)
  })

  test('BlueBubbles names another message, equal in letters and digits: it is not believed', async () => {
    await using world = await World.open(fake)
    await fake.ask({ do: 'chat', guid: `iMessage;-;${THEM}`, lastService: 'iMessage' })
    // By hand, on a phone, while our own hangs: both texts have no Latin letter, and are the same to BlueBubbles.
    await fake.behave({ fates: [{ kind: 'nothing' }] })
    const sending = world.send('Привет')
    await until('it was handed over', async () => (await fake.sends()).length === 1)
    await fake.receive({ fromMe: true, text: 'Пока' })
    expect(await sending).toMatchObject({ kind: 'unknown' })
  })

  test('error 22 where the Mac can send SMS: waited for, because it may still become one', async () => {
    await using world = await World.open(fake)
    await fake.behave({ fates: [{ kind: 'error', code: 22 }] })
    const sending = world.send('hello')
    const row = await until('the row has its error', async () => {
      const rows = await fake.ask<Array<{ guid: string; error: number }>>({ do: 'rows' })
      return rows.find(({ error }) => error === 22)
    })
    await fake.ask({ do: 'change', guid: row.guid, set: { error: 0, is_sent: 1, service: 'SMS', was_downgraded: 1 } })
    expect(await sending).toMatchObject({ kind: 'sent', wasDowngraded: true })
  })
})

describe('what BlueBubbles sends twice by itself', () => {
  test.each(['timed_out', '1002'] as const)('AppleScript %s: one request of ours, one outcome', async (script) => {
    await using world = await World.open(fake)
    await fake.ask({ do: 'chat', guid: `iMessage;-;${THEM}`, lastService: 'iMessage' })
    await fake.behave({ scripts: [script] })
    const outcome = await world.send('hello')
    expect(await fake.sends()).toHaveLength(1)
    await until('the second copy left', async () => (await fake.texts()).length === 2)
    expect(outcome).toMatchObject({ kind: 'sent' })
  })

  test('with the answer lost, too: which of the two is ours cannot be told', async () => {
    await using world = await World.open(fake)
    await fake.ask({ do: 'chat', guid: `iMessage;-;${THEM}`, lastService: 'iMessage' })
    await fake.behave({ scripts: ['timed_out'], http: 'page_502' })
    const outcome = await world.send('hello')
    expect(await fake.sends()).toHaveLength(1)
    // The first event of the message named it, or both rows are equal: never a second request, and no `not_sent`.
    expect(outcome.kind).not.toBe('not_sent')
  })
})

describe('proof that nothing was handed over', () => {
  test('BlueBubbles is not there', async () => {
    await using world = await World.open(fake)
    await fake.ask({ do: 'down' })
    expect(await world.send('hello')).toMatchObject({ kind: 'not_sent', class: 'never_handed', reason: 'node_refused' })
    await world.healthIs('broken', /cannot be reached/)
    expect(world.driver.refuses(world.outgoing('more'))).toMatchObject({ reason: 'node_refused' })
    await fake.ask({ do: 'up' })
    await world.healthIs('ok')
    expect(world.driver.refuses(world.outgoing('more'))).toBeNull()
    expect(await world.send('hello')).toMatchObject({ kind: 'sent' })
    expect(await fake.texts()).toEqual(['hello'])
  })

  test('the note cannot be stored', async () => {
    await using world = await World.open(fake)
    world.memory.isFull = true
    expect(await world.send('hello')).toMatchObject({
      kind: 'not_sent',
      class: 'never_handed',
      reason: 'node_disk_full',
    })
    expect(await fake.sends()).toEqual([])
  })

  test('the private API was promised, and its helper is gone', async () => {
    await using world = await World.open(fake, PAPI)
    await fake.ask({ do: 'helper', connected: false })
    await world.healthIs('broken', /private API/)
    expect(await world.send('hello')).toMatchObject({ kind: 'not_sent', class: 'never_handed' })
    expect(world.driver.atMostOnce).toBe(true)
    expect(await fake.sends()).toEqual([])
  })
})

describe('files', () => {
  test('are parts of their own, each noted before it is sent', async () => {
    await using world = await World.open(fake)
    const outgoing = world.outgoing('see', { files: [aFile('a plan.pdf'), aFile('photo "1".png')] })
    const outcome = await world.settle(outgoing)
    expect(outcome).toMatchObject({ kind: 'sent' })
    expect(outcome.kind === 'sent' ? outcome.rowGuids : []).toHaveLength(3)
    expect(await fake.texts()).toEqual(['see', 'a plan.pdf', 'photo "1".png'])
    expect(JSON.parse(world.memory.notes.get(outgoing.attempt) ?? '')).toMatchObject({ part: 2, of: 3 })
  })

  test('after one that failed nothing more is sent, and the whole is unknown', async () => {
    await using world = await World.open(fake)
    await fake.behave({})
    await fake.behave({ fates: [{ kind: 'error', code: 25 }] })
    const outcome = await world.send('see', { files: [aFile('one.pdf'), aFile('two.pdf')] })
    expect(outcome).toMatchObject({ kind: 'unknown', reason: 'parts_incomplete' })
    expect(await fake.texts()).toEqual(['see'])
    expect(await fake.sends()).toHaveLength(2)
  })

  test('one that is not there: nothing is handed over', async () => {
    await using world = await World.open(fake)
    const files = [{ path: join(tmpdir(), 'bluewire-no-such-file'), name: 'x' }]
    expect(await world.send('see', { files })).toMatchObject({ kind: 'not_sent', class: 'never_handed' })
    expect(await fake.sends()).toEqual([])
  })
})

describe('a process that died', () => {
  test('in the middle of a send: the next one finds the row, and sends nothing', async () => {
    await using world = await World.open(fake)
    await fake.behave({ http: 'says_nothing' })
    const outgoing = world.outgoing('hello')
    void world.driver.send(outgoing)
    await until('it left', async () => (await fake.phones()).length === 1)
    await world.restart()
    expect(await world.lookUp(outgoing)).toMatchObject({ kind: 'sent' })
    expect(await fake.sends()).toHaveLength(1)
  })

  test('before it noted anything: nothing was handed over', async () => {
    await using world = await World.open(fake)
    expect(await world.driver.lookUp(world.outgoing('hello'), null)).toMatchObject({
      kind: 'not_sent',
      class: 'never_handed',
    })
  })

  test('and no row: unknown', async () => {
    await using world = await World.open(fake, { timings: { text: 200 } })
    await fake.behave({ http: 'says_nothing', fates: [{ kind: 'nothing' }] })
    const outgoing = world.outgoing('hello')
    void world.driver.send(outgoing)
    await until('it was handed over', async () => (await fake.sends()).length === 1)
    await world.restart()
    expect(await world.lookUp(outgoing)).toMatchObject({ kind: 'unknown', reason: 'no_row' })
  })

  test('while BlueBubbles cannot be asked: nothing is said, and the node asks again', async () => {
    await using world = await World.open(fake, { timings: { text: 200 } })
    const outgoing = world.outgoing('hello')
    await world.settle(outgoing)
    await fake.ask({ do: 'down' })
    await expect(world.lookUp(outgoing)).rejects.toThrow('did not answer')
    await fake.ask({ do: 'up' })
    expect(await world.lookUp(outgoing)).toMatchObject({ kind: 'sent' })
  })

  test('after the first of two parts', async () => {
    await using world = await World.open(fake)
    const outgoing = world.outgoing('see', { files: [aFile('plan.pdf')] })
    await world.settle(outgoing)
    const note = JSON.parse(world.memory.notes.get(outgoing.attempt) ?? '') as Record<string, unknown>
    const first = { ...note, part: 0, file: null, done: [] }
    world.memory.notes.set(outgoing.attempt, JSON.stringify({ ...first, afterRow: 0 }))
    expect(await world.lookUp(outgoing)).toMatchObject({ kind: 'unknown', reason: 'parts_incomplete' })
  })
})

test('lines: each service has one, and the driver says what it can do', async () => {
  await using world = await World.make(fake)
  expect(world.driver.lines).toEqual([{ address: LINE, services: ['imessage', 'sms'], sends: true }])
  expect(world.driver.serialBy).toBe('node')
  await world.start()
  expect(world.driver.capabilities).not.toContain('effects')
})

function aFile(name: string): { path: string; name: string } {
  const path = join(mkdtempSync(join(tmpdir(), 'bluewire-file-')), 'file')
  writeFileSync(path, `the content of ${name}`)
  return { path, name }
}
