/**
 * The agent that a gateway keeps.
 * Proves: it is made once, however many ask at once and in how many processes; it is kept under what it was made of; a kept one that is damaged is not
 * given out; what cannot be made is one sentence, and not tried again for everybody who asks; without a place to keep it, it is there all the same.
 * World: the real build and sources, folders, processes. Time is the test's.
 */
import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '@bluewire/platform/clock'
import { takeExclusiveLock } from '@bluewire/platform/exclusive-lock'
import { SOURCE_ROOT } from './agent-build.ts'
import { AgentFiles, AgentUnavailableError, fileName } from './agent-files.ts'

let folder = ''
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'bluewire-agent-files-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const newDataDir = () => mkdtempSync(join(folder, 'data-'))
const filesIn = (dataDir: string) => new AgentFiles({ dataDir, clock: systemClock })

/** The agents that are kept, as paths in the data folder. */
function kept(dataDir: string): string[] {
  const files = readdirSync(join(dataDir, 'agent'), { recursive: true, encoding: 'utf8' })
  return files.filter((path) => path.endsWith('.mjs'))
}

describe('the agent', () => {
  it('is made once for all who ask, and kept under its hash for the next start', async () => {
    const dataDir = newDataDir()
    const files = filesIn(dataDir)
    const [first, second] = await Promise.all([files.current(), files.current()])
    expect(second).toBe(first)
    expect(first.sha256).toBe(hash('sha256', first.content))
    const [path = ''] = kept(dataDir)
    expect(path.endsWith(`/${fileName(first.sha256)}`)).toBe(true)
    expect(statSync(join(dataDir, 'agent', path)).mode & 0o777).toBe(0o600)

    const made = statSync(join(dataDir, 'agent', path))
    expect((await filesIn(dataDir).current()).sha256).toBe(first.sha256)
    expect(statSync(join(dataDir, 'agent', path))).toMatchObject({ ino: made.ino, mtimeMs: made.mtimeMs })

    writeFileSync(join(dataDir, 'agent', path), first.content.subarray(0, 1000))
    expect((await filesIn(dataDir).current()).content.equals(first.content)).toBe(true)
    expect(readFileSync(join(dataDir, 'agent', path)).equals(first.content)).toBe(true)
  })

  it('takes the place of one that was made of other sources', async () => {
    const dataDir = newDataDir()
    mkdirSync(join(dataDir, 'agent', 'former'), { recursive: true })
    writeFileSync(join(dataDir, 'agent', 'former', fileName('0'.repeat(64))), 'old')
    const { sha256 } = await filesIn(dataDir).current()
    expect(kept(dataDir)).toEqual([expect.stringContaining(sha256)])
  })

  it('is the same for two processes that begin at once', async () => {
    const dataDir = newDataDir()
    const script = `
      const { AgentFiles } = await import(${JSON.stringify(join(import.meta.dirname, 'agent-files.ts'))})
      const { systemClock } = await import('@bluewire/platform/clock')
      console.log((await new AgentFiles({ dataDir: ${JSON.stringify(dataDir)}, clock: systemClock }).current()).sha256)`
    const said = await Promise.all([runScript(script), runScript(script)])
    expect(said[0]).toMatch(/^[0-9a-f]{64}\n$/)
    expect(said[1]).toBe(said[0])
    expect(kept(dataDir)).toEqual([expect.stringContaining(said[0]?.trim() ?? 'none')])
  })

  it('is not made while another process makes it: what that one has made is taken', async () => {
    const [there, here] = [newDataDir(), newDataDir()]
    const { sha256 } = await filesIn(there).current()
    mkdirSync(join(here, 'agent'))
    const lock = takeExclusiveLock(join(here, 'agent'), 'build')
    const waiting = filesIn(here).current()
    const path = kept(there)[0] ?? ''
    cpSync(join(there, 'agent', dirname(path)), join(here, 'agent', dirname(path)), { recursive: true })
    expect((await waiting).sha256).toBe(sha256)
    lock.release()
  })

  it('is there also where nothing can be kept', async () => {
    const dataDir = join(newDataDir(), 'a file')
    writeFileSync(dataDir, '')
    expect((await filesIn(dataDir).current()).content.length).toBeGreaterThan(100_000)
  })
})

it('that cannot be made is a sentence, tried again after half a minute and not before', async () => {
  const root = join(folder, 'broken')
  for (const name of ['contract', 'drivers', 'node', 'platform'])
    cpSync(join(SOURCE_ROOT, 'packages', name), join(root, 'packages', name), { recursive: true })
  cpSync(join(SOURCE_ROOT, 'package-lock.json'), join(root, 'package-lock.json'))
  const entry = join(root, 'packages/node/src/main.ts')
  const whole = readFileSync(entry)
  writeFileSync(entry, 'import { join } from "./not-there.ts"\njoin()\n')
  let nowMs = 0
  const files = new AgentFiles({ dataDir: newDataDir(), root, clock: { ...systemClock, monotonicMs: () => nowMs } })
  const reason = () => files.current().catch((error: unknown) => error)
  const failed = await reason()
  expect(failed).toBeInstanceOf(AgentUnavailableError)
  expect((failed as Error).message).toMatch(
    /^The node agent cannot be made: Could not resolve "\.\/not-there\.ts"\. Is everything of `npm ci` there, .*\?$/,
  )

  writeFileSync(entry, whole)
  symlinkSync(join(SOURCE_ROOT, 'node_modules'), join(root, 'node_modules'))
  nowMs = 29_000
  expect(await reason()).toBe(failed)
  nowMs = 31_000
  expect(await reason()).toMatchObject({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
})

/** What it printed. */
function runScript(script: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout.on('data', (bytes: Buffer) => (text += bytes.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => resolve(text))
  })
}
