/**
 * One attempt, handed to BlueBubbles part by part, each once, and found again in chat.db. What is said of it afterwards is evidence: a row
 * that says sent, a row that says refused, an answer that proves that nothing was done. Everything else is `unknown` (DRIVERS 2.1, traps 4
 * and 9).
 */
import type { AttemptId } from '@bluewire/contract/ids'
import type { Clock } from '@bluewire/platform/clock'
import type { DriverMemory, Outgoing, SendOutcome } from '../driver.ts'
import type { Answer, BlueBubblesApi } from './api.ts'
import { findTarget } from './chat-target.ts'
import type { ChatTarget } from './chat-target.ts'
import { HandOver } from './hand-over.ts'
import type { Method, Part } from './hand-over.ts'
import { NotAnswered } from './message-queries.ts'
import type { MessageQueries } from './message-queries.ts'
import type { RowFinder, Search } from './row-finder.ts'
import { RowFollower } from './row-follower.ts'
import type { Followed } from './row-follower.ts'
import { readNote, writeNote } from './send-note.ts'
import type { SendNote } from './send-note.ts'
import { readSendAnswer } from './send-answer.ts'
import type { TempGuids } from './temp-guids.ts'
import type { Timings } from './timings.ts'
import { effectId } from './words.ts'

export type SenderDeps = Readonly<{
  clock: Clock
  timings: Timings
  api: BlueBubblesApi
  queries: MessageQueries
  finder: RowFinder
  memory: DriverMemory
  tempGuids: TempGuids
  /** Whether Messages may turn a refused iMessage into an SMS by itself. */
  hasSms: boolean
  /** Null: none can be used now. */
  method(): Method | null
  /** An attempt's message is known, whatever became of it. */
  owns(attempt: AttemptId, followed: Followed): void
}>

/** What a step came to, and the message it is seen as. */
type Step = Readonly<{ outcome: SendOutcome; guid: string | null }>

/** BlueBubbles waits this long for a file; what it was given may still come until then. */
const TAINTED_MS = 20 * 60_000

export class Sender {
  readonly #deps: SenderDeps
  readonly #handOver: HandOver
  readonly #follower: RowFollower
  /** What may still come although nobody waits for it: an equal text to the same recipient cannot be told from it (hole 7). */
  #tainted: Array<Readonly<{ to: string; body: string; untilMs: number }>> = []

  constructor(deps: SenderDeps) {
    this.#deps = deps
    this.#handOver = new HandOver(deps.api)
    this.#follower = new RowFollower(deps)
  }

  /** What waits stays open. */
  stop(): void {
    this.#follower.stop()
  }

  async send(outgoing: Outgoing): Promise<SendOutcome> {
    const method = this.#deps.method()
    if (method === null) return neverHanded('node_refused', 'BlueBubbles’ private API is not connected now.')
    if (outgoing.effect !== undefined && effectId(outgoing.effect) === null) {
      return neverHanded('node_refused', `There is no effect ${outgoing.effect.slice(0, 40)}.`)
    }
    const parts = this.#handOver.partsOf(outgoing)
    if (typeof parts === 'string') return neverHanded('node_refused', parts)
    const done: string[] = []
    let wasDowngraded = false
    for (const [index, part] of parts.entries()) {
      const place = { part: index, of: parts.length, done: [...done] }
      const { outcome, guid } = await this.#part(outgoing, part, { ...place, method })
      if (outcome.kind !== 'sent') return done.length === 0 ? outcome : incomplete(place, outcome)
      if (guid !== null) done.push(guid)
      wasDowngraded ||= outcome.wasDowngraded === true
    }
    return { kind: 'sent', rowGuids: done, ...(wasDowngraded ? { wasDowngraded } : {}) }
  }

  /** Never sends. @throws NotAnswered while BlueBubbles cannot be asked: nothing is known then, and it is asked again. */
  async lookUp(outgoing: Outgoing, noted: string | null): Promise<SendOutcome> {
    if (noted === null) return neverHanded('process_died', 'The node ended before it handed anything to BlueBubbles.')
    const note = readNote(noted)
    if (note === null)
      return { kind: 'unknown', reason: 'look_up_failed', detail: 'The note of a former node cannot be read.' }
    const { clock, timings } = this.#deps
    // BlueBubbles goes on without the process that asked it.
    const left = note.atMs + (note.file === null ? timings.text : timings.file) - clock.nowMs()
    const withinMs = Math.max(timings.lookUp, Math.min(left, timings.text))
    const { outcome, guid, wasLooked } = await this.#followed(outgoing, note, { answer: null, withinMs })
    if (!wasLooked) throw new NotAnswered({ kind: 'lost', code: 'no_answer' })
    if (outcome.kind !== 'sent') return note.part === 0 ? outcome : incomplete(note, outcome)
    const rowGuids = guid === null ? note.done : [...note.done, guid]
    return rowGuids.length < note.of ? incomplete({ ...note, part: rowGuids.length }, null) : { ...outcome, rowGuids }
  }

  async #part(outgoing: Outgoing, part: Part, place: Pick<SendNote, 'part' | 'of' | 'done' | 'method'>): Promise<Step> {
    const { attempt, to, service } = outgoing
    const { api, memory, clock, timings } = this.#deps
    let target: ChatTarget
    let note: SendNote
    try {
      target = await findTarget(api, to, service)
      note = await this.#note(attempt, part, place)
    } catch (error) {
      if (!(error instanceof NotAnswered)) throw error
      return { outcome: neverHanded('node_refused', 'BlueBubbles could not be asked before the send.'), guid: null }
    }
    if (target.kind === 'none') {
      return { outcome: neverHanded('node_refused', 'There is no such group in Messages on this Mac.'), guid: null }
    }
    if (!memory.note(attempt, writeNote(note))) return { outcome: neverHanded('node_disk_full'), guid: null }
    const answer = this.#handOver.start(outgoing, part, { target, method: place.method, tempGuid: note.tempGuid })
    const withinMs = part.kind === 'file' ? timings.file : timings.text
    const step = await this.#followed(outgoing, note, { answer, withinMs })
    this.#taint(outgoing, note, { step, answer: await settled(answer), nowMs: clock.monotonicMs() })
    return step
  }

  async #note(
    attempt: AttemptId,
    part: Part,
    place: Pick<SendNote, 'part' | 'of' | 'done' | 'method'>,
  ): Promise<SendNote> {
    const { queries, clock } = this.#deps
    const newest = await queries.newest()
    return {
      ...place,
      file: part.kind === 'file' ? part.name : null,
      // Trap 7: an id that was used before would be taken again. An attempt is made once, and each part of it.
      tempGuid: `bluewire-${attempt}-${place.part}`,
      afterRow: newest === null ? 0 : newest.originalROWID,
      afterMs: queries.nowMs(),
      atMs: clock.nowMs(),
    }
  }

  async #followed(
    outgoing: Outgoing,
    note: SendNote,
    { answer, withinMs }: { answer: Promise<Answer> | null; withinMs: number },
  ): Promise<Followed> {
    const search: Search = {
      attempt: outgoing.attempt,
      service: outgoing.service,
      sought: {
        to: outgoing.to,
        body: note.file === null ? outgoing.body : null,
        file: note.file,
        afterRow: note.afterRow,
        afterMs: note.afterMs,
      },
    }
    const isTainted = note.file === null && this.#isTainted(outgoing)
    const followed = await this.#follower.follow(search, { note, answer, withinMs, isTainted })
    this.#deps.owns(outgoing.attempt, followed)
    return followed
  }

  #isTainted({ to, body }: Outgoing): boolean {
    const nowMs = this.#deps.clock.monotonicMs()
    this.#tainted = this.#tainted.filter(({ untilMs }) => untilMs > nowMs)
    return this.#tainted.some((one) => one.to === to && one.body === body)
  }

  /** AppleScript: until BlueBubbles has answered it may send again. Otherwise: only what was not found may still come. */
  #taint(
    { to, body }: Outgoing,
    { file, method }: SendNote,
    { step, answer, nowMs }: { step: Step; answer: Answer | null; nowMs: number },
  ): void {
    if (file !== null || step.outcome.kind === 'not_sent') return
    const reading = answer === null ? null : readSendAnswer(answer)
    const isOver = reading !== null && (reading.kind !== 'look' || reading.isOver)
    const mayCome = method === 'apple-script' ? !isOver || step.guid === null : step.guid === null
    if (mayCome) this.#tainted.push({ to, body, untilMs: nowMs + TAINTED_MS })
  }
}

/** Null: not yet. */
function settled(answer: Promise<Answer>): Promise<Answer | null> {
  return Promise.race([answer, Promise.resolve(null)])
}

/** `not_sent` only if no part was sent; the rest is never sent by itself (hole 20). */
function incomplete({ part, of }: { part: number; of: number }, outcome: SendOutcome | null): SendOutcome {
  const why = outcome === null || outcome.kind === 'sent' ? '' : ` (${outcome.reason})`
  return {
    kind: 'unknown',
    reason: 'parts_incomplete',
    detail: `${part} of ${of} parts were sent. Of the next it is not known, or it was not${why}; the rest is not sent.`,
  }
}

function neverHanded(reason: string, detail?: string): SendOutcome {
  return { kind: 'not_sent', class: 'never_handed', reason, ...(detail === undefined ? {} : { detail }) }
}
