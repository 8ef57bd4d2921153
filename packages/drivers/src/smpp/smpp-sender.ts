/**
 * One message, from its parts to what is known of it.
 *
 * The first part goes alone: what an SMSC has against a message it has against its first part, and then nothing was taken. Once a part was
 * taken the message can only become whole or be *unknown*, so what is refused "for now" is sent again, with the same header, and what
 * could not leave because the connection was lost waits for the next one. A part that may have been taken never leaves twice.
 */
import { REASONS } from '../provider.ts'
import type { OutgoingSms, ProviderOutcome } from '../provider.ts'
import type { Clock } from '@bluewire/platform/clock'
import type { Fields } from 'smpp'
import type { SmppConnection } from './smpp-connection.ts'
import type { SmppGate } from './smpp-gate.ts'
import { idOfResponse } from './smpp-message-ids.ts'
import type { Pdu } from './smpp-pdu.ts'
import type { SmppSettings } from './smpp-settings.ts'
import { statusesOf, verdictOf } from './smpp-status.ts'
import type { StatusVerdict } from './smpp-status.ts'
import { submitsOf } from './smpp-submit.ts'

/** What is known of one part. */
type PartResult =
  | Readonly<{ kind: 'taken'; id: string }>
  | Readonly<{ kind: 'refused'; verdict: StatusVerdict; restMs: number }>
  | Readonly<{ kind: 'unanswered'; reason: string; detail: string }>
  /** No byte of it left. */
  | Readonly<{ kind: 'not_written'; reason: string; detail: string }>

type Part = Readonly<{
  sms: OutgoingSms
  number: number
  fields: Fields
  mayLeave: (() => boolean) | null
  untilMs: number
}>

/** The whole of a send takes no longer than a minute: so long for the first part to find its place, so long for all to have left. */
const FIRST_PART_MS = 15_000
const PARTS_MS = 45_000
const SEND_MS = 60_000
/** How long a line rests that found all places of the window taken. */
const NO_PLACE_REST_MS = 5_000
/** Between two tries of a part that was refused for now. */
const AGAIN_MS = 1_000

export type SenderDeps = Readonly<{
  settings: SmppSettings
  clock: Clock
  gate: SmppGate
  connection(): SmppConnection | null
  /** Where the count of the parts' headers begins. */
  reference: number
  /** An answer that came when nobody waited any more: the SMSC took that part after all. */
  takenLate(part: Readonly<{ sms: OutgoingSms; number: number; id: string }>): void
}>

export class SmppSender {
  readonly #deps: SenderDeps
  readonly #optedOut: ReadonlySet<number>
  #reference: number

  constructor(deps: SenderDeps) {
    this.#deps = deps
    this.#optedOut = statusesOf(deps.settings.opted_out_status)
    this.#reference = deps.reference
  }

  async send(sms: OutgoingSms, mayLeave: () => boolean): Promise<ProviderOutcome> {
    this.#reference = (this.#reference + 1) & 0xff
    const submits = submitsOf(sms, this.#deps.settings, this.#reference)
    if (submits.kind === 'too_long') {
      return { kind: 'not_sent', class: 'refused', reason: REASONS.refused, detail: submits.detail }
    }
    const startedAtMs = this.#deps.clock.monotonicMs()
    const [firstFields, ...others] = submits.parts
    const partOf = (fields: Fields, index: number): Part => ({
      sms,
      number: index + 1,
      fields,
      mayLeave: index === 0 ? mayLeave : null,
      untilMs: startedAtMs + SEND_MS,
    })
    const first = await this.#submit(partOf(firstFields as Fields, 0), FIRST_PART_MS)
    if (first.kind !== 'taken') return outcomeOf(first, submits.parts.length)
    const rest = await Promise.all(others.map((fields, index) => this.#submitUntilKnown(partOf(fields, index + 1))))
    return joined([first, ...rest])
  }

  async #submitUntilKnown(part: Part): Promise<PartResult> {
    const { clock } = this.#deps
    const leaveByMs = part.untilMs - SEND_MS + PARTS_MS
    for (;;) {
      const result = await this.#submit(part, leaveByMs - clock.monotonicMs())
      const isForNow =
        result.kind === 'refused' && result.verdict.kind !== 'refused' && result.verdict.kind !== 'unclear'
      if (!isForNow || clock.monotonicMs() + AGAIN_MS >= leaveByMs) return result
      await new Promise<void>((resolve) => void clock.setTimer(AGAIN_MS, resolve))
    }
  }

  async #submit(part: Part, enterWithinMs: number): Promise<PartResult> {
    const { gate, clock, settings } = this.#deps
    const entered = await gate.enter({ withinMs: Math.max(0, enterWithinMs), patient: part.mayLeave === null })
    if (entered === 'shut') return NOT_CONNECTED
    if (entered === 'late') return NO_PLACE
    const connection = this.#deps.connection()
    const leave = once(() => gate.leave())
    if (!connection) {
      leave()
      // It was lost since; whoever may wait for the next one does, because the gate is shut now.
      return part.mayLeave
        ? NOT_CONNECTED
        : await this.#submit(part, part.untilMs - SEND_MS + PARTS_MS - clock.monotonicMs())
    }
    // From here to the first byte nothing waits.
    if (part.mayLeave && !part.mayLeave()) {
      leave()
      return { kind: 'not_written', reason: REASONS.leaseLost, detail: 'It was no longer ours to send' }
    }
    const answer = await connection.request({
      command: 'submit_sm',
      fields: part.fields,
      withinMs: Math.min(settings.answer_within, Math.max(0, part.untilMs - clock.monotonicMs())),
      over: leave,
      late: (pdu) => this.#late(part, pdu),
    })
    if (answer.kind === 'not_written') return NOT_CONNECTED
    if (answer.kind === 'answer') return this.#read(answer.pdu, connection)
    if (answer.why === 'late' && connection.overdue >= settings.window) {
      // Every place is taken by a submit that the SMSC owes an answer to: only a new login gives them back.
      connection.close({ why: 'silent', detail: 'the SMSC does not answer submits any more' })
    }
    return answer.why === 'unreadable' ? UNREADABLE : UNANSWERED
  }

  #read(pdu: Pdu, connection: SmppConnection): PartResult {
    const { gate, settings } = this.#deps
    if (isTaken(pdu)) {
      gate.accepted()
      return { kind: 'taken', id: idOfResponse(pdu.message_id ?? '', settings) }
    }
    if (pdu.command_status === 0) return WITHOUT_SENSE
    const verdict = verdictOf(pdu.command_status, this.#optedOut)
    if (verdict.kind === 'unclear') return { kind: 'unanswered', reason: verdict.reason, detail: verdict.detail }
    if (verdict.reason === REASONS.notConnected)
      connection.close({ why: 'closed', detail: 'the SMSC forgot the login' })
    return { kind: 'refused', verdict, restMs: verdict.kind === 'throttled' ? gate.throttled() : 0 }
  }

  #late({ sms, number }: Part, pdu: Pdu): void {
    if (!isTaken(pdu)) return
    this.#deps.takenLate({ sms, number, id: idOfResponse(pdu.message_id ?? '', this.#deps.settings) })
  }
}

function isTaken(pdu: Pdu): boolean {
  return pdu.command === 'submit_sm_resp' && pdu.command_status === 0
}

/** Of a message of which nothing was taken, or nobody knows. */
function outcomeOf(first: Exclude<PartResult, { kind: 'taken' }>, of: number): ProviderOutcome {
  switch (first.kind) {
    case 'unanswered':
      return { kind: 'unknown', reason: first.reason, detail: first.detail, of }
    case 'not_written':
      return {
        kind: 'not_sent',
        class: 'never_handed',
        reason: first.reason,
        detail: first.detail,
        ...(first.reason === REASONS.throttled && { retryAfterMs: NO_PLACE_REST_MS }),
      }
    case 'refused': {
      const { verdict, restMs } = first
      return {
        kind: 'not_sent',
        class: verdict.kind === 'refused' ? 'refused' : 'never_handed',
        reason: verdict.reason,
        detail: verdict.detail,
        ...(verdict.kind === 'throttled' && { retryAfterMs: restMs }),
      }
    }
    default:
      return first satisfies never
  }
}

/** The first part was taken. */
function joined(results: readonly PartResult[]): ProviderOutcome {
  const ids = results.flatMap((result) => (result.kind === 'taken' ? [result.id] : []))
  // Ids are told apart by their place, so they are all there or none.
  if (ids.length === results.length) return { kind: 'sent', refs: ids.every((id) => id !== '') ? ids : [] }
  const parts = new Map<number, string>()
  for (const [index, result] of results.entries()) {
    if (result.kind === 'taken' && result.id !== '') parts.set(index + 1, result.id)
  }
  const unanswered = results.find((result) => result.kind === 'unanswered')
  const refused = results.find((result) => result.kind === 'refused')
  const unwritten = results.find((result) => result.kind === 'not_written')
  const why = unanswered?.detail ?? refused?.verdict.detail ?? unwritten?.detail ?? ''
  return {
    kind: 'unknown',
    reason: unanswered?.reason ?? REASONS.partlySent,
    detail: `${ids.length} of ${results.length} parts were taken. ${why}`,
    parts,
    of: results.length,
  }
}

function once(call: () => void): () => void {
  let isDone = false
  return () => {
    if (!isDone) call()
    isDone = true
  }
}

const NOT_CONNECTED: PartResult = {
  kind: 'not_written',
  reason: REASONS.notConnected,
  detail: 'There is no connection to the SMSC',
}
const NO_PLACE: PartResult = {
  kind: 'not_written',
  reason: REASONS.throttled,
  detail: 'The SMSC is too slow: all places of the window are taken',
}
const UNANSWERED: PartResult = {
  kind: 'unanswered',
  reason: REASONS.noAnswer,
  detail: 'The SMSC did not say whether it took the message',
}
const UNREADABLE: PartResult = {
  kind: 'unanswered',
  reason: REASONS.answerUnreadable,
  detail: 'The SMSC answered with bytes that are no SMPP',
}
const WITHOUT_SENSE: PartResult = {
  kind: 'unanswered',
  reason: REASONS.answerUnreadable,
  detail: 'The SMSC answered with generic_nack, and without an error in it',
}
