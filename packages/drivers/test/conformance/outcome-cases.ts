/** What a provider says of a send, against a peer that misbehaves: `sent` and `not_sent` only on evidence, and never twice at the phone. */
import assert from 'node:assert/strict'
import { REASONS } from '@bluewire/drivers/provider'
import type { OutgoingSms, ProviderOutcome } from '@bluewire/drivers/provider'
import { until } from '@bluewire/testkit/stories/until'
import { aCase } from './case.ts'
import type { Case } from './case.ts'
import type { Behaviour } from './peer.ts'
import type { World } from './world.ts'

/** Shorter than any peer's patience, longer than an answer on one machine takes. */
const SHORT_MS = 500

function isRefused(outcome: ProviderOutcome, reason?: string): void {
  assert(outcome.kind === 'not_sent', `it said ${outcome.kind}`)
  assert.equal(outcome.class, 'refused')
  if (reason !== undefined) assert.equal(outcome.reason, reason)
}

function isNeverHanded(outcome: ProviderOutcome, reason?: string): void {
  assert(outcome.kind === 'not_sent', `it said ${outcome.kind}`)
  assert.equal(outcome.class, 'never_handed')
  if (reason !== undefined) assert.equal(outcome.reason, reason)
}

function isThrottled(outcome: ProviderOutcome): void {
  isNeverHanded(outcome, REASONS.throttled)
  assert(outcome.kind === 'not_sent' && (outcome.retryAfterMs ?? 0) > 0, 'it did not say for how long')
}

const isSent = (outcome: ProviderOutcome): void => assert.equal(outcome.kind, 'sent', reasonOf(outcome))
const isUnknown = (outcome: ProviderOutcome): void => assert.equal(outcome.kind, 'unknown', reasonOf(outcome))
const reasonOf = (outcome: ProviderOutcome): string => JSON.stringify(outcome)

/** Another provider would be one more suspect: it must work again by itself. */
async function worksAgain(world: World, expected: number): Promise<void> {
  await world.peer.behave('accept')
  await until('the provider is ready again', () => world.provider.isReady)
  isSent(await world.send())
  await world.phoneHas(expected, 'after a good message')
}

/** The peer takes it, and its answer says nothing that can be trusted. */
function takenAndNotSaid(behaviour: Behaviour, title: string): Case {
  return aCase(title, behaviour, async (world) => {
    await world.connect({ answerWithinMs: SHORT_MS })
    await world.peer.behave(behaviour)
    isUnknown(await world.send())
    await world.arrives(1)
    await worksAgain(world, 2)
  })
}

const good: readonly Case[] = [
  aCase('a message that is taken is `sent`, and arrives once', 'accept', async (world) => {
    await world.connect()
    await world.peer.behave('accept')
    const sms = world.sms()
    isSent(await world.send(sms))
    const [arrived] = await world.phone()
    assert.deepEqual(
      { to: arrived?.to, body: arrived?.body, from: arrived?.from },
      { to: sms.to, body: sms.body, from: sms.line },
    )
    await world.phoneHas(1, 'after one message')
    assert.equal(world.provider.health().state, 'ok')
  }),
  aCase('an answer that comes late is `sent`', 'answer_late', async (world) => {
    await world.connect()
    await world.peer.behave('answer_late')
    isSent(await world.send())
    await world.phoneHas(1, 'after one message')
  }),
  aCase('50 at once: each arrives once, or is said not to be sent', 'accept', async (world) => {
    await world.connect()
    await world.peer.behave('accept')
    const texts = Array.from({ length: 50 }, (_, i) => world.sms(`One of fifty, number ${i}`))
    const outcomes = await Promise.all(texts.map((sms) => world.send(sms)))
    const sent = texts.filter((_, i) => outcomes[i]?.kind === 'sent')
    outcomes.filter(({ kind }) => kind !== 'sent').forEach((outcome) => isNeverHanded(outcome))
    assert(sent.length >= Math.min(50, world.provider.window), `only ${sent.length} of 50 were sent`)
    assert.deepEqual(bodiesOf(await world.phone()), bodiesOf(sent))
  }),
]

const bodiesOf = (messages: ReadonlyArray<Pick<OutgoingSms, 'body'>>): string[] =>
  messages.map(({ body }) => body).sort()

const refusals: readonly Case[] = [
  aCase('a refusal is `not_sent`, for good', 'refuse', async (world) => {
    await world.connect()
    await world.peer.behave('refuse')
    isRefused(await world.send())
    await world.phoneHas(0, 'after a refusal')
    await worksAgain(world, 1)
  }),
  aCase('a recipient who opted out is told apart', 'refuse_opted_out', async (world) => {
    await world.connect()
    await world.peer.behave('refuse_opted_out')
    isRefused(await world.send(), REASONS.optedOut)
    await world.phoneHas(0, 'after a refusal')
  }),
  aCase('a refusal inside a success is `not_sent`', 'error_in_ok', async (world) => {
    await world.connect()
    await world.peer.behave('error_in_ok')
    isRefused(await world.send())
    await world.phoneHas(0, 'after a refusal')
  }),
  aCase('too fast once: it may be tried again after a while, and then arrives once', 'throttle_once', async (world) => {
    await world.connect()
    await world.peer.behave('throttle_once')
    const sms = world.sms()
    isThrottled(await world.send(sms))
    await world.phoneHas(0, 'while it was throttled')
    await until('the provider is ready again', () => world.provider.isReady)
    isSent(await world.send(world.again(sms)))
    await world.phoneHas(1, 'after the second try')
  }),
  aCase('too fast for ever: nothing arrives, and each try says so', 'throttle', async (world) => {
    await world.connect()
    await world.peer.behave('throttle')
    const sms = world.sms()
    isThrottled(await world.send(sms))
    isThrottled(await world.send(world.again(sms)))
    await world.phoneHas(0, 'while it was throttled')
    await worksAgain(world, 1)
  }),
  aCase('what may not leave any more does not leave', async (world) => {
    await world.connect()
    isNeverHanded(await world.send(world.sms(), () => false), REASONS.leaseLost)
    isSent(await world.send())
    await world.phoneHas(1, 'after one that might not leave and one that might')
  }),
]

const doubts: readonly Case[] = [
  takenAndNotSaid('lose_answer', 'an answer that never comes leaves it `unknown`'),
  takenAndNotSaid('cut_after_reading', 'a connection that ends in place of the answer leaves it `unknown`'),
  takenAndNotSaid('cut_in_answer', 'a connection that ends in the answer leaves it `unknown`'),
  takenAndNotSaid('garbage_answer', 'an answer without sense leaves it `unknown`'),
  takenAndNotSaid('server_error', "an error of the peer's own leaves it `unknown`"),
  aCase('an answer without an id is `sent` without one, or `unknown`', 'no_id', async (world) => {
    await world.connect({ answerWithinMs: SHORT_MS })
    await world.peer.behave('no_id')
    const outcome = await world.send()
    assert.notEqual(outcome.kind, 'not_sent', reasonOf(outcome))
    if (outcome.kind === 'sent') assert.deepEqual(outcome.refs, [])
    await world.phoneHas(1, 'after one message')
  }),
  aCase('a connection that ends before anything was read is never `sent`', 'cut_before_reading', async (world) => {
    await world.connect({ answerWithinMs: SHORT_MS })
    await world.peer.behave('cut_before_reading')
    const outcome = await world.send()
    assert.notEqual(outcome.kind, 'sent', reasonOf(outcome))
    await world.phoneHas(0, 'after a cut')
    await worksAgain(world, 1)
  }),
  aCase(
    '20 at once whose answers are lost: each is `unknown`, and arrives at most once',
    'lose_answer',
    async (world) => {
      await world.connect({ answerWithinMs: SHORT_MS })
      await world.peer.behave('lose_answer')
      const texts = Array.from({ length: 20 }, (_, i) => world.sms(`One of twenty, number ${i}`))
      const outcomes = await Promise.all(texts.map((sms) => world.send(sms)))
      outcomes.filter(({ kind }) => kind !== 'unknown').forEach((outcome) => isNeverHanded(outcome))
      const bodies = bodiesOf(await world.phone())
      assert.equal(new Set(bodies).size, bodies.length, 'one arrived twice')
    },
  ),
]

const lookUps: readonly Case[] = [
  aCase('a look for what arrived never says that it was not sent', 'lose_answer', async (world) => {
    await world.connect({ answerWithinMs: SHORT_MS })
    await world.peer.behave('lose_answer')
    const sms = world.sms()
    isUnknown(await world.send(sms))
    await world.arrives(1)
    const found = await world.lookUp(sms)
    assert.notEqual(found.kind, 'not_sent', reasonOf(found))
    await world.phoneHas(1, 'after looking')
  }),
  aCase('a look for what did not arrive proves nothing', async (world) => {
    await world.connect({ answerWithinMs: SHORT_MS })
    isUnknown(await world.lookUp(world.sms()))
    await world.phoneHas(0, 'after looking')
  }),
  aCase('what was lost is found, where the provider can be asked', 'look_up', 'lose_answer', async (world) => {
    await world.connect({ answerWithinMs: SHORT_MS })
    await world.peer.behave('lose_answer')
    const sms = world.sms()
    isUnknown(await world.send(sms))
    await world.arrives(1)
    await world.peer.behave('accept')
    isSent(await world.lookUp(sms))
    await world.phoneHas(1, 'after looking')
  }),
  aCase('of two equal messages that were lost, none is given the id of the other', 'lose_answer', async (world) => {
    await world.connect({ answerWithinMs: SHORT_MS })
    await world.peer.behave('lose_answer')
    const first = world.sms('Two of these, word for word')
    const second = world.again(first)
    await Promise.all([world.send(first), world.send(second)])
    await world.arrives(2)
    await world.peer.behave('accept')
    const refs: string[] = []
    for (const sms of [first, second]) {
      const found = await world.lookUp(sms, new Set(refs))
      if (found.kind === 'sent') refs.push(...found.refs)
    }
    assert.equal(new Set(refs).size, refs.length, 'both have one id')
  }),
]

export const OUTCOME_CASES: readonly Case[] = [...good, ...refusals, ...doubts, ...lookUps]
