/** What an answer of imsg means for a message. Pure: each table here has a test. */
import type { Service } from '@bluewire/contract/ids'
import type { Answer } from './imsg-connection.ts'
import type { SendStatus } from './imsg-answers.ts'
import { serviceOf } from './imsg-words.ts'

/**
 * What the answer to a send says. `handed`: look at the row. `never_handed`: imsg proves that it did not begin. `uncertain`: neither;
 * it has to be looked for. `isBlocked`: nothing more can be sent by this child.
 */
export type SendVerdict =
  | Readonly<{ kind: 'handed' }>
  | Readonly<{ kind: 'never_handed'; said: string }>
  | Readonly<{ kind: 'uncertain'; said: string; isBlocked: boolean }>

const LANE_BLOCKED = -32004
const DISPOSITIONS: readonly unknown[] = ['not_started', 'may_have_completed', 'still_in_flight']

/** Only `retry_safe: true` is proof, whatever the code: the text of an error, and the code alone, prove nothing. */
export function sendVerdict(answer: Answer): SendVerdict {
  if (answer.kind === 'result') return { kind: 'handed' }
  if (answer.kind === 'none') {
    if (answer.why === 'not_written') return { kind: 'never_handed', said: 'imsg was not running' }
    const said = answer.why === 'late' ? 'imsg did not answer in time' : 'imsg ended before it answered'
    return { kind: 'uncertain', said, isBlocked: answer.why === 'late' }
  }
  const { retrySafe, disposition } = dispositionOf(answer.data)
  const said = `imsg answered ${answer.code}${disposition === null ? '' : ` (${disposition})`}`
  if (retrySafe) return { kind: 'never_handed', said }
  return { kind: 'uncertain', said, isBlocked: answer.code === LANE_BLOCKED || disposition === 'still_in_flight' }
}

function dispositionOf(data: unknown): Readonly<{ retrySafe: boolean; disposition: string | null }> {
  if (typeof data !== 'object' || data === null) return { retrySafe: false, disposition: null }
  const said: Readonly<{ retry_safe?: unknown; disposition?: unknown }> = data
  const disposition = DISPOSITIONS.includes(said.disposition) ? String(said.disposition) : null
  // What contradicts itself proves nothing.
  const begun = disposition !== null && disposition !== 'not_started'
  return { retrySafe: said.retry_safe === true && !begun, disposition }
}

/** What a row says. `absent`: there is none, or none yet. `pending`: not final, and never a failure by time alone (PROTOCOL, hole 8). */
export type RowVerdict =
  | Readonly<{ kind: 'absent' | 'pending' }>
  | Readonly<{ kind: 'sent'; wasDowngraded: boolean; deliveredAtMs: number | null; readAtMs: number | null }>
  | Readonly<{ kind: 'failed'; error: number }>

/** The one number that says for certain that the recipient cannot be reached so (DRIVERS 2.8). */
export const NOT_ON_IMESSAGE = 22
/** Signed out, disabled, invalid: the account's trouble and not the recipient's (DRIVERS 2.8). */
export const ACCOUNT_ERRORS: readonly number[] = [19, 30, 31, 32, 33, 40]

/** `nowMs` stands for a delivery whose instant is not told. */
export function rowVerdict({ service, status_fields: row }: SendStatus, asked: Service, nowMs: number): RowVerdict {
  if (row === null) return { kind: 'absent' }
  if (row.error !== 0) return { kind: 'failed', error: row.error }
  if (!row.is_sent) return { kind: 'pending' }
  return {
    kind: 'sent',
    wasDowngraded: row.was_downgraded || (asked === 'imessage' && serviceOf(service) === 'sms'),
    deliveredAtMs: plausible(row.date_delivered) ?? (row.is_delivered ? nowMs : null),
    readAtMs: plausible(row.date_read),
  }
}

/** Messages writes 0 for "not set", and at times a date far in the future (MACOS 2.3). */
function plausible(ms: number | null): number | null {
  return ms !== null && ms > APPLE_EPOCH_MS && ms < FAR_FUTURE_MS ? ms : null
}

const APPLE_EPOCH_MS = Date.UTC(2001, 0, 1)
const FAR_FUTURE_MS = Date.UTC(2200, 0, 1)
