/** Proves: what Messages answers, refuses or leaves unanswered is told apart, in any language, within its time. World: a real program named osascript. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { macTools } from '../mac/mac-tools.ts'
import { probeAccounts } from './accounts-probe.ts'

let folder = ''
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'bluewire-osascript-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function osascript(script: string) {
  const path = join(folder, 'osascript')
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return macTools(folder)
}

test('accounts, with their words', async () => {
  const tools = osascript(`echo "$@" > '${folder}/words'; cat > '${folder}/script'
printf 'A-1\\tiMessage\\ttrue\\tconnected\\tE:ann@example.com\\nA-2\\tSMS\\tfalse\\tdisconnected\\tSMS\\nA-3\\t«constant xyz»\\ttrue\\tnew word\\ttwo\\nlines\\n'`)
  expect(await probeAccounts(tools)).toEqual({
    kind: 'accounts',
    accounts: [
      { id: 'A-1', service: 'iMessage', enabled: true, connection: 'connected', description: 'E:ann@example.com' },
      { id: 'A-2', service: 'SMS', enabled: false, connection: 'disconnected', description: 'SMS' },
      { id: 'A-3', service: '«constant xyz»', enabled: true, connection: 'new word', description: 'two' },
    ],
  })
  expect(readFileSync(join(folder, 'words'), 'utf8')).toBe('-l AppleScript -\n')
  expect(readFileSync(join(folder, 'script'), 'utf8')).toMatch(/^on run argv\n[\s\S]*with timeout of 10 seconds/)
})

test('no account at all', async () => {
  expect(await probeAccounts(osascript('cat > /dev/null; echo'))).toEqual({ kind: 'accounts', accounts: [] })
})

test.each([
  ['Not authorised to send Apple events to Messages. (-1743)', { kind: 'denied' }],
  ['Vous n’êtes pas autorisé à envoyer des événements Apple à Messages. (-1743)', { kind: 'denied' }],
  ['用户同意 (-1744)', { kind: 'denied' }],
  [
    'Messages got an error: AppleEvent timed out. (-1712)',
    { kind: 'failed', number: -1712, text: 'osascript ended with -1712' },
  ],
  ['Application isn’t running: "secret". (-600)', { kind: 'failed', number: -600, text: 'osascript ended with -600' }],
  ['gibberish', { kind: 'failed', number: null, text: 'osascript ended with 1' }],
])('%s', async (words, expected) => {
  const tools = osascript(`cat > /dev/null; echo '0:1: execution error: ${words}' >&2; exit 1`)
  expect(await probeAccounts(tools)).toEqual(expected)
})

test('a question that nobody answers is told in time, and osascript is gone', async () => {
  const tools = osascript('exec sleep 600')
  const beganMs = Date.now()
  expect(await probeAccounts(tools, { timeoutMs: 200 })).toEqual({ kind: 'waiting_for_click' })
  expect(Date.now() - beganMs).toBeLessThan(5_000)
})

test('a machine without osascript', async () => {
  expect(await probeAccounts(macTools(folder))).toEqual({
    kind: 'failed',
    number: null,
    text: 'osascript cannot be run (ENOENT)',
  })
})
