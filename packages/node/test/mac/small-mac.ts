/** A Mac as far as the commands of a node look at it: a home, and a folder of real programs with the names of macOS's. */
import { spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import { macTools } from '@bluewire/drivers/mac/mac-tools'
import { commandLine } from '../../src/command-line.ts'
import { TOOLS_VARIABLE } from '../../src/mac/mac-host.ts'
import type { MacHost } from '../../src/mac/mac-host.ts'

export const MAIN = join(import.meta.dirname, '../../src/main.ts')
const LAUNCHCTL = join(import.meta.dirname, 'launchctl-stand-in.ts')
export const USER = 'ada'

export type Said = Readonly<{ code: number | null; out: string; err: string }>

export class SmallMac {
  readonly folder = mkdtempSync(join(tmpdir(), 'small mac & co-'))
  readonly home = join(this.folder, 'home')
  readonly bin = join(this.folder, 'bin')

  constructor() {
    for (const path of [this.home, this.bin]) mkdirSync(path)
    this.tool(
      'launchctl',
      `SMALL_MAC='${this.folder}' SMALL_MAC_OWNER=${process.pid} exec '${process.execPath}' '${LAUNCHCTL}' "$@"`,
    )
    this.tool('caffeinate', 'while kill -0 "$3" 2>/dev/null; do sleep 0.1; done')
    this.tool('tmutil', `echo "$@" >> '${this.folder}/tmutil.log'`)
  }

  /** `script` is a shell's. */
  tool(name: string, script: string): void {
    const path = join(this.bin, name)
    writeFileSync(path, `#!/bin/sh\n${script}\n`)
    chmodSync(path, 0o755)
  }

  removeTool(name: string): void {
    rmSync(join(this.bin, name), { force: true })
  }

  /** The kind of session that `launchctl managername` names. */
  set session(name: string) {
    mkdirSync(join(this.folder, 'launchd'), { recursive: true })
    writeFileSync(join(this.folder, 'launchd/session'), name)
  }

  get env(): Record<string, string> {
    return { HOME: this.home, USER, PATH: process.env['PATH'] ?? '', [TOOLS_VARIABLE]: this.bin }
  }

  /** For what is called in this process. */
  host(over: Partial<MacHost> = {}): MacHost {
    const { uid } = userInfo()
    return {
      tools: macTools(this.bin),
      home: this.home,
      uid,
      user: USER,
      node: process.execPath,
      script: MAIN,
      env: this.env,
      ...over,
    }
  }

  get node(): string {
    return join(this.home, '.bluewire-node')
  }

  readFile(path: string): string {
    const whole = join(this.folder, path)
    return existsSync(whole) ? readFileSync(whole, 'utf8') : ''
  }

  /** A command of the node, without the cost of a process. */
  async cli(...args: string[]): Promise<Said> {
    const { argv } = process
    const before = { ...process.env }
    const out: string[] = []
    const err: string[] = []
    // Each by itself: what asks the system (homedir) does not see another object.
    setEnvironment(this.env)
    process.argv = [process.execPath, MAIN, ...args]
    try {
      const code = await commandLine(args, {
        out: (line) => out.push(`${line}\n`),
        err: (line) => err.push(`${line}\n`),
      })
      return { code, out: out.join(''), err: err.join('') }
    } finally {
      setEnvironment(before)
      process.argv = argv
    }
  }

  /** The same as a process of its own; or another program of Node.js. */
  run(...args: string[]): Promise<Said> {
    return this.runProgram(MAIN, ...args)
  }

  runProgram(script: string, ...args: string[]): Promise<Said> {
    const child = spawn(process.execPath, [script, ...args], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout.on('data', (data: Buffer) => (out += data.toString()))
    child.stderr.on('data', (data: Buffer) => (err += data.toString()))
    return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
  }

  /** Everything that launchd runs is gone afterwards. */
  async stop(): Promise<void> {
    const folder = join(this.folder, 'launchd')
    const names = existsSync(folder) ? readdirSync(folder) : []
    const pids = names
      .filter((name) => name.endsWith('.supervisor'))
      .map((name) => Number(readFileSync(join(folder, name), 'utf8')))
    for (const pid of pids) kill(pid)
    await vi.waitFor(() => expect(pids.some(isAlive)).toBe(false), { timeout: 10_000 })
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function setEnvironment(wanted: Readonly<Record<string, string | undefined>>): void {
  for (const name of Object.keys(process.env)) if (wanted[name] === undefined) delete process.env[name]
  for (const [name, value] of Object.entries(wanted)) if (value !== undefined) process.env[name] = value
  if (homedir() !== wanted['HOME']) throw new Error('this would touch the home of whoever runs the tests')
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGTERM')
  } catch {
    // gone
  }
}
