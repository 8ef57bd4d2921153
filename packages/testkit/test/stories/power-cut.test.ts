/**
 * Power cuts, of the gateway and of the node.
 * Proves: what the gateway answered is on the disk that was cut off, and ends as sent once the gateway goes on with that disk; what the
 * node said it took or did is in the journal that was cut off, so nothing that reached the phone is sent again.
 * World: a gateway and a node as processes, the folder of one of them in ext4 on a loop device. At a moment that chance chose the process
 * is stopped where it is and the image is copied without a sync: what only the kernel's memory holds is gone in the copy. Root on Linux.
 * Negative controls: the same with fsync taken away must lose.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { TestContext } from 'vitest'
import { newFolder } from '../../../gateway/test/start/command.ts'
import { loopDevice, program, skipUnless } from '../../src/skips.ts'
import { inParallel } from '../../src/stories/client.ts'
import { verdictOn } from '../../src/stories/phone.ts'
import { EATMYDATA, preload, preloadable } from '../../src/stories/preload.ts'
import { LoopDisk } from '../../src/stories/small-disk.ts'
import { Random } from '../../src/simulator/random.ts'
import { moment } from '../../src/stories/until.ts'
import { killed, Platform, rowsOf } from './platform.ts'

const STORY_MS = 180_000
const DISK_MIB = 64
/** Messages that the phone must have before the power goes. */
const TEXTS_BEFORE_CUT = 40

function loopDisk(context: TestContext): LoopDisk {
  skipUnless(context, loopDevice(), program('mkfs.ext4'), program('mount'))
  const disk = LoopDisk.mount(newFolder(), DISK_MIB)
  onTestFinished(() => disk.unmount()) // after every process was ended
  return disk
}

/** A program that sends until it is told to stop, eight at a time. */
class Load {
  readonly answered: Array<{ id: string; to: string; body: string }> = []
  #stopped = false
  #done: Promise<void> | undefined
  #count = 0

  start(platform: Platform): void {
    this.#done = inParallel(8, Array.from({ length: 8 }), async () => {
      while (!this.#stopped) {
        const i = this.#count++
        const message = { to: `+1415555${1000 + (i % 100)}`, body: `text ${i}` }
        const answer = await platform.client.send(message).catch(() => null)
        if (answer?.status === 200) this.answered.push({ ...message, id: answer.body.message_id ?? '' })
        else await moment(20)
      }
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#done
  }
}

const randomly = new Random(Date.now() % 2 ** 31)

async function untilTheCut(platform: Platform): Promise<void> {
  await platform.untilTexts(platform.texts().length + TEXTS_BEFORE_CUT, 60_000)
  await moment(randomly.between(0, 200))
}

/** Of those that were answered, the ones the running gateway does not have. */
async function lostOf(platform: Platform, answered: ReadonlyArray<{ id: string }>): Promise<string[]> {
  const lost: string[] = []
  await inParallel(8, answered, async ({ id }) => {
    if ((await platform.client.message(id)) === undefined) lost.push(id)
  })
  return lost
}

/** Stops the process where it is, and copies what is on the disk at that moment. */
function cut(pid: number, disk: LoopDisk, name: string): string {
  process.kill(pid, 'SIGSTOP')
  try {
    return disk.copyUnsynced(name)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
}

test('the gateway: answered is stored, and ends as sent', { timeout: STORY_MS }, async (context) => {
  const disk = loopDisk(context)
  const platform = await Platform.start({ dataDir: disk.path, lines: 4 })
  const load = new Load()
  load.start(platform)
  const cuts: Array<{ copy: string; answered: number }> = []
  for (const name of ['a', 'b', 'c']) {
    await untilTheCut(platform)
    process.kill(platform.gateway.pid, 'SIGSTOP')
    cuts.push({ answered: load.answered.length, copy: disk.copyUnsynced(name) })
    if (name !== 'c') process.kill(platform.gateway.pid, 'SIGCONT')
  }
  await killed(platform.gateway)
  await load.stop()
  for (const { copy, answered } of cuts) {
    disk.goOnWith(copy)
    const stored = new Set(platform.messageIds())
    expect(load.answered.slice(0, answered).filter(({ id }) => !stored.has(id))).toEqual([])
    expect(rowsOf(join(disk.path, 'bluewire.sqlite'), 'pragma integrity_check')).toEqual([{ integrity_check: 'ok' }])
  }
  await platform.startGateway()
  const answered = load.answered.slice(0, cuts.at(-1)?.answered)
  expect(await lostOf(platform, answered)).toEqual([])
  const states = await platform.untilAllEnded({ sentIsEnough: true })
  expect(verdictOn(platform.texts(), answered)).toMatchObject({ lost: [], twice: [] })
  expect(Object.keys(states).filter((state) => state !== 'sent' && state !== 'delivered')).toEqual([])
  console.log(`cut ${cuts.length} times, ${answered.length} answered, 0 lost, ${JSON.stringify(states)}`)
})

test('negative control: a gateway without fsync loses what it answered', { timeout: STORY_MS }, async (context) => {
  skipUnless(context, preloadable(EATMYDATA))
  const disk = loopDisk(context)
  const platform = await Platform.start({ dataDir: disk.path, lines: 4 })
  await killed(platform.gateway)
  await platform.startGateway({ env: preload(EATMYDATA) })
  const load = new Load()
  load.start(platform)
  await untilTheCut(platform)
  const copy = cut(platform.gateway.pid, disk, 'a')
  const answered = [...load.answered]
  await killed(platform.gateway)
  await load.stop()
  disk.goOnWith(copy)
  await platform.startGateway()
  const lost = await lostOf(platform, answered)
  expect(lost.length).toBeGreaterThan(0)
  console.log(`negative control: ${answered.length} answered, ${lost.length} lost`)
})

/** What the gateway knows of the node's doing, from the node itself: each was in its journal before it was said. */
function saidByNode(platform: Platform): string[] {
  const said = `select id from attempts where state in ('taken', 'sent', 'delivered') and journal_id is not null`
  return rowsOf(join(platform.dataDir, 'bluewire.sqlite'), said).map(({ id }) => String(id))
}

function inJournal(platform: Platform): Set<string> {
  const path = join(platform.nodeDir, 'journal.sqlite')
  if (!existsSync(path)) return new Set()
  return new Set(rowsOf(path, 'select attempt from entry').map(({ attempt }) => String(attempt)))
}

/** Cuts the node's power under load. Returns what it had said and what of that its disk does not know. */
async function cutNode(platform: Platform, disk: LoopDisk): Promise<{ said: number; lost: string[] }> {
  const load = new Load()
  load.start(platform)
  await untilTheCut(platform)
  process.kill(platform.node.pid, 'SIGSTOP')
  const copy = disk.copyUnsynced('a')
  const reached = platform.texts().map(({ attempt }) => attempt)
  const said = saidByNode(platform)
  await killed(platform.node)
  await load.stop()
  disk.goOnWith(copy)
  const known = inJournal(platform)
  return { said: said.length, lost: [...new Set([...said, ...reached])].filter((attempt) => !known.has(attempt)) }
}

test(
  'the node: what it said or did is in its journal, and nothing is sent again',
  { timeout: STORY_MS },
  async (context) => {
    const disk = loopDisk(context)
    const platform = await Platform.start({ nodeDir: disk.path, lines: 4 })
    const { said, lost } = await cutNode(platform, disk)
    expect(lost).toEqual([])
    await platform.startNode()
    const states = await platform.untilAllEnded({ sentIsEnough: true })
    expect(platform.node.stdout).not.toContain('journal.renewed')
    expect(Object.keys(states).filter((state) => state !== 'sent' && state !== 'delivered')).toEqual([])
    expect(verdictOn(platform.texts(), [])).toMatchObject({ twice: [] })
    expect(platform.texts()).toHaveLength(platform.messageIds().length)
    console.log(`the node had said ${said}, 0 lost, ${JSON.stringify(states)}`)
  },
)

test(
  'negative control: a node without fsync loses what it said, and is found out',
  { timeout: STORY_MS },
  async (context) => {
    skipUnless(context, preloadable(EATMYDATA))
    const disk = loopDisk(context)
    const platform = await Platform.start({ nodeDir: disk.path, lines: 4 })
    await killed(platform.node)
    await platform.startNode({ env: preload(EATMYDATA) })
    const { said, lost } = await cutNode(platform, disk)
    expect(lost.length).toBeGreaterThan(0)
    await platform.startNode()
    await platform.untilAllEnded({ sentIsEnough: true })
    // The second wall: the gateway sees that the journal is of yesterday, and takes nothing it does not know for proof.
    expect(platform.node.stdout).toContain('journal.renewed')
    expect(verdictOn(platform.texts(), [])).toMatchObject({ twice: [] })
    console.log(
      `negative control: the node had said ${said}, ${lost.length} lost, ${JSON.stringify(platform.states())}`,
    )
  },
)
