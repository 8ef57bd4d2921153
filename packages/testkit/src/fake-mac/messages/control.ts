import type { Happening } from '../happenings/happening.ts'

/** What the fake Mac's owner tells the Messages process, on `state/control.sock`. */
export type ControlQuestion =
  | Readonly<{ do: 'happen'; happening: Happening }>
  | Readonly<{ do: 'hang' }>
  | Readonly<{ do: 'recover' }>
  | Readonly<{ do: 'state' }>
  | Readonly<{ do: 'try_again'; guid: string }>
  | Readonly<{ do: 'database'; change: 'close' | 'open' | 'lock' | 'unlock' | 'renumber' }>

export type MessagesState = Readonly<{
  hung: boolean
  /** Apple events that are not answered, the one that is being handled included. */
  waiting: number
  /** What came in and is not in chat.db yet. */
  napping: number
}>
