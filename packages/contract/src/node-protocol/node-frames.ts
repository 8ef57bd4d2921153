/**
 * Frames a node sends. `fact`, `inbound` and `void_done` are durable: they carry a sequence number of their journal and are
 * sent again until an `ack` covers them. The rest are volatile: a lost one costs a reconnect, never a message.
 */
import { z } from 'zod'
import { REACTION_KINDS } from './commands.ts'
import * as c from './common.ts'

export const lineOffer = z.object({
  address: c.address,
  services: z.array(c.service).min(1).max(2),
  /** False for an alias that only receives: one sending line per Apple account. */
  sends: z.boolean(),
  /** Sent in the last 24 h by the journal's own count; wins over the gateway's when higher (restored gateway). */
  out_24h: c.count,
})

/** Fixed size whatever the backlog: counts and heads, never lists of attempts. */
export const helloFrame = z.object({
  t: z.literal('hello'),
  protocol: z.number().int().min(1).max(1000),
  node: c.nodeId,
  /** Number of this connection attempt, counted in the journal; the gateway takes only a higher one than it has seen. */
  conn: c.ordinal,
  journal_id: c.journalId,
  /** Number of the journal's last transition; never lower than last reported, or the journal was restored. */
  journal_head: c.ordinal,
  last_session: c.ordinal,
  store_epoch_seen: c.ordinal,
  machine: z.string().min(1).max(200),
  boot_id: z.string().max(200),
  agent: c.word,
  os: z.string().max(100),
  driver: c.word,
  at_most_once: z.boolean(),
  simulated: z.boolean(),
  capabilities: z.array(c.word).max(100),
  lines: z.array(lineOffer).max(50),
  chatdb: z.object({ id: z.string().max(200), max_rowid: c.count, newest: c.ms }).optional(),
  outbox: z.object({ oldest: c.ordinal, head: c.ordinal, acked: c.ordinal }),
  open: z.object({ taken: c.count, started: c.count }),
  now_ms: c.ms,
  free_bytes: c.count,
})

/** What the node knows of one attempt the gateway holds open. `lost`: it can never run, but that proves nothing. */
export const resumeState = z.enum(['void', 'lost', 'started', 'settled'])

export const readyFrame = z.object({
  t: z.literal('ready'),
  session: c.count,
  states: z.record(c.attemptId, resumeState),
  /** Head of the outbox after what the welcome asked to be queued again: nothing is dispatched before all of it is committed. */
  outbox_head: c.count,
})

/** Volatile: the attempt is in the journal, Messages not yet touched. */
export const takenFrame = z.object({ t: z.literal('taken'), session: c.count, attempt: c.attemptId })

/** Volatile: the node will not run it and has a tombstone for it; the durable `void_done` follows. */
export const refusedFrame = z.object({
  t: z.literal('refused'),
  session: c.count,
  attempt: c.attemptId,
  reason: c.word,
})

export const factFrame = z.object({
  t: z.literal('fact'),
  journal_id: c.journalId,
  seq: c.count,
  attempt: c.attemptId,
  /** Message, number and line let a gateway that was restored from a backup adopt an attempt it no longer has. */
  message: c.messageId,
  n: z.number().int().min(1).max(1000),
  line: c.address,
  service: c.service,
  fact: z.enum(c.FACTS),
  /** With `not_sent` only. */
  class: z.enum(c.NOT_SENT_CLASSES).optional(),
  /** A word of the catalogue or `apple_error_N`. */
  reason: c.word.optional(),
  /** For people: what was seen. Never the text of a message. */
  detail: c.sentence.optional(),
  /** Messages sent it as SMS by itself. */
  was_downgraded: z.boolean().optional(),
  row_guid: z.string().max(100).optional(),
  at: c.ms,
})

/** The tombstone is durable: this attempt never ran here and never will. `proof` false: an older journal may have run it. */
export const voidDoneFrame = z.object({
  t: z.literal('void_done'),
  journal_id: c.journalId,
  seq: c.count,
  attempt: c.attemptId,
  proof: z.boolean(),
  reason: c.word,
  at: c.ms,
})

export const inboundFrame = z.object({
  t: z.literal('inbound'),
  journal_id: c.journalId,
  seq: c.count,
  guid: z.string().min(1).max(200),
  /** Our line's address. */
  line: c.address,
  /** An address, a short code of any length, or a sender's name. */
  from: z.string().min(1).max(254),
  service: c.service,
  body: z.string().max(100_000),
  /** The message's own date, milliseconds. */
  date: c.ms,
  /** Read again from an older history (an iCloud backfill): not news. */
  backfilled: z.boolean(),
  /** Of a group: its id. */
  chat: z.string().min(1).max(254).optional(),
  /** It is no message of its own, but about the message with this guid. */
  about: z
    .object({
      guid: z.string().min(1).max(200),
      part: z.number().int().min(0).max(1000),
      what: z.enum(['reaction', 'edit', 'unsend']),
      reaction: z
        .object({ kind: z.enum(REACTION_KINDS), emoji: z.string().max(64).optional(), removed: z.boolean() })
        .optional(),
    })
    .optional(),
  /** How far the driver has read with this one, in its own words. */
  position: z.string().max(500).optional(),
})

/** One thing that was looked at. `unknown`: it could not be told. */
export const healthCheck = z.object({
  name: c.word,
  state: z.enum(['ok', 'problem', 'unknown']),
  /** What it means, and the one next action. */
  detail: c.sentence.optional(),
})
export type HealthCheck = z.infer<typeof healthCheck>

export const healthFrame = z.object({
  t: z.literal('health'),
  state: z.enum(['ok', 'degraded', 'broken']),
  /** Last time something proved that Messages works, milliseconds; null when never. */
  proven_at: c.ms.nullable(),
  detail: c.sentence.optional(),
  checks: z.array(healthCheck).max(40).optional(),
  queue: c.count,
  free_bytes: c.count,
})

export const replyFrame = z.object({
  t: z.literal('reply'),
  id: c.word,
  ok: z.boolean(),
  detail: c.sentence.optional(),
  data: z.record(z.string().max(64), z.unknown()).optional(),
})

/** The answer to a frame that was not understood. Never answered itself. */
export const complaintFrame = z.object({ t: z.literal('complaint'), about: c.word.nullable(), reason: c.sentence })

export const nodeFrame = z.discriminatedUnion('t', [
  helloFrame,
  readyFrame,
  takenFrame,
  refusedFrame,
  factFrame,
  voidDoneFrame,
  inboundFrame,
  healthFrame,
  replyFrame,
  complaintFrame,
])

export type LineOffer = z.infer<typeof lineOffer>
export type HelloFrame = z.infer<typeof helloFrame>
export type ReadyFrame = z.infer<typeof readyFrame>
export type ResumeState = z.infer<typeof resumeState>
export type TakenFrame = z.infer<typeof takenFrame>
export type RefusedFrame = z.infer<typeof refusedFrame>
export type FactFrame = z.infer<typeof factFrame>
export type VoidDoneFrame = z.infer<typeof voidDoneFrame>
export type InboundFrame = z.infer<typeof inboundFrame>
export type HealthFrame = z.infer<typeof healthFrame>
export type ReplyFrame = z.infer<typeof replyFrame>
export type NodeFrame = z.infer<typeof nodeFrame>
export type DurableFrame = FactFrame | VoidDoneFrame | InboundFrame

export const durableFrame = z.discriminatedUnion('t', [factFrame, voidDoneFrame, inboundFrame])

/** What makes a frame durable, also one of a kind that is not known here: it has its place in a journal, and blocks what follows it. */
const durableEnvelope = z.looseObject({ t: c.word, journal_id: c.journalId, seq: c.count.min(1) })
export type DurableEnvelope = z.infer<typeof durableEnvelope>

/** Of a frame that could not be read: whether it is durable all the same. Never throws. */
export function parseDurableEnvelope(text: string): DurableEnvelope | null {
  try {
    const parsed = durableEnvelope.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}

export function parseNodeFrame(text: string): c.ParsedFrame<NodeFrame> {
  return c.parseFrame(nodeFrame, text)
}
