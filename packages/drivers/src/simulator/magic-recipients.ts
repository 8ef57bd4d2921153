/** How the simulated Messages and the simulated provider behave towards each magic recipient; the recipients themselves are in the contract. */
import { magicRecipient } from '@bluewire/contract/magic-recipients'
import type { MagicWord } from '@bluewire/contract/magic-recipients'
import type { SendOutcome } from '../driver.ts'

export type Behaviour = Readonly<{
  /** The node itself does not take it. */
  refuses?: string
  /** Time before the text reaches the phone. */
  takesMs?: number
  /** The outcome of an iMessage, which then does not reach the phone. An SMS does. */
  imessageFails?: SendOutcome
  /** The outcome of an SMS, which then does not reach the phone. */
  smsFails?: SendOutcome
  /** The provider is asked too fast, once for each message. */
  smsIsThrottled?: true
  /** Time before the provider answers; the SMS is at the phone by then. */
  smsAnswersAfterMs?: number
  /** The SMS reaches the phone, and its sender hears nothing of it, but for receipts. */
  smsAnswerLost?: true
  /** The link drops while the text is sent, and stays away this long. */
  dropsLinkForMs?: number
  /** The text reaches the phone, and nobody can tell. */
  staysUnknown?: true
  /** Receipts, counted from when the text reached the phone. */
  deliveredAfterMs?: number
  readAfterMs?: number
  repliesAfterMs?: number
}>

/** Everybody who is not in the table. */
export const ORDINARY: Behaviour = { deliveredAfterMs: 50 }

const NOT_ON_IMESSAGE: SendOutcome = {
  kind: 'not_sent',
  class: 'refused',
  reason: 'recipient_not_on_imessage',
  detail: 'Messages error 22',
}

export const BEHAVIOURS: Readonly<Record<MagicWord, Behaviour>> = {
  not_on_imessage: {
    ...ORDINARY,
    imessageFails: NOT_ON_IMESSAGE,
  },
  refused: {
    ...ORDINARY,
    imessageFails: { kind: 'not_sent', class: 'refused', reason: 'send_refused', detail: 'Messages refused to send' },
  },
  never_delivered: {},
  delivered_late: { deliveredAfterMs: 30_000 },
  read: { deliveredAfterMs: 0, readAfterMs: 2_000 },
  unknown: { staysUnknown: true },
  replies: { ...ORDINARY, repliesAfterMs: 1_000 },
  slow: { ...ORDINARY, takesMs: 5_000 },
  link_drops: { ...ORDINARY, dropsLinkForMs: 1_000 },
  disk_full: { refuses: 'node_disk_full' },
  sms_refused: {
    ...ORDINARY,
    smsFails: { kind: 'not_sent', class: 'refused', reason: 'send_refused', detail: 'The provider refused it' },
  },
  sms_unconfirmed: { smsAnswerLost: true },
  sms_throttled: { ...ORDINARY, smsIsThrottled: true },
  sms_late: { ...ORDINARY, smsAnswersAfterMs: 5_000 },
  sms_answer_lost: { smsAnswerLost: true, deliveredAfterMs: 2_000 },
  unreachable: {
    imessageFails: NOT_ON_IMESSAGE,
    smsFails: {
      kind: 'not_sent',
      class: 'refused',
      reason: 'recipient_unreachable',
      detail: 'No phone has this number',
    },
  },
}

export function behaviourOf(to: string): Behaviour {
  const magic = magicRecipient(to)
  return magic ? BEHAVIOURS[magic.word] : ORDINARY
}
