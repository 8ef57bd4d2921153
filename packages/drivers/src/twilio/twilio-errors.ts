/**
 * What Twilio's error codes mean for a message. Each is described at https://www.twilio.com/docs/api/errors/<code>; the table holds those
 * whose meaning is not simply *this message is refused*.
 */
import { REASONS } from '../provider.ts'

export type ErrorMeaning =
  /** Too fast, or the queue is full: nothing was taken. */
  | 'throttled'
  /** This number cannot get an SMS, or does not exist. */
  | 'unreachable'
  /** The recipient wrote STOP. */
  | 'opted_out'
  /** What is wrong is ours, and every other message would fare the same. */
  | 'account'
  /** What is wrong is the line that it was to leave from. */
  | 'line'
  | 'refused'

const MEANINGS: Readonly<Record<string, ErrorMeaning>> = {
  20429: 'throttled', // too many requests: never processed
  21611: 'throttled', // the sender's queue holds 10 hours already
  63017: 'throttled', // the account sends faster than it may
  63038: 'throttled', // the account's messages of this day are used up
  21211: 'unreachable', // no valid number
  21265: 'unreachable', // a short code
  21614: 'unreachable', // no mobile number
  21635: 'unreachable', // a landline
  21610: 'opted_out',
  20003: 'account', // wrong credentials, or a suspended account
  20005: 'account', // the account is not active
  20006: 'account', // the key may not do this
  20008: 'account', // test credentials
  20404: 'account', // no such account
  21609: 'account', // our callback address cannot be one
  21701: 'account', // no such messaging service
  21703: 'account', // the messaging service has no numbers
  21705: 'account', // the messaging service's id is none
  30002: 'account', // suspended
  21212: 'line', // the sender is no number
  21606: 'line', // it cannot send messages
  21659: 'line', // it is none of Twilio's
  21660: 'line', // it is another account's
  21661: 'line', // it cannot send SMS
}

/** How long a line rests where Twilio does not say: the queue of 21611 is hours long, and 63038 ends with the day. */
export const REST_MS: Readonly<Record<string, number>> = { 21611: 60_000, 63038: 3_600_000 }

export function meaningOf(code: string): ErrorMeaning {
  return MEANINGS[code] ?? 'refused'
}

/** Of a message that was taken and then failed, as its status callback says. */
const FAILED_UNREACHABLE = new Set(['30003', '30005', '30006', '21211', '21614', '21635'])

export function reasonOfFailure(code: string | null): string {
  if (code === null) return 'twilio_failed'
  if (code === '21610') return REASONS.optedOut
  return FAILED_UNREACHABLE.has(code) ? REASONS.unreachable : `twilio_${code}`
}
