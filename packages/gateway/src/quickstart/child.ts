/** A part of the quick start as a process of its own, which ends when this one does, however it ends. */
import { spawn } from 'node:child_process'
import { LIFELINE_VARIABLE } from '@bluewire/platform/lifeline'

const LIFELINE_FD = 3

export type ChildEnd = Readonly<{ code: number | null; signal: NodeJS.Signals | null }>

export type Child = Readonly<{
  ended: Promise<ChildEnd>
  kill(signal: NodeJS.Signals): void
}>

export type ChildProgram = Readonly<{
  /** A TypeScript file. */
  file: string
  args: readonly string[]
  /** Added to the environment of this process. */
  env?: Readonly<Record<string, string>>
  /** An open file that gets all it prints. */
  log: number
  /** The child is given a channel, and these are its messages. */
  onMessage?: (message: unknown) => void
}>

export function startChild({ file, args, env, log, onMessage }: ChildProgram): Child {
  const child = spawn(process.execPath, [file, ...args], {
    stdio: ['ignore', log, log, 'pipe', ...(onMessage === undefined ? [] : (['ipc'] as const))],
    env: { ...process.env, ...env, [LIFELINE_VARIABLE]: String(LIFELINE_FD) },
    // A group of its own: Ctrl-C reaches just us, and we stop our parts in the order in which nothing is lost.
    detached: true,
  })
  child.stdio[LIFELINE_FD]?.on('error', () => undefined) // the child is gone; `ended` says so
  if (onMessage !== undefined) child.on('message', onMessage)
  const ended = new Promise<ChildEnd>((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal }))
    child.on('error', () => resolve({ code: null, signal: null }))
  })
  return { ended, kill: (signal) => void child.kill(signal) }
}

/** `exit code 1`, `SIGKILL` */
export function endText({ code, signal }: ChildEnd): string {
  return signal ?? (code === null ? 'it could not be started' : `exit code ${code}`)
}
