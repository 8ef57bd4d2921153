/**
 * A node's journal that is gone, of yesterday, or in use twice.
 * Proves: the gateway takes nothing that such a journal does not know for proof: what it may have sent becomes unknown and is not sent
 * again, nothing reaches a phone twice, and new messages go out. Two nodes on copies of one journal are paused until somebody has looked.
 * World: a gateway and a node as processes; the journal is changed while the node is down.
 */
import { copyFileSync, cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Command } from '../../../gateway/test/start/command.ts'
import { newFolder } from '../../../gateway/test/start/command.ts'
import { ALL_WELL, verdictOn } from '../../src/stories/phone.ts'
import { until } from '../../src/stories/until.ts'
import { killed, Platform, rowsOf, stopped } from './platform.ts'

const STORY_MS = 120_000
/** A magic recipient: the text arrives, and the link is gone for a second before anybody is told. */
const LINK_DROPS = '+15005550109'
/** Another: it takes 5 s. */
const SLOW = '+15005550108'

let count = 0
async function send(platform: Platform, to = `+1415555${1000 + count}`): Promise<string> {
  count++
  const { body } = await platform.client.sendSurely({ to, body: `text ${count}`, key: `key-${count}` })
  return body.message_id ?? ''
}

/** The text has arrived, and the node is dead before it could tell. */
async function killUntold(platform: Platform): Promise<string> {
  const before = platform.texts().length
  const id = await send(platform, LINK_DROPS)
  await platform.untilTexts(before + 1)
  await killed(platform.node)
  expect((await platform.client.message(id))?.status).toBe('sending')
  return id
}

function removeJournal(platform: Platform): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(platform.nodeDir, `journal.sqlite${suffix}`), { force: true })
}

async function expectUnknownAndGoesOn(platform: Platform, untold: string): Promise<void> {
  await until(
    'it is known that nothing is known',
    async () => (await platform.client.message(untold))?.status === 'unknown',
  )
  const fresh = await send(platform)
  await until('new messages go out', async () => (await platform.client.message(fresh))?.status === 'delivered')
  expect((await platform.client.message(untold))?.attempts).toHaveLength(1)
  expect((await platform.client.message(untold))?.status).toBe('unknown')
  expect(verdictOn(platform.texts(), [])).toEqual(ALL_WELL)
}

test('deleted', { timeout: STORY_MS }, async () => {
  const platform = await Platform.start()
  const untold = await killUntold(platform)
  removeJournal(platform)
  await platform.startNode()
  await expectUnknownAndGoesOn(platform, untold)
  expect(platform.texts()).toHaveLength(2)
})

test('rolled back', { timeout: STORY_MS }, async () => {
  const platform = await Platform.start()
  await send(platform)
  await platform.untilAllEnded()
  await stopped(platform.node)
  const journal = join(platform.nodeDir, 'journal.sqlite')
  expect(existsSync(`${journal}-wal`)).toBe(false)
  copyFileSync(journal, `${journal}.copy`)
  await platform.startNode()
  for (let i = 0; i < 20; i++) await send(platform)
  await platform.untilAllEnded()
  const untold = await killUntold(platform)
  removeJournal(platform)
  copyFileSync(`${journal}.copy`, journal)
  await platform.startNode()
  expect(platform.node.stdout).toContain('journal.renewed')
  await expectUnknownAndGoesOn(platform, untold)
  expect(platform.texts()).toHaveLength(23)
})

test('copied, and both nodes run', { timeout: STORY_MS }, async () => {
  const platform = await Platform.start()
  await send(platform)
  await platform.untilAllEnded()
  await stopped(platform.node)
  const otherDir = join(newFolder(), 'node')
  cpSync(platform.nodeDir, otherDir, { recursive: true })
  const nodes: Command[] = []
  for (const dir of [platform.nodeDir, otherDir]) {
    await platform.startNode({ dir })
    nodes.push(platform.node)
    if (nodes.length === 1) await send(platform, SLOW) // still under way when the other node takes over
    for (let i = 0; i < 6; i++) await send(platform)
  }
  // Each takes the node over from the other as soon as that one has done the same.
  const node = await until('the node is paused', () => pausedNode(platform))
  for (let i = 0; i < 6; i++) await send(platform)
  await killed(nodes[1] as Command)
  expect((await platform.admin('node', 'show', node)).stdout).toContain('two machines use its credential')
  expect((await platform.admin('node', 'resume', node)).stdout).toContain('may work again')
  const states = await platform.untilAllEnded({ sentIsEnough: true })
  const fresh = await send(platform)
  await until('new messages go out', async () => (await platform.client.message(fresh))?.status === 'delivered')
  expect(pausedNode(platform)).toBeUndefined()
  expect(verdictOn(platform.texts(), [])).toEqual(ALL_WELL)
  const known = new Set(platform.texts().map(({ body }) => body))
  expect(known.size).toBeGreaterThanOrEqual(platform.messageIds().length - (states['unknown'] ?? 0))
  expect(Object.keys(states).filter((state) => !['sent', 'delivered', 'unknown'].includes(state))).toEqual([])
  console.log(`copied: ${JSON.stringify(states)}`)
})

function pausedNode(platform: Platform): string | undefined {
  const [row] = rowsOf(
    join(platform.dataDir, 'bluewire.sqlite'),
    "select id from nodes where observing = 'two_machines'",
  )
  return row === undefined ? undefined : String(row['id'])
}
