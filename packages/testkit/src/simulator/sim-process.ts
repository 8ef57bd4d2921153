/**
 * A process that can be killed between any two of its effects. Killing takes its memory, its timers and its sockets at once; what its
 * database had committed stays, byte for byte, for the process that comes after it.
 */
import type { Clock, Timer } from '@bluewire/platform/clock'
import { FailingDatabase } from './failing-database.ts'
import type { VirtualClock } from '../virtual-clock.ts'

export class SimProcess implements Clock {
  readonly name: string
  readonly db: FailingDatabase
  readonly #clock: VirtualClock
  #alive = true
  #committed: Uint8Array | null = null
  #full = false

  constructor(name: string, clock: VirtualClock, stored: Uint8Array | null) {
    this.name = name
    this.#clock = clock
    this.db = new FailingDatabase(':memory:')
    if (stored !== null) this.db.deserialize(stored)
  }

  get alive(): boolean {
    return this.#alive
  }

  /** It runs, and what it stores now is stored. */
  get stores(): boolean {
    return this.#alive && !this.#full
  }

  /** What a crash would leave on the disk now. */
  image(): Uint8Array {
    return this.#committed ?? this.db.serialize()
  }

  /** Every further statement, timer and frame of this process is as if it never happened. */
  kill(): void {
    if (!this.#alive) return
    this.#alive = false
    if (this.db.isTransaction) this.db.exec('rollback')
    this.#committed = this.db.serialize()
    this.db.close()
  }

  /** From now on the database can grow by no more than `room` pages, until `freeDisk`. */
  fillDisk(room = 0): void {
    if (!this.#alive) return
    this.#full = true
    const pages = Number(Object.values(this.db.prepare('pragma page_count').get() ?? {})[0])
    this.db.exec(`pragma max_page_count = ${pages + room}`)
  }

  freeDisk(): void {
    if (!this.#alive) return
    this.#full = false
    this.db.exec('pragma max_page_count = 1000000')
  }

  /** Calls into the process; what a dying process throws is nobody's concern. */
  run(body: () => void): void {
    if (!this.#alive) return
    try {
      body()
    } catch (error) {
      if (this.#alive) throw error
    }
  }

  nowMs(): number {
    return this.#clock.nowMs()
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    return this.#clock.setTimer(delayMs, () => this.run(fire))
  }

  soon(fire: () => void): void {
    this.#clock.soon(() => this.run(fire))
  }
}
