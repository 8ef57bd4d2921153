/**
 * The launcher.
 * Proves: a file runs on Node.js 24 whichever Node.js started it; exit codes, signals and arguments pass through; where it cannot run,
 * one sentence says what to do.
 * World: scripts/launch.cjs as a process, on the machine's own Node.js and on 24; the failing ones on a copy in an empty folder.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Command, LAUNCHER, newFolder, run } from './command.ts'

const ownMajor = Number.parseInt(execFileSync('node', ['-p', 'process.versions.node'], { encoding: 'utf8' }), 10)
const isOwnOld = ownMajor < 24
const platformPackage = `node-${process.platform}-${process.arch}`

function writeProgram(text: string): string {
  const file = join(newFolder(), 'program.ts')
  writeFileSync(file, text)
  return file
}

/** A copy of the launcher in a project of its own, with these files in its node_modules. */
function copyOfLauncher(files: Record<string, { text: string; mode: number }> = {}): string {
  const root = newFolder()
  mkdirSync(join(root, 'scripts'))
  mkdirSync(join(root, 'node_modules'))
  for (const [name, { text, mode }] of Object.entries(files)) {
    mkdirSync(join(root, 'node_modules', name, '..'), { recursive: true })
    writeFileSync(join(root, 'node_modules', name), text)
    chmodSync(join(root, 'node_modules', name), mode)
  }
  const copy = join(root, 'scripts/launch.cjs')
  copyFileSync(LAUNCHER, copy)
  return copy
}

describe.for([
  ['the Node.js of this machine', 'node'],
  ['Node.js 24', process.execPath],
] as const)('started on %s', ([, node]) => {
  test('it runs TypeScript on Node.js 24, with the arguments, and without a word of its own', async () => {
    const program = writeProgram(
      'const major: string = process.version.split(".")[0] ?? ""\nconsole.log(major, ...process.argv.slice(2))',
    )
    expect(await run([node, LAUNCHER, program, 'a b', '--c'])).toEqual({ code: 0, stdout: 'v24 a b --c\n', stderr: '' })
  })

  test('it ends as its program ends', async () => {
    expect((await run([node, LAUNCHER, writeProgram('process.exitCode = 78')])).code).toBe(78)
    expect((await run([node, LAUNCHER, writeProgram('process.kill(process.pid, "SIGKILL")')])).code).toBe(128 + 9)
  })

  test.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('it passes %s on and waits', async (signal) => {
    const program = writeProgram(`const open = setInterval(() => {}, 1000)
      process.on('${signal}', () => { console.log('stopping'); clearInterval(open); process.exitCode = 7 })
      console.log('running')`)
    const command = new Command([node, LAUNCHER, program])
    await command.until(({ stdout }) => stdout.includes('running'))
    command.kill(signal)
    expect(await command.ended).toEqual({ code: 7, signal: null })
    expect(command.stdout).toBe('running\nstopping\n')
  })
})

describe('where it cannot run', () => {
  test('without the dependencies', async () => {
    const root = newFolder()
    mkdirSync(join(root, 'scripts'))
    copyFileSync(LAUNCHER, join(root, 'scripts/launch.cjs'))
    expect(await run(['node', join(root, 'scripts/launch.cjs'), 'x.ts'])).toEqual({
      code: 1,
      stdout: '',
      stderr: `The dependencies of Bluewire are not installed. Run npm ci in ${root} first.\n`,
    })
  })

  test('without Node.js 24', async ({ skip }) => {
    skip(!isOwnOld, 'the Node.js of this machine is 24 or later')
    const { code, stdout, stderr } = await run(['node', copyOfLauncher(), 'x.ts'])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      /^Bluewire needs Node\.js 24; this is [\d.]+, and the package node-\S+ that brings it is not installed .*\n$/,
    )
    expect(stderr).toContain('--omit=optional')
    expect(stderr).toContain('https://nodejs.org/en/download')
  })

  test('a binary that lost its mode gets it back', async ({ skip }) => {
    skip(!isOwnOld, 'the Node.js of this machine is 24 or later')
    const name = `${platformPackage}/bin/node`
    const copy = copyOfLauncher({ [name]: { text: '#!/bin/sh\necho "stub $@"\n', mode: 0o644 } })
    expect(await run(['node', copy, '/x.ts', 'y'])).toEqual({ code: 0, stdout: 'stub /x.ts y\n', stderr: '' })
    expect(statSync(join(copy, '../../node_modules', name)).mode & 0o111).toBe(0o111)
  })

  test('a binary whose mode cannot be changed', async ({ skip }) => {
    skip(!isOwnOld, 'the Node.js of this machine is 24 or later')
    const name = `${platformPackage}/bin/node`
    const copy = copyOfLauncher({ [name]: { text: '#!/bin/sh\n', mode: 0o644 } })
    const root = join(copy, '../..')
    for (const folder of [root, join(root, 'scripts'), join(root, 'node_modules')]) chmodSync(folder, 0o755)
    const ran = await run(['node', copy, '/x.ts'], { isUnprivileged: true })
    skip(ran.code === 0, 'only root can leave a file that this user may not change')
    expect(ran.stderr).toMatch(
      /is not executable and its mode cannot be changed by this user\. Run as its owner: chmod 755 \S+\n$/,
    )
  })

  test('a binary that this system cannot run', async ({ skip }) => {
    skip(!isOwnOld, 'the Node.js of this machine is 24 or later')
    expect(existsSync('/nowhere')).toBe(false)
    const name = `${platformPackage}/bin/node`
    const copy = copyOfLauncher({ [name]: { text: '#!/nowhere/ld.so\n', mode: 0o755 } })
    const { code, stderr } = await run(['node', copy, '/x.ts'])
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^Node\.js 24 was found at \S+ but does not run on this system \(ENOENT\)\. Get Node\.js 24 from .*\n$/,
    )
  })
})
