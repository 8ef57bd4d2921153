/**
 * A backup that is put back.
 * Proves: what was sent after the copy was made is not sent again when the copy is put back, whether the gateway finds out by itself or is
 * told; what the copy knew ends as sent; what it did not know changes nothing; and new messages go out.
 * World: a gateway and a node as processes; the copy is the database file, taken while the gateway is stopped, as docs tell.
 */
import { copyFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inParallel } from '../../src/stories/client.ts'
import { ALL_WELL, verdictOn } from '../../src/stories/phone.ts'
import { until } from '../../src/stories/until.ts'
import { Platform, stopped } from './platform.ts'

const STORY_MS = 120_000
const MESSAGES = 100

type Message = { to: string; body: string; key: string }

const messages: readonly Message[] = Array.from({ length: MESSAGES }, (_, i) => ({
  to: `+1415555${1000 + (i % 20)}`,
  body: `text ${i}`,
  key: `key-${i}`,
}))

/** In order for each recipient. */
async function accept(platform: Platform): Promise<string[]> {
  const ids: string[] = []
  const byRecipient = [...Map.groupBy(messages, ({ to }) => to).values()]
  await inParallel(10, byRecipient, async (list) => {
    for (const message of list) ids.push((await platform.client.sendSurely(message)).body.message_id ?? '')
  })
  return ids
}

async function copyDatabase(platform: Platform, copy: string): Promise<void> {
  const askedAtMs = performance.now()
  await stopped(platform.gateway)
  console.log(`the gateway stopped within ${Math.round(performance.now() - askedAtMs)} ms`)
  // A stop that did not come to its end, as when it waits for a node for ever, leaves a log without which the file is of yesterday.
  expect(readdirSync(platform.dataDir)).not.toContain('bluewire.sqlite-wal')
  copyFileSync(join(platform.dataDir, 'bluewire.sqlite'), copy)
}

function putBack(platform: Platform, copy: string): void {
  for (const suffix of ['-wal', '-shm']) rmSync(join(platform.dataDir, `bluewire.sqlite${suffix}`), { force: true })
  copyFileSync(copy, join(platform.dataDir, 'bluewire.sqlite'))
}

async function sendsAgain(platform: Platform): Promise<void> {
  const fresh = { to: '+14155550999', body: 'after the restore', key: 'after' }
  const { body } = await platform.client.sendSurely(fresh)
  await platform.untilTexts(MESSAGES + 1)
  await until('it is known to be sent', async () => {
    const status = (await platform.client.message(body.message_id ?? ''))?.status
    return status === 'sent' || status === 'delivered'
  })
  expect(verdictOn(platform.texts(), [...messages, fresh])).toEqual(ALL_WELL)
}

test.for([
  ['the gateway finds out by itself', false],
  ['the gateway is told', true],
] as const)('%s', { timeout: STORY_MS }, async ([, isTold]) => {
  const platform = await Platform.start({ lines: 2 })
  await stopped(platform.node)
  const ids = await accept(platform)
  const copy = join(platform.dataDir, 'copy')
  await copyDatabase(platform, copy)
  await platform.startGateway()
  await platform.startNode()
  await platform.untilTexts(MESSAGES)
  expect(await platform.untilAllEnded()).toEqual({ delivered: MESSAGES })
  await stopped(platform.gateway)
  putBack(platform, copy)
  expect(platform.states()).toEqual({ queued: MESSAGES })
  if (isTold) {
    const { code, stdout } = await platform.admin('recovery', 'begin')
    expect(code).toBe(0)
    expect(stdout).toContain('Waiting for:')
  }
  await platform.startGateway()
  const states = await platform.untilAllEnded()
  expect(Object.keys(states).sort()).toEqual(expect.arrayContaining(['delivered']))
  expect((states['sent'] ?? 0) + (states['delivered'] ?? 0)).toBe(MESSAGES)
  for (const id of ids) expect(['sent', 'delivered']).toContain((await platform.client.message(id))?.status)
  const { stdout } = await platform.admin('recovery', 'status')
  expect(stdout).toContain('Nothing is being recovered')
  await sendsAgain(platform)
})

test(
  'a copy that knows nothing of them: they stay unknown to it, and none goes out twice',
  { timeout: STORY_MS },
  async () => {
    const platform = await Platform.start({ lines: 2 })
    const copy = join(platform.dataDir, 'copy')
    await copyDatabase(platform, copy)
    await platform.startGateway()
    const ids = await accept(platform)
    await platform.untilTexts(MESSAGES)
    await platform.untilAllEnded()
    await stopped(platform.gateway)
    putBack(platform, copy)
    await platform.startGateway()
    await sendsAgain(platform)
    expect(await platform.client.message(ids[0] ?? '')).toBeUndefined()
  },
)
