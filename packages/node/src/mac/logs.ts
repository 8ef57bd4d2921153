/** `logs`: what the agent said, newest last, for a person to read; and what comes, when asked to follow. */
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import type { AgentPaths } from './agent-paths.ts'
import { rotatedPaths } from './rotating-file.ts'
import type { Rotation } from './rotating-file.ts'

/** Together at most 16 MiB. */
export const LOG_ROTATION: Rotation = { bytesMax: 4 * 1024 ** 2, filesMax: 4 }
export const PRINTED_BYTES_MAX = 1024 ** 2

const FOLLOW_MS = 300
const LEVELS: Readonly<Record<number, string>> = { 30: 'info', 40: 'warn', 50: 'error' }

/** The last lines of both files. */
export function lastLines(paths: AgentPaths, many: number): string[] {
  const printed = linesOf(paths.printed).slice(-many)
  const logged: string[] = []
  for (const path of rotatedPaths(paths.log, LOG_ROTATION)) {
    if (logged.length >= many) break
    logged.unshift(...linesOf(path))
  }
  return [
    ...(printed.length === 0 ? [] : [`--- ${paths.printed}`, ...printed, `--- ${paths.log}`]),
    ...logged.slice(-many).map(readable),
  ]
}

/** Calls `say` with each line that comes, until told to stop. */
export async function follow(
  paths: AgentPaths,
  say: (line: string) => void,
  untilStop: Promise<unknown>,
): Promise<void> {
  const tails = [new Tail(paths.log), new Tail(paths.printed)]
  let isStopped = false
  const stopped = untilStop.then(() => void (isStopped = true))
  while (!isStopped) {
    for (const tail of tails) for (const line of tail.read()) say(readable(line))
    let timer: NodeJS.Timeout | undefined
    await Promise.race([stopped, new Promise((resolve) => (timer = setTimeout(resolve, FOLLOW_MS)))])
    clearTimeout(timer)
  }
}

/** What is appended to a file from now on, also after it was put aside. */
class Tail {
  readonly #path: string
  #inode: number | null
  #at: number
  #rest = Buffer.alloc(0)

  constructor(path: string) {
    this.#path = path
    const stat = statSync(path, { throwIfNoEntry: false })
    this.#inode = stat?.ino ?? null
    this.#at = stat?.size ?? 0
  }

  read(): string[] {
    const stat = statSync(this.#path, { throwIfNoEntry: false })
    if (!stat) return []
    const lines = stat.ino === this.#inode ? [] : this.#left()
    if (stat.ino !== this.#inode || stat.size < this.#at) this.#at = 0
    this.#inode = stat.ino
    return [...lines, ...this.#from(this.#path)]
  }

  /** The end of the file that was put aside meanwhile. */
  #left(): string[] {
    const aside = `${this.#path}.1`
    return statSync(aside, { throwIfNoEntry: false })?.ino === this.#inode ? this.#from(aside) : []
  }

  #from(path: string): string[] {
    const file = openSync(path, 'r')
    try {
      const chunk = Buffer.alloc(64 * 1024)
      for (let read = -1; read !== 0;) {
        read = readSync(file, chunk, 0, chunk.length, this.#at)
        this.#at += read
        this.#rest = Buffer.concat([this.#rest, chunk.subarray(0, read)])
      }
    } finally {
      closeSync(file)
    }
    const end = this.#rest.lastIndexOf(10)
    const whole = this.#rest.subarray(0, end + 1)
    this.#rest = this.#rest.subarray(end + 1)
    return whole.toString().split('\n').slice(0, -1)
  }
}

function linesOf(path: string): string[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8').split('\n').filter(Boolean)
}

/** An entry of the log as a line; anything else as it is. */
function readable(line: string): string {
  const entry = entryOf(line)
  if (!entry) return line
  const { level, time, event, msg: _msg, ...fields } = entry
  const at = typeof time === 'number' ? new Date(time).toISOString() : '-'
  const said = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return [at, (LEVELS[Number(level)] ?? '-').padEnd(5), String(event), ...said].join(' ')
}

function entryOf(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{')) return null
  try {
    const entry = JSON.parse(line) as Record<string, unknown>
    return 'event' in entry ? entry : null
  } catch {
    return null
  }
}
