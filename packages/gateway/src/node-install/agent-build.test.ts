/**
 * The node agent as one file.
 * Proves: it runs where there is nothing but Node.js, and joins, runs and is refused in sentences as from the sources; the same sources give the same
 * bytes wherever the checkout lies; no path of this machine is in it; the licences of what is inside come along; what cannot be built is one line.
 * World: esbuild, the real sources and packages, and copies of them in another folder.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { AgentBuildError, buildAgent, SOURCE_ROOT } from './agent-build.ts'

const PACKAGES = ['contract', 'drivers', 'node', 'platform']
const NOT_SOURCES = /(^|\/)(node_modules|test)$|\.test\.ts$/

let folder = ''
let agent = ''
let content: Buffer
beforeAll(async () => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'bluewire-agent-'))
  content = await buildAgent(SOURCE_ROOT)
  mkdirSync(join(folder, 'empty home'))
  agent = join(folder, 'empty home', 'bluewire-node.mjs')
  writeFileSync(agent, content)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Nothing of this machine is in its environment. */
function run(...args: string[]) {
  const home = join(folder, 'empty home')
  const { status, stdout, stderr } = spawnSync(process.execPath, [agent, ...args], {
    cwd: home,
    env: { HOME: home, PATH: '/nowhere' },
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

/** The packages inside, by the licences at the end. */
const packagesInside = () => [...content.toString().matchAll(/^-----\n\n(\S+) \d/gm)].map(([, name = '']) => name)

/** Another checkout: the sources, and those packages that the agent is made of. */
function checkoutAt(root: string): string {
  for (const name of PACKAGES) {
    const from = join(SOURCE_ROOT, 'packages', name)
    cpSync(from, join(root, 'packages', name), { recursive: true, filter: (path) => !NOT_SOURCES.test(path) })
  }
  mkdirSync(join(root, 'node_modules/@bluewire'), { recursive: true })
  for (const name of PACKAGES) symlinkSync(`../../packages/${name}`, join(root, 'node_modules/@bluewire', name))
  for (const name of packagesInside())
    cpSync(join(SOURCE_ROOT, 'node_modules', name), join(root, 'node_modules', name), { recursive: true })
  return root
}

describe('the file', () => {
  it('says its version, and helps', () => {
    expect(run('--version')).toEqual({ status: 0, stdout: `Bluewire ${packageJson.version}\n`, stderr: '' })
    expect(run('--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(' join <url> <code>'),
      stderr: '',
    })
  })

  it('says how it is called', () => {
    expect(run('status')).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining(`Run \`node '${agent}' join URL CODE\` first.\n`),
    })
  })

  it('reaches for the network, makes its files and its drivers', () => {
    const join = ['join', 'http://127.0.0.1:9', 'ABCD-EFGH-JKLM-NPQR', '--driver']
    const { status, stderr } = run(...join, 'simulator')
    expect(stderr).toMatch(/^Nothing answers at that address \(.*127\.0\.0\.1:9\)\. Is the gateway running\?\n$/)
    expect(status).toBe(1)
    expect(run(...join, 'carrier-pigeon').stderr).toMatch(
      /^There is no driver named carrier-pigeon\. There is: .*simulator/,
    )
  })

  it('has no path of this machine, and no package that is not in it', () => {
    const text = content.toString()
    expect(text).not.toContain(SOURCE_ROOT)
    expect(text).not.toMatch(/["'`(]\/(?:home|root|tmp|Users|work)\//)
    const asked = [...text.matchAll(/\b(?:from|import|require)\s*\(?\s*["']([@\w][\w@/.:-]*)["']/g)].map(
      ([, name = '']) => name,
    )
    const outside = asked.filter((name) => !isBuiltin(name))
    // Asked for only when a proxy wants it, which is then said.
    expect([...new Set(outside)]).toEqual(['kerberos'])
  })

  it('is small, and brings its licences', () => {
    expect(content.length).toBeLessThan(2_000_000)
    expect(packagesInside()).toEqual(expect.arrayContaining(['pino', 'ws', 'zod']))
    expect(packagesInside()).not.toEqual(expect.arrayContaining(['twilio']))
    expect(content.toString().match(/Permission is hereby granted/g)?.length).toBeGreaterThan(5)
  })
})

describe('the same sources', () => {
  it('give the same bytes in another folder; one that differs gives others; one that is missing is named', async () => {
    const root = checkoutAt(join(folder, 'elsewhere', 'a checkout'))
    expect((await buildAgent(root)).equals(content)).toBe(true)

    writeFileSync(join(root, 'packages/node/package.json'), JSON.stringify({ ...packageJson, version: '9.9.9' }))
    expect((await buildAgent(root)).equals(content)).toBe(false)

    rmSync(join(root, 'packages/node/src/join.ts'))
    const failed = await buildAgent(root).catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(AgentBuildError)
    expect((failed as Error).message).toBe('Could not resolve "./join.ts"')
  })
})
