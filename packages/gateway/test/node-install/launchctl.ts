/**
 * Stands in for launchctl of one user's graphical session, as far as installing an agent goes: `launchctl.ts STATE SUBCOMMAND …`. What it starts
 * are real processes; their numbers are in STATE.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const [, , state = '', subcommand = '', ...rest] = process.argv
const NOT_FOUND = 113
const IO_ERROR = 5

const CHARACTERS: Readonly<Record<string, string>> = {
  '&apos;': "'",
  '&quot;': '"',
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
}

const pidFile = (label: string) => join(state, `${label}.pid`)
const labelOf = (target: string) => target.slice(target.lastIndexOf('/') + 1)

function unescaped(text: string): string {
  return text.replaceAll(/&\w+;/g, (entity) => CHARACTERS[entity] ?? entity)
}

function strings(plist: string, key: string): string[] {
  const value = new RegExp(`<key>${key}</key>\\s*(?:<array>([^]*?)</array>|(<string>[^<]*</string>))`).exec(plist)
  const found = [...(value?.[1] ?? value?.[2] ?? '').matchAll(/<string>([^<]*)<\/string>/g)]
  return found.map(([, text = '']) => unescaped(text))
}

function environment(plist: string): Record<string, string> {
  const dict = /<key>EnvironmentVariables<\/key>\s*<dict>([^]*?)<\/dict>/.exec(plist)?.[1] ?? ''
  const entries = [...dict.matchAll(/<key>([^<]*)<\/key>\s*<string>([^<]*)<\/string>/g)]
  return Object.fromEntries(entries.map(([, name = '', value = '']) => [name, unescaped(value)]))
}

function bootstrap(path: string): number {
  const plist = readFileSync(path, 'utf8')
  const [label = ''] = strings(plist, 'Label')
  if (existsSync(pidFile(label))) return IO_ERROR
  const [program = '', ...args] = strings(plist, 'ProgramArguments')
  const [output = '/dev/null'] = strings(plist, 'StandardOutPath')
  mkdirSync(dirname(output), { recursive: true })
  const file = openSync(output, 'a')
  const child = spawn(program, args, { env: environment(plist), detached: true, stdio: ['ignore', file, file] })
  child.unref()
  writeFileSync(pidFile(label), `${child.pid ?? ''}`)
  return 0
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

function ended(pid: number): Promise<void> {
  return new Promise((done) => {
    const looking = setInterval(() => {
      if (isRunning(pid)) return
      clearInterval(looking)
      done()
    }, 20)
  })
}

async function bootout(label: string): Promise<number> {
  if (!existsSync(pidFile(label))) return NOT_FOUND
  const pid = Number(readFileSync(pidFile(label), 'utf8'))
  if (isRunning(pid)) process.kill(pid, 'SIGTERM')
  await ended(pid)
  rmSync(pidFile(label))
  return 0
}

function print(label: string): number {
  if (!existsSync(pidFile(label))) return NOT_FOUND
  const pid = Number(readFileSync(pidFile(label), 'utf8'))
  process.stdout.write(isRunning(pid) ? `\tpid = ${pid}\n` : '\tlast exit code = 0\n')
  return 0
}

async function answer(): Promise<number> {
  const [first = '', second = ''] = rest
  switch (subcommand) {
    case 'bootstrap':
      return bootstrap(second)
    case 'bootout':
      return bootout(labelOf(first))
    case 'print':
      return print(labelOf(first))
    default:
      process.stderr.write(`Unrecognized subcommand: ${subcommand}\n`)
      return 64
  }
}

process.exitCode = await answer()
