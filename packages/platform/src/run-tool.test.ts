/** Proves: a program's end, its time limit (with what it started), its output and its input are what `runTool` says; nothing rejects. */
import { expect, test } from 'vitest'
import { runTool } from './run-tool.ts'

const sh = (script: string, options: { timeoutMs?: number; input?: string } = {}) =>
  runTool('/bin/sh', ['-c', script], { timeoutMs: 10_000, ...options })

test('code and both outputs', async () => {
  expect(await sh('echo out; echo err >&2; exit 3')).toEqual({
    kind: 'ended',
    code: 3,
    signal: null,
    stdout: 'out\n',
    stderr: 'err\n',
  })
})

test('a signal is told', async () => {
  expect(await sh('kill -9 $$')).toMatchObject({ kind: 'ended', code: null, signal: 'SIGKILL' })
})

test('input is given, and one who does not read it harms nobody', async () => {
  expect(await sh('cat', { input: 'héllo\n' })).toMatchObject({ stdout: 'héllo\n' })
  expect(await sh('exit 0', { input: 'x'.repeat(2 ** 20) })).toMatchObject({ kind: 'ended', code: 0 })
})

test('without input, standard input is empty', async () => {
  expect(await sh('cat')).toMatchObject({ kind: 'ended', code: 0, stdout: '' })
})

test('at its time limit it is ended, with what it started', async () => {
  // The result waits for all who hold the output: had the second one survived, this test would outlast its own limit.
  expect(await sh('sleep 600 & echo started; wait', { timeoutMs: 100 })).toMatchObject({
    kind: 'timed_out',
    stdout: 'started\n',
  })
})

test('one who ignores SIGTERM is killed', async () => {
  expect(await sh('trap "" TERM; echo ready; while :; do sleep 0.1; done', { timeoutMs: 100 })).toEqual({
    kind: 'timed_out',
    stdout: 'ready\n',
    stderr: '',
  })
})

test('output without end fills no memory', async () => {
  const result = await sh('yes', { timeoutMs: 300 })
  expect(result.kind === 'timed_out' && result.stdout.length).toBe(1024 ** 2)
})

test.each(['/nowhere/osascript', '/etc/passwd'])('what cannot be run says why (%s)', async (path) => {
  const result = await runTool(path, [], { timeoutMs: 1_000 })
  expect(result).toEqual({ kind: 'not_started', code: path === '/etc/passwd' ? 'EACCES' : 'ENOENT' })
})
