/**
 * Apple events to the fake Mac's Messages, one connection each. What left is not taken back: neither by its time limit nor by the end of this
 * process (MACOS 1.4, 1.5).
 */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { messagesError, ScriptError } from './faults.ts'
import type { Fault } from './faults.ts'
import type { OsascriptSettings } from './osascript-settings.ts'

export type Target = Readonly<{ participant: string; account: string }> | Readonly<{ chat: string }>

export type AppleEvent =
  | Readonly<{ event: 'send'; text: string; to: Target }>
  | Readonly<{ event: 'send'; file: string; to: Target }>
  | Readonly<{ event: 'resolve'; to: Target }>
  | Readonly<{ event: 'accounts' }>
  | Readonly<{ event: 'transfers' }>

export type EventOptions = Readonly<{
  timeoutMs: number
  /** False inside `ignoring application responses`: the event leaves, and nothing is known of it. */
  waits: boolean
  /** What the event is about, for errors that do not name it. */
  object: string
}>

type Answer = Readonly<{ ok?: unknown; error?: Readonly<{ number: number; object?: string }> }>

/** How often Messages, being launched, is looked for. */
const LAUNCH_POLL_MS = 20

export class AppleEvents {
  readonly #folder: string
  readonly #settings: OsascriptSettings

  constructor(folder: string, settings: OsascriptSettings) {
    this.#folder = folder
    this.#settings = settings
  }

  /** What Messages answers; undefined when nothing is waited for. Throws ScriptError; never comes back from an unanswered prompt. */
  async ask(event: AppleEvent, { timeoutMs, waits, object }: EventOptions): Promise<unknown> {
    const deadlineMs = performance.now() + timeoutMs
    const { fails, hangs, delayMs } = this.#settings.osascript
    if (fails !== undefined) throw messagesError(faultOf({ number: fails, object }))
    const socket = (await this.#connected()) ?? (await this.#launched(deadlineMs))
    if (this.#settings.automation === 'denied') {
      socket.destroy()
      throw messagesError({ kind: 'not_authorised' })
    }
    if (this.#settings.automation === 'prompt' || hangs === 'before') await forever()
    await passed(delayMs)
    await new Promise((written) => socket.write(`${JSON.stringify(event)}\n`, written))
    if (!waits) {
      socket.unref()
      return undefined
    }
    const line = await firstLine(socket, deadlineMs - performance.now())
    socket.destroy()
    if (hangs === 'after') await forever()
    const answer = JSON.parse(line) as Answer
    if (answer.error !== undefined) throw messagesError(faultOf({ object, ...answer.error }))
    return answer.ok
  }

  /** Asks without starting it. */
  async isRunning(): Promise<boolean> {
    const socket = await this.#connected()
    socket?.destroy()
    return socket !== null
  }

  /** `launch`, `activate`: starts it, and nothing more. */
  async launch(timeoutMs: number): Promise<void> {
    const socket = (await this.#connected()) ?? (await this.#launched(performance.now() + timeoutMs))
    socket.destroy()
  }

  /** Null: Messages does not run, or is on its way out. */
  #connected(): Promise<Socket | null> {
    return new Promise((resolve) => {
      const socket = connect(join(this.#folder, 'state', 'messages.sock'))
      socket.once('connect', () => resolve(socket))
      socket.on('error', () => resolve(null)) // later ones too: the close that follows says enough
    })
  }

  /** In the foreground and slowly, as `tell application` does it (MACOS 1.5). */
  async #launched(deadlineMs: number): Promise<Socket> {
    if (this.#settings.session !== 'Aqua') throw new ScriptError({ kind: 'of_type', number: -10827 })
    const { spawn } = await import('node:child_process')
    const open = spawn(join(this.#folder, 'bin', 'open'), ['-b', 'com.apple.MobileSMS'], { stdio: 'ignore' })
    const failed = await new Promise<boolean>((resolve) => {
      open.once('error', () => resolve(true))
      open.once('exit', (code) => resolve(code !== 0))
    })
    if (failed) throw new ScriptError({ kind: 'of_type', number: -10810 })
    while (performance.now() < deadlineMs) {
      const socket = await this.#connected()
      if (socket !== null) return socket
      await passed(LAUNCH_POLL_MS)
    }
    throw messagesError({ kind: 'not_running' })
  }
}

/** Rejects with -1712 when the time is over, with -609 when Messages goes away. */
function firstLine(socket: Socket, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy()
      reject(messagesError({ kind: 'timed_out' }))
    }, timeoutMs)
    let said = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      said += chunk
      const end = said.indexOf('\n')
      if (end === -1) return
      clearTimeout(timer)
      resolve(said.slice(0, end))
    })
    const gone = () => {
      clearTimeout(timer)
      reject(messagesError({ kind: 'connection_invalid' }))
    }
    if (socket.destroyed) gone()
    else socket.on('close', gone)
  })
}

/** Until somebody ends the process. */
export function forever(): Promise<never> {
  return new Promise(() => setInterval(() => undefined, 3_600_000))
}

type Refusal = Readonly<{ number: number; object: string }>

/** The fault that has this number when Messages says it. */
function faultOf({ number, object }: Refusal): Fault {
  return (FAULTS[number] ?? (() => ({ kind: 'of_type', number })))(object)
}

const FAULTS: Readonly<Record<number, (object: string) => Fault>> = {
  [-1728]: (object) => ({ kind: 'cannot_get', object }),
  [-1719]: (object) => ({ kind: 'invalid_index', object }),
  [-1700]: () => ({ kind: 'unexpected_type' }),
  [-1708]: (object) => ({ kind: 'not_understood', object, message: 'send' }),
  [-1712]: () => ({ kind: 'timed_out' }),
  [-1743]: () => ({ kind: 'not_authorised' }),
  [-600]: () => ({ kind: 'not_running' }),
  [-609]: () => ({ kind: 'connection_invalid' }),
  [-10002]: () => ({ kind: 'invalid_key_form' }),
  [-10004]: () => ({ kind: 'privilege_violation' }),
}
