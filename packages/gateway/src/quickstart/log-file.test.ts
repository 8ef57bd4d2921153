/**
 * The log files of the quick start.
 * Proves: the reason for which a program ended is found at the end of what it printed, and only there; a large file is put aside.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openLogFile } from './log-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'bluewire-test-'))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
const newPath = () => join(folder, `${++files}.log`)

test('the last sentence, among entries and stack traces', () => {
  const log = openLogFile(newPath())
  expect(log.lastSentence()).toBeUndefined()
  writeSync(log.fd, 'First.\n{"level":30}\nThe address is taken.\n{"level":50}\n    at file.ts:1:1\n')
  expect(log.lastSentence()).toBe('The address is taken.')
})

test('what an earlier program said is not taken for the reason', () => {
  const path = newPath()
  writeFileSync(path, 'An old reason.\n')
  const log = openLogFile(path)
  writeSync(log.fd, '{"level":30}\n')
  expect(log.lastSentence()).toBeUndefined()
})

test('it is appended to, and readable by its owner only; a large one is put aside', () => {
  const path = newPath()
  writeSync(openLogFile(path).fd, 'one\n')
  writeSync(openLogFile(path).fd, 'two\n')
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)

  truncateSync(path, 17 * 1024 * 1024)
  openLogFile(path)
  expect([statSync(path).size, statSync(`${path}.1`).size]).toEqual([0, 17 * 1024 * 1024])
})
