/**
 * Full disks, of the gateway and of the node.
 * Proves: what cannot be stored is refused with 503 and Retry-After, and is not there; what was answered 200 is stored, and goes out, into
 * the reserve as long as there is one; a node without space refuses before Messages is touched; and all of it goes on by itself when
 * space is back, with nothing lost and nothing twice.
 * World: a gateway and a node as processes, the folder of one of them on a small file system in memory. Root on Linux.
 * Negative control: a gateway that takes a failed commit for a good one must be found to lose.
 */
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { TestContext } from 'vitest'
import { newFolder, ROOT } from '../../../gateway/test/start/command.ts'
import { program, root, skipUnless } from '../../src/skips.ts'
import { inParallel } from '../../src/stories/client.ts'
import type { Answer } from '../../src/stories/client.ts'
import { ALL_WELL, verdictOn } from '../../src/stories/phone.ts'
import { MemoryDisk } from '../../src/stories/small-disk.ts'
import { until } from '../../src/stories/until.ts'
import { killed, Platform, stopped } from './platform.ts'

const STORY_MS = 120_000
const DEAF_COMMIT = join(ROOT, 'packages/testkit/src/stories/deaf-commit.ts')
/** With it, a few hundred messages fill the disk. */
const PADDING = 'x'.repeat(8_000)

type Message = { to: string; body: string }

function smallDisk(context: TestContext, sizeMib: number): MemoryDisk {
  skipUnless(context, root(), program('mount'))
  const disk = MemoryDisk.mount(join(newFolder(), 'disk'), sizeMib)
  onTestFinished(() => disk.unmount()) // after every process was ended
  return disk
}

let count = 0
function nextMessage(): Message {
  count++
  return { to: `+1415555${1000 + (count % 50)}`, body: `text ${count} ${PADDING}` }
}

/** What the load came to. */
class Load {
  accepted: Array<Message & { id: string }> = []
  refused: Message[] = []
  refusals: Answer[] = []
  readonly #platform: Platform

  constructor(platform: Platform) {
    this.#platform = platform
  }

  async send(): Promise<Answer> {
    const message = nextMessage()
    const answer = await this.#platform.client.send(message)
    if (answer.status === 200) this.accepted.push({ ...message, id: answer.body.message_id ?? '' })
    else {
      this.refused.push(message)
      this.refusals.push(answer)
    }
    return answer
  }

  /** Many at once, so that a full disk comes in the middle of a shared commit. */
  async untilRefused(refusals: number): Promise<void> {
    const mayGoOn = (): boolean => this.refusals.length < refusals && this.accepted.length < 20_000
    await inParallel(12, Array.from({ length: 12 }), async () => {
      while (mayGoOn()) await this.send()
    })
  }

  /** The ids that were answered 200 and that the gateway does not have. */
  async lost(): Promise<string[]> {
    const lost: string[] = []
    await inParallel(8, this.accepted, async ({ id }) => {
      if ((await this.#platform.client.message(id)) === undefined) lost.push(id)
    })
    return lost
  }

  /** The bodies that were refused and that the gateway has all the same. */
  storedThoughRefused(): string[] {
    const stored = new Set(this.#platform.bodies())
    return this.refused.filter(({ body }) => stored.has(body)).map(({ body }) => body.slice(0, 20))
  }

  expectRefusals(...codes: readonly string[]): void {
    for (const { status, retryAfter, body } of this.refusals) {
      expect({ status, code: body.data?.code }).toEqual({ status: 503, code: expect.toBeOneOf([...codes]) })
      expect(Number(retryAfter)).toBeGreaterThan(0)
    }
  }
}

const acceptsAgain = (load: Load) => until('it accepts again by itself', async () => (await load.send()).status === 200)

test('the gateway keeps a reserve: accepts stop, sending goes on', { timeout: STORY_MS }, async (context) => {
  const disk = smallDisk(context, 28)
  const platform = await Platform.start({
    dataDir: disk.path,
    env: { BLUEWIRE_DISK_ACCEPT_FREE: '12MiB', BLUEWIRE_DISK_DISPATCH_FREE: '1MiB' },
    lines: 2,
  })
  await stopped(platform.node)
  disk.fill(16)
  const load = new Load(platform)
  await load.untilRefused(50)
  load.expectRefusals('disk_full')
  const many = load.accepted.length
  expect(many).toBeGreaterThan(50)
  await platform.startNode()
  await platform.untilTexts(many)
  await platform.untilAllEnded()
  expect((await load.send()).status).toBe(503)
  expect(disk.freeMib).toBeLessThan(12)
  disk.giveBack()
  await acceptsAgain(load)
  await platform.untilAllEnded()
  expect(await load.lost()).toEqual([])
  expect(load.storedThoughRefused()).toEqual([])
  expect(verdictOn(platform.texts(), [])).toEqual(ALL_WELL)
  expect(platform.texts()).toHaveLength(load.accepted.length)
  console.log(`reserve: ${many} accepted, ${load.refused.length} refused`)
})

test('the gateway with no reserve: SQLite itself runs full', { timeout: STORY_MS }, async (context) => {
  const disk = smallDisk(context, 28)
  const platform = await Platform.start({ dataDir: disk.path, lines: 2 })
  const load = new Load(platform)
  for (let times = 0; times < 3; times++) {
    disk.fill(3)
    await load.untilRefused(load.refusals.length + 60)
    disk.giveBack()
    await acceptsAgain(load)
  }
  load.expectRefusals('disk_full', 'store_unavailable')
  expect(await load.lost()).toEqual([])
  await platform.untilAllEnded()
  expect(load.storedThoughRefused()).toEqual([])
  const { twice } = verdictOn(platform.texts(), [])
  expect(twice).toEqual([])
  expect(new Set(platform.texts().map(({ body }) => body))).toEqual(new Set(load.accepted.map(({ body }) => body)))
  console.log(
    `full: ${load.accepted.length} accepted, ${load.refused.length} refused, ${JSON.stringify(platform.states())}`,
  )
})

test('negative control: a gateway that does not hear that a commit failed', { timeout: STORY_MS }, async (context) => {
  const disk = smallDisk(context, 28)
  const platform = await Platform.start({ dataDir: disk.path })
  await stopped(platform.node)
  await killed(platform.gateway)
  await platform.startGateway({ nodeArgs: ['--import', DEAF_COMMIT] })
  disk.fill(2)
  const load = new Load(platform)
  for (let i = 0; i < 600; i++) await load.send()
  const lost = await load.lost()
  expect(lost.length).toBeGreaterThan(0)
  console.log(`negative control: ${load.accepted.length} answered, ${lost.length} of them lost`)
})

test(
  'the node below its limit: it refuses, and what waits is sent when space is back',
  { timeout: STORY_MS },
  async (context) => {
    const disk = smallDisk(context, 24)
    const platform = await Platform.start({ nodeDir: disk.path, nodeMinFreeMib: 8 })
    disk.fill(4)
    const sent = [1, 2, 3].map((i) => ({ to: `+1415555000${i}`, body: `text ${i}`, key: `key-${i}` }))
    const ids: string[] = []
    for (const message of sent) ids.push((await platform.client.sendSurely(message)).body.message_id ?? '')
    const refused = async (id: string): Promise<boolean> =>
      ((await platform.client.message(id))?.attempts ?? []).some(
        ({ state, reason }) => state === 'not_sent' && reason === 'node_disk_full',
      )
    for (const id of ids) await until('it was refused', () => refused(id))
    expect(platform.texts()).toEqual([])
    disk.giveBack()
    expect(await platform.untilAllEnded()).toEqual({ delivered: sent.length })
    expect(verdictOn(platform.texts(), sent)).toEqual(ALL_WELL)
  },
)

test('the node that stays below its limit: it fails, and says why', { timeout: STORY_MS }, async (context) => {
  const disk = smallDisk(context, 24)
  const platform = await Platform.start({ nodeDir: disk.path, nodeMinFreeMib: 8 })
  disk.fill(4)
  const { body } = await platform.client.sendSurely({ to: '+14155550001', body: 'text', key: 'key' })
  expect(await platform.untilAllEnded()).toEqual({ failed: 1 })
  expect((await platform.client.message(body.message_id ?? ''))?.failure?.code).toBe('node_disk_full')
  expect(platform.texts()).toEqual([])
})

test('the node with no limit: its journal itself runs full', { timeout: STORY_MS }, async (context) => {
  const disk = smallDisk(context, 24)
  const platform = await Platform.start({ nodeDir: disk.path, lines: 2 })
  const load = new Load(platform)
  const more = async (many: number): Promise<void> => {
    for (let i = 0; i < many; i++) await load.send()
  }
  await more(20)
  await platform.untilAllEnded()
  for (const left of [1, 0.3, 0]) {
    disk.fill(left)
    await more(40)
    await platform.node.until(({ stdout }) => stdout.split('journal.write_failed').length > 2 || left > 0)
    disk.giveBack()
    await platform.untilAllEnded()
  }
  const states = await platform.untilAllEnded()
  const { twice } = verdictOn(platform.texts(), [])
  expect(twice).toEqual([])
  console.log(`node full: ${JSON.stringify(states)}`)
  expect(states['unknown'] ?? 0).toBe(0)
  const failed = states['failed'] ?? 0
  expect(platform.texts()).toHaveLength(load.accepted.length - failed)
})
