/** Pieces that frames of both directions share, and the limits of the wire. */
import { z } from 'zod'
import { isAttemptId, isJournalId, isMessageId, isNodeId } from '../ids.ts'
import type { AttemptId, JournalId, MessageId, NodeId } from '../ids.ts'

export const PROTOCOL_VERSION = 1
export const SUBPROTOCOL = 'bluewire.node.v1'
/** A text of 20,000 UTF-16 units is at most 60,000 bytes of UTF-8, six times that when JSON escapes every unit. */
export const FRAME_BYTES_MAX = 256 * 1024
export const PING_MS = 15_000
/** A peer that said nothing for this long is closed: three pings. */
export const SILENT_PEER_MS = 45_000

export const attemptId = z.custom<AttemptId>(isAttemptId, 'an attempt id')
export const messageId = z.custom<MessageId>(isMessageId, 'a message id')
export const nodeId = z.custom<NodeId>(isNodeId, 'a node id')
export const journalId = z.custom<JournalId>(isJournalId, 'a journal id')
export const service = z.enum(['imessage', 'sms'])
/** Milliseconds since 1970, or a duration in milliseconds. */
export const ms = z.number().int().min(0).max(9e15)
export const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
/** What a node counts up by one: no honest count comes near it, and what is added to it stays a safe integer. */
export const ordinal = z.number().int().min(0).max(1e12)
export const word = z.string().min(1).max(64)
export const sentence = z.string().max(500)
export const address = z.string().min(3).max(254)

/** What a fact says of an attempt, see PROTOCOL 8.2. */
export const FACTS = ['sent', 'not_sent', 'unknown', 'delivered', 'read', 'bounced'] as const
export type FactKind = (typeof FACTS)[number]

/**
 * How firmly `not_sent` is known. `never_handed`: Messages was never touched, a retry is safe.
 * `refused`: Messages itself refused for good (the recipient is not on iMessage, ...); a retry is useless, a fallback is safe.
 */
export const NOT_SENT_CLASSES = ['never_handed', 'refused'] as const
export type NotSentClass = (typeof NOT_SENT_CLASSES)[number]

/**
 * Why a tombstone was written although nobody refused the attempt: it just never ran. A retry need not wait.
 * Every other reason of a `void_done` is a refusal by the node (disk, driver), and a retry gives it time.
 */
export const NOT_RUN_REASONS = [
  'absent', // the journal had never seen it
  'restarted', // taken, then the agent restarted
  'disconnected', // taken, then the session ended
  'too_late', // not started within start_within_ms
  'cancelled', // a `void` frame
  'stale_session', // a `send` of another session, or before `ready`
  'observing', // the gateway said it would not send
  'line_full', // more unsettled attempts than max_open
] as const

export type ParsedFrame<F> = { ok: true; frame: F } | { ok: false; reason: string; t: string | null }

/** Never throws. `t` is the frame's own word where it had one, for the answer. */
export function parseFrame<F>(schema: z.ZodType<F>, text: string): ParsedFrame<F> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return { ok: false, reason: 'not JSON', t: null }
  }
  const t = typeof json === 'object' && json !== null && 't' in json && typeof json.t === 'string' ? json.t : null
  const parsed = schema.safeParse(json)
  if (parsed.success) return { ok: true, frame: parsed.data }
  const issue = parsed.error.issues[0]
  const where = issue?.path.map(String).join('.') ?? ''
  return {
    ok: false,
    reason: `${where || 'frame'}: ${issue?.message ?? 'malformed'}`.slice(0, 300),
    t: t?.slice(0, 64) ?? null,
  }
}
