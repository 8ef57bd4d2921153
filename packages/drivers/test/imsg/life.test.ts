/**
 * The life of the child, and what is known of it.
 * Proves: what each version of imsg can be trusted with, and what is offered and refused accordingly; a child that hangs, dies or is not
 * there costs time and no message; health says why; commands do what they say; after a crash of the node the note tells what to look for.
 * World: the driver, real child processes of three versions, with and without the bridge.
 */
import { until } from '@bluewire/testkit/stories/until'
import { NOBODY } from '@bluewire/testkit/fake-imsg/fake-answers'
import { deliveryFailure } from '@bluewire/testkit/fake-imsg/wire'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CommandArgs } from '@bluewire/contract/node-protocol/commands'
import type { DriverCommand } from '@bluewire/drivers/driver'
import { createDriver, isDriverName, SIMULATED_DRIVERS } from '@bluewire/drivers/registry'
import { systemClock } from '@bluewire/platform/clock'
import { ImsgWorld, LINE, THEM } from './imsg-world.ts'

const BOTH = { lines: [{ address: LINE, services: ['imessage', 'sms'] }] }
const COMMON = ['imessage', 'sms', 'receipts', 'read_receipts', 'inbound', 'inbound_reactions', 'groups', 'attachments']

function check(world: ImsgWorld, name: string) {
  return world.driver.health().checks?.find((one) => one.name === name)
}

describe.concurrent('versions', () => {
  it('0.15 with a bridge can do everything that imsg can', async () => {
    await using world = await ImsgWorld.open({ bridge: true, settings: BOTH })
    expect(world.driver.atMostOnce).toBe(true)
    expect(world.driver.capabilities).toEqual([
      ...COMMON,
      'effects',
      'replies',
      'reactions',
      'emoji_reactions',
      'typing',
      'mark_read',
      'edit',
      'unsend',
      'availability',
      'restart_messages',
    ])
    expect(world.driver.health()).toMatchObject({ state: 'ok', provenAtMs: null })
  })

  it('0.15 without one can do what needs none, and learns when it comes', async () => {
    await using world = await ImsgWorld.open({ settings: BOTH, times: { statusEveryMs: 20 } })
    expect(world.driver.capabilities).toEqual(COMMON)
    expect(check(world, 'imsg_bridge')).toMatchObject({ state: 'unknown' })
    const { healthChanges } = world
    world.imsg.isBridgeUp = true
    await until('it is known', () => world.driver.capabilities.includes('reactions'))
    expect(world.healthChanges).toBeGreaterThan(healthChanges)
  })

  it('−32601 is "older than 0.14": 0.13 sends, and nothing is promised', async () => {
    await using world = await ImsgWorld.open({ version: '0.13', settings: BOTH })
    expect(world.driver.atMostOnce).toBe(false)
    expect(world.driver.capabilities).toEqual(COMMON)
    expect(check(world, 'imsg_version')).toMatchObject({ state: 'unknown', detail: expect.stringContaining('0.14') })
    expect(await world.send('old')).toMatchObject({ kind: 'sent' })
    world.imsg.behave({ answer: { code: -32603, message: 'Internal error', data: 'timed out' } })
    expect(await world.send('lost answer')).toMatchObject({ kind: 'sent' })
    world.imsg.behave({ message: 'stays', answer: { code: -32603, message: 'Internal error', data: 'timed out' } })
    expect(await world.send('not there')).toMatchObject({ kind: 'unknown', reason: 'no_evidence' })
    expect(world.texts).toEqual(['old', 'lost answer'])
  })

  it('0.9 "has no send_status": it only receives', async () => {
    await using world = await ImsgWorld.open({ version: '0.9' })
    expect(world.driver.atMostOnce).toBe(false)
    expect(world.driver.lines).toEqual([{ address: LINE, services: ['imessage'], sends: false }])
    expect(world.driver.capabilities).toEqual(['imessage', 'inbound', 'inbound_reactions'])
    expect(world.driver.refuses(world.outgoing('Hello.'))).toMatchObject({ reason: 'imsg_too_old' })
    expect(world.driver.health()).toMatchObject({ state: 'broken', detail: expect.stringContaining('0.14') })
  })
})

describe.concurrent('a child', () => {
  it('that is not there: the node runs, says why, refuses, and begins when it is there', async () => {
    await using world = await ImsgWorld.make({ settings: { path: '/nowhere/imsg' }, times: { startMs: 100 } })
    await world.start()
    expect(world.driver.health()).toMatchObject({ state: 'broken', detail: expect.stringContaining('/nowhere/imsg') })
    expect(world.driver.refuses(world.outgoing('Hello.'))).toMatchObject({ reason: 'imsg_not_running' })
    const outgoing = world.outgoing('Hello.')
    world.memory.note(outgoing.attempt, JSON.stringify({ part: 0, parts: 1, mark: 0, sent: [], isDowngraded: false }))
    await world.driver.stop()
    await expect(world.lookUp(outgoing)).rejects.toThrow('not running')
    await expect(world.driver.send(outgoing)).resolves.toMatchObject({
      class: 'never_handed',
      reason: 'imsg_not_running',
    })
  })

  it('that cannot read chat.db: nothing is taken, and health names the permission', async () => {
    await using world = await ImsgWorld.make()
    world.imsg.isDatabaseReadable = false
    await world.start()
    expect(world.driver.refuses(world.outgoing('Hello.'))).toMatchObject({ reason: 'imsg_cannot_read' })
    expect(world.driver.health()).toMatchObject({
      state: 'broken',
      detail: expect.stringContaining('Full Disk Access'),
    })
  })

  it('that stops answering is noticed without a message, and replaced', async () => {
    await using world = await ImsgWorld.open({ times: { statusEveryMs: 20, readMs: 200 } })
    world.imsg.end('stop')
    await until('another one is there', () => world.imsg.started === 2 && check(world, 'imsg_running')?.state === 'ok')
    expect(await world.send('Hello.')).toMatchObject({ kind: 'sent' })
    expect(world.imsg.running).toBe(1)
  })

  it('that dies again and again: the pauses grow, lines are refused, and health says why', async () => {
    await using world = await ImsgWorld.open()
    world.imsg.behave({ on: 'initialize', process: 'dies', times: 4 })
    world.imsg.end()
    await until('it is down', () => world.driver.refuses(world.outgoing('Hello.')) !== null)
    expect(world.driver.health()).toMatchObject({ state: 'broken', detail: expect.stringMatching(/ended with code 1/) })
    await until('it is up again', () => world.driver.refuses(world.outgoing('Hello.')) === null)
    expect(world.imsg.started).toBe(6)
  })

  it('that does not say what it is is not used', async () => {
    await using world = await ImsgWorld.make({ times: { startMs: 100, backoffMinMs: 5_000 } })
    world.imsg.behave({ on: 'initialize', answer: { code: -32602, message: 'unsupported protocol_version' } })
    await world.start()
    await until('it is said', () => world.driver.health().detail?.includes('does not say what it is'))
  })

  it('is gone when the driver stops, also a wedged one; stopping twice, or before the start, is nothing', async () => {
    const world = await ImsgWorld.make()
    await world.driver.stop()
    await world.restart()
    world.imsg.end('stop')
    await world.driver.stop()
    await world.driver.stop()
    await until('it is gone', () => world.imsg.running === 0)
    await world[Symbol.asyncDispose]()
  })
})

describe('health', () => {
  it('knows what a permission, the account and the address have to do with it', async () => {
    await using world = await ImsgWorld.open()
    await world.isWatching()
    expect(world.driver.health().provenAtMs).toBeNull()
    const denied = {
      code: -32603,
      message: 'Internal error',
      data: 'Not authorized to send Apple events to Messages. (-1743)',
    }
    world.imsg.behave({ message: 'stays', answer: denied })
    await world.send('1')
    expect(check(world, 'automation')).toMatchObject({ state: 'problem' })
    world.imsg.behave({ row: { error: 40 } })
    await world.send('2')
    expect(check(world, 'imessage_account')).toMatchObject({ state: 'problem', detail: expect.stringContaining('40') })
    expect(world.driver.health().state).toBe('degraded')
    await world.send('3')
    expect(world.driver.health()).toMatchObject({ state: 'ok', provenAtMs: expect.any(Number) })
    world.imsg.behave({
      row: { kind: 'none' },
      meanwhile: () => {
        const chat = world.imsg.messages.chatWith(THEM, 'iMessage')
        world.imsg.add({ chat, isFromMe: true, text: '4', isSent: true, destinationCallerId: 'me@example.com' })
      },
    })
    expect(await world.send('4')).toMatchObject({ kind: 'sent' })
    await until('it is noticed', () => check(world, 'sending_address')?.state === 'problem')
    expect(JSON.stringify(world.driver.health())).not.toContain('me@example.com')
  })
})

describe('commands', () => {
  let world: ImsgWorld
  beforeAll(async () => {
    world = await ImsgWorld.make({ bridge: true })
    world.imsg.chat(THEM)
    await world.start()
    await until('the chats are known', () => world.imsg.calls('chats.list').length > 1)
  })
  afterAll(() => world[Symbol.asyncDispose]())

  const run = (name: DriverCommand['name'], args: CommandArgs = {}) => world.driver.command({ name, args })
  const chat_guid = `iMessage;-;${THEM}`

  it.each<[DriverCommand['name'], CommandArgs, string, object]>([
    ['typing', { to: THEM, on: false }, 'typing', { to: THEM, typing: false }],
    ['read', { to: THEM }, 'read', { to: THEM }],
    [
      'react',
      { to: THEM, guid: 'A', reaction: 'love' },
      'tapback',
      { chat_guid, message_id: 'A', reaction: 'love', remove: false },
    ],
    [
      'react',
      { to: THEM, guid: 'A', part: 1, reaction: 'emoji', emoji: '🎉', on: false },
      'tapback',
      { chat_guid, message_id: 'A', part_index: 1, emoji: '🎉', remove: true },
    ],
    ['edit', { to: THEM, guid: 'A', body: 'new' }, 'message.edit', { chat_guid, message_id: 'A', text: 'new' }],
    ['unsend', { to: THEM, guid: 'A' }, 'message.unsend', { chat_guid, message_id: 'A' }],
  ])('%s', async (...[name, args, method, params]) => {
    expect(await run(name, args)).toEqual({ ok: true })
    expect(world.imsg.calls(method).at(-1)?.params).toEqual(params)
  })

  it('availability', async () => {
    expect(await run('availability', { to: THEM })).toEqual({ ok: true, data: { available: true } })
    expect(await run('availability', { to: NOBODY })).toEqual({ ok: true, data: { available: false } })
  })

  it('that lack something are not asked', async () => {
    for (const name of ['typing', 'read', 'react', 'edit', 'unsend', 'availability'] as const) {
      expect(await run(name)).toMatchObject({ ok: false, detail: expect.stringContaining('to') })
    }
    expect(await run('react', { to: THEM, guid: 'A' })).toMatchObject({ ok: false })
    expect(await run('react', { to: THEM, guid: 'A', reaction: 'emoji' })).toMatchObject({ ok: false })
    expect(await run('edit', { to: THEM, guid: 'A' })).toMatchObject({ ok: false })
  })

  it('say what is known when they fail, without numbers of people', async () => {
    world.imsg.behave({ on: 'tapback', answer: deliveryFailure('not_started') })
    expect(await run('react', { to: THEM, guid: 'A', reaction: 'like' })).toMatchObject({
      detail: expect.stringMatching(/not done/),
    })
    world.imsg.behave({ on: 'tapback', answer: { code: -32602, message: 'Invalid params', data: `unknown ${THEM}` } })
    const failed = await run('react', { to: THEM, guid: 'A', reaction: 'like' })
    expect(failed).toMatchObject({ ok: false, detail: expect.stringMatching(/not known/) })
    expect(failed.detail).not.toContain(THEM)
  })

  it('that hang do not hold the messages behind them', async () => {
    const { started } = world.imsg
    world.imsg.behave({ on: 'typing', answer: deliveryFailure('still_in_flight') })
    expect(await run('typing', { to: THEM })).toMatchObject({ ok: false })
    expect(await world.send('after it')).toMatchObject({ kind: 'sent' })
    expect(world.imsg.started).toBe(started + 1)
  })

  it('restart_messages starts Messages with the bridge in it', async () => {
    world.imsg.isBridgeUp = false
    expect(await run('restart_messages')).toMatchObject({ ok: true })
    expect(world.imsg.isBridgeUp).toBe(true)
    world.imsg.behave({ on: 'launch', answer: { code: 1, message: 'SIP is enabled' } })
    expect(await run('restart_messages')).toMatchObject({ ok: false, detail: expect.stringContaining('imsg launch') })
  })
})

describe('after a crash of the node', () => {
  let world: ImsgWorld
  beforeAll(async () => {
    world = await ImsgWorld.open({ bridge: true })
  })
  afterAll(() => world[Symbol.asyncDispose]())

  it('nothing was noted: nothing was touched', async () => {
    expect(await world.lookUp(world.outgoing('never'))).toMatchObject({ kind: 'not_sent', class: 'never_handed' })
  })

  it('a note that is none of ours proves nothing', async () => {
    const outgoing = world.outgoing('odd')
    world.memory.note(outgoing.attempt, 'odd')
    expect(await world.lookUp(outgoing)).toMatchObject({ kind: 'unknown' })
  })

  it('in the middle of a send: nothing is said, and the next process finds it, by text and by guid', async () => {
    for (const [i, body] of ['by text', 'by guid'].entries()) {
      world.imsg.behave({ answer: 'none' })
      const outgoing = world.outgoing(body)
      let hasSaid = false
      void world.driver.send(outgoing).then(() => (hasSaid = true))
      await until('it left', () => world.copies(body) > 0)
      await world.restart()
      expect(await world.lookUp(outgoing)).toMatchObject({ kind: 'sent', rowGuids: [await world.guidOf(body)] })
      expect(hasSaid).toBe(false)
      expect(world.copies(body)).toBe(1)
      expect(world.imsg.left.at(-1)).toMatchObject({ method: i === 0 ? 'send' : 'send.tracked' })
    }
  })

  it('and it never left: unknown, never "not sent", and looking does not send', async () => {
    world.imsg.behave({ message: 'stays', answer: 'none' })
    const outgoing = world.outgoing('never left')
    void world.driver.send(outgoing)
    await until('it was handed over', () => world.imsg.heard.some(({ params }) => params['text'] === 'never left'))
    await world.restart()
    expect(await world.lookUp(outgoing)).toMatchObject({ kind: 'unknown', reason: 'no_evidence' })
    expect(world.copies('never left')).toBe(0)
  })

  it('between two parts: unknown, and the second one is not sent', async () => {
    const outgoing = world.outgoing('first part')
    const chat = world.imsg.messages.chatWith(THEM, 'iMessage')
    const mark = world.imsg.messages.tail
    world.imsg.add({ chat, isFromMe: true, text: 'first part', isSent: true })
    world.memory.note(outgoing.attempt, JSON.stringify({ part: 0, parts: 2, mark, sent: [], isDowngraded: false }))
    expect(await world.lookUp(outgoing)).toMatchObject({ kind: 'unknown', reason: 'parts_incomplete' })
  })

  it('in the last part: sent, with the rows of all', async () => {
    const outgoing = world.outgoing('with a file')
    const chat = world.imsg.messages.chatWith(THEM, 'iMessage')
    const mark = world.imsg.messages.tail
    const { guid } = world.imsg.add({ chat, isFromMe: true, files: ['staged/a.pdf'], isSent: true })
    const note = { part: 1, parts: 2, mark, sent: ['FIRST'], isDowngraded: true, file: 'a.pdf' }
    world.memory.note(outgoing.attempt, JSON.stringify(note))
    expect(await world.lookUp(outgoing)).toEqual({ kind: 'sent', rowGuids: ['FIRST', guid], wasDowngraded: true })
  })
})

describe('settings', () => {
  const made = (settings: unknown) => createDriver('imsg', { clock: systemClock, dataDirectory: '/nowhere', settings })

  it('make a driver that is registered, and not simulated', async () => {
    expect(isDriverName('imsg')).toBe(true)
    expect(SIMULATED_DRIVERS).not.toContain('imsg')
    const driver = await made({ lines: [{ address: LINE, services: ['imessage'] }] })
    expect(driver).toMatchObject({ name: 'imsg', simulated: false, serialBy: 'node', atMostOnce: false })
  })

  it('of which only one line sends: the first, or the one that is named', async () => {
    const other = '+15005550002'
    const two = await made({ lines: [LINE, other].map((address) => ({ address, services: ['imessage'] })) })
    expect(two.lines.map(({ sends }) => sends)).toEqual([true, false])
    const named = await made({
      lines: [
        { address: LINE, services: ['imessage'] },
        { address: other, services: ['imessage'], sends: true },
      ],
    })
    expect(named.lines.map(({ sends }) => sends)).toEqual([false, true])
  })

  it.each([
    ['a path that is not absolute', { path: 'imsg', lines: [{ address: LINE, services: ['imessage'] }] }, 'absolute'],
    ['no lines', { lines: [] }, 'lines'],
    [
      'two lines that send',
      { lines: [LINE, LINE].map((address) => ({ address, services: ['sms'], sends: true })) },
      'only one line',
    ],
    ['a word that it does not know', { lines: [{ address: LINE, services: ['imessage'] }], pathh: '/x' }, 'pathh'],
    ['a region that is none', { lines: [{ address: LINE, services: ['imessage'] }], region: 'us' }, 'capital'],
  ])('with %s are refused', async (_what, settings, word) => {
    await expect(made(settings)).rejects.toThrow(word)
  })
})
