/**
 * A process that must not outlive the one that started it gets the reading end of a pipe whose other end its parent holds and
 * never writes to. However the parent dies, also by SIGKILL, the system closes that end and the child reads the end of the pipe.
 */
import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'

/** Holds the number of the file descriptor. Set by the parent, taken out of the environment by the child. */
export const LIFELINE_VARIABLE = 'BLUEWIRE_LIFELINE_FD'

/**
 * Calls `ended` once when the parent is gone. Does nothing when this process was given no lifeline.
 * Does not keep the process alive. The variable is removed, so that own children do not take the number for theirs.
 */
export function watchLifeline(ended: () => void): void {
  const given = process.env[LIFELINE_VARIABLE]
  delete process.env[LIFELINE_VARIABLE]
  const fd = given === undefined ? NaN : Number(given)
  if (!isPipe(fd)) return

  let told = false
  const tell = () => {
    if (told) return
    told = true
    ended()
  }
  const pipe = new Socket({ fd, readable: true, writable: false })
  pipe.on('end', tell)
  pipe.on('close', tell)
  pipe.on('error', tell)
  pipe.resume()
  pipe.unref()
}

/** A number inherited by mistake may name nothing, or something else of this process. */
function isPipe(fd: number): boolean {
  if (!Number.isSafeInteger(fd) || fd < 3) return false
  try {
    const stat = fstatSync(fd)
    return stat.isFIFO() || stat.isSocket()
  } catch {
    return false
  }
}

export type StopReason = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'parent_gone'

/**
 * Resolves once when this process should end: a signal, or the end of its parent. Call it first thing, and once. Later signals do
 * nothing: Ctrl-C reaches every process of a terminal, and a parent may send it on, so a second one says nothing new.
 */
export function untilAskedToStop(): Promise<StopReason> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal))
    watchLifeline(() => resolve('parent_gone'))
  })
}
