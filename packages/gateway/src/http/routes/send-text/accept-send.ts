/** From a request that is right in itself to an accepted message: entitlement, line, quota, idempotency. */
import { BluewireError } from '@bluewire/contract/errors'
import { countryOf } from '@bluewire/contract/country-of'
import { newMessageId } from '@bluewire/contract/ids'
import type { LineId, MessageId } from '@bluewire/contract/ids'
import { AcceptUnknownError } from '../../../store/store.ts'
import type { AcceptResult, NewMessage } from '../../../store/store.ts'
import { adOf } from '../../crumbs.ts'
import { acceptEnded } from '../../events.ts'
import type { Caller, HttpDeps } from '../../http-deps.ts'
import { chooseLine, needsSticky } from './choose-line.ts'
import type { Choice } from './choose-line.ts'
import { idempotencyMismatch, idempotencyOf } from './idempotency.ts'
import { givenTo, reserve } from './line-book.ts'
import type { LineBook, Page } from './line-book.ts'
import type { ParsedSend } from './parse-request.ts'

export type AcceptParts = HttpDeps & Readonly<{ book: LineBook }>

export type Asked = Readonly<{ caller: Caller; send: ParsedSend; key: string | null }>

export type Accepted = Readonly<{
  id: MessageId
  /** It was accepted before, under the same key. */
  replayed: boolean
  /** Messages used this month; null: to be read. */
  used: number | null
  /** It waits at least this long because of its line's pacing. Milliseconds. */
  waitMs: number
  /** It cannot be sent, and is recorded as failed. */
  failed: boolean
  simulated: boolean
  ad: boolean
}>

/** Throws what the caller has to change; then nothing is stored. When it returns, the message is durable. */
export async function acceptSend(parts: AcceptParts, asked: Asked): Promise<Accepted> {
  const idempotency = idempotencyOf(asked.key, asked.send)
  try {
    return await acceptNew(parts, asked, idempotency)
  } catch (error) {
    // What was accepted under this key stays accepted, whatever has changed since: a full queue, a line or entitlement taken away.
    const earlier = await replay(parts, asked, idempotency)
    if (earlier !== null) return earlier
    throw error
  }
}

async function acceptNew(parts: AcceptParts, asked: Asked, idempotency: NewMessage['idempotency']): Promise<Accepted> {
  const { send } = asked
  refuseNow(parts)
  requireEntitlement(asked)
  const { choice, release } = await choose(parts, asked)
  const message = newMessage(parts, asked, { choice, idempotency })
  const result = await commit(parts, message).catch((error: unknown) => {
    release()
    throw error
  })
  if (result.kind !== 'accepted') release()
  acceptEnded(parts, { service: send.service, result: result.kind })
  switch (result.kind) {
    case 'accepted':
      return {
        id: result.id,
        replayed: false,
        used: result.used,
        waitMs: choice.waitMs,
        failed: choice.failure !== null,
        simulated: message.simulated,
        ad: message.ad,
      }
    case 'replayed':
      return replayOf(result.id)
    case 'mismatch':
      throw idempotencyMismatch()
    case 'quota_exceeded':
      throw quotaExceeded(result.limit)
    case 'sms_guard':
      throw smsGuard(result)
    default:
      return result satisfies never
  }
}

async function commit(parts: AcceptParts, message: NewMessage): Promise<AcceptResult> {
  try {
    return await parts.store.accept(message)
  } catch (error) {
    if (error instanceof AcceptUnknownError) acceptEnded(parts, { service: message.service, result: 'unknown' })
    throw error
  }
}

async function replay(
  parts: AcceptParts,
  asked: Asked,
  idempotency: NewMessage['idempotency'],
): Promise<Accepted | null> {
  if (idempotency === null) return null
  const owner = await parts.store.keyOwner(asked.caller.account.id, idempotency.key).catch(() => undefined)
  return owner?.fingerprint === idempotency.fingerprint ? replayOf(owner.id) : null
}

function replayOf(id: MessageId): Accepted {
  return { id, replayed: true, used: null, waitMs: 0, failed: false, simulated: false, ad: false }
}

function refuseNow({ state }: AcceptParts): void {
  if (state.draining()) {
    throw new BluewireError(
      'draining',
      'The gateway is shutting down, so nothing was accepted. Send it again in a moment.',
    )
  }
  if (state.diskFull()) {
    throw new BluewireError(
      'disk_full',
      'The disk of the gateway has too little free space, so nothing was accepted. Try again later.',
    )
  }
}

function requireEntitlement({ caller, send }: Asked): void {
  if (send.service !== 'imessage' || caller.account.entitlements.includes('imessage')) return
  throw new BluewireError(
    'entitlement_required',
    'This account lacks the entitlement imessage. An administrator of this Bluewire instance can grant it ' +
      '(bluewire-gateway entitlement grant). With beta_features.imessage false it goes out as SMS, when the account has a line for that.',
  )
}

type Chosen = Readonly<{ choice: Choice; release: () => void }>

/** A refusal, or a message that is to fail, is never based on what was read a moment ago. */
async function choose(parts: AcceptParts, asked: Asked): Promise<Chosen> {
  const { account } = asked.caller
  const recent = parts.book.recent(account.id)
  if (recent !== undefined) {
    try {
      const chosen = await chooseFrom(parts, asked, recent)
      if (chosen.choice.failure === null) return chosen
    } catch (error) {
      if (!(error instanceof BluewireError)) throw error
    }
  }
  return chooseFrom(parts, asked, await parts.book.fresh(account.id))
}

async function chooseFrom(parts: AcceptParts, asked: Asked, page: Page): Promise<Chosen> {
  const { send } = asked
  const needed = needsSticky(page, send)
  const sticky = needed ? await knownLine(parts, asked, page) : null
  const choice = chooseLine(page, {
    send,
    region: asked.caller.account.region,
    // Somebody may have written to the same recipient while this was looked up.
    sticky: needed ? (givenTo(page, send) ?? sticky) : null,
    expiresInMs: send.expiresInMs ?? parts.options.expiresInMsDefault,
    steadyMs: parts.book.steadyMs(),
  })
  const sends = choice.line !== null && choice.failure === null
  return { choice, release: sends ? reserve(page, choice.line.id, send) : () => undefined }
}

/** The line that the recipient knows, as the store has it. */
async function knownLine(parts: AcceptParts, { caller, send }: Asked, page: Page): Promise<LineId | null> {
  const given = givenTo(page, send)
  if (given !== undefined) return given
  const lane = await parts.store.lane(caller.account.id, send.to)
  return (send.service === 'sms' ? lane?.smsLine : lane?.line) ?? null
}

function newMessage(
  { ulid, options }: AcceptParts,
  { caller, send }: Asked,
  { choice, idempotency }: { choice: Choice; idempotency: NewMessage['idempotency'] },
): NewMessage {
  const ad = adOf(caller.account, options.adText)
  return {
    id: newMessageId(send.service, ulid),
    account: caller.account.id,
    token: caller.token.id,
    recipient: send.to,
    body: ad === null ? send.text : `${send.text}\n\n${ad}`,
    service: send.service,
    class: 'interactive',
    from: choice.asked ? (choice.line?.id ?? null) : null,
    line: choice.line?.id ?? null,
    failure: choice.failure,
    fallback: send.fallback,
    fallbackLine: choice.fallback,
    country: send.toEmail ? null : countryOf(send.to),
    onUnknown: send.onUnknown,
    expiresInMs: send.expiresInMs ?? options.expiresInMsDefault,
    simulated: choice.line?.simulated ?? false,
    ad: ad !== null,
    idempotency,
  }
}

function smsGuard(found: Extract<AcceptResult, { kind: 'sms_guard' }>): BluewireError {
  const { country, limit } = found
  const retryAfterS = Math.ceil(found.retryAfterMs / 1000)
  const administrator =
    'An administrator of this Bluewire instance can change that (bluewire-gateway account set --sms-per-hour, --sms-country).'
  const why =
    country === null
      ? 'It is not known which country the number is of, and such numbers get no SMS, because they can be very dear. Check the number.'
      : limit === 0
        ? `The account may send no SMS to ${country}. ${administrator}`
        : `The account has sent the ${limit} SMS that it may send in an hour${found.isOfCountry ? ` to ${country}` : ''}. ${administrator}`
  return new BluewireError('sms_guard', `${why} Nothing was accepted.`, { retryAfterS, isFinal: limit === 0 })
}

function quotaExceeded(limit: number): BluewireError {
  return new BluewireError(
    'quota_exceeded',
    `The account has used its ${limit} messages of this month. It counts from 0 again when the next UTC month begins; ` +
      'an administrator of this Bluewire instance can raise the limit.',
  )
}
