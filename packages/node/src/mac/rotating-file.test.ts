/** Proves: a log never takes more than its files may; nothing is lost by putting aside; no failure reaches whoever logs. World: real files. */
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
  closeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { putAsideInPlace, rotatedPaths, RotatingFile } from './rotating-file.ts'

const ROTATION = { bytesMax: 100, filesMax: 3 }
let folder = ''
let path = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bluewire-log-'))
  path = join(folder, 'agent.log')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const textOf = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '')

test('what was logged last is there, in at most so many files of at most such a size', () => {
  const file = new RotatingFile(path, ROTATION)
  const lines = Array.from({ length: 60 }, (_, n) => `line ${String(n).padStart(4, '0')}\n`)
  for (const line of lines) file.write(line)
  file.close()
  const paths = rotatedPaths(path, ROTATION)
  for (const one of paths) expect(statSync(one).size).toBeLessThanOrEqual(100)
  const kept = paths.toReversed().map(textOf).join('')
  expect(lines.join('').endsWith(kept)).toBe(true)
  expect(kept.length).toBeGreaterThan(200)
  expect(existsSync(`${path}.3`)).toBe(false)
})

test('it goes on where the process before stopped', () => {
  appendFileSync(path, 'x'.repeat(90))
  const file = new RotatingFile(path, ROTATION)
  file.write('more than ten bytes\n')
  file.close()
  expect(textOf(path)).toBe('more than ten bytes\n')
  expect(textOf(`${path}.1`)).toHaveLength(90)
})

test('one line larger than a file is written all the same', () => {
  const file = new RotatingFile(path, ROTATION)
  file.write(`${'x'.repeat(500)}\n`)
  file.write('y\n')
  file.close()
  expect(textOf(path)).toBe('y\n')
})

test('its folder vanishes: nobody is harmed', () => {
  const file = new RotatingFile(path, ROTATION)
  rmSync(folder, { recursive: true })
  for (let n = 0; n < 20; n++) file.write('a line of a log\n')
  file.close()
})

test('a file that another program appends to begins again in place', () => {
  const theirs = openSync(path, 'a')
  writeSync(theirs, 'old\n'.repeat(100))
  putAsideInPlace(path, 1000)
  expect(existsSync(`${path}.1`)).toBe(false)
  putAsideInPlace(path, 100)
  writeSync(theirs, 'new\n')
  closeSync(theirs)
  expect(textOf(path)).toBe('new\n')
  expect(textOf(`${path}.1`)).toHaveLength(400)
  putAsideInPlace(join(folder, 'none'), 100)
})
