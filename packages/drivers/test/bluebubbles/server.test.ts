/**
 * BlueBubbles as a server that may be away, slow, closed to us, or somebody else.
 * Proves: the health says why in a sentence with what to do; nothing crashes, hangs or repeats; no password is in anything that is said.
 * World: the driver over real HTTP and websocket, a fake BlueBubbles as a process of its own.
 */
import type { DriverCommandName } from '@bluewire/contract/node-protocol/commands'
import { FakeBlueBubbles, PASSWORD } from '@bluewire/testkit/fake-bluebubbles/fake-bluebubbles'
import { until } from '@bluewire/testkit/stories/until'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { LINE, THEM, World } from './bluebubbles-world.ts'

let fake: FakeBlueBubbles
beforeAll(async () => {
  fake = await FakeBlueBubbles.start()
})
afterAll(() => fake[Symbol.asyncDispose]())

const said: unknown[] = []
afterEach(() => {
  for (const form of [PASSWORD, encodeURIComponent(PASSWORD), encodeURI(PASSWORD), 'wrong secret'])
    expect(JSON.stringify(said)).not.toContain(form)
})

describe('health', () => {
  test('all is well', async () => {
    await using world = await World.open(fake, { fake: { privateApi: true } })
    const health = await world.healthIs('ok')
    said.push(health)
    expect(health.checks?.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'password ok',
      'server ok',
      'private_api ok',
      'imessage_account ok',
      'inbound ok',
      'events ok',
      'conditions ok',
    ])
  })

  test('the wrong password: 401 over REST, put out of the socket, and no try that does harm', async () => {
    await using world = await World.make(fake, { settings: { password: 'wrong secret' } })
    await world.start()
    const health = await world.healthIs('broken', /does not take the password.*node\.json/)
    const outcome = await world.send('hello')
    said.push(health, outcome, world.driver.refuses(world.outgoing('x')), world.healths)
    expect(outcome).toMatchObject({ kind: 'not_sent', class: 'never_handed' })
    expect(await fake.requests()).toEqual([])
  })

  test('no password: nothing is asked, and it says where to write one', async () => {
    await using world = await World.make(fake, { settings: { password: '' } })
    await world.start()
    await world.healthIs('broken', /holds no password.*driver\.settings\.password/)
    expect(world.driver.refuses(world.outgoing('x'))).toMatchObject({ reason: 'node_refused' })
  })

  test.each([
    ['page', /is not BlueBubbles \(HTTP 200\)/],
    ['redirect', /sends us on to https:\/\/elsewhere\.example\. /],
    ['garbage', /is not BlueBubbles \(HTTP 200\)/],
    ['huge', /longer than 1 MiB|has not answered/],
    ['silent', /gave no whole answer/],
    ['cut', /gave no whole answer/],
  ] as const)('every answer is %s, and then it is BlueBubbles again', async (how, says) => {
    await using world = await World.make(fake, { timings: { ask: 250, start: 300 } })
    await fake.serve({ path: '', how })
    await world.start()
    const health = await until('the health says why', () => {
      const now = world.driver.health()
      return now.state !== 'ok' && says.test(now.detail ?? '') ? now : null
    })
    const outcome = await world.send('hello')
    said.push(health, outcome, world.healths)
    expect(outcome).toMatchObject({ kind: 'not_sent', class: 'never_handed' })
    await fake.serve(null)
    await world.healthIs('ok')
    expect(await world.send('hello')).toMatchObject({ kind: 'sent' })
    expect(await fake.texts()).toEqual(['hello'])
  })

  test('a redirect of the very request that sends: nothing was done, and it is not followed', async () => {
    await using world = await World.open(fake)
    await fake.serve({ path: 'chat/new', how: 'redirect', times: 1 })
    const outcome = await world.send('hello')
    said.push(outcome)
    expect(outcome).toMatchObject({ kind: 'not_sent', class: 'never_handed' })
    expect(await fake.phones()).toEqual([])
  })

  test('a page in place of the answer to a send: it may have gone out', async () => {
    await using world = await World.open(fake)
    await fake.serve({ path: 'chat/new', how: 'page', times: 1 })
    expect(await world.send('hello')).toMatchObject({ kind: 'unknown' })
  })

  test('slow answers are waited for', async () => {
    await using world = await World.open(fake)
    await fake.serve({ path: 'chat/new', how: 'slow', times: 1 })
    expect(await world.send('hello')).toMatchObject({ kind: 'sent' })
  })

  test('a slow start does not hold up the node', async () => {
    await using world = await World.make(fake, { timings: { start: 50, ask: 4_000 } })
    await fake.serve({ path: 'server/info', how: 'silent', times: 1 })
    const startMs = performance.now()
    await world.start()
    expect(performance.now() - startMs).toBeLessThan(3_500)
    expect(world.driver.atMostOnce).toBe(false)
    await world.healthIs('ok')
  })

  test('an account that is signed out shows in the health until something is sent again', async () => {
    await using world = await World.open(fake)
    await fake.behave({ fates: [{ kind: 'error', code: 40 }] })
    expect(await world.send('hello')).toMatchObject({ kind: 'unknown', reason: 'apple_error_40' })
    await world.healthIs('degraded', /error 40/)
    await world.send('again')
    await world.healthIs('ok')
  })

  test('after the Mac slept everything is looked at anew', async () => {
    await using world = await World.open(fake, { timings: { read: 60_000, health: 60_000 } })
    const before = (await fake.requests(/^server\/info$/)).length
    world.driver.woke?.()
    await until('it is asked', async () => (await fake.requests(/^server\/info$/)).length > before)
    await until('events are pushed again', async () => (await fake.ask<number>({ do: 'sockets' })) === 1)
  })

  test('stopped twice, and before it was started', async () => {
    const world = await World.make(fake)
    await world.driver.stop()
    await world.driver.stop()
    await world.start()
    expect(await world.send('hello')).toMatchObject({ kind: 'not_sent', class: 'never_handed' })
    expect(await fake.requests()).toEqual([])
  })
})

describe('commands', () => {
  const PAPI = { fake: { privateApi: true } } as const

  test('each as BlueBubbles has it', async () => {
    await using world = await World.open(fake, PAPI)
    await fake.ask({ do: 'chat', guid: `iMessage;-;${THEM}` })
    const [guid = ''] = await fake.receive({ text: 'hello' })
    const before = (await fake.requests()).length
    const commands: Array<[DriverCommandName, object]> = [
      ['typing', { to: THEM, on: true }],
      ['typing', { to: THEM, on: false }],
      ['read', { to: THEM }],
      ['react', { to: THEM, guid, reaction: 'love', part: 1 }],
      ['react', { to: THEM, guid, reaction: 'laugh', on: false }],
      ['edit', { to: THEM, guid, body: 'new' }],
      ['unsend', { to: THEM, guid }],
      ['restart_messages', {}],
    ]
    for (const [name, args] of commands)
      expect(await world.driver.command?.({ name, args }), name).toEqual({ ok: true })
    const done = (await fake.requests(/typing|read$|react|edit|unsend|restart/)).slice(-commands.length)
    expect(before).toBeGreaterThan(0)
    const chat = encodeURIComponent(`iMessage;-;${THEM}`)
    expect(done.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `POST chat/${chat}/typing`,
      `DELETE chat/${chat}/typing`,
      `POST chat/${chat}/read`,
      'POST message/react',
      'POST message/react',
      `POST message/${guid}/edit`,
      `POST message/${guid}/unsend`,
      'POST mac/imessage/restart',
    ])
    expect(done.map(({ body }) => body['reaction']).filter(Boolean)).toEqual(['love', '-laugh'])
    expect(done[3]?.body).toMatchObject({ partIndex: 1, selectedMessageGuid: guid })
  })

  test('availability', async () => {
    await using world = await World.open(fake, PAPI)
    const ask = (to: string) => world.driver.command?.({ name: 'availability', args: { to } })
    expect(await ask(THEM)).toEqual({ ok: true, data: { available: true } })
    expect(await ask('+14155550009')).toEqual({ ok: true, data: { available: false } })
  })

  test('what cannot be done, or is not known to be, says so', async () => {
    await using world = await World.open(fake, PAPI)
    const ask = async (name: DriverCommandName, args: object) => {
      const reply = await world.driver.command?.({ name, args })
      said.push(reply)
      return reply?.detail
    }
    expect(await ask('typing', { to: '+14155550000', on: true })).toMatch(/no conversation/)
    expect(await ask('react', { to: THEM, guid: 'X' })).toMatch(/no conversation|names a message/)
    expect(await ask('edit', { guid: 'X' })).toMatch(/new text/)
    expect(await ask('availability', {})).toMatch(/was not said/)
    await fake.ask({ do: 'chat', guid: `iMessage;-;${THEM}` })
    expect(await ask('react', { to: THEM, guid: 'X', reaction: 'emoji', emoji: '🦆' })).toMatch(/six reactions/)
    await fake.serve({ path: 'mac/', how: 'silent', times: 1 })
    expect(await ask('restart_messages', {})).toMatch(/is not known/)
    await fake.ask({ do: 'helper', connected: false })
    expect(await ask('read', { to: THEM })).toMatch(/HTTP 500/)
    await fake.ask({ do: 'down' })
    expect(await ask('read', { to: THEM })).toMatch(/nothing was done/)
    await fake.ask({ do: 'up' })
  })
})

test('the line and the address of a person are in nothing that is said', () => {
  expect(JSON.stringify(said)).not.toContain(LINE.slice(1))
  expect(JSON.stringify(said)).not.toContain(THEM.slice(1))
})
