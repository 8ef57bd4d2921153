/** How the simulated Messages behaves towards each magic recipient; the recipients themselves are in the contract. */
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

export const BEHAVIOURS: Readonly<Record<MagicWord, Behaviour>> = {
  not_on_imessage: {
    ...ORDINARY,
    imessageFails: {
      kind: 'not_sent',
      class: 'refused',
      reason: 'recipient_not_on_imessage',
      detail: 'Messages error 22',
    },
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
}

export function behaviourOf(to: string): Behaviour {
  const magic = magicRecipient(to)
  return magic ? BEHAVIOURS[magic.word] : ORDINARY
}
