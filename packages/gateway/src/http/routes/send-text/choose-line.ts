/** By which of the account's lines a message leaves, or why it cannot. Pure; the engine decides, this speaks with the caller. */
import { BluewireError } from '@bluewire/contract/errors'
import type { FailureCode } from '@bluewire/contract/errors'
import type { LineId, Service } from '@bluewire/contract/ids'
import { isMagicRecipient } from '@bluewire/contract/magic-recipients'
import { convertRecipient } from '@bluewire/contract/recipient'
import { waitBehindMs } from '@bluewire/engine/pacing'
import { canSend, route } from '@bluewire/engine/routing'
import type { Candidate } from '@bluewire/engine/routing'
import type { LineView } from '../../../store/store.ts'
import { name } from './failure-text.ts'
import { missing } from './field-problems.ts'
import { queuedOn } from './line-book.ts'
import type { Page } from './line-book.ts'
import type { ParsedSend } from './parse-request.ts'

export type LineWish = Readonly<{
  send: Pick<ParsedSend, 'service' | 'plain' | 'to' | 'from' | 'fallback'>
  region: string
  sticky: LineId | null
  expiresInMs: number
  /** See LineBook. */
  steadyMs: number
}>

export type Choice = Readonly<{
  line: LineView | null
  /** The caller named it. */
  asked: boolean
  /** With no usable line: the message is recorded as failed with this. */
  failure: FailureCode | null
  /** With a fallback: the line that the SMS would leave by. */
  fallback: LineId | null
  /** Before it can leave, by the line's pacing alone. Milliseconds. */
  waitMs: number
}>

/** Throws what the caller has to change. */
export function chooseLine(page: Page, wish: LineWish): Choice {
  const { send } = wish
  const { candidates } = page
  if (send.plain && !hasSmsLine(page)) throw featuresNeeded()
  if (page.lines.some((line) => line.address === send.to)) throw ownLine()
  const asked = send.from === null ? null : findAsked(page, send.from, wish)
  const from = asked?.id ?? null
  const chosen = route({ service: send.service, from, sticky: wish.sticky, simulated: null }, candidates)
  if (chosen.kind === 'cannot') throw cannot(asked, send, chosen.able)
  if (chosen.kind === 'none') return unusable(null, noLineFailure(candidates, send.service))
  const line = page.lines.find((l) => l.id === chosen.line) ?? null
  if (line === null || chosen.kind === 'suspended') return unusable(line, 'line_suspended')
  if (isMagicRecipient(send.to) && !line.simulated) throw magicNumber()
  const backup = route({ service: 'sms', from: null, sticky: line.id, simulated: line.simulated }, candidates)
  if (send.fallback && backup.kind !== 'line') throw noFallback()
  const { tatMs, gapMs, burst } = line
  const waitMs = waitBehindMs(queuedOn(page, line.id), { tatMs, pace: { gapMs, burst } }, wish.steadyMs)
  if (waitMs > wish.expiresInMs) throw queueFull(line, waitMs, wish.expiresInMs)
  const fallback = send.fallback && backup.kind === 'line' ? backup.line : null
  return { line, asked: asked !== null, failure: null, fallback, waitMs }
}

/** More than one line may be chosen, so it matters which one the recipient knows. */
export function needsSticky(page: Page, send: Pick<ParsedSend, 'service' | 'from'>): boolean {
  return send.from === null && page.candidates.filter((line) => canSend(line, send.service)).length > 1
}

export function hasSmsLine(page: Page): boolean {
  return page.candidates.some((line) => canSend(line, 'sms'))
}

function unusable(line: LineView | null, failure: FailureCode): Choice {
  return { line, asked: line !== null, failure, fallback: null, waitMs: 0 }
}

/** Lines there are, and all of them suspended, is another thing than none. */
function noLineFailure(candidates: readonly Candidate[], service: Service): FailureCode {
  const able = candidates.filter((c) => canSend(c, service))
  return able.length > 0 && able.every((c) => c.suspended) ? 'line_suspended' : 'no_line'
}

/** A line is recognised in any form, also without its `+`. Throws `from_not_yours`. */
function findAsked({ lines, candidates }: Page, from: string, wish: LineWish): LineView {
  const converted = convertRecipient(from, { region: wish.region, fromForm: false })
  const address = !converted.ok ? null : converted.kind === 'email' ? converted.email : converted.e164
  const digits = /^[\s+\d().-]+$/.test(from) ? from.replace(/\D/g, '') : null
  const found =
    lines.find((line) => line.address === from.trim()) ?? // also a short code or a name, which are no numbers
    lines.find((line) => line.address === address) ??
    lines.find((line) => digits !== null && line.address === `+${digits}`)
  if (found !== undefined) return found
  const able = candidates.filter((line) => canSend(line, wish.send.service)).map((line) => line.address)
  const reason = `This account has no line ${quoted(from)}. ${list(able, wish.send.service)}`
  throw refused('from_not_yours', fromField(wish.send), reason)
}

function cannot(asked: LineView | null, send: LineWish['send'], able: readonly string[]): BluewireError {
  const reason = `The line ${asked?.address ?? ''} cannot send ${name(send.service)}. ${list(able, send.service)}`
  return refused('from_cannot', fromField(send), reason)
}

function fromField(send: LineWish['send']): string {
  return send.plain ? 'from' : 'beta_features.from'
}

function list(able: readonly string[], service: Service): string {
  const shown = able.slice(0, 10).join(', ')
  if (able.length === 0) return `No line of this account can send ${name(service)}.`
  return `These can send ${name(service)}: ${shown}${able.length > 10 ? ` and ${able.length - 10} more` : ''}.`
}

function quoted(from: string): string {
  return JSON.stringify(from.slice(0, 40))
}

function ownLine(): BluewireError {
  return refused(
    'recipient_is_own_line',
    'to',
    'The recipient is a line of this account, and a line cannot write to itself.',
  )
}

function featuresNeeded(): BluewireError {
  const problem = missing('beta_features.imessage')
  const reason = `${problem.reason} This account has no line that sends SMS, so it must be true.`
  return new BluewireError('missing_parameter', reason, { fields: [{ ...problem, reason }] })
}

function magicNumber(): BluewireError {
  return refused(
    'magic_number',
    'to',
    'The recipient is a test number of the simulator, and this line is a real one. Name a simulated line in beta_features.from.',
  )
}

function noFallback(): BluewireError {
  return refused(
    'fallback_impossible',
    'beta_features.fallback',
    'A fallback was asked for, and this account has no line that sends SMS. Nothing was sent. Leave fallback out, or add such a line.',
  )
}

function queueFull(line: LineView, waitMs: number, expiresInMs: number): BluewireError {
  return new BluewireError(
    'line_queue_full',
    `The queue of ${line.address} is ${Math.ceil(waitMs / 1000)} s long, and this message may wait ${Math.floor(expiresInMs / 1000)} s. ` +
      'Nothing was accepted. Try again later, allow more with expires_in, or use another line.',
    { retryAfterS: Math.ceil((waitMs - expiresInMs) / 1000) },
  )
}

function refused(code: ConstructorParameters<typeof BluewireError>[0], field: string, reason: string): BluewireError {
  return new BluewireError(code, reason, { fields: [{ field, code, reason }] })
}
