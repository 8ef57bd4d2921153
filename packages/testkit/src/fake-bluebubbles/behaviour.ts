/** How the fake BlueBubbles and the Messages behind it are told to behave. */

/** Milliseconds; the defaults are those of the real one (DRIVERS 2.1), which tests shorten. */
export const TIMES = {
  /** BlueBubbles waits so long for the row of a text, and of a file. */
  text: 120_000,
  file: 1_200_000,
  /** The HTTP side answers 504 after it. */
  http: 300_000,
  /** Quitting and opening Messages between two AppleScripts. */
  restart: 3_000,
  /** A chat that was made is looked for so long. */
  chat: 30_000,
  /** From a change in chat.db to the events about it. */
  notice: 500,
  /** From a row to `is_sent`, and from there to `is_delivered`. */
  sent: 300,
  delivered: 300,
  ping: 60_000,
}
export type Times = typeof TIMES

export type Options = Readonly<{
  password: string
  /** 26: chats are `any;-;…`. */
  macos: 13 | 15 | 26
  /** The private API is switched on, and its helper is in Messages. */
  privateApi: boolean
  /** Text Message Forwarding is on. */
  sms: boolean
  /** `where` of message/query is taken. */
  conditions: boolean
  times: Partial<Times>
}>

/** What one AppleScript comes to. */
export type Script =
  | 'ok'
  /** Messages did it, and the script did not hear of it: BlueBubbles restarts Messages and sends again. */
  | 'timed_out'
  | '1002'
  /** Messages did nothing. */
  | 'refused'

/** What becomes of one hand-over in Messages. */
export type Fate =
  | Readonly<{ kind: 'sent'; delivered?: boolean; service?: 'SMS' }>
  /** A row with this error, at once or later; nothing leaves. */
  | Readonly<{ kind: 'error'; code: number; afterMs?: number }>
  /** It is sent, and then marked with an error. */
  | Readonly<{ kind: 'bounced'; code: number; afterMs: number }>
  /** A row that stays as it is. */
  | Readonly<{ kind: 'pending' }>
  /** No row; nothing leaves. */
  | Readonly<{ kind: 'nothing' }>
  /** Messages hangs, and does it later. */
  | Readonly<{ kind: 'late'; afterMs: number }>

/** What the HTTP side does with the answer to a send. BlueBubbles goes on with the send whatever it is. */
export type Http =
  | 'answers'
  /** The connection is closed as soon as the request was read. */
  | 'cuts'
  /** In the middle of its answer. */
  | 'cuts_in_body'
  /** 500 without a word about the message. */
  | 'fails_although_sent'
  | 'times_out'
  | 'page_502'
  | 'says_nothing'
  /** Something on the way sends the request twice, and hands back the answer to the second. */
  | 'is_replayed'

/** For the next send. */
export type Rule = Readonly<{ fates?: readonly Fate[]; scripts?: readonly Script[]; http?: Http; helperMs?: number }>

/** For every REST call whose path begins so, until it is taken back. */
export type Serve = Readonly<{
  path: string
  how: 'page' | 'redirect' | 'huge' | 'silent' | 'cut' | 'slow' | 'garbage' | 'error_500'
  /** How often; for ever otherwise. */
  times?: number
}>

export type Incoming = Readonly<{
  guid?: string
  text?: string | null
  from?: string
  service?: string
  /** Of a group. */
  group?: string
  fromMe?: boolean
  /** In `associated_message_type`'s numbers. */
  about?: Readonly<{ guid: string; type: number }>
  itemType?: number
  balloon?: string
  atMs?: number
  /** It is not joined to its chat yet. */
  unjoined?: boolean
  /** Not announced. */
  silent?: boolean
  /** A lower number than the newest has: a rebuilt chat.db. */
  row?: number
}>

export type Phone = Readonly<{ service: string; to: string; text: string | null; file: string | null; row: string }>

export type Seen = Readonly<{ method: string; path: string; body: Readonly<Record<string, unknown>> }>

export type Control =
  /** As if it had just been installed; what it was doing is forgotten. */
  | Readonly<{ do: 'reset'; options: Options }>
  | Readonly<{ do: 'behave'; rule: Rule }>
  | Readonly<{ do: 'serve'; rule: Serve | null }>
  | Readonly<{ do: 'receive'; messages: readonly Incoming[] }>
  /** Columns of a message, with or without a word about it. */
  | Readonly<{ do: 'change'; guid: string; set: Readonly<Record<string, string | number | null>>; silent?: boolean }>
  | Readonly<{ do: 'join'; guid: string }>
  | Readonly<{ do: 'emit'; event: string; payload: unknown }>
  | Readonly<{ do: 'helper'; connected: boolean }>
  | Readonly<{ do: 'chat'; guid: string; lastService?: string }>
  | Readonly<{ do: 'renumber' }>
  /** The Apple account loses aliases, which is pushed, and has them again, which is not. */
  | Readonly<{ do: 'lose'; aliases: readonly string[] }>
  | Readonly<{ do: 'regain' }>
  /** Nothing listens, until `up`. */
  | Readonly<{ do: 'down' | 'up' }>
  | Readonly<{ do: 'kick' }>
  | Readonly<{ do: 'phones' | 'requests' | 'rows' | 'sockets' }>
