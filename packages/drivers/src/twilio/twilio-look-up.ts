/**
 * Finding a message whose answer was lost among those that Twilio has: nothing of ours stands in its record, so it is known by recipient,
 * sender, text and time, and only where exactly one fits. No I/O.
 */
import type { OutgoingSms } from '../provider.ts'
import { isMessageSid } from './twilio-callback.ts'

export type Listed = Readonly<{
  sid: string
  to: string
  from: string
  body: string
  direction: string
  /** A stranger's: the client leaves what is no date as it came. */
  dateCreated: unknown
}>

/** Clocks differ, and Twilio writes whole seconds. */
const SLACK_MS = 120_000
const TRIAL_PREFIX = 'Sent from your Twilio trial account - '

export type Window = Readonly<{ dispatchedAtMs: number; answerWithinMs: number }>

/** `listed`: newest first. `pageSize`: how many were asked for; where all of them are newer, the rest is not known. */
export function candidates(
  sms: OutgoingSms,
  listed: readonly Listed[],
  { window, pageSize }: { window: Window; pageSize: number },
): readonly string[] | 'too_many' {
  const fromMs = window.dispatchedAtMs - SLACK_MS
  const untilMs = window.dispatchedAtMs + window.answerWithinMs + SLACK_MS
  const times = listed.map(({ dateCreated }) => (dateCreated instanceof Date ? dateCreated.getTime() : NaN))
  if (listed.length >= pageSize && !times.some((ms) => ms < fromMs)) return 'too_many'
  return listed
    .filter((_, i) => (times[i] ?? NaN) >= fromMs && (times[i] ?? NaN) <= untilMs)
    .filter(({ to, from }) => to === sms.to && from === sms.line)
    .filter(({ body }) => body === sms.body || body === TRIAL_PREFIX + sms.body)
    .filter(({ direction, sid }) => direction !== 'inbound' && isMessageSid(sid))
    .map(({ sid }) => sid)
}
