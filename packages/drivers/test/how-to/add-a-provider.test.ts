/**
 * docs/how-to/add-a-provider.md.
 * Proves: who follows it gets a provider that compiles, is formatted, is found by its name, and keeps every rule of the conformance suite; no
 * block of the page is left over.
 * World: a copy of the repository's packages and scripts, with the page's blocks applied; the commands run there as processes of their own.
 */
import { execFile } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf, changed } from './code-blocks.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const COPIED = ['packages', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.base.json', '.prettierrc.json']
const BLOCKS = blocksOf(readFileSync(join(ROOT, 'docs/how-to/add-a-provider.md'), 'utf8'))
const NEW_FILES = BLOCKS.flatMap(({ file }) => (file?.how === 'new' ? [`packages/drivers/${file.path}`] : []))
const MINUTE_MS = 60_000

describe.concurrent('docs/how-to/add-a-provider.md', () => {
  let root = ''
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'bluewire-how-to-'))
    copyRepository(root)
    for (const block of BLOCKS) {
      if (block.file) apply(join(root, 'packages/drivers', block.file.path), block.file.how, block.text)
    }
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  it('has a file or a command for each of its blocks', () => {
    expect(BLOCKS.filter(({ language, file }) => file === null && language !== 'sh')).toEqual([])
    expect(NEW_FILES.length).toBeGreaterThan(3)
    const typed = BLOCKS.filter(({ language }) => language === 'sh').map(({ text }) => text.trim().split('\n'))
    expect(typed.flat()).toEqual([
      'npm run conformance -- example',
      'npm run format',
      'npm run lint',
      'npm test -- tests packages/drivers',
    ])
  })

  it('makes a provider that keeps every rule of the suite', { timeout: MINUTE_MS }, async () => {
    const command = packageScript('conformance')
      .replace(/^node /, '')
      .split(' ')
    const { stdout } = await run(root, [...command, 'example'])
    expect(stdout).not.toContain('✗')
    expect(stdout).toMatch(/^example: [5-9]\d hold, 0 do not, 1 cannot be put to it$/m)
  })

  it('makes a provider that compiles', { timeout: MINUTE_MS }, async () => {
    // The whole repository takes three times as long, and its types are checked without the page.
    const settings = { extends: './tsconfig.json', include: NEW_FILES }
    writeFileSync(join(root, 'tsconfig.new-files.json'), JSON.stringify(settings))
    await run(root, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.new-files.json'])
  })

  it('makes files as the formatter wants them', { timeout: MINUTE_MS }, async () => {
    await run(root, ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', ...NEW_FILES])
  })

  it('makes a provider that is found by its name', { timeout: MINUTE_MS }, async () => {
    const code = `
      const registry = await import('@bluewire/drivers/provider-registry')
      if (!registry.isProviderName('example')) throw new Error('it is not in the list')
      console.log((await registry.providerKind('example')).summary)`
    const { stdout } = await run(root, ['--input-type=module', '--eval', code])
    expect(stdout).toContain('Example')
  })
})

function apply(path: string, how: 'new' | 'change', text: string): void {
  if (how === 'change') return writeFileSync(path, changed(readFileSync(path, 'utf8'), text))
  if (existsSync(path)) throw new Error(`${path} is there already.`)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** Dependencies are links to the ones that are installed; but the workspace's own packages are the copies. */
function copyRepository(to: string): void {
  for (const name of COPIED) cpSync(join(ROOT, name), join(to, name), { recursive: true })
  const [from, modules] = [join(ROOT, 'node_modules'), join(to, 'node_modules')]
  mkdirSync(join(modules, '@bluewire'), { recursive: true })
  for (const name of readdirSync(from)) {
    if (name !== '@bluewire' && name !== '.cache') symlinkSync(join(from, name), join(modules, name))
  }
  for (const name of readdirSync(join(to, 'packages'))) {
    symlinkSync(join(to, 'packages', name), join(modules, '@bluewire', name))
  }
}

function packageScript(name: string): string {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  return scripts[name] ?? ''
}

/** Rejects with what was printed, when the program says that something is wrong. */
async function run(cwd: string, args: readonly string[]): Promise<{ stdout: string }> {
  try {
    return await promisify(execFile)(process.execPath, args, { cwd })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${args.slice(0, 2).join(' ')}:\n${stdout}${stderr}`, { cause: error })
  }
}
