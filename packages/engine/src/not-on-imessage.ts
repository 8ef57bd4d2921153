/**
 * When Messages says "not on iMessage" (error 22), is it so? An Apple account that was signed out says it of everybody; believed, all messages
 * would leave as SMS and all recipients would be remembered as not on iMessage (PROTOCOL 39).
 */

/** "Not on iMessage" is remembered of a recipient this long. */
export const REMEMBERED_MS = 24 * 3600_000
/** An iMessage that went out to somebody else proves the account for this long. */
export const PROVEN_MS = 10 * 60_000
/** So many refusals in a row are believed without proof, as far as a fallback goes. */
export const BELIEVED_IN_A_ROW = 3
/** After this long a line that was stopped for it is tried again. */
export const TRIED_AGAIN_AFTER_MS = 10 * 60_000

export type Verdict = Readonly<{
  /** The recipient is not on iMessage: the message has failed, or falls back. Otherwise the account is in doubt, and messages wait. */
  believed: boolean
  /** It is remembered of the recipient. */
  remember: boolean
}>

/**
 * `inARow`: refusals of this account since it last sent an iMessage, this one included. `sentToOtherAtMs`: when it last sent one to another
 * recipient; null: never.
 */
export function verdictOnRefusal(inARow: number, sentToOtherAtMs: number | null, nowMs: number): Verdict {
  const isProven = sentToOtherAtMs !== null && nowMs - sentToOtherAtMs <= PROVEN_MS
  return { believed: isProven || inARow <= BELIEVED_IN_A_ROW, remember: isProven }
}

/** Whether what was learnt then still counts. */
export function isRemembered(learntAtMs: number | null, nowMs: number): boolean {
  return learntAtMs !== null && nowMs - learntAtMs < REMEMBERED_MS
}
