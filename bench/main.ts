/**
 * `npm run bench`: what the disk does, what the gateway does on it, each beside its reference in the same run, as one table.
 *
 *   --strict         exit code 1 when a budget is missed
 *   --only a,b       of: disk, accepts, dispatch, sends, idle
 *   --large          also: accepts with a million messages in the store (some minutes)
 *   --dir D          measure the disk of this folder; ./data by default
 *   --profile D      write a CPU profile of each gateway into D
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { untilAskedToStop } from '@bluewire/platform/lifeline'
import { World } from './bench-world.ts'
import { measureDisk } from './disk.ts'
import { measureAccepts } from './measure-accepts.ts'
import { measureDispatch } from './measure-dispatch.ts'
import { measureIdleNodes } from './measure-idle-nodes.ts'
import { measureLarge } from './measure-large.ts'
import { measureSends } from './measure-sends.ts'
import { missed, table } from './table.ts'
import type { Row } from './table.ts'

const MEASUREMENTS: Readonly<Record<string, (world: World) => Promise<Row[]>>> = {
  disk: (world) => Promise.resolve([measureDisk(world.directory)]),
  accepts: (world) => measureAccepts(world, { rounds: 5, roundS: 3 }),
  dispatch: (world) => measureDispatch(world, { seconds: 10 }),
  sends: (world) => measureSends(world, { messages: 3_000 }),
  idle: (world) => measureIdleNodes(world, { nodes: 10_000 }),
  large: (world) => measureLarge(world, { messages: 1_000_000, rounds: 5, roundS: 3 }),
}

const { values } = parseArgs({
  options: {
    strict: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
    only: { type: 'string' },
    dir: { type: 'string', default: join(import.meta.dirname, '..', 'data') },
    profile: { type: 'string' },
  },
})

class Stopped extends Error {}

async function run(): Promise<Row[]> {
  mkdirSync(values.dir, { recursive: true })
  const directory = mkdtempSync(join(resolve(values.dir), 'bench-'))
  const stop = new AbortController()
  void untilAskedToStop().then(() => stop.abort())
  const rows: Row[] = []
  try {
    for (const name of chosen()) {
      const isOver = new Promise<never>((_, reject) =>
        stop.signal.addEventListener('abort', () => reject(new Stopped()), { once: true }),
      )
      await using world = new World(directory, values.profile)
      if (process.stderr.isTTY) process.stderr.write(`${name} …\n`)
      rows.push(...(await Promise.race([measure(name, world), isOver])))
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  return rows
}

function measure(name: string, world: World): Promise<Row[]> {
  const measurement = MEASUREMENTS[name]
  if (measurement === undefined)
    throw new Error(`There is no measurement ${name}. There is: ${Object.keys(MEASUREMENTS).join(', ')}.`)
  return measurement(world)
}

function chosen(): string[] {
  if (values.only !== undefined) return values.only.split(',')
  return Object.keys(MEASUREMENTS).filter((name) => name !== 'large' || values.large)
}

const rows = await run().catch((error: unknown) => {
  console.error(error instanceof Stopped ? 'Stopped.' : error)
  process.exit(error instanceof Stopped ? 130 : 1)
})
console.log(
  `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'CPU'}, Node.js ${process.versions.node}, ${process.platform}\n`,
)
console.log(table(rows))
const over = missed(rows)
if (over.length > 0) console.log(`\nOver budget: ${over.map((row) => row.what).join('; ')}`)
process.exit(values.strict && over.length > 0 ? 1 : 0)
