/**
 * The same text twice, and the same request twice.
 * Proves: two messages with one text to one recipient reach it twice and no more, also when the first hangs or has just arrived and the
 * node or the gateway dies then; requests that come at once under one key are one message; and of fifty that come at once one passes a
 * quota of one.
 * World: a gateway and a node as processes, over HTTP.
 */
import { expect, test } from 'vitest'
import { until } from '../../src/stories/until.ts'
import { killed, Platform } from './platform.ts'

const STORY_MS = 120_000
const BODY = 'the same text'
/** Magic recipients: it takes 5 s; it arrives, and the link is gone for a second. */
const SLOW = '+15005550108'
const LINK_DROPS = '+15005550109'
const ANYBODY = '+14155550123'

test.for([
  ['the first hangs, and the node dies', SLOW, 'node'],
  ['the first hangs, and the gateway dies', SLOW, 'gateway'],
  ['the first has arrived and nobody was told, and the node dies', LINK_DROPS, 'node'],
] as const)('two texts: %s', { timeout: STORY_MS }, async ([, to, victim]) => {
  const platform = await Platform.start()
  const ids: string[] = []
  for (const key of ['first', 'second']) {
    const { body } = await platform.client.sendSurely({ to, body: BODY, key })
    ids.push(body.message_id ?? '')
  }
  await platform.node.until(({ stdout }) => stdout.includes('attempt.started'))
  if (to === LINK_DROPS) await platform.untilTexts(1)
  await killed(platform[victim])
  if (victim === 'node') await platform.startNode()
  else await platform.startGateway()
  await platform.untilAllEnded({ sentIsEnough: true })
  const texts = platform.texts()
  expect(texts.map(({ body }) => body)).toEqual([BODY, BODY])
  const views = await Promise.all(ids.map((id) => platform.client.message(id)))
  const sent = views
    .flatMap((view) => view?.attempts ?? [])
    .filter(({ state }) => state === 'sent' || state === 'delivered')
  expect(sent.map(({ id }) => id)).toEqual(texts.map(({ attempt }) => attempt))
})

test('one key at once, twenty times: one message', { timeout: STORY_MS }, async () => {
  const platform = await Platform.start()
  const asked = { to: ANYBODY, body: BODY, key: 'one' }
  const answers = await Promise.all(Array.from({ length: 20 }, () => platform.client.send(asked)))
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
  expect(new Set(answers.map(({ body }) => body.message_id)).size).toBe(1)
  expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1)
  const others = await Promise.all([platform.client.send({ ...asked, body: 'another' }), platform.client.send(asked)])
  expect(others.map(({ status }) => status)).toEqual([422, 200])
  expect(await platform.untilAllEnded()).toEqual({ delivered: 1 })
  expect(platform.texts()).toHaveLength(1)
})

test('fifty at once against a quota of one: one passes', { timeout: STORY_MS }, async () => {
  const platform = await Platform.start()
  const { code } = await platform.admin('account', 'set', 'Quick start', '--plan', 'free', '--quota', '1')
  expect(code).toBe(0)
  const bodies = Array.from({ length: 50 }, (_, i) => `text ${i}`)
  const answers = await Promise.all(bodies.map((body) => platform.client.send({ to: ANYBODY, body })))
  const refused = answers.filter(({ status }) => status !== 200)
  expect(refused).toHaveLength(49)
  for (const { status, body } of refused) expect([status, body.data?.code]).toEqual([400, 'quota_exceeded'])
  const id = answers.find(({ status }) => status === 200)?.body.message_id ?? ''
  await until('it is sent', async () => (await platform.client.message(id))?.status === 'delivered')
  expect(platform.messageIds()).toEqual([id])
  expect(platform.texts()).toHaveLength(1)
})
