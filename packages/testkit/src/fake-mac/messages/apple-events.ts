/** What `osascript` asks of Messages, one event on each connection of `state/messages.sock`, and what it answers. */

export type EventTarget = Readonly<{ participant: string; account: string }> | Readonly<{ chat: string }>

export type SendEvent = Readonly<{ event: 'send'; to: EventTarget } & ({ text: string } | { file: string })>

export type AppleEvent =
  | SendEvent
  | Readonly<{ event: 'accounts' }>
  | Readonly<{ event: 'transfers' }>
  | Readonly<{ event: 'resolve'; to: EventTarget }>

export type EventError = Readonly<{
  /** MACOS 1.4. */
  number: number
  /** What could not be had, in AppleScript: `chat id "x"`. */
  object?: string
}>

export type EventAnswer = Readonly<{ ok: unknown }> | Readonly<{ error: EventError }>

export type FileTransfer = Readonly<{
  name: string
  path: string
  direction: 'incoming' | 'outgoing'
  status: 'preparing' | 'waiting' | 'transferring' | 'finalizing' | 'finished' | 'failed'
}>

export const NOT_HANDLED = -1708
export const CANNOT_GET = -1728
