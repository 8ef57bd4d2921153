/** Finding the row of a message, and following it until it says what became of it. Asks only, and never sends. */
import type { AttemptId } from '@bluewire/contract/ids'
import type { Clock } from '@bluewire/platform/clock'
import type { Outgoing } from '../driver.ts'
import type { Wanted } from './imsg-matching.ts'
import type { ImsgProcess } from './imsg-process.ts'
import type { ImsgRows } from './imsg-rows.ts'
import type { ImsgTimes } from './imsg-times.ts'
import { NOT_ON_IMESSAGE, rowVerdict } from './imsg-verdict.ts'
import type { RowVerdict } from './imsg-verdict.ts'

export type Looked =
  | Readonly<{ kind: 'sent'; guid: string; wasDowngraded: boolean }>
  /** `isRefusal`: for good, and nothing went out instead. */
  | Readonly<{ kind: 'failed'; guid: string; error: number; isRefusal: boolean }>
  | Readonly<{ kind: 'pending'; guid: string }>
  /** Rows that could be it, and no way to tell. */
  | Readonly<{ kind: 'ambiguous' }>
  | Readonly<{ kind: 'not_found' }>
  /** imsg could not be asked to the end: nothing was learnt. */
  | Readonly<{ kind: 'not_asked' }>

export type LookingDeps = Readonly<{
  clock: Clock
  times: ImsgTimes
  process: ImsgProcess
  rows: ImsgRows
  /** Whether Messages may send as SMS by itself what could not go as iMessage. */
  hasSms(): boolean
  /** The attempt that this row is known to be. */
  ownerOf(guid: string): AttemptId | null
  /** Messages with the same text to the same recipient whose rows were never seen: how many, and the oldest mark. */
  twins(outgoing: Outgoing): Readonly<{ many: number; mark: number }> | null
}>

export type Clue = Readonly<{
  wanted: Wanted
  /** Of the row, where it is known: imsg named it. */
  guid?: string
  /** The guid of our choice; nobody else's row has it. */
  ownGuid?: string
}>

type Found = Readonly<{ kind: 'guid'; guid: string }> | Exclude<Looked, { guid: string }>

export class ImsgLooking {
  readonly #deps: LookingDeps

  constructor(deps: LookingDeps) {
    this.#deps = deps
  }

  async find(outgoing: Outgoing, clue: Clue): Promise<Looked> {
    const found = await this.#until(this.#deps.times.lookMs, () => this.#look(outgoing, clue))
    return found.kind === 'guid' ? this.#follow(outgoing, found.guid, clue.wanted) : found
  }

  async #look(outgoing: Outgoing, { wanted, guid, ownGuid }: Clue): Promise<Found> {
    const { rows, ownerOf, twins } = this.#deps
    if (ownGuid !== undefined) {
      const status = await rows.status(ownGuid)
      if (!status) return { kind: 'not_asked' }
      return status.status_fields ? { kind: 'guid', guid: status.guid || ownGuid } : { kind: 'not_found' }
    }
    const twin = twins(outgoing)
    if (guid !== undefined && !twin) return { kind: 'guid', guid }
    const rowsLike = await rows.candidates(twin ? { ...wanted, mark: Math.min(wanted.mark, twin.mark) } : wanted)
    if (!rowsLike) return { kind: 'not_asked' }
    const free = rowsLike.filter((row) => (ownerOf(row.guid) ?? outgoing.attempt) === outgoing.attempt)
    const last = free.at(-1)
    if (!last) return { kind: 'not_found' }
    // Ours is the last one when each of the others that could be it has a row of its own, and nothing else has.
    return free.length === (twin?.many ?? 0) + 1 && last.id > wanted.mark
      ? { kind: 'guid', guid: last.guid }
      : { kind: 'ambiguous' }
  }

  async #follow(outgoing: Outgoing, guid: string, { content }: Wanted): Promise<Looked> {
    const { times, hasSms } = this.#deps
    const withinMs = content.kind === 'file' ? times.confirmFileMs : times.confirmMs
    const isFinal = (row: RowVerdict) => row.kind === 'sent' || row.kind === 'failed'
    const row = await this.#row(outgoing, guid, { withinMs, isEnough: isFinal })
    if (row?.kind !== 'failed') return looked(row, guid)
    const isRefusal = row.error === NOT_ON_IMESSAGE
    if (!isRefusal || !hasSms() || outgoing.service === 'sms')
      return { kind: 'failed', guid, error: row.error, isRefusal }
    const later = await this.#row(outgoing, guid, {
      withinMs: times.downgradeMs,
      isEnough: ({ kind }) => kind === 'sent',
    })
    return later ? looked(later, guid, isRefusal) : { kind: 'not_asked' }
  }

  /** The row's last word within the time. Null: it could not be asked for. */
  async #row(
    outgoing: Outgoing,
    guid: string,
    { withinMs, isEnough }: Readonly<{ withinMs: number; isEnough: (row: RowVerdict) => boolean }>,
  ): Promise<RowVerdict | null> {
    const { rows, clock } = this.#deps
    const seen: { last: RowVerdict | null } = { last: null }
    await this.#until(withinMs, async () => {
      const status = await rows.status(guid)
      if (!status) return { kind: 'not_asked' }
      seen.last = rowVerdict(status, outgoing.service, clock.nowMs())
      return { kind: isEnough(seen.last) ? 'enough' : 'not_found' }
    })
    return seen.last
  }

  /**
   * Asks until there is an answer that is more than "not found"; with the last one when the time is over. Time in which nothing could be
   * asked, because the child was being replaced, does not count, within a bound.
   */
  async #until<T extends { kind: string }>(withinMs: number, ask: () => Promise<T>): Promise<T> {
    const { clock, process, times } = this.#deps
    let endMs = clock.monotonicMs() + withinMs
    let spareMs = times.readyMs + times.readMs
    for (;;) {
      const beganMs = clock.monotonicMs()
      const answer = await ask()
      if (process.isStopped) return interrupted()
      if (answer.kind === 'not_asked') {
        await process.ready(times.readyMs)
        const lostMs = Math.min(clock.monotonicMs() - beganMs, spareMs)
        spareMs -= lostMs
        endMs += lostMs
      }
      if (clock.monotonicMs() >= endMs || !UNSETTLED.includes(answer.kind)) return answer
      await passed(clock, times.pollMs)
      if (process.isStopped) return interrupted()
    }
  }
}

/** Each may turn out otherwise a moment later: rows are written and joined to their chat one after the other. */
const UNSETTLED: readonly string[] = ['not_found', 'not_asked', 'ambiguous']

function looked(row: RowVerdict | null, guid: string, isRefusal = false): Looked {
  if (!row) return { kind: 'not_asked' }
  switch (row.kind) {
    case 'sent':
      return { kind: 'sent', guid, wasDowngraded: row.wasDowngraded }
    case 'failed':
      return { kind: 'failed', guid, error: row.error, isRefusal: isRefusal && row.error === NOT_ON_IMESSAGE }
    case 'pending':
      return { kind: 'pending', guid }
    case 'absent':
      return { kind: 'not_found' }
    default:
      return row satisfies never
  }
}

function passed(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.setTimer(ms, resolve))
}

/**
 * The driver was stopped in the middle of a look. Nothing is said then: the journal keeps the attempt as started, and the next process
 * looks again, while anything said now would be the last word.
 */
function interrupted(): Promise<never> {
  return new Promise(() => undefined)
}
