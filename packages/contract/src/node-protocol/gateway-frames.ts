/** Frames a gateway sends. A node obeys only those of its current session; `send` and `void` name it. */
import { z } from 'zod'
import { COMMANDS, commandArgs } from './commands.ts'
import * as c from './common.ts'

export const welcomeFrame = z.object({
  t: z.literal('welcome'),
  /** The epoch of this session: the number that fences. */
  session: c.count,
  /** Higher than the node has seen: the store was restored since. */
  store_epoch: c.count,
  /** `observe`: connected, but nothing is dispatched; `reason` says why. */
  mode: z.enum(['work', 'observe']),
  reason: c.sentence.optional(),
  /** The highest sequence number of this journal that the gateway has committed. */
  acked_seq: c.count,
  /** Attempts the gateway holds open on this node. `proof`: they were dispatched under this journal, so absence may be made into proof. */
  resume: z.array(z.object({ attempt: c.attemptId, proof: z.boolean() })).max(10_000),
  settings: z.object({
    ping_ms: c.ms,
    /** An attempt not started this long after receipt is never started. */
    start_within_ms: c.ms,
    /** The node's own least gap between two sends of one line. */
    gap_ms: c.ms,
    /** Unsettled attempts a line may hold. */
    max_open: z.number().int().min(1).max(100),
  }),
  /** How far the inbound messages reach that are committed here, in the words of the node's driver: where a new journal goes on. */
  inbound_after: z.string().max(500).optional(),
  /** The gateway's store was restored: send again every fact since this instant (milliseconds). */
  recover_since: c.ms.optional(),
})

export const sendFrame = z.object({
  t: z.literal('send'),
  session: c.count,
  attempt: c.attemptId,
  message: c.messageId,
  n: z.number().int().min(1).max(1000),
  /** Our line's address. */
  line: c.address,
  to: c.address,
  service: c.service,
  body: z.string().min(1).max(60_000),
  /** Only where the node has the capability of that name. */
  effect: c.word.optional(),
  reply_to: z.object({ guid: z.string().min(1).max(200), part: z.number().int().min(0).max(1000) }).optional(),
  start_within_ms: c.ms,
})

/** Never run this attempt (cancel). Answered by `void_done`, or by the fact when it is too late. */
export const voidFrame = z.object({ t: z.literal('void'), session: c.count, attempt: c.attemptId })

/** Everything of this journal up to `seq` is committed. */
export const ackFrame = z.object({ t: z.literal('ack'), journal_id: c.journalId, seq: c.count })

export const commandFrame = z.object({
  t: z.literal('command'),
  id: c.word,
  command: z.enum(COMMANDS),
  attempt: c.attemptId.optional(),
  args: commandArgs.optional(),
})

/** The gateway is going away: nothing more will be sent, outcomes are still taken. */
export const drainFrame = z.object({ t: z.literal('drain') })

export const BYE_CODES = [
  'stale', // a newer connection of this node is known; `conn` names its number
  'replaced', // a newer session took over
  'revoked', // the credential is not valid (any more): join again
  'cloned', // another machine uses this credential: join again there
  'restored', // the journal is older than one seen before: give it a new id, count its outbox anew, and say hello again
  'unsupported', // the protocol version is not spoken here
  'malformed', // the frames make no sense
  'no_taken', // an attempt was not taken in time: the session is in doubt
  'silent', // nothing heard for too long
  'draining', // the gateway is shutting down
  'store', // the gateway cannot commit: try again later
  'recovering', // the store was restored: say hello anew, and tell what was sent since
] as const
export type ByeCode = (typeof BYE_CODES)[number]

export const byeFrame = z.object({
  t: z.literal('bye'),
  code: z.enum(BYE_CODES),
  detail: c.sentence,
  /** With `stale`: count on from here. */
  conn: c.count.optional(),
})

export const complaintFrame = z.object({ t: z.literal('complaint'), about: c.word.nullable(), reason: c.sentence })

export const gatewayFrame = z.discriminatedUnion('t', [
  welcomeFrame,
  sendFrame,
  voidFrame,
  ackFrame,
  commandFrame,
  drainFrame,
  byeFrame,
  complaintFrame,
])

export type WelcomeFrame = z.infer<typeof welcomeFrame>
export type SendFrame = z.infer<typeof sendFrame>
export type VoidFrame = z.infer<typeof voidFrame>
export type AckFrame = z.infer<typeof ackFrame>
export type CommandFrame = z.infer<typeof commandFrame>
export type ByeFrame = z.infer<typeof byeFrame>
export type GatewayFrame = z.infer<typeof gatewayFrame>

export function parseGatewayFrame(text: string): c.ParsedFrame<GatewayFrame> {
  return c.parseFrame(gatewayFrame, text)
}
