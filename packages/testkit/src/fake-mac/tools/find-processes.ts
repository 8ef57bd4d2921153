/** `pgrep` and `pkill`: the processes of this fake Mac only. */
import type { MacProcess } from '../processes.ts'
import { liveProcesses, sendSignal } from '../processes.ts'
import type { ToolContext, ToolProgram } from './tool.ts'
import { readLetters } from './tool.ts'

const NONE = 1
const USAGE = 2

export const pgrep: ToolProgram = (context, args) => {
  const found = find(context, args)
  if (found === undefined) return usage(context, 'pgrep')
  const { flags, processes } = found
  for (const { pid, name, command } of processes) {
    if (flags.has('q')) break
    context.out(flags.has('l') ? `${pid} ${flags.has('f') ? command : name}\n` : `${pid}\n`)
  }
  return processes.length === 0 ? NONE : 0
}

export const pkill: ToolProgram = (context, args) => {
  const signal = args.find((word) => /^-(?:\d+|(?:SIG)?[A-Z]{3,})$/.test(word))
  const found = find(
    context,
    args.filter((word) => word !== signal),
  )
  if (found === undefined) return usage(context, 'pkill')
  for (const { pid } of found.processes) sendSignal(pid, signalOf(signal))
  return found.processes.length === 0 ? NONE : 0
}

function find({ folder }: ToolContext, args: readonly string[]) {
  const { flags, rest } = readLetters(args, 'uUgGPt')
  const [pattern] = rest
  if (pattern === undefined) return undefined
  const regex = new RegExp(flags.has('x') ? `^(?:${pattern})$` : pattern, flags.has('i') ? 'i' : '')
  const fits = ({ name, command }: MacProcess) => regex.test(flags.has('f') ? command : name)
  const all = liveProcesses(folder).filter(fits)
  if (flags.has('n')) return { flags, processes: all.slice(-1) }
  return { flags, processes: flags.has('o') ? all.slice(0, 1) : all }
}

function signalOf(word: string | undefined): NodeJS.Signals {
  const said = word?.slice(1).replace(/^SIG/, '') ?? 'TERM'
  const byNumber: Readonly<Record<string, string>> = { '1': 'HUP', '2': 'INT', '3': 'QUIT', '9': 'KILL', '15': 'TERM' }
  return `SIG${byNumber[said] ?? said}` as NodeJS.Signals
}

function usage({ complain }: ToolContext, name: string): number {
  complain(
    `usage: ${name} [-LSafilnoqvx] [-F pidfile] [-G gid] [-P ppid] [-U uid] [-d delim] [-g pgrp] [-t tty] [-u euid] pattern ...`,
  )
  return USAGE
}
