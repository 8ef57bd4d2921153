/**
 * `npm run bench`: what the disk does, what the gateway does on it, each beside its reference in the same run, as one table.
 * Options: `npm run bench -- --help`.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { plainArgumentsOrExit } from '@bluewire/platform/plain-arguments'
import { untilAskedToStop } from '@bluewire/platform/lifeline'
import packageJson from '../package.json' with { type: 'json' }
import { World } from './bench-world.ts'
import { measureDisk } from './disk.ts'
import { measureAccepts } from './measure-accepts.ts'
import { measureDispatch } from './measure-dispatch.ts'
import { measureFairness } from './measure-fairness.ts'
import { measureIdleNodes } from './measure-idle-nodes.ts'
import { measureLarge } from './measure-large.ts'
import { measureSends } from './measure-sends.ts'
import { measureSmpp } from './measure-smpp.ts'
import { missed, table } from './table.ts'
import type { Row } from './table.ts'

const MEASUREMENTS: Readonly<Record<string, (world: World) => Promise<Row[]>>> = {
  disk: (world) => Promise.resolve([measureDisk(world.directory)]),
  accepts: (world) => measureAccepts(world, { rounds: 5, roundS: 3 }),
  dispatch: (world) => measureDispatch(world, { seconds: 10 }),
  sends: (world) => measureSends(world, { messages: 3_000 }),
  smpp: async (world) => [
    ...(await measureSmpp(world, { lines: 1, messages: 2_000, rounds: 3 })),
    ...(await measureSmpp(world, { lines: 100, messages: 2_000, rounds: 3 })),
  ],
  'providers-fair': (world) => measureFairness(world, { rounds: 10, roundS: 3 }),
  idle: (world) => measureIdleNodes(world, { nodes: 10_000 }),
  large: (world) => measureLarge(world, { messages: 1_000_000, rounds: 5, roundS: 3 }),
}

const NAMES = Object.keys(MEASUREMENTS)

const given = plainArgumentsOrExit({
  command: 'npm run bench --',
  summary: [
    'What the disk does, and what the gateway does on it, each beside its reference in the same run, as one table.',
  ],
  version: packageJson.version,
  options: {
    strict: { value: null, help: 'exit code 1 when a budget is missed' },
    large: { value: null, help: 'also: accepts with a million messages in the store (some minutes)' },
    only: {
      value: 'a,b',
      help: `only these, of: ${NAMES.join(', ')}`,
      rule: {
        isRight: (text) => text.split(',').every((name) => NAMES.includes(name)),
        mustBe: `one or more of ${NAMES.join(', ')}, separated by commas`,
      },
    },
    dir: { value: 'D', help: 'measure the disk of this folder (default: ./data)' },
    profile: { value: 'D', help: 'write a CPU profile of each gateway into this folder' },
  },
})
const values = {
  strict: given.flag('strict'),
  large: given.flag('large'),
  only: given.text('only'),
  dir: given.text('dir') ?? join(import.meta.dirname, '..', 'data'),
  profile: given.text('profile'),
}

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
