/** A provider's life: its peer goes and comes, stands still, refuses the login; it is stopped at any moment. */
import assert from 'node:assert/strict'
import { until } from '@bluewire/testkit/stories/until'
import { aCase } from './case.ts'
import type { Case } from './case.ts'
import type { World } from './world.ts'

const SHORT_MS = 500
const LONG_MS = 50_000

function isNotWell(world: World): boolean {
  const { state, detail } = world.provider.health()
  return state !== 'ok' && detail !== undefined && detail.length > 0
}

export const LIFE_CASES: readonly Case[] = [
  aCase(
    'down and up: nothing is lost in doubt, it says what is wrong, and works again by itself',
    'down',
    async (world) => {
      await world.connect({ answerWithinMs: SHORT_MS })
      assert.equal((await world.send()).kind, 'sent')
      await world.peer.down()
      const outcome = await world.send()
      assert(outcome.kind === 'not_sent' && outcome.class === 'never_handed', JSON.stringify(outcome))
      await until('it says what is wrong', () => isNotWell(world))
      assert(!world.provider.isReady, 'it says that it is ready')
      await world.peer.up()
      await until('it is ready again', () => world.provider.isReady)
      assert.equal((await world.send()).kind, 'sent')
      await until('it is well again', () => world.provider.health().state === 'ok')
      assert.notEqual(world.provider.health().provenAtMs, null)
      await world.phoneHas(2, 'after one before and one afterwards')
    },
  ),
  aCase(
    'down from the beginning: it starts, says what is wrong, and works as soon as it can',
    'down',
    async (world) => {
      await world.peer.down()
      const provider = world.make({ answerWithinMs: SHORT_MS })
      await provider.start(world.reported)
      const outcome = await world.send()
      assert(outcome.kind === 'not_sent' && outcome.class === 'never_handed', JSON.stringify(outcome))
      await until('it says what is wrong', () => isNotWell(world))
      await world.peer.up()
      await until('it is ready', () => provider.isReady)
      assert.equal((await world.send()).kind, 'sent')
      await world.phoneHas(1, 'after one that could leave')
    },
  ),
  aCase(
    'a peer that stands still: never `sent`, at most once, and it works again afterwards',
    'freeze',
    async (world) => {
      await world.connect({ answerWithinMs: SHORT_MS })
      world.peer.freeze()
      const outcome = await world.send().finally(() => world.peer.thaw())
      assert.notEqual(outcome.kind, 'sent', JSON.stringify(outcome))
      await until('it is ready', () => world.provider.isReady)
      assert.equal((await world.send(world.sms('The one after the thaw'))).kind, 'sent')
      const bodies = (await world.phone()).map(({ body }) => body)
      assert.equal(new Set(bodies).size, bodies.length, 'one arrived twice')
      if (outcome.kind === 'not_sent') assert.deepEqual(bodies, ['The one after the thaw'])
    },
  ),
  aCase('a login that is refused: nothing is sent, and it says why', 'bad_credentials', async (world) => {
    await world.connect({ badCredentials: true, answerWithinMs: SHORT_MS })
    const outcome = await world.send()
    assert(outcome.kind === 'not_sent' && outcome.class === 'never_handed', JSON.stringify(outcome))
    await until('it says what is wrong', () => isNotWell(world))
    assert.equal(world.provider.health().state, 'broken')
    assert(!world.provider.isReady, 'it says that it is ready')
    await world.phoneHas(0, 'without a login')
  }),
  aCase('`test` says yes where all is well, in sentences', async (world) => {
    const { ok, lines } = await (await world.connect()).test()
    assert(ok, lines.join(' '))
    assert(
      lines.length > 0 && lines.every((line) => /^\p{Lu}.*[.:!?]|^\p{Lu}.*https?:\/\/\S+$/u.test(line)),
      lines.join('\n'),
    )
    await world.phoneHas(0, 'after a test')
  }),
  aCase('`test` says no where nothing listens', 'down', async (world) => {
    const provider = world.make({ answerWithinMs: SHORT_MS })
    await world.peer.down()
    const { ok, lines } = await provider.test().finally(() => world.peer.up())
    assert(!ok && lines.length > 0, lines.join(' '))
  }),
  aCase(
    'stopped while a send waits for its answer: it is `unknown` at once',
    'lose_answer',
    'late_settings',
    async (world) => {
      const provider = await world.connect({ answerWithinMs: LONG_MS })
      await world.peer.behave('lose_answer')
      const sending = world.send()
      await world.arrives(1)
      await provider.stop()
      assert.equal((await sending).kind, 'unknown')
      await world.phoneHas(1, 'after one message')
    },
  ),
  aCase('stop comes twice, before start, and before a send', async (world) => {
    const provider = world.make()
    await provider.stop()
    await provider.stop()
    assert(!provider.isReady, 'it says that it is ready')
    const outcome = await world.send()
    assert(outcome.kind === 'not_sent' && outcome.class === 'never_handed', JSON.stringify(outcome))
    await world.phoneHas(0, 'after the end')
  }),
  aCase('another one goes on where the first was stopped', async (world) => {
    const first = await world.connect()
    assert.equal((await world.send()).kind, 'sent')
    await first.stop()
    await world.connect()
    assert.equal((await world.send()).kind, 'sent')
    await world.phoneHas(2, 'after one of each')
  }),
]
