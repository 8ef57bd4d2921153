/** Proves: the agent answers this user's commands and nobody's nonsense harms it; resting ends only when the asker has hung up. World: real sockets. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../agent-log.ts'
import { askAgent, askForReport, askToObserve, askToRest, LocalControl } from './local-control.ts'
import type { AgentReport, Answerer } from './local-control.ts'

const REPORT: AgentReport = {
  ...{
    pid: 1,
    started_at_ms: 2,
    version: '1',
    script: '/a.mjs',
    phase: 'working',
    session: 3,
    taken: 0,
    started: 0,
    unacked: 0,
  },
  driver: { name: 'simulator', state: 'ok', proven_at_ms: null },
  awake: { wanted: true, pid: null },
}

let folder = ''
let path = ''
const cleanUp: Array<() => unknown> = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bluewire-control-'))
  path = join(folder, 'agent.sock')
  cleanUp.push(() => rmSync(folder, { recursive: true, force: true }))
})
afterEach(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo()
})

async function listening(answerer: Partial<Answerer> = {}): Promise<LocalControl> {
  const control = await LocalControl.listen(
    path,
    {
      report: () => REPORT,
      findings: async () => ({ found: 'it' }),
      observe: async (watching) => ({ watching }),
      rest: async () => ({ hungUp: () => {} }),
      ...answerer,
    },
    silentLog,
  )
  if (!control) throw new Error('it does not listen')
  cleanUp.push(() => control.stop())
  return control
}

function said(text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(path, () => socket.write(text))
    socket.on('data', (data) => (answer += data.toString()))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
  })
}

test('questions are answered, to its owner only; a dead socket is taken over', async () => {
  writeFileSync(path, '')
  await listening()
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(await askForReport(path)).toEqual(REPORT)
  expect(await askAgent(path, 'findings', 5_000)).toEqual({ found: 'it' })
  expect(await askToObserve(path, { direction: 'in', seconds: 3 }, 5_000)).toMatchObject({
    watching: { direction: 'in', seconds: 3 },
  })
})

test.each(['nonsense\n', '{"ask":"die"}\n', 'null\n', `${'x'.repeat(5_000)}`])(
  '%j gets no answer, and the next one does',
  async (text) => {
    await listening()
    expect(await said(text)).toBe('')
    expect(await askForReport(path)).toEqual(REPORT)
  },
)

test('an answer that cannot be made ends that question only', async () => {
  await listening({ findings: async () => Promise.reject(new Error('no')) })
  expect(await askAgent(path, 'findings', 5_000)).toBeNull()
  expect(await askForReport(path)).toEqual(REPORT)
})

test('nobody there: null', async () => {
  expect(await askForReport(path)).toBeNull()
  expect(await askToRest(path, 5_000)).toBeNull()
  const control = await listening()
  await control.stop()
  expect(await askForReport(path)).toBeNull()
})

test('at rest until the asker hangs up', async () => {
  const events: string[] = []
  await listening({
    rest: async () => {
      events.push('resting')
      return { hungUp: () => events.push('hung up') }
    },
  })
  const resting = await askToRest(path, 5_000)
  if (resting === null || resting === 'busy') throw new Error(String(resting))
  expect(await askForReport(path)).toEqual(REPORT)
  expect(events).toEqual(['resting'])
  resting.hangUp()
  await expect.poll(() => events).toEqual(['resting', 'hung up'])
})

test('one that is not at rest in time is busy, and ends by itself when it is', async () => {
  const atRest = Promise.withResolvers<void>()
  const events: string[] = []
  await listening({ rest: () => atRest.promise.then(() => ({ hungUp: () => events.push('hung up') })) })
  expect(await askToRest(path, 50)).toBe('busy')
  expect(events).toEqual([])
  atRest.resolve()
  await expect.poll(() => events).toEqual(['hung up'])
})

test('a path that is too long for a socket: the node works without', async () => {
  expect(await LocalControl.listen(join(folder, 'x'.repeat(120)), { ...({} as Answerer) }, silentLog)).toBeNull()
})
