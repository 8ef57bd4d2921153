/**
 * Sending, and finding out what became of it. Each part of a message is noted, handed to imsg once, and then only its row counts:
 * imsg's own "ok" says that a row was seen, and not that it was sent (DRIVERS 2.2).
 */
import type { AttemptId } from '@bluewire/contract/ids'
import type { Clock } from '@bluewire/platform/clock'
import type { DriverMemory, Outgoing, SendOutcome } from '../driver.ts'
import { sendAnswer } from './imsg-answers.ts'
import type { Answer } from './imsg-connection.ts'
import type { Lane } from './lane.ts'
import { ImsgLooking } from './imsg-looking.ts'
import type { Looked } from './imsg-looking.ts'
import { LostMessages } from './imsg-lost.ts'
import { decodeNote, encodeNote, guidOfAttempt } from './imsg-note.ts'
import type { SendNote } from './imsg-note.ts'
import { callFor, NamedFiles, partsOf, wantedOf } from './imsg-parts.ts'
import type { Part } from './imsg-parts.ts'
import type { ImsgProcess } from './imsg-process.ts'
import type { ImsgReceipts } from './imsg-receipts.ts'
import type { ImsgRows } from './imsg-rows.ts'
import type { ImsgTimes } from './imsg-times.ts'
import { sendVerdict } from './imsg-verdict.ts'
import { isPermissionTrouble } from './imsg-words.ts'

export type SenderDeps = Readonly<{
  clock: Clock
  times: ImsgTimes
  process: ImsgProcess
  rows: ImsgRows
  receipts: ImsgReceipts
  /** One change at a time: imsg does them one after the other, and what waits in it cannot be taken back. */
  lane: Lane
  memory: DriverMemory
  dataDirectory: string
  region: string
  /** Whether Messages may send as SMS by itself what could not go as iMessage. */
  hasSms(): boolean
  learnt: Learnt
}>

/** What sending shows of the Mac, for its health. */
export type Learnt = Readonly<{
  sent(guid: string): void
  failed(error: number): void
  /** imsg may not control Messages. */
  notPermitted(): void
}>

type Sent = { guids: string[]; isDowngraded: boolean }
type Step = Readonly<{ part: Part; place: number; parts: number; before: Sent }>
type Job = Readonly<{ outgoing: Outgoing; part: Part; note: SendNote }>
type Handed = Readonly<{ kind: 'answered'; job: Job; answer: Answer }> | SendOutcome

/** The bridge said that it did not begin: what comes next goes without a guid of our choice, for so long. */
const BRIDGE_REST_MS = 300_000
/** The note has room for 4,000 characters. */
const GUIDS_NOTED_MAX = 60

export class ImsgSender {
  readonly #deps: SenderDeps
  readonly #looking: ImsgLooking
  readonly #lost: LostMessages
  readonly #files: NamedFiles
  #bridgeRestsUntilMs = -Infinity

  constructor(deps: SenderDeps) {
    this.#deps = deps
    const ownerOf = (guid: string): AttemptId | null => deps.memory.attemptOf(guid) ?? deps.receipts.attemptOf(guid)
    this.#lost = new LostMessages({ ...deps, ownerOf })
    this.#looking = new ImsgLooking({ ...deps, ownerOf, twins: (outgoing) => this.#lost.twins(outgoing) })
    this.#files = new NamedFiles(deps.dataDirectory)
  }

  async send(outgoing: Outgoing): Promise<SendOutcome> {
    const files = await this.#files.named(outgoing)
    if (!files) return neverHanded('file_not_readable', 'A file that goes with it cannot be read')
    const parts = partsOf({ ...outgoing, files })
    const before: Sent = { guids: [], isDowngraded: false }
    try {
      for (const [place, part] of parts.entries()) {
        const outcome = await this.#sendPart(outgoing, { part, place, parts: parts.length, before })
        if (outcome.kind !== 'sent') return incomplete(outcome, place, parts.length)
        before.guids.push(...(outcome.rowGuids ?? []))
        before.isDowngraded ||= outcome.wasDowngraded === true
      }
      return sentAs(before)
    } finally {
      await this.#files.clear(outgoing.attempt)
    }
  }

  /** Never sends. @throws when imsg cannot be asked: it is to be tried again */
  async lookUp(outgoing: Outgoing, text: string | null): Promise<SendOutcome> {
    if (text === null) return neverHanded('process_died', 'The node ended before it had given the message to imsg')
    const note = decodeNote(text)
    if (!note) return unknown('no_evidence', 'What was noted of it cannot be read')
    if (!(await this.#deps.process.ready(this.#deps.times.readyMs))) throw new Error('imsg is not running')
    const part: Part = note.file === undefined ? { kind: 'text' } : { kind: 'file', name: note.file, path: '' }
    const job = { outgoing, part, note }
    const looked = await this.#look(job)
    if (looked.kind === 'not_asked') throw new Error('imsg cannot read the messages')
    const outcome = this.#concluded(job, looked, 'The node ended before the answer came')
    if (outcome.kind !== 'sent') return incomplete(outcome, note.part, note.parts)
    const next = note.part + 1
    if (next < note.parts) return incomplete(neverHanded('process_died', 'The node ended before it'), next, note.parts)
    const isDowngraded = note.isDowngraded || outcome.wasDowngraded === true
    return sentAs({ guids: [...note.sent, ...(outcome.rowGuids ?? [])], isDowngraded })
  }

  /** Whether what was not found has come to light; called from time to time. */
  lookForLost(): Promise<void> {
    return this.#lost.look()
  }

  async #sendPart(outgoing: Outgoing, step: Step): Promise<SendOutcome> {
    const release = await this.#deps.lane.take()
    let handed: Handed
    try {
      handed = await this.#handOver(outgoing, step)
    } finally {
      release()
    }
    return handed.kind === 'answered' ? this.#settled(handed.job, handed.answer) : handed
  }

  async #handOver(outgoing: Outgoing, { part, place, parts, before }: Step): Promise<Handed> {
    const { process, times, rows, memory, region } = this.#deps
    if (!(await process.ready(times.readyMs)))
      return neverHanded('imsg_not_running', `There is no imsg to give it to: ${process.trouble ?? 'it is starting'}`)
    const mark = await rows.tail()
    if (mark === null)
      return neverHanded('imsg_cannot_read', 'imsg cannot read the messages: nobody could say what became of it')
    await this.#lost.look(mark)
    // A bridge that has gone since the last look would refuse in words that prove nothing.
    if (process.facts?.bridge.isReady === true) await process.refresh()
    const guid = this.#isTracked(outgoing, part) ? guidOfAttempt(outgoing.attempt, place) : null
    const chatGuid = rows.chatWith(outgoing.to, outgoing.service)?.guid ?? null
    const canBeRich = process.facts?.methods.has('send.rich') === true
    const call = callFor(outgoing, part, { region, guid, chatGuid, canBeRich })
    if (call.kind === 'cannot') return neverHanded(call.reason, call.detail)
    const note: SendNote = {
      part: place,
      parts,
      mark,
      sent: before.guids.slice(-GUIDS_NOTED_MAX),
      isDowngraded: before.isDowngraded,
      ...(guid === null ? {} : { guid }),
      ...(part.kind === 'file' ? { file: part.name } : {}),
    }
    if (!memory.note(outgoing.attempt, encodeNote(note)))
      return neverHanded('node_disk_full', 'The journal of the node cannot be written')
    const answer = await process.request(call.method, call.params, times.sendMs)
    return { kind: 'answered', job: { outgoing, part, note }, answer }
  }

  async #settled(job: Job, answer: Answer): Promise<SendOutcome> {
    const { process, learnt } = this.#deps
    const verdict = sendVerdict(answer)
    if (verdict.kind === 'handed') return this.#concluded(job, await this.#look(job, guidIn(answer)), 'imsg took it')
    if (answer.kind === 'error' && isPermissionTrouble(answer.data)) learnt.notPermitted()
    if (verdict.kind === 'never_handed') return this.#notBegun(job, answer, verdict.said)
    const outcome = this.#concluded(job, await this.#look(job), verdict.said)
    // After the look: what this child has begun it may still see, while the next one can send again.
    if (verdict.isBlocked) process.restart(`it could not go on after a send: ${verdict.said}`)
    return outcome
  }

  /** imsg also says so of a guid that it knows already: then this very attempt is that message. */
  async #notBegun(job: Job, answer: Answer, said: string): Promise<SendOutcome> {
    const { clock, rows } = this.#deps
    if (job.note.guid === undefined || answer.kind !== 'error') return neverHanded('imsg_not_started', said)
    const status = await rows.status(job.note.guid)
    if (status?.status_fields !== null) return this.#concluded(job, await this.#look(job), said)
    this.#bridgeRestsUntilMs = clock.monotonicMs() + BRIDGE_REST_MS
    return neverHanded('imsg_not_started', said)
  }

  #look({ outgoing, part, note }: Job, guid?: string): Promise<Looked> {
    const wanted = wantedOf(outgoing, part, note.mark)
    return this.#looking.find(outgoing, {
      wanted,
      ...(guid === undefined ? {} : { guid }),
      ...(note.guid === undefined ? {} : { ownGuid: note.guid }),
    })
  }

  /** Of one part. What may still change goes on being looked at. */
  #concluded({ outgoing, part, note }: Job, looked: Looked, said: string): SendOutcome {
    const { receipts, learnt } = this.#deps
    const { attempt, service } = outgoing
    const watch = (guid: string, isSent: boolean) => receipts.watch({ attempt, guid, service, isSent })
    if ('guid' in looked) watch(looked.guid, looked.kind === 'sent')
    else if (note.guid !== undefined) watch(note.guid, false)
    else this.#lost.remember(outgoing, wantedOf(outgoing, part, note.mark))
    switch (looked.kind) {
      case 'sent':
        learnt.sent(looked.guid)
        return sentAs({ guids: [looked.guid], isDowngraded: looked.wasDowngraded })
      case 'failed':
        learnt.failed(looked.error)
        return failedAs(looked)
      case 'pending':
        return unknown('not_confirmed', 'Messages has it, and had not sent it when the time was over')
      case 'ambiguous':
        return unknown(
          'ambiguous_rows',
          'More than one message in Messages can be it, and which is which cannot be told',
        )
      case 'not_found':
        return unknown('no_evidence', `${said}, and Messages does not show it`)
      case 'not_asked':
        return unknown('no_evidence', `${said}, and imsg cannot read the messages`)
      default:
        return looked satisfies never
    }
  }

  /** With a guid of our choice a message can be asked for by name. Only the bridge does that, and only in a chat that is there. */
  #isTracked({ to, service, effect, replyTo }: Outgoing, part: Part): boolean {
    const { process, rows, clock } = this.#deps
    if (part.kind !== 'text' || effect !== undefined || replyTo !== undefined) return false
    if (process.facts?.methods.has('send.tracked') !== true || clock.monotonicMs() < this.#bridgeRestsUntilMs)
      return false
    return rows.chatWith(to, service) !== null
  }
}

function guidIn(answer: Answer): string | undefined {
  const said = answer.kind === 'result' ? sendAnswer.safeParse(answer.value).data : undefined
  return said?.guid ?? said?.message_id
}

function sentAs({ guids, isDowngraded }: Sent): SendOutcome {
  return { kind: 'sent', rowGuids: guids, ...(isDowngraded ? { wasDowngraded: true } : {}) }
}

function failedAs({ error, isRefusal }: Readonly<{ error: number; isRefusal: boolean }>): SendOutcome {
  const reason = `apple_error_${error}`
  if (isRefusal) return { kind: 'not_sent', class: 'refused', reason }
  return unknown(reason, 'Messages could not send it; it may try again, or somebody at the Mac')
}

/** A message of several parts is `not_sent` only when none was handed over; the rest is never sent by itself (PROTOCOL, hole 20). */
function incomplete(outcome: Exclude<SendOutcome, { kind: 'sent' }>, place: number, parts: number): SendOutcome {
  if (parts === 1 || (place === 0 && outcome.kind === 'not_sent')) return outcome
  const before = place === 0 ? 'No part' : place === 1 ? 'Part 1' : `Parts 1 to ${place}`
  const detail = outcome.detail === undefined ? outcome.reason : `${outcome.reason}: ${outcome.detail}`
  return unknown(
    'parts_incomplete',
    `${before} of ${parts} sent for certain; part ${place + 1} ended with ${detail}; nothing after it was sent`,
  )
}

function neverHanded(reason: string, detail: string): Extract<SendOutcome, { kind: 'not_sent' }> {
  return { kind: 'not_sent', class: 'never_handed', reason, detail }
}

function unknown(reason: string, detail: string): Extract<SendOutcome, { kind: 'unknown' }> {
  return { kind: 'unknown', reason, detail }
}
