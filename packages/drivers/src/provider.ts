/**
 * The seam between the gateway and a provider: how an SMS leaves when no node sends it. A provider speaks one protocol and says what is
 * known afterwards. It decides nothing about order, retries or fallback, and it keeps nothing that must survive its process.
 *
 * The rules that every provider keeps (the conformance suite holds each of them to these, test/conformance/):
 * - `sent` only when the provider said that it took the message; `not_sent` only when it said that it did not, or when provably no byte
 *   of the message left. Everything else is `unknown`: an answer that does not come, is cut off, or makes no sense.
 * - One call of `send` hands the message over at most once, whatever goes wrong. What the provider refused may be handed over again by the
 *   provider's own code only where nothing was taken (a throttled part of a long message).
 * - Nothing throws out of a callback of a socket or timer. A peer that lies, stalls or sends garbage costs its own line, never the process.
 */
import type { AttemptId, MessageId } from '@bluewire/contract/ids'
import type { NotSentClass } from '@bluewire/contract/node-protocol/common'
import type { Clock } from '@bluewire/platform/clock'
import type { z } from 'zod'

export type OutgoingSms = Readonly<{
  attempt: AttemptId
  message: MessageId
  /** Our address: a number in E.164, or whatever the provider takes as a sender (a short code, a name of up to 11 letters). */
  line: string
  /** E.164. */
  to: string
  body: string
}>

/** What is known after a send. An exception out of `send` means *unknown*. */
export type ProviderOutcome =
  /** Taken, whole. `refs`: the provider's id of each part, in order; empty where it gives none. */
  | Readonly<{ kind: 'sent'; refs: readonly string[] }>
  | Readonly<{
      kind: 'not_sent'
      /** `never_handed`: a retry may help (not connected, throttled). `refused`: it is final for this message. */
      class: NotSentClass
      /** A word of REASONS, or the provider's own (`smpp_0x0000000b`, `twilio_30007`). */
      reason: string
      /** For people: what the provider said. Never the text or a full number. */
      detail?: string
      /** With `throttled`: how long the line should rest. */
      retryAfterMs?: number
    }>
  /** `parts` where some of a long message were taken: their ids by part (from 1), so that receipts can still settle it. */
  | Readonly<{ kind: 'unknown'; reason: string; detail?: string; parts?: ReadonlyMap<number, string>; of?: number }>

/** Reasons that the engine knows. `throttled` keeps the message for as long as it may wait, and slows its line. */
export const REASONS = {
  throttled: 'throttled',
  notConnected: 'provider_not_connected',
  leaseLost: 'lease_lost',
  /** The provider knows that the recipient asked for no more messages (Twilio 21610). */
  optedOut: 'opted_out',
  /** The number cannot get an SMS, or does not exist. */
  unreachable: 'recipient_unreachable',
  refused: 'send_refused',
  noAnswer: 'no_answer',
  answerUnreadable: 'answer_unreadable',
  partlySent: 'partly_sent',
} as const

/** Later evidence. How it names its message is up to the provider: the best that it has wins, in this order. */
export type ProviderReceipt = Readonly<{
  /** An echo that only we can have made (a signed callback address, our id in the provider's record). */
  attempt?: AttemptId
  /** The provider's id of the part, in the very form that `sent` gave it. */
  ref: string | null
  /** An echo of `shortReference(attempt, part)`. */
  reference?: number
  /** E.164, where the receipt says it. */
  to: string | null
  /** Which part, where the receipt says it; counted from 1. */
  part?: number
  /** `failed`: it was taken, and then did not arrive. */
  fact: 'sent' | 'delivered' | 'read' | 'failed'
  reason?: string
  detail?: string
  /** The first characters of the text, where the receipt repeats them. */
  textStart?: string
  /** When it happened, by the provider; the present time where it does not say. */
  atMs: number
}>

export type ProviderInbound = Readonly<{
  /** The same for every repeat of it. */
  guid: string
  /** Our address that it was written to, E.164 where it is a number. */
  line: string
  from: string
  body: string
  dateMs: number
}>

/**
 * Each promise resolves when it is durable; only then may the provider be told that it was received. It rejects when it could not be
 * stored: then the provider must send it again, so it is told so (or nothing).
 */
export interface ProviderEvents {
  receipt(receipt: ProviderReceipt): Promise<void>
  inbound(message: ProviderInbound): Promise<void>
  /** `isReady` or `health` is another than before. Cheap. */
  changed(): void
}

export type ProviderHealth = Readonly<{
  /** `broken`: nothing leaves. `degraded`: it works, and a person should look. */
  state: 'ok' | 'degraded' | 'broken'
  /** One sentence: what is wrong and what to do. */
  detail?: string
  /** When the provider last took a message, answered a login or a ping; null: never. */
  provenAtMs: number | null
}>

/** A request to this provider's callback address. `path` is what follows the address, without its query. */
export type CallbackRequest = Readonly<{
  method: string
  /** As the provider was told to call it: public scheme, host, path and query. What signatures are made over. */
  url: string
  path: string
  query: URLSearchParams
  /** Lower-case names. */
  headers: Readonly<Record<string, string | undefined>>
  /** As received. */
  body: string
}>

export type CallbackAnswer = Readonly<{ status: number; contentType?: string; body?: string }>

/** What a lost outcome is looked for with. */
export type LookUpHelp = Readonly<{
  dispatchedAtMs: number
  /** Ids of parts that are known to be of this attempt, by part. */
  parts: ReadonlyMap<number, string>
  /** Whether another attempt of ours owns that id already. */
  isTaken(ref: string): Promise<boolean>
  /**
   * Another attempt of ours to this recipient has the same text and no outcome either: one that is found by text, recipient and time may be
   * either's, and then decides nothing (PROTOCOL 40).
   */
  hasTwin: boolean
}>

export interface Provider {
  /** False: what is behind it may send one attempt twice by itself; the line says so. */
  readonly atMostOnce: boolean
  readonly simulated: boolean
  readonly capabilities: readonly string[]
  /** Messages it wants at a time, over all its lines (an SMPP window). What is beyond it waits in the store. */
  readonly window: number
  /** Whether a message could leave now. While false nothing is dispatched: the queue waits, and nothing fails. */
  readonly isReady: boolean

  /** Resolves at once; connecting goes on by itself, for ever, with back-off. */
  start(events: ProviderEvents): Promise<void>
  /** Ends what is open. Sends that wait for an answer resolve (`unknown` once a byte may have left). May be called twice, or before start. */
  stop(): Promise<void>
  health(): ProviderHealth
  /**
   * Called once per attempt. `mayLeave` is asked synchronously right before the first byte is written (the lease and the deadline may be
   * gone by then); when it says no: `not_sent`, `never_handed`, REASONS.leaseLost. Never takes longer than about a minute.
   */
  send(sms: OutgoingSms, mayLeave: () => boolean): Promise<ProviderOutcome>
  /**
   * Its outcome is not known: the process died, or no answer came. Absence is no proof, because bytes may still be on their way: what is
   * not found stays `unknown`.
   */
  lookUp(sms: OutgoingSms, help: LookUpHelp): Promise<ProviderOutcome>
  /** Receipts and inbound messages that come by HTTP. Anything that is not provably from the provider is answered 403 and changes nothing. */
  callback?(request: CallbackRequest): Promise<CallbackAnswer>
  /** `provider test`: logs in, asks for what costs nothing, and sends nothing. Each line is a sentence. Ends by itself within 15 s. */
  test(): Promise<Readonly<{ ok: boolean; lines: readonly string[] }>>
}

/** What a provider is made with. */
export type ProviderContext<Settings = unknown, Secrets = unknown> = Readonly<{
  clock: Clock
  /** Of this instance, for what must be unguessable and stable: callback addresses are signed with it. 32 bytes. */
  callbackKey: Uint8Array
  /** Where the gateway's own files are; only the simulator writes there. */
  dataDirectory: string
  /** Where the outside reaches `callback`: `https://…/callbacks/<provider id>`, without a slash at the end. */
  callbackUrl: string
  /** Parsed already. */
  settings: Settings
  secrets: Secrets
  /** Ids, words and numbers only. */
  log(event: string, fields: Readonly<Record<string, string | number | boolean>>): void
}>

/** One kind of provider: everything the gateway and the command line need to offer it. */
export type ProviderKind<Settings extends z.ZodType = z.ZodType, Secrets extends z.ZodType = z.ZodType> = Readonly<{
  /** One line, for help. */
  summary: string
  /** A flat object; each key has a `.describe(…)` that the help prints. */
  settings: Settings
  /** A flat object of strings: kept encrypted, never shown. */
  secrets: Secrets
  /** Settings and credentials that are right by themselves, and cannot work together: why, in a sentence. */
  problem?(settings: z.infer<Settings>, secrets: z.infer<Secrets>): string | null
  create(context: ProviderContext<z.infer<Settings>, z.infer<Secrets>>): Provider
}>
