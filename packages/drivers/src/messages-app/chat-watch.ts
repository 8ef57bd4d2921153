/**
 * Knows when to read chat.db: when its folder changes, when its version does, and every now and then whatever they say, since file events
 * alone are known to be missed (MACOS 2.6). Reads never overlap.
 */
import { watch } from 'node:fs'
import type { FSWatcher } from 'node:fs'
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { ChatDbHandle } from './chat-db-handle.ts'
import type { RowReader } from './row-reader.ts'
import type { Timings } from './timings.ts'

export type ChatWatchDeps = Readonly<{
  clock: Clock
  timings: Timings
  messagesDir: string
  handle: ChatDbHandle
  reader: RowReader
  /** What could not be read, or null since it can again. */
  read(problem: string | null): void
}>

export class ChatWatch {
  readonly #deps: ChatWatchDeps
  #watcher: FSWatcher | null = null
  #soon: Timer | null = null
  #tick: Timer | null = null
  #version: number | null = null
  #fullAtMs = Number.NEGATIVE_INFINITY
  #isStopped = false

  constructor(deps: ChatWatchDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#arm()
    this.look(true)
    this.#turn()
  }

  stop(): void {
    this.#isStopped = true
    this.#watcher?.close()
    this.#watcher = null
    this.#soon?.cancel()
    this.#tick?.cancel()
  }

  /** The machine slept: what was watched may not be any more. */
  woke(): void {
    this.#arm()
    this.look(true)
  }

  look(isFull: boolean): void {
    if (this.#isStopped) return
    const { clock, handle, reader, read } = this.#deps
    const result = handle.try((db) => {
      this.#version = db.dataVersion()
      return reader.pass(db, isFull)
    })
    if (isFull) this.#fullAtMs = clock.monotonicMs()
    read(result.kind === 'failed' ? result.error.problem : null)
    if (result.kind === 'read' && result.value) this.#lookSoon()
  }

  /** The folder, not the files: a watch on a file ends when the file is replaced. */
  #arm(): void {
    this.#watcher?.close()
    this.#watcher = null
    try {
      this.#watcher = watch(this.#deps.messagesDir, (_event, name) => {
        if (name === null || name.startsWith('chat.db')) this.#lookSoon()
      })
      this.#watcher.on('error', () => undefined) // the timers go on
    } catch {
      // not there, or not allowed: the timers find it when it is
    }
  }

  #lookSoon(): void {
    if (this.#isStopped || this.#soon !== null) return
    this.#soon = this.#deps.clock.setTimer(this.#deps.timings.debounce, () => {
      this.#soon = null
      this.look(false)
    })
  }

  #turn(): void {
    const { clock, timings } = this.#deps
    this.#tick = clock.setTimer(timings.dataVersion, () => {
      const isFull = clock.monotonicMs() - this.#fullAtMs >= timings.fullPass
      if (isFull && this.#watcher === null) this.#arm()
      if (isFull || this.#hasChanged()) this.look(isFull)
      if (!this.#isStopped) this.#turn()
    })
  }

  #hasChanged(): boolean {
    const result = this.#deps.handle.try((db) => db.dataVersion())
    return result.kind === 'failed' || result.value !== this.#version
  }
}
