/**
 * What the conformance suite needs of the other side of a provider: a process of its own that speaks the provider's protocol, and
 * misbehaves on request. Each provider has one (`<name>-peer.ts` beside its `<name>-peer-process.ts`); the suite is one file for all.
 */
import type { Provider, ProviderEvents } from '@bluewire/drivers/provider'

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
  'answer_late', // takes it, and says so after 2 s
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

/** What arrived at a phone, in order; a long message as one, its parts joined. */
export type Arrived = Readonly<{ to: string; from: string; body: string; parts: number }>

export interface Peer {
  /** A provider that talks to this peer. Each call makes a new one, as a restarted gateway would. */
  connect(): Provider
  behave(behaviour: Behaviour): Promise<void>
  arrived(): Promise<readonly Arrived[]>
  /** Sends a receipt for the latest message that arrived: to its first part, or to all. `times`: as often. */
  receipt(fact: 'delivered' | 'failed', how?: { times?: number; parts?: 'first' | 'all' }): Promise<void>
  /** Someone writes to us. Resolves when the provider has acknowledged it. */
  write(message: { from: string; line: string; body: string; id: string }): Promise<void>
  /** The same, and whether the provider acknowledged it: `false` when `events` rejected. */
  readonly unable: ReadonlyMap<string, string>
  /** The process stops answering (SIGSTOP), and goes on. */
  freeze(): void
  thaw(): void
  /** Nothing listens any more; `up` brings it back at the same address, with what it knew. */
  down(): Promise<void>
  up(): Promise<void>
  stop(): Promise<void>
}

export type PeerFactory = () => Promise<Peer>

/** Collects what a provider reports. `failing`: what is reported cannot be stored. */
export type Reported = ProviderEvents & {
  readonly receipts: ReadonlyArray<Parameters<ProviderEvents['receipt']>[0]>
  readonly inbounds: ReadonlyArray<Parameters<ProviderEvents['inbound']>[0]>
  failing: boolean
}
