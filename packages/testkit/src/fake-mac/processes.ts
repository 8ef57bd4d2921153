/**
 * The processes of one fake Mac: real ones, each known by a file. What the tools show is what is there, a process that was killed is gone
 * for them too, and a number that another process got meanwhile does not count.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { macPaths } from './mac-folder.ts'

export type MacProcess = Readonly<{
  pid: number
  /** As `pgrep -x` compares it. */
  name: string
  /** As `ps -o command` shows it. */
  command: string
  startedAtMs: number
  /** Tells it from a later process with the same number. */
  start: string
}>

const LOOK_FOR_OWNER_MS = 500

/** Null when there is no such process, or it has ended and nobody asked for its exit code. */
export function startOf(pid: number): string | null {
  if (process.platform !== 'linux') return startByPs(pid)
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name, in parentheses, may hold anything; what comes after it has no spaces in it.
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' || state === 'X' ? null : (rest[18] ?? null)
  } catch {
    return null
  }
}

function startByPs(pid: number): string | null {
  try {
    return execFileSync('/bin/ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null
  } catch {
    return null
  }
}

/** Call it right after the process began. Undefined when it is over already. */
export function registerProcess(
  folder: string,
  { pid = process.pid, name, command }: { pid?: number; name: string; command: string },
): MacProcess | undefined {
  const { processes, stopped } = macPaths(folder)
  const start = startOf(pid)
  if (start === null) return undefined
  const known: MacProcess = { pid, name, command, startedAtMs: Date.now(), start }
  mkdirSync(processes, { recursive: true })
  const path = join(processes, `${pid}.json`)
  writeFileSync(`${path}.new`, JSON.stringify(known))
  renameSync(`${path}.new`, path)
  // Whoever stops the Mac writes the mark first and looks for processes afterwards: either it sees this one, or this one sees the mark.
  if (existsSync(stopped)) process.kill(pid, 'SIGKILL')
  return known
}

/** Those that run, oldest first. */
export function liveProcesses(folder: string): MacProcess[] {
  const { processes } = macPaths(folder)
  const live: MacProcess[] = []
  for (const file of filesIn(processes)) {
    if (!file.endsWith('.json')) continue
    const path = join(processes, file)
    const known = readProcess(path)
    if (known === undefined) continue
    if (isAlive(known)) live.push(known)
    else rmSync(path, { force: true })
  }
  return live.sort((a, b) => a.startedAtMs - b.startedAtMs || a.pid - b.pid)
}

/** Programs of the Mac that run, registered or not: each has the Mac's folder among its arguments. */
export function programsOf(folder: string): number[] {
  const isProgram = (words: readonly string[]) =>
    words.includes(folder) && (words[1] ?? '').startsWith(import.meta.dirname)
  return allCommands()
    .filter(({ words }) => isProgram(words))
    .map(({ pid }) => pid)
}

function allCommands(): { pid: number; words: string[] }[] {
  if (process.platform === 'linux') {
    const pids = filesIn('/proc').filter((name) => /^\d+$/.test(name))
    return pids.map((pid) => ({ pid: Number(pid), words: readText(`/proc/${pid}/cmdline`).split('\0') }))
  }
  const lines = execFileSync('/bin/ps', ['-axo', 'pid=,command='], { encoding: 'utf8' }).split('\n')
  return lines.map((line) => {
    const [pid, ...words] = line.trim().split(/\s+/)
    return { pid: Number(pid), words }
  })
}

export function isAlive({ pid, start }: Pick<MacProcess, 'pid' | 'start'>): boolean {
  return startOf(pid) === start
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function readProcess(path: string): MacProcess | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as MacProcess
  } catch {
    return undefined
  }
}

/** False when it was gone before. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** A process of the Mac ends when the process that made the Mac is gone, however it went. */
export function endWithOwner(folder: string, end: () => void = () => process.exit(0)): void {
  const { owner, stopped } = macPaths(folder)
  const look = setInterval(() => {
    const known = readProcess(owner)
    if (known === undefined || !isAlive(known) || existsSync(stopped)) end()
  }, LOOK_FOR_OWNER_MS)
  look.unref()
}
