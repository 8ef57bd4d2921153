import { spawn } from 'node:child_process'
import { setTimeout as passed } from 'node:timers/promises'
import { endWithOwner, registerProcess, startOf } from '../processes.ts'
import type { ToolProgram } from './tool.ts'
import { readLetters } from './tool.ts'

const LOOK_AGAIN_MS = 100
const KNOWN = 'dimsutw'

/** Runs until it is killed; `-t`: so many seconds; `-w`: as long as that process; with a program: as long as that. */
export const caffeinate: ToolProgram = async ({ folder, complain }, args) => {
  const { flags, values, rest } = readLetters(args, 'tw')
  const unknown = [...flags].find((flag) => !KNOWN.includes(flag))
  if (unknown !== undefined) {
    complain(
      `caffeinate: illegal option -- ${unknown}\nusage: caffeinate [-disu] [-t timeout] [-w Process ID] [command arguments...]`,
    )
    return 64
  }
  registerProcess(folder, { name: 'caffeinate', command: ['caffeinate', ...args].join(' ') })
  endWithOwner(folder)
  const [program, ...programArgs] = rest
  if (program !== undefined) return ended(program, programArgs)
  const seconds = values.get('t')
  const deadlineMs = seconds === undefined ? Infinity : performance.now() + Number(seconds) * 1000
  const pid = values.get('w')
  const start = pid === undefined ? null : startOf(Number(pid))
  while (performance.now() < deadlineMs) {
    if (pid !== undefined && (start === null || startOf(Number(pid)) !== start)) break
    await passed(LOOK_AGAIN_MS)
  }
  return 0
}

function ended(program: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'inherit' })
    child.on('error', () => resolve(1))
    child.on('exit', (code) => resolve(code ?? 1))
  })
}
