/**
 * From the moment a part was handed over until it is known what became of it. With AppleScript BlueBubbles may send once more until it
 * answers (PROTOCOL hole 18), so its answer is waited for; with the private API a row that is plainly ours ends the wait, because there an
 * answer can come minutes after the message went out, or never (traps 8 and 9).
 */
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { SendOutcome } from '../driver.ts'
import type { Answer } from './api.ts'
import { NotAnswered } from './message-queries.ts'
import type { Found, Named, RowFinder, Search } from './row-finder.ts'
import { outcomeOf } from './row-state.ts'
import type { RowState } from './row-state.ts'
import { readSendAnswer } from './send-answer.ts'
import type { Reading } from './send-answer.ts'
import type { SendNote } from './send-note.ts'
import type { TempGuids } from './temp-guids.ts'
import type { Timings } from './timings.ts'

export type Followed = Readonly<{
  outcome: SendOutcome
  /** The message it is seen as; null: none was found. */
  guid: string | null
  state: RowState | null
  /** It could be looked for at all. */
  wasLooked: boolean
}>

type Journey = Readonly<{
  note: SendNote
  /** Null: nobody waits for one. */
  answer: Promise<Answer> | null
  withinMs: number
  /** An equal text may still come from an earlier attempt: only what is named for certain is ours. */
  isTainted: boolean
}>

type Deps = Readonly<{
  clock: Clock
  timings: Timings
  finder: RowFinder
  tempGuids: TempGuids
  hasSms: boolean
}>

/** What is known so far. */
type State = {
  reading: Reading | null
  found: Found
  wasLooked: boolean
  readonly startMs: number
  readonly endMs: number
  /** BlueBubbles said that it is done; the row is sought until then. */
  overMs: number | null
  /** Until then a refusal may still become an SMS. */
  refusedMs: number | null
}

export class RowFollower {
  readonly #deps: Deps
  #stopped = false
  readonly #waits = new Set<() => void>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** What is followed stays open: it is for the next process to find out. */
  stop(): void {
    this.#stopped = true
    for (const end of this.#waits) end()
  }

  /** Does not resolve when the driver is stopped meanwhile. */
  async follow(search: Search, journey: Journey): Promise<Followed> {
    const startMs = this.#deps.clock.monotonicMs()
    const state: State = {
      reading: null,
      found: { kind: 'nothing' },
      wasLooked: false,
      startMs,
      endMs: startMs + journey.withinMs,
      overMs: null,
      refusedMs: null,
    }
    const answered = journey.answer?.then((answer) => this.#heard(state, answer)) ?? null
    const { slowLook } = this.#deps.timings
    await this.#wait(
      journey.note.method === 'apple-script' ? journey.withinMs : slowLook,
      answered ?? Promise.resolve(),
    )
    while (!this.#stopped) {
      const { reading } = state
      if (reading?.kind === 'not_sent') return { outcome: reading.outcome, guid: null, state: null, wasLooked: true }
      await this.#look(search, journey, state)
      const end = this.#ending(state)
      if (end !== null && !this.#stopped) return end
      await this.#wait(this.#pause(state), state.reading === null ? answered : null)
    }
    return new Promise(() => undefined)
  }

  #heard(state: State, answer: Answer): void {
    const reading = readSendAnswer(answer)
    state.reading = reading
    if (reading.kind === 'look' && reading.isOver)
      state.overMs = this.#deps.clock.monotonicMs() + this.#deps.timings.afterAnswer
  }

  async #look(search: Search, { note, isTainted }: Journey, state: State): Promise<void> {
    const named = this.#named(note, state)
    try {
      const found = await this.#deps.finder.look(search, named)
      const isCertain = found.kind === 'row' && found.message.guid === named?.guid && named.isCertain
      state.found = isTainted && found.kind === 'row' && !isCertain ? { kind: 'several' } : found
      state.wasLooked = true
    } catch (error) {
      if (!(error instanceof NotAnswered)) throw error // asked again at the next look
    }
  }

  #named({ method, file, tempGuid }: SendNote, { reading }: State): Named | null {
    if (reading?.kind === 'row') return { guid: reading.guid, isCertain: method === 'private-api' && file === null }
    const guid = this.#deps.tempGuids.guidOf(tempGuid)
    return guid === null ? null : { guid, isCertain: false }
  }

  #pause({ startMs }: State): number {
    const { quick, look, slowLook } = this.#deps.timings
    return this.#deps.clock.monotonicMs() - startMs < quick ? look : slowLook
  }

  /** Null: there is more to wait for. */
  #ending(state: State): Followed | null {
    const nowMs = this.#deps.clock.monotonicMs()
    const isLate = nowMs >= state.endMs
    const { found, wasLooked } = state
    if (found.kind !== 'row') {
      const isOver = state.overMs !== null && nowMs >= state.overMs
      if (!isLate && !isOver) return null
      const outcome = found.kind === 'several' ? ambiguous : notFound(state.reading)
      return { outcome, guid: null, state: null, wasLooked }
    }
    const { message, state: row } = found
    if (row.kind === 'not_on_imessage' && this.#deps.hasSms) {
      // The Mac may still send it as SMS, and then it must not go out a second time.
      state.refusedMs ??= nowMs + this.#deps.timings.downgrade
      if (nowMs < state.refusedMs) return null
    }
    const outcome = outcomeOf(row, message.guid) ?? (isLate ? stillSending : null)
    return outcome === null ? null : { outcome, guid: message.guid, state: row, wasLooked }
  }

  /** Ends early at `early`, and when the driver is stopped. */
  #wait(ms: number, early: Promise<void> | null): Promise<void> {
    if (this.#stopped) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel()
        this.#waits.delete(end)
        resolve()
      }
      const timer: Timer = this.#deps.clock.setTimer(ms, end)
      this.#waits.add(end)
      void early?.then(end)
    })
  }
}

const stillSending: SendOutcome = {
  kind: 'unknown',
  reason: 'no_evidence',
  detail: 'The message is in Messages, which does not say that it was sent.',
}
const ambiguous: SendOutcome = {
  kind: 'unknown',
  reason: 'ambiguous_rows',
  detail: 'More than one message in Messages could be this one.',
}

function notFound(reading: Reading | null): SendOutcome {
  const detail = reading?.kind === 'look' ? reading.detail : 'BlueBubbles has not answered.'
  return { kind: 'unknown', reason: 'no_row', detail: `${detail} The message was not found in Messages.` }
}
