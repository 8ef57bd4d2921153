/** `ps` with the columns of macOS. Of this Mac's processes it knows name and start; of others what the system says. */
import { readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { liveProcesses, startOf } from '../processes.ts'
import type { ToolContext, ToolProgram } from './tool.ts'
import { readLetters } from './tool.ts'

type Seen = Readonly<{ pid: number; ppid: number; user: string; startedAtMs: number; comm: string; command: string }>
type Column = Readonly<{ header: string; width: number; right?: boolean; of(seen: Seen, now: number): string }>

const TICKS_PER_SECOND = 100
/** Of `lstart`, so wide also when it comes last. */
const LSTART_WIDTH = 28

const COLUMNS: Readonly<Record<string, Column>> = {
  pid: { header: 'PID', width: 5, right: true, of: ({ pid }) => String(pid) },
  ppid: { header: 'PPID', width: 5, right: true, of: ({ ppid }) => String(ppid) },
  user: { header: 'USER', width: 16, of: ({ user }) => user },
  lstart: {
    header: 'STARTED',
    width: LSTART_WIDTH,
    of: ({ startedAtMs }) => dateText(startedAtMs).padEnd(LSTART_WIDTH),
  },
  etime: { header: 'ELAPSED', width: 12, right: true, of: ({ startedAtMs }, now) => elapsed(now - startedAtMs) },
  tty: { header: 'TTY', width: 8, of: () => '??' },
  time: { header: 'TIME', width: 9, right: true, of: () => '0:00.01' },
  stat: { header: 'STAT', width: 4, of: () => 'S' },
  comm: { header: 'COMM', width: 16, of: ({ comm }) => comm },
  command: { header: 'COMMAND', width: 0, of: ({ command }) => command },
  args: { header: 'ARGS', width: 0, of: ({ command }) => command },
}
const USUAL = 'pid,tty,time,command'

export const ps: ToolProgram = (context, args) => {
  const { values } = readLetters(args, 'opuU')
  const columns = (values.get('o') ?? USUAL).split(',').map(readColumn)
  const unknown = columns.find(({ key }) => COLUMNS[key] === undefined)
  if (unknown !== undefined) {
    context.complain(`ps: ${unknown.key}: keyword not found`)
    return 1
  }
  const pids = values.get('p')?.split(/[\s,]+/)
  const seen =
    pids === undefined ? known(context) : pids.map((pid) => one(context, Number(pid))).filter((p) => p !== undefined)
  if (columns.some(({ header }) => header !== ''))
    context.out(
      `${columns
        .map(({ key, header }) => cell(key, header))
        .join(' ')
        .trimEnd()}\n`,
    )
  const now = Date.now()
  for (const process of seen)
    context.out(line(columns.map(({ key }) => cell(key, COLUMNS[key]?.of(process, now) ?? ''))))
  return seen.length === 0 ? 1 : 0
}

/** `pid`, `pid=` without a header, `pid=NUMBER` with another one. */
function readColumn(word: string): { key: string; header: string } {
  const [key = '', header] = word.split('=')
  return { key, header: header ?? COLUMNS[key]?.header ?? '' }
}

function cell(key: string, text: string): string {
  const { width = 0, right = false } = COLUMNS[key] ?? {}
  return right ? text.padStart(width) : text.padEnd(width)
}

/** The last column is not filled up, but for a date, which fills itself up. */
function line(cells: readonly string[]): string {
  const last = cells.at(-1) ?? ''
  const isDate = last.length === LSTART_WIDTH
  return `${[...cells.slice(0, -1), isDate ? last : last.trimEnd()].join(' ')}\n`
}

function known(context: ToolContext): Seen[] {
  return liveProcesses(context.folder)
    .map(({ pid }) => one(context, pid))
    .filter((seen) => seen !== undefined)
}

function one({ folder, settings }: ToolContext, pid: number): Seen | undefined {
  const system = ofSystem(pid, settings.bootedAtMs)
  if (system === undefined) return undefined
  const registered = liveProcesses(folder).find((process) => process.pid === pid)
  const { command = system.command, startedAtMs = system.startedAtMs } = registered ?? {}
  return { ...system, command, startedAtMs, comm: command.split(' ')[0] ?? '', user: settings.consoleUser }
}

function ofSystem(pid: number, bootedAtMs: number): Omit<Seen, 'user' | 'comm'> | undefined {
  const start = startOf(pid)
  if (start === null) return undefined
  if (process.platform !== 'linux') return ofPs(pid)
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const ppid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    // Since the Mac's start and not by the clock of now: a clock that is set must not move what has started.
    return { pid, ppid, command, startedAtMs: bootedAtMs + (Number(start) / TICKS_PER_SECOND) * 1000 }
  } catch {
    return undefined
  }
}

function ofPs(pid: number): Omit<Seen, 'user' | 'comm'> {
  const field = (key: string) =>
    execFileSync('/bin/ps', ['-o', `${key}=`, '-p', String(pid)], { encoding: 'utf8' }).trim()
  return { pid, ppid: Number(field('ppid')), command: field('command'), startedAtMs: Date.parse(field('lstart')) }
}

/** As `%c` of strftime prints it, which depends on the language of whoever asks. */
export function dateText(
  unixMs: number,
  locale = process.env['LC_ALL'] ?? process.env['LC_TIME'] ?? process.env['LANG'] ?? 'C',
): string {
  const at = new Date(unixMs)
  const [language = 'en'] = /^[a-z]{2}/.exec(locale) ?? ['en']
  const named = (part: 'weekday' | 'month') => new Intl.DateTimeFormat(language, { [part]: 'short' }).format(at)
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':')
  const day = String(at.getDate()).padStart(2)
  if (language === 'de' || language === 'fr')
    return `${named('weekday')} ${day} ${named('month')} ${time} ${at.getFullYear()}`
  if (language === 'zh')
    return `${named('weekday')} ${String(at.getMonth() + 1).padStart(2)}/${day} ${time} ${at.getFullYear()}`
  return `${named('weekday')} ${named('month')} ${day} ${time} ${at.getFullYear()}`
}

function elapsed(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  const two = (n: number) => String(n).padStart(2, '0')
  const hours = Math.floor(s / 3600)
  const clock = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`
  if (hours === 0) return clock
  return hours < 24 ? `${two(hours)}:${clock}` : `${two(Math.floor(hours / 24))}-${two(hours % 24)}:${clock}`
}
