import type { AppleEvent, EventError } from './apple-events.ts'

/**
 * How Messages treats some of the Apple events to come. The first rule that fits counts; what it does not say goes as usual. All times are
 * real milliseconds, not multiplied by `timeScale`.
 */
export type SendRule = Readonly<{
  /** The address or the chat's guid in the event. [any] */
  to?: string
  /** The text, or the base name of the file. [any] */
  text?: string
  /** [send] */
  event?: AppleEvent['event'] | 'any'
  /** For so many events. [1] */
  times?: number

  /** The event ends with this error (MACOS 1.4), and nothing is done; with `carriedOut` it is done all the same. */
  eventError?: number | EventError
  /** It is done and never answered: osascript waits until it is killed. */
  noAnswer?: boolean
  carriedOut?: boolean
  /** Messages does nothing else for so long, then the event is carried out and answered, if anybody still listens. */
  eventLateMs?: number
  /** Messages hangs: this event and all after it wait until it recovers, or are lost when it dies. */
  hang?: boolean
  /** The process dies of it: before it did anything, or with the row written and no answer given. */
  dies?: 'before' | 'after'

  /**
   * `ghost`: empty, without chat, to a handle that is the raw target on SMS (MACOS 1.3). `none`: as with a full disk.
   * Neither leaves the Mac.
   */
  row?: 'ghost' | 'none'
  /** Guid of the chat that it goes to instead. */
  wrongChat?: string
  rowAfterMs?: number
  joinAfterMs?: number | 'never'
  /** Straight quotes and dashes are replaced. */
  smartQuotes?: boolean

  /** `message.error` (MACOS 2.4), so long after the row. [at once] */
  rowError?: number
  rowErrorAfterMs?: number
  /** After the error it is sent: a retry of Messages' own. */
  thenSentAfterMs?: number
  sentAfterMs?: number | 'never'
  /** After is_sent. */
  deliveredAfterMs?: number | 'never'
  readAfterMs?: number
  /** An iMessage becomes an SMS so long after is_sent: nobody got the iMessage. */
  downgradedAfterMs?: number
}>
