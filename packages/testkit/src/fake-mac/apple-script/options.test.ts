/**
 * osascript's command line.
 * Proves: what is an option, what is the script and what is passed on to it (MACOS 1.5).
 */
import { expect, test } from 'vitest'
import { parseOptions } from './options.ts'

const stdin = { from: 'stdin' }
const file = (path: string) => ({ from: 'file', path })
const statements = (...all: string[]) => ({ from: 'statements', statements: all })

test.each([
  [[], stdin, []],
  [['-'], stdin, []],
  [['-l', 'AppleScript', '-', 'a', '-b', '--', '-e'], stdin, ['a', '-b', '--', '-e']],
  [['-lAppleScript', 'x.applescript', '-a'], file('x.applescript'), ['-a']],
  [['--', '-odd-name', 'a'], file('-odd-name'), ['a']],
  [['-e', '1', '-e', '2'], statements('1', '2'), []],
  [['-e1', '-e2', 'a', '-e', 'b'], statements('1', '2'), ['a', '-e', 'b']],
  [['-e', '1', '--', '-a', 'b'], statements('1'), ['-a', 'b']],
  [['-e', '1', '-', 'b'], statements('1'), ['-', 'b']],
])('%j', (args, source, passedOn) => {
  expect(parseOptions(args)).toEqual({ source, arguments: passedOn, form: 'human', errors: 'stderr' })
})

test('-s: the form of the result, and where errors go; the last one counts', () => {
  expect(parseOptions(['-ss'])).toMatchObject({ form: 'source', errors: 'stderr' })
  expect(parseOptions(['-s', 'so'])).toMatchObject({ form: 'source', errors: 'stdout' })
  expect(parseOptions(['-s', 'so', '-she'])).toMatchObject({ form: 'human', errors: 'stderr' })
})

test.each([
  [['-e', '1', '-x'], 'illegal option -- x'],
  [['-i'], 'illegal option -- i'],
  [['-e'], 'option requires an argument -- e'],
  [['-s', 'q'], 'illegal flag -- q'],
  [['-l', 'Perl', '-'], 'no such component "Perl"'],
  [['-l', 'JavaScript', '-'], 'runs no JavaScript (JXA): write the script in AppleScript'],
])('%j is refused', (args, words) => {
  expect(() => parseOptions(args)).toThrow(words)
})
