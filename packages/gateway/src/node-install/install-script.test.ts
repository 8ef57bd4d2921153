/**
 * The script's text and the command that runs it.
 * Proves: nothing that an address may hold becomes a command; the command is one that a shell takes apart as it was meant; shellcheck has
 * nothing to say.
 * World: the real script, real shells.
 */
import { execFileSync } from 'node:child_process'
import { expect, it, test } from 'vitest'
import { program, skipUnless } from '@bluewire/testkit/skips'
import { installCommand, installScript } from './install-script.ts'

const SHA256 = 'a'.repeat(64)
const CODE = 'ABCD-EFGH-JKLM-NPQR'

it.each(['https://b.example.com', 'http://10.0.0.5:8080', 'https://b.example.com/sms', 'http://[::1]:8080'])(
  '%s is in the script, once',
  (url) => {
    const script = installScript(url)
    expect(script.split('\n').filter((line) => line.includes(url))).toEqual([
      `gateway='${url}' # put in by the gateway`,
    ])
    expect(script).not.toContain('@GATEWAY@')
  },
)

it.each([
  "https://b.example.com';id;'",
  'https://b.example.com/$(id)',
  'https://`id`.example.com',
  'https://b.example.com/a b',
  'https://b.example.com\nid',
  'https://b.example.com/?a',
  'file:///etc/passwd',
])('%j is never put into a shell', (url) => {
  expect(() => installScript(url)).toThrow(/public URL/)
  expect(() => installCommand({ url, code: CODE, sha256: SHA256 })).toThrow(/public URL/)
})

test('the command is the one of the documentation, and brackets are quoted', () => {
  const command = (url: string) => installCommand({ url, code: CODE, sha256: SHA256 })
  expect(command('https://b.example.com')).toBe(
    `curl -fsSL https://b.example.com/node/install.sh | sh -s -- ${CODE} ${SHA256}`,
  )
  expect(command('http://[::1]:8080')).toMatch(/^curl -fsSL 'http:\/\/\[::1\]:8080\/node\/install\.sh' \|/)
})

test('shellcheck', (context) => {
  skipUnless(context, program('shellcheck'))
  const input = installScript('https://b.example.com')
  expect(execFileSync('shellcheck', ['--shell=sh', '--severity=style', '-'], { input, encoding: 'utf8' })).toBe('')
})
