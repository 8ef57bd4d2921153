/**
 * Crashes.
 * Proves: whatever is killed with -9 and whenever, every message that was answered reaches its recipient once and in order, and one that
 * is asked for again under its key because no answer came is one message.
 * World: a gateway and a node as processes, a program that sends to 200 recipients and asks again where no answer came, and chance that
 * kills the gateway, the node or both; the seed of that chance is printed, and STORY_SEED sets it.
 */
import { randomInt } from 'node:crypto'
import { expect, test } from 'vitest'
import { Random } from '../../src/simulator/random.ts'
import { inParallel } from '../../src/stories/client.ts'
import { ALL_WELL, verdictOn } from '../../src/stories/phone.ts'
import { moment, until } from '../../src/stories/until.ts'
import { killed, Platform } from './platform.ts'

/** It takes a minute on two idle cores. */
const STORY_MS = 400_000
const MESSAGES = 2000
const RECIPIENTS = 200
const AT_ONCE = 24
/** So far the accepts may be ahead of the phone: with all accepted at once, only the first kills would meet any. */
const AHEAD_MAX = 150
const KILLS = 22

type Victim = 'gateway' | 'node' | 'both'

class Killer {
  kills = { gateway: 0, node: 0 }
  readonly #platform: Platform
  readonly #random: Random

  constructor(platform: Platform, random: Random) {
    this.#platform = platform
    this.#random = random
  }

  get total(): number {
    return this.kills.gateway + this.kills.node
  }

  /** At moments between the first text and the last but some. */
  async run(): Promise<void> {
    const moments = Array.from({ length: KILLS }, () => this.#random.between(10, MESSAGES - 100)).sort((a, b) => a - b)
    for (const texts of moments) {
      if (this.total >= KILLS) break
      await this.#platform.untilTexts(texts, STORY_MS)
      await moment(this.#random.between(0, 60))
      await this.#strike(this.#random.pick(['gateway', 'gateway', 'node', 'node', 'both']))
    }
  }

  async #strike(victim: Victim): Promise<void> {
    if (victim !== 'node') await this.#kill('gateway')
    if (victim !== 'gateway') await this.#kill('node')
    if (victim !== 'node') this.#platform.launchGateway()
    if (victim !== 'gateway') this.#platform.launchNode()
    // Also while it starts.
    if (!this.#random.chance(0.2)) return
    await moment(this.#random.delay(5, 1500))
    await this.#strike(victim)
  }

  async #kill(what: 'gateway' | 'node'): Promise<void> {
    await killed(this.#platform[what])
    this.kills[what]++
  }
}

test('killed with -9 again and again: none lost, none twice, all in order', { timeout: STORY_MS }, async () => {
  const seed = Number(process.env['STORY_SEED'] ?? randomInt(2 ** 31))
  const beganAtMs = performance.now()
  const platform = await Platform.start({ lines: 4 })
  const messages = Array.from({ length: MESSAGES }, (_, i) => ({
    to: `+1415555${1000 + (i % RECIPIENTS)}`,
    body: `text ${i}`,
    key: `key-${i}`,
  }))
  const killer = new Killer(platform, new Random(seed))
  const killing = killer.run()
  const answers = new Map<string, string>()
  let repeats = 0
  // One after the other to each recipient: the order of the accepts is then that of the texts.
  const byRecipient = [...Map.groupBy(messages, ({ to }) => to).values()]
  const turns = Array.from({ length: MESSAGES / RECIPIENTS }, (_, turn) => byRecipient.map((list) => list[turn])).flat()
  const before = new Map<string, Promise<void>>()
  await inParallel(AT_ONCE, turns, async (message) => {
    if (message === undefined) return
    await until('the phone keeps up', () => answers.size - platform.texts().length < AHEAD_MAX, {
      withinMs: STORY_MS,
      everyMs: 50,
    })
    const earlier = before.get(message.to)
    const sent = (async () => {
      await earlier
      const { body, asks } = await platform.client.sendSurely(message)
      answers.set(message.body, body.message_id ?? '')
      repeats += asks - 1
    })()
    before.set(message.to, sent)
    await sent
  })
  await killing
  const states = await platform.untilAllEnded({ withinMs: STORY_MS, sentIsEnough: true })
  const tookS = Math.round((performance.now() - beganAtMs) / 100) / 10
  console.log(
    `seed ${seed}: ${JSON.stringify(killer.kills)} kills, ${repeats} requests asked again, ${tookS} s, ${JSON.stringify(states)}`,
  )
  expect(killer.total).toBeGreaterThanOrEqual(20)
  // A node that is killed between a text and its receipt never gets one: such a message stays sent.
  expect(states).toEqual({ sent: expect.any(Number), delivered: expect.any(Number) })
  expect(verdictOn(platform.texts(), messages)).toEqual(ALL_WELL)
  expect([...answers.values()].sort()).toEqual(platform.messageIds())
})
