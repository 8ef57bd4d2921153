/** Which messages are done, in the order of their insertion, and how far that reaches without a gap. No I/O. */
import type { ReadPosition } from './read-position.ts'
import { TOLD_MAX } from './read-position.ts'
import type { WireMessage } from './wire-message.ts'
import { editedMs } from './inbound.ts'

/** A message dated so far behind the newest is from an older history (iCloud), not late: the least that was measured is 82 minutes (MACOS 2.6). */
const BACKFILL_MS = 3_600_000

/** More rows than are ever read at a time. */
const GAPS_MAX = 1_000

type Row = Pick<WireMessage, 'guid' | 'originalROWID' | 'dateCreated' | 'dateEdited' | 'dateRetracted'>

export class SeenRows {
  #position: ReadPosition
  /** Done and later than the position: row → guid. */
  readonly #told = new Map<number, string>()
  /** Not done, because it is not joined to its chat: row → since when. */
  readonly #waiting = new Map<number, number>()
  /** guid → when it was created, and last changed as far as was told. */
  readonly #seen = new Map<string, { createdMs: number; editedMs: number }>()

  constructor(position: ReadPosition, nowMs: number) {
    this.#position = position
    for (const row of position.told) this.#told.set(row, '')
    // What lies between them was waiting when the position was written.
    const last = Math.min(Math.max(...position.told, 0), position.row + GAPS_MAX)
    for (let row = position.row + 1; row < last; row++) if (!this.#told.has(row)) this.#waiting.set(row, nowMs)
  }

  get position(): ReadPosition {
    return { ...this.#position, told: [...this.#told.keys()].sort((a, b) => a - b) }
  }

  /** More would not fit into a position. */
  get isFull(): boolean {
    return this.#told.size >= TOLD_MAX
  }

  /** It was done before this process: only a later change of it is news. */
  remember(message: Row): void {
    const changed = editedMs(message)
    this.#seen.set(message.guid, {
      createdMs: message.dateCreated ?? 0,
      editedMs: changed <= this.#position.dateMs ? changed : 0,
    })
  }

  wasDone({ originalROWID: row }: Row): boolean {
    return row !== null && (row <= this.#position.row || this.#told.has(row))
  }

  isNew({ guid, originalROWID: row }: Row): boolean {
    return !this.#seen.has(guid) && !(row !== null && this.#told.has(row))
  }

  isChanged(message: Row): boolean {
    const seen = this.#seen.get(message.guid)
    return seen !== undefined && editedMs(message) > seen.editedMs
  }

  isBackfilled({ dateCreated }: Row): boolean {
    return (dateCreated ?? 0) < this.#position.dateMs - BACKFILL_MS
  }

  /** Its chat is awaited. */
  wait({ originalROWID: row }: Row, nowMs: number): void {
    if (row !== null && !this.#waiting.has(row)) this.#waiting.set(row, nowMs)
  }

  waitedMs({ originalROWID: row }: Row, nowMs: number): number {
    return nowMs - (this.#waiting.get(row ?? -1) ?? nowMs)
  }

  /** What has waited since before then was deleted, and holds nothing up. */
  giveUpBefore(ms: number): void {
    for (const [row, sinceMs] of this.#waiting) if (sinceMs < ms) this.#waiting.delete(row)
    this.#advance()
  }

  get hasWaiting(): boolean {
    return this.#waiting.size > 0
  }

  /** `nowMs`: no date beyond it is believed. */
  done(message: Row, nowMs: number): void {
    const { guid, originalROWID: row, dateCreated } = message
    this.#seen.set(guid, { createdMs: dateCreated ?? 0, editedMs: editedMs(message) })
    const dateMs = Math.max(this.#position.dateMs, Math.min(Math.max(dateCreated ?? 0, editedMs(message)), nowMs))
    this.#position = { ...this.#position, dateMs }
    if (row === null || row <= this.#position.row) return
    this.#waiting.delete(row)
    this.#told.set(row, guid)
    this.#advance()
  }

  /** Nobody asks any more for what is older. */
  forgetBefore(ms: number): void {
    for (const [guid, { createdMs }] of this.#seen) if (createdMs < ms) this.#seen.delete(guid)
  }

  #advance(): void {
    const gap = Math.min(...this.#waiting.keys(), Infinity)
    let { row, guid } = this.#position
    for (const [told, itsGuid] of this.#told) {
      if (told >= gap) continue
      if (told > row) [row, guid] = [told, itsGuid]
      this.#told.delete(told)
    }
    this.#position = { ...this.#position, row, guid }
  }
}
