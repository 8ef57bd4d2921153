/**
 * A gateway whose clock is set.
 * Proves: when the wall clock jumps a day ahead and a day back while messages flow, the limit of the line holds at the phone, nothing
 * stalls, and nothing is sent twice.
 * World: a gateway as a process under libfaketime, whose file says how far its wall clock is off; the monotonic clock stays true. The node
 * is a process with true clocks: what it writes for the phone is measured.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newFolder } from '../../../gateway/test/start/command.ts'
import { skipUnless } from '../../src/skips.ts'
import { FAKETIME, preload, preloadable } from '../../src/stories/preload.ts'
import { ALL_WELL, verdictOn } from '../../src/stories/phone.ts'
import { killed, Platform } from './platform.ts'

const STORY_MS = 120_000
const BURST = 5
const GAP_MS = 1000
const MESSAGES = 22
/** A text may reach the phone so much later than it left the gateway, and the next one then seems early. */
const LATE_MS = 900
const DAY_S = 86_400
const WEEK_S = 7 * DAY_S

/** The file that libfaketime reads with every look at the clock. */
class SetClock {
  readonly #file = join(newFolder(), 'clock')

  constructor() {
    this.set(0)
  }

  get env(): Record<string, string> {
    return {
      ...preload(FAKETIME),
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
  }

  /** Seconds off the true time. */
  set(offS: number): void {
    writeFileSync(`${this.#file}.new`, `${offS < 0 ? '-' : '+'}${Math.abs(offS)}\n`)
    renameSync(`${this.#file}.new`, this.#file)
  }
}

/** The most texts that came in any time that is too short for them: 0 when the limit held. */
function above(at: readonly number[]): number {
  const over = at.flatMap((from, i) =>
    at.slice(i).map((to, j) => j + 1 - BURST - Math.floor((to - from + LATE_MS) / GAP_MS)),
  )
  return Math.max(0, ...over)
}

test.for([
  ['a day ahead, then back', [DAY_S, 0]],
  ['a day back, then ahead', [-DAY_S, 0]],
] as const)('%s: no burst, no stall, none twice', { timeout: STORY_MS }, async ([, jumps], context) => {
  skipUnless(context, preloadable(FAKETIME))
  const clock = new SetClock()
  const platform = await Platform.start({ env: { BLUEWIRE_LINE_RATE: '1', BLUEWIRE_LINE_BURST: String(BURST) } })
  await killed(platform.gateway)
  await platform.startGateway({ env: clock.env })
  // A message that may wait an hour has expired when the clock says that a day has passed.
  const messages = Array.from({ length: MESSAGES }, (_, i) => ({
    to: `+1415555${1000 + i}`,
    body: `text ${i}`,
    key: `key-${i}`,
  }))
  for (const message of messages) await platform.client.sendSurely({ ...message, expiresInS: WEEK_S })
  const createdAt = async (body: string) =>
    (await platform.client.sendSurely({ to: '+14155550999', body, key: body, expiresInS: WEEK_S })).body
  for (const [i, offS] of jumps.entries()) {
    await platform.untilTexts(BURST + 5 * i + 2)
    clock.set(offS)
    const { message_id: id } = await createdAt(`after-jump-${i}`)
    const saidAt = Date.parse((await platform.client.message(id ?? ''))?.created_at ?? '')
    expect(Math.abs(saidAt - Date.now() - offS * 1000)).toBeLessThan(60_000) // the jump was felt
  }
  const states = await platform.untilAllEnded()
  expect(states).toEqual({ delivered: MESSAGES + jumps.length })
  const at = platform.texts().map((text) => text.at)
  const gaps = at.slice(1).map((ms, i) => ms - (at[i] ?? ms))
  console.log(`longest gap ${Math.max(...gaps)} ms; ${at.length} texts in ${(at.at(-1) ?? 0) - (at[0] ?? 0)} ms`)
  expect(above(at)).toBe(0)
  expect(Math.max(...gaps)).toBeLessThan(6 * GAP_MS)
  expect(verdictOn(platform.texts(), messages)).toEqual(ALL_WELL)
})
