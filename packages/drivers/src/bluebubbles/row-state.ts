/**
 * What a message of ours may be called, by what BlueBubbles tells of it (MACOS 2.4; PROTOCOL holes 8 and 9, rule R4). Pure.
 *
 * An answer 200 says that a row was seen, and the serialised row leaves out `is_sent`. What is there proves this much:
 * - `error` not 0: it failed, now. It may still go out: by itself, or when somebody clicks “Try Again”. Only 22 is a firm word on the
 *   recipient, and with Text Message Forwarding even that may turn into an SMS within half a minute.
 * - `dateDelivered`, `isDelivered`, `dateRead`: it arrived, so it was sent.
 * - `error` 0 and nothing else: it may be on its way, or wait on a Mac without a network. A good send often looks like this for ever (a third
 *   of them on one Mac was never marked delivered, and no SMS ever is), and a bad one looks like this until its error is written, which can
 *   take minutes. No time that passes turns the one into the other, so waiting proves nothing.
 * Hence the one question that does: whether the row matches the condition `is_sent = 1 AND error = 0`. Its answer is `isSent` here.
 * Where BlueBubbles does not take conditions only a delivered message is called sent, and all others end as unknown: `no_evidence`.
 */
import type { Service } from '@bluewire/contract/ids'
import type { SendOutcome } from '../driver.ts'
import type { WireMessage } from './wire-message.ts'

export type Seen = Readonly<{
  message: WireMessage
  /** Null: it cannot be asked. */
  isSent: boolean | null
  /** `was_downgraded`, or a service that is not iMessage. Null: it cannot be asked. */
  isText: boolean | null
}>

export type RowState =
  | Readonly<{ kind: 'sending' }>
  | Readonly<{ kind: 'sent'; asSms: boolean }>
  | Readonly<{ kind: 'not_on_imessage' }>
  | Readonly<{ kind: 'error'; code: number }>

/** Remote user does not exist (DRIVERS 2.8). */
const NOT_ON_IMESSAGE = 22
/** The account on the Mac is at fault: signed out, disabled, too old. */
const ACCOUNT_ERRORS: ReadonlySet<number> = new Set([19, 30, 31, 32, 33, 40])

export function rowState({ message, isSent, isText }: Seen, asked: Service): RowState {
  const asSms = asked === 'imessage' && (isText ?? isTextMessage(message))
  if (message.error !== 0) {
    const isFirm = message.error === NOT_ON_IMESSAGE && asked === 'imessage' && !asSms
    return isFirm ? { kind: 'not_on_imessage' } : { kind: 'error', code: message.error }
  }
  return (isSent ?? false) || isDelivered(message) ? { kind: 'sent', asSms } : { kind: 'sending' }
}

export function isDelivered({ isDelivered: flag, dateDelivered, dateRead }: WireMessage): boolean {
  return flag || (dateDelivered ?? 0) > 0 || (dateRead ?? 0) > 0
}

/** By what the serialised message shows: its handle's service, or else its chat (MACOS 1.3: never by a prefix `any`). */
export function isTextMessage({ handle, chats }: WireMessage): boolean {
  const service = handle?.service ?? chats.map(({ guid }) => guid.slice(0, guid.indexOf(';')))[0] ?? ''
  return ['sms', 'rcs'].includes(service.toLowerCase())
}

export function isAccountError(code: number): boolean {
  return ACCOUNT_ERRORS.has(code)
}

/** Null while it may still become one. */
export function outcomeOf(state: RowState, guid: string): SendOutcome | null {
  switch (state.kind) {
    case 'sending':
      return null
    case 'sent':
      return { kind: 'sent', rowGuids: [guid], ...(state.asSms ? { wasDowngraded: true } : {}) }
    case 'not_on_imessage':
      return {
        kind: 'not_sent',
        class: 'refused',
        reason: 'recipient_not_on_imessage',
        detail: 'Messages error 22: the recipient is not on iMessage.',
      }
    case 'error':
      return {
        kind: 'unknown',
        reason: `apple_error_${state.code}`,
        detail: `Messages marked it with error ${state.code}. It may still go out, or be sent again by hand on the Mac.`,
      }
    default:
      return state satisfies never
  }
}
