/**
 * What a caller of `POST /send/text` is told of the message as it is now. Pure. The text begins with *Successfully* only on
 * evidence of sent; what is open or not known is *Accepted*, so that no client sends it twice.
 */
import type { MessageStatus } from '@bluewire/contract/api/envelope'
import type { FailureCode } from '@bluewire/contract/errors'
import type { MessageId, Service } from '@bluewire/contract/ids'
import { isSentOrBetter } from '@bluewire/engine/message-state'
import type { NodeHold } from '@bluewire/engine/node-health'
import type { Ahead, MessageView } from '../../../store/store.ts'
import { pageBody, unionBody } from '../../envelope.ts'
import type { Stamp, Success, Understood } from '../../envelope.ts'
import type { HttpAnswer } from '../../http-deps.ts'
import { failureCode, failureText } from './failure-text.ts'

export type Situation = Readonly<{
  view: MessageView
  /** Asked for only while it is queued. */
  ahead: Ahead
  nowMs: number
}>

export type Verdict = Readonly<
  { kind: 'success'; message: string } | { kind: 'failed'; code: FailureCode; message: string }
>

const DAY_MS = 24 * 3600_000

export function verdictOn(situation: Situation): Verdict {
  const { view } = situation
  switch (view.state) {
    case 'sent':
    case 'delivered':
    case 'read':
      return { kind: 'success', message: 'Successfully sent' }
    case 'sending':
      return { kind: 'success', message: 'Accepted: being sent' }
    case 'unknown':
      return { kind: 'success', message: 'Accepted: outcome not known yet. Do not send it again; see message_id' }
    case 'queued':
      return { kind: 'success', message: `Accepted: ${whyQueued(situation)}` }
    case 'failed':
    case 'cancelled':
    case 'expired':
      return { kind: 'failed', code: failureCode(view), message: `Sending failed: ${failureText(view)}` }
    default:
      return view.state satisfies never
  }
}

/** What really went out; while nothing has, what was asked for. */
export function typeOf(view: Pick<MessageView, 'state' | 'askedService' | 'service' | 'sentService'>): Service {
  return isSentOrBetter(view.state) ? (view.sentService ?? view.service) : view.askedService
}

/** The one reason that keeps it waiting longest. */
function whyQueued({ view, ahead, nowMs }: Situation): string {
  const { line } = view
  if (view.holdReason !== null) return `held (${view.holdReason}) until ${clockTime(view.notBeforeMs, nowMs)}`
  if (line === null) return 'waiting for a line'
  if (line.paused) return `waiting, because ${line.address} is paused`
  if (line.node !== null && !line.node.online) return `waiting for ${whoIsAway(line.node, nowMs)}`
  if (line.node?.hold != null) return `waiting for node ${line.node.name}, ${whyHeld(line.node.hold)}`
  if (view.attempts > 0 && view.notBeforeMs > nowMs) {
    const tries = view.attempts === 1 ? '1 try' : `${view.attempts} tries`
    return `${tries} did not go out, the next is due at ${clockTime(view.notBeforeMs, nowMs, 'seconds')}`
  }
  const { messages, unknownUntilMs } = ahead
  if (unknownUntilMs !== null) {
    const until = clockTime(unknownUntilMs, nowMs, 'seconds')
    return `an earlier message to this recipient has an unknown outcome, which holds it until ${until} at most`
  }
  if (messages > 0) return `${messages} ${messages === 1 ? 'message is' : 'messages are'} ahead on ${line.address}`
  return `waiting for its turn on ${line.address}`
}

type Away = NonNullable<NonNullable<MessageView['line']>['node']>

function whoIsAway(node: Away, nowMs: number): string {
  if (!node.isProvider) return `node ${node.name}, ${awaySince(node, nowMs)}`
  // What a provider says of itself is for its operator; a caller is told that it is not connected.
  return `provider ${node.name}, ${awaySince(node, nowMs)}`
}

/** The word of a check is for whoever asks why; what to do about it is for the operator. */
function whyHeld({ why, check }: NodeHold): string {
  switch (why) {
    case 'broken':
      return `which cannot send now${check === null ? '' : ` (${check})`}`
    case 'sending_address':
      return 'which would send from another address'
    case 'two_machines':
      return 'whose credential two machines use'
    default:
      return why satisfies never
  }
}

function awaySince(node: { closedAtMs: number | null }, nowMs: number): string {
  return node.closedAtMs === null ? 'not connected yet' : `offline since ${clockTime(node.closedAtMs, nowMs)}`
}

/** `12:04Z`; with the date when it is not within a day. */
function clockTime(atMs: number, nowMs: number, precision: 'minutes' | 'seconds' = 'minutes'): string {
  const iso = new Date(atMs).toISOString()
  const time = `${iso.slice(11, precision === 'minutes' ? 16 : 19)}Z`
  return Math.abs(nowMs - atMs) < DAY_MS ? time : `${iso.slice(0, 10)} ${time}`
}

export function understoodOf(message: {
  id: MessageId
  state: MessageStatus
  recipient: string
  simulated: boolean
}): Understood {
  return {
    message_id: message.id,
    status: message.state,
    to: message.recipient,
    ...(message.simulated ? { simulated: true as const } : {}),
  }
}

export type SuccessContext = Readonly<{ stamp: Stamp; page: boolean; headers: Readonly<Record<string, string>> }>

export function successAnswer(success: Success, { stamp, page, headers }: SuccessContext): HttpAnswer {
  return { status: 200, headers, body: page ? pageBody(success) : unionBody(success, stamp) }
}
