/**
 * Recipients that make the simulator behave in a certain way, so that a program can be tested against every outcome
 * without a Mac. The same table is in the documentation (a test compares), and the simulator driver gives it its behaviour.
 */
export type MagicWord =
  | 'not_on_imessage'
  | 'refused'
  | 'never_delivered'
  | 'delivered_late'
  | 'read'
  | 'unknown'
  | 'replies'
  | 'slow'
  | 'link_drops'
  | 'disk_full'
  | 'sms_refused'
  | 'sms_unconfirmed'
  | 'sms_throttled'
  | 'sms_late'
  | 'sms_answer_lost'
  | 'unreachable'

export type MagicRecipient = Readonly<{ number: string; word: MagicWord; description: string }>

export const MAGIC_RECIPIENTS: readonly MagicRecipient[] = [
  { number: '+15005550101', word: 'not_on_imessage', description: 'not on iMessage (error 22); an SMS arrives' },
  { number: '+15005550102', word: 'refused', description: 'Messages refuses the iMessage; an SMS arrives' },
  { number: '+15005550103', word: 'never_delivered', description: 'sent, but never delivered' },
  { number: '+15005550104', word: 'delivered_late', description: 'sent, and delivered after 30 s' },
  { number: '+15005550105', word: 'read', description: 'delivered at once, and read 2 s later' },
  { number: '+15005550106', word: 'unknown', description: 'the outcome stays unknown, although the text arrives' },
  { number: '+15005550107', word: 'replies', description: 'delivered, and answered 1 s later' },
  { number: '+15005550108', word: 'slow', description: 'a slow Mac: sending takes 5 s' },
  {
    number: '+15005550109',
    word: 'link_drops',
    description: 'sent, but the node loses its link for 1 s before it can say so',
  },
  {
    number: '+15005550110',
    word: 'disk_full',
    description: 'the disk of the node is full: refused before Messages is touched',
  },
  { number: '+15005550111', word: 'sms_refused', description: 'the provider refuses the SMS; an iMessage arrives' },
  {
    number: '+15005550112',
    word: 'sms_unconfirmed',
    description: 'the SMS arrives, and the provider never confirms it: the outcome stays unknown',
  },
  {
    number: '+15005550113',
    word: 'sms_throttled',
    description: 'the provider says once that it is sent too fast, and takes the SMS a second later',
  },
  { number: '+15005550114', word: 'sms_late', description: 'the provider takes 5 s to say that it took the SMS' },
  {
    number: '+15005550115',
    word: 'sms_answer_lost',
    description: "the SMS arrives, and the provider's answer is lost; its receipt tells 2 s later",
  },
  { number: '+15005550116', word: 'unreachable', description: 'neither on iMessage nor reachable by SMS' },
]

const BY_NUMBER = new Map(MAGIC_RECIPIENTS.map((recipient) => [recipient.number, recipient]))

export function magicRecipient(e164: string): MagicRecipient | null {
  return BY_NUMBER.get(e164) ?? null
}

export function isMagicRecipient(e164: string): boolean {
  return BY_NUMBER.has(e164)
}
