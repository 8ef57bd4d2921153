/** Proves: the Mac is kept awake by a child that is started again when it dies, later and later, and that ends with its owner. World: real processes. */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '@bluewire/platform/clock'
import type { AgentLog, LogFields } from '../agent-log.ts'
import { KeepAwake } from './keep-awake.ts'

let folder = ''
const logged: Array<{ event: string; fields: LogFields }> = []
const log: AgentLog = {
  info: (event, fields = {}) => void logged.push({ event, fields }),
  warn: (event, fields = {}) => void logged.push({ event, fields }),
  error: (event, fields = {}) => void logged.push({ event, fields }),
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bluewire-awake-'))
  logged.length = 0
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function caffeinate(script: string): string {
  const path = join(folder, 'caffeinate')
  writeFileSync(path, `#!/bin/sh\necho "$@" >> '${folder}/words'\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

const WATCH = 'while kill -0 "$3" 2>/dev/null; do sleep 0.05; done'

function isAlive(pid: number | null | undefined): boolean {
  try {
    process.kill(pid ?? 0, 0)
    return pid !== null && pid !== undefined
  } catch {
    return false
  }
}

test('it is held for this process, started again when it is gone, and ended by stop', async () => {
  const awake = new KeepAwake({ caffeinate: caffeinate(WATCH), clock: systemClock, log, againMsMin: 10 })
  awake.start()
  awake.start()
  const first = awake.pid
  await expect.poll(() => readFileSync(join(folder, 'words'), 'utf8')).toBe(`-dimsu -w ${process.pid}\n`)
  process.kill(first ?? 0, 'SIGKILL')
  await expect.poll(() => awake.pid ?? first).not.toBe(first)
  const second = awake.pid
  awake.stop()
  awake.stop()
  await expect.poll(() => isAlive(second)).toBe(false)
  expect(logged.map(({ event }) => event)).toEqual(['awake.held', 'awake.lost', 'awake.held'])
  awake.start()
  expect(logged).toHaveLength(3)
})

test('one that cannot stay is tried again later and later', async () => {
  const awake = new KeepAwake({ caffeinate: caffeinate('exit 1'), clock: systemClock, log, againMsMin: 1 })
  awake.start()
  const waits = () => logged.flatMap(({ event, fields }) => (event === 'awake.lost' ? [fields['again_in_ms']] : []))
  await expect.poll(() => waits().length, { timeout: 20_000 }).toBeGreaterThan(3)
  awake.stop()
  expect(waits().slice(0, 4)).toEqual([2, 4, 8, 16])
  expect(logged.find(({ event }) => event === 'awake.lost')?.fields).toMatchObject({ why: 'ended_1' })
})

test('without caffeinate the node works', async () => {
  const awake = new KeepAwake({ caffeinate: join(folder, 'none'), clock: systemClock, log, againMsMin: 60_000 })
  awake.start()
  await expect.poll(() => logged).toMatchObject([{ event: 'awake.lost', fields: { why: 'ENOENT' } }])
  expect(awake.pid).toBeNull()
  awake.stop()
})

test('it ends with its owner, also after kill -9', async () => {
  const path = caffeinate(WATCH)
  const code = `
    const { KeepAwake } = await import(${JSON.stringify(join(import.meta.dirname, 'keep-awake.ts'))})
    const clock = { monotonicMs: () => 0, setTimer: () => ({ cancel() {} }) }
    const awake = new KeepAwake({ caffeinate: ${JSON.stringify(path)}, clock, log: { info() {}, warn() {} } })
    awake.start()
    console.log(awake.pid)
    setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const pid = await new Promise<number>((resolve) =>
    owner.stdout.once('data', (data: Buffer) => resolve(Number(data.toString()))),
  )
  expect(isAlive(pid)).toBe(true)
  owner.kill('SIGKILL')
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
})
