/**
 * What the conformance suite needs of the other side of a provider: a process of its own that speaks the provider's protocol, and
 * misbehaves on request. Each provider has one (`<name>-peer.ts` beside its `<name>-peer-process.ts`); the suite is one file for all.
 */
import type { Provider } from '@bluewire/drivers/provider'

/**
 * What the peer does with the next messages, until it is told otherwise. It *takes* a message when its phone will have it.
 * A peer that cannot do one of them (its protocol has no such thing) says so in `unable`, with the reason; the matrix prints it.
 */
export const BEHAVIOURS = [
  'accept', // takes it and says so
  'refuse', // says no for good: this recipient cannot be reached
  'refuse_opted_out', // says no: this recipient asked for no more
  'throttle_once', // says "too fast" once, then accepts; with a time to wait where the protocol has one
  'throttle', // says "too fast" for ever
  'answer_late', // takes it, and says so a second or two later
  'lose_answer', // takes it, and never answers; the connection stays
  'cut_before_reading', // closes the connection at the first byte of the message: nothing was taken
  'cut_after_reading', // takes it, and closes the connection in place of an answer
  'cut_in_answer', // takes it, and closes in the middle of the answer
  'garbage_answer', // takes it, and answers bytes that make no sense
  'error_in_ok', // the protocol's success, with a refusal inside
  'server_error', // an error of the peer's own that does not say whether it was taken
  'no_id', // takes it, and its answer has no id
] as const
export type Behaviour = (typeof BEHAVIOURS)[number]

/** What else a case may need of the other side. */
export const ABILITIES = [
  'receipts', // tells what became of a message
  'failed_receipts', // also that it failed
  'receipt_early', // before it answered the message itself
  'repetition', // gives again what was not acknowledged, and says whether it was
  'inbound', // someone writes to us
  'look_up', // can be asked for a message whose answer was lost
  'bad_credentials', // refuses a login
  'freeze', // a process that can stand still
  'down', // an address at which nothing listens
  'late_settings', // the provider's patience can be set
] as const
export type Ability = (typeof ABILITIES)[number]

/** What arrived at a phone, in order; a long message as one, its parts joined. */
export type Arrived = Readonly<{ to: string; from: string; body: string; parts: number }>

export type ConnectHow = Readonly<{
  /** How long the provider waits for an answer: short where a case loses it. */
  answerWithinMs?: number
  badCredentials?: boolean
}>

export interface Peer {
  /** A provider that talks to this peer. Each call makes a new one, as a restarted gateway would. */
  connect(how?: ConnectHow): Provider
  behave(behaviour: Behaviour): Promise<void>
  /** Whom to write to, where the behaviour hangs on the recipient. Otherwise anybody. */
  readonly recipient?: string
  arrived(): Promise<readonly Arrived[]>
  /**
   * Sends a receipt for the latest message that arrived: for its first part, or for all. `times`: as often. Resolves when the provider has
   * answered the last one, or hung up, or a short time has passed: whether it acknowledged it.
   */
  receipt(fact: 'delivered' | 'failed', how?: { times?: number; parts?: 'first' | 'all' }): Promise<boolean>
  /** Someone writes to us. Resolves as `receipt` does. The same `id` is a repeat. */
  write(message: Written): Promise<boolean>
  /** What this peer cannot do, each with the reason. */
  readonly unable: ReadonlyMap<Behaviour | Ability, string>
  /** Everything that its providers have logged. */
  readonly logged: readonly string[]
  /** What must stand in no log and no detail. */
  readonly secrets: readonly string[]
  /** The process stops answering (SIGSTOP), and goes on. */
  freeze(): void
  thaw(): void
  /** Nothing listens any more, and open connections end; `up` brings it back at the same address, with what it knew. */
  down(): Promise<void>
  up(): Promise<void>
  stop(): Promise<void>
}

export type Written = Readonly<{ from: string; line: string; body: string; id: string }>

export type PeerFactory = () => Promise<Peer>
