/**
 * The walls between packages, and inside the gateway.
 * Proves: the dependency rules find a forbidden import of each kind, also through the name of a workspace package and when only a type is
 * imported; and let the allowed ones pass.
 * World: the real rules on a small tree of its own, with the workspace laid out as npm lays it.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ROOT } from './steps.ts'

type Import = Readonly<{ from: string; imports: string; rule: string | null }>

const EXPORT = 'export const x = 1\nexport type X = number\n'
const FILES: Readonly<Record<string, string>> = {
  'packages/contract/src/ids.ts': EXPORT,
  'packages/engine/src/pacing.ts': EXPORT,
  'packages/engine/src/circle.ts': "import { y } from './c.ts'\nexport const x = y\n",
  'packages/platform/src/clock.ts': EXPORT,
  'packages/gateway/src/http/server.ts': EXPORT,
  'packages/gateway/src/nodes/hub.ts': EXPORT,
  'packages/gateway/src/store/store.ts': EXPORT,
  'packages/gateway/src/store/sqlite/open.ts': EXPORT,
  'packages/node/src/journal.ts': EXPORT,
  'packages/testkit/src/world.ts': EXPORT,
}

/** One import per file; a null rule: it is allowed. */
const PLANTED: readonly Import[] = [
  { from: 'packages/contract/src/a.ts', imports: '@bluewire/platform/clock', rule: 'contract-imports' },
  { from: 'packages/engine/src/a.ts', imports: '@bluewire/platform/clock', rule: 'engine-imports' },
  { from: 'packages/engine/src/b.ts', imports: '@bluewire/contract/ids', rule: null },
  { from: 'packages/platform/src/a.ts', imports: '../../gateway/src/http/server.ts', rule: 'platform-imports' },
  { from: 'packages/node/src/a.ts', imports: '@bluewire/engine/pacing', rule: 'node-imports' },
  { from: 'packages/gateway/src/http/a.ts', imports: '@bluewire/node/journal', rule: 'gateway-imports' },
  { from: 'packages/gateway/src/http/b.ts', imports: '../store/sqlite/open.ts', rule: 'gateway-http-imports' },
  { from: 'packages/gateway/src/http/c.ts', imports: '../store/store.ts', rule: null },
  { from: 'packages/gateway/src/http/d.ts', imports: '../nodes/hub.ts', rule: 'gateway-http-imports' },
  { from: 'packages/gateway/src/delivery/a.ts', imports: '../http/server.ts', rule: 'gateway-delivery-imports' },
  { from: 'packages/gateway/src/delivery/b.ts', imports: '../store/sqlite/open.ts', rule: 'gateway-delivery-imports' },
  { from: 'packages/gateway/src/store/a.ts', imports: './sqlite/open.ts', rule: 'gateway-store-imports' },
  { from: 'packages/gateway/src/newcomer/a.ts', imports: '../store/store.ts', rule: 'gateway-unit-in-no-table' },
  { from: 'packages/newcomer/src/a.ts', imports: '@bluewire/contract/ids', rule: 'package-in-no-table' },
  { from: 'packages/gateway/src/http/e.ts', imports: '@bluewire/testkit/world', rule: 'gateway-imports' },
  { from: 'packages/gateway/src/http/e.test.ts', imports: '@bluewire/testkit/world', rule: null },
  { from: 'packages/gateway/src/http/f.ts', imports: './e.test.ts', rule: 'no-test-from-product' },
  { from: 'packages/engine/src/c.ts', imports: './circle.ts', rule: 'no-cycles' },
  { from: 'packages/engine/src/e.ts', imports: '@bluewire/contract/missing', rule: 'resolvable' },
]

let root = ''
let found: ReadonlySet<string> = new Set()

function write(path: string, text: string): void {
  const target = join(root, path)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, text)
}

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'bluewire-walls-'))
  write('package.json', JSON.stringify({ name: 'walls', type: 'module', workspaces: ['packages/*'] }))
  write(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: { module: 'NodeNext', allowImportingTsExtensions: true, noEmit: true } }),
  )
  for (const name of ['contract', 'engine', 'platform', 'drivers', 'gateway', 'node', 'testkit', 'newcomer']) {
    const manifest = { name: `@bluewire/${name}`, type: 'module', exports: { './*': './src/*.ts' } }
    write(`packages/${name}/package.json`, JSON.stringify(manifest))
    mkdirSync(join(root, 'node_modules/@bluewire'), { recursive: true })
    symlinkSync(join(root, 'packages', name), join(root, 'node_modules/@bluewire', name))
  }
  for (const [path, text] of Object.entries(FILES)) write(path, text)
  PLANTED.forEach(({ from, imports, rule }, i) => {
    // Every other one imports a type only; a cycle of types is allowed, so those import values.
    const what = i % 2 === 0 || rule === 'no-cycles' ? '{ x }' : 'type { X }'
    write(
      from,
      `import ${what} from '${imports}'\nexport const y = 1\nexport type Y = ${what === '{ x }' ? 'typeof x' : 'X'}\n`,
    )
  })
  found = cruise()
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

/** `file: rule` of each violation. */
function cruise(): ReadonlySet<string> {
  const bin = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
  const config = join(ROOT, '.dependency-cruiser.cjs')
  const json = execFileSync(process.execPath, [bin, '--config', config, '--output-type', 'json', 'packages'], {
    cwd: root,
    encoding: 'utf8',
  })
  const { summary } = JSON.parse(json) as { summary: { violations: { from: string; rule: { name: string } }[] } }
  return new Set(summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`))
}

it.each(PLANTED.filter(({ rule }) => rule !== null))('$from must not import $imports', ({ from, rule }) => {
  expect(found).toContain(`${from}: ${rule}`)
})

it.each(PLANTED.filter(({ rule }) => rule === null))('$from may import $imports', ({ from }) => {
  expect([...found].filter((violation) => violation.startsWith(`${from}:`))).toEqual([])
})
