/**
 * Every id there is: a prefix that says what it names, then 26 characters of Crockford base 32 that begin with the
 * time (a ULID), so ids of one kind sort by creation. `ulid` is always passed in: the caller owns clock and chance.
 *
 * Message ids carry the service that was asked for, `imessage_` or `text_`, as the hosted service's ids do; a fallback keeps its id.
 */
export type AccountId = `acct_${string}`
export type TokenId = `tok_${string}`
/** A provider is worked by the gateway itself, and stands wherever a node does (docs/decisions/0013). */
export type ProviderId = `prov_${string}`
export type NodeId = `node_${string}` | ProviderId
export type LineId = `line_${string}`
export type LaneId = `lane_${string}`
export type MessageId = `imessage_${string}` | `text_${string}`
export type AttemptId = `attempt_${string}`
export type EventId = `evt_${string}`
export type GatewayId = `gw_${string}`
export type JournalId = `journal_${string}`

export type Ulid = () => string

export type Service = 'imessage' | 'sms'

const ULID = '[0-9A-HJKMNP-TV-Z]{26}'
const MESSAGE_ID = new RegExp(`^(imessage|text)_${ULID}$`)
const ATTEMPT_ID = new RegExp(`^attempt_${ULID}$`)
const PROVIDER_ID = new RegExp(`^prov_${ULID}$`)
const NODE_ID = new RegExp(`^node_${ULID}$`)
const LINE_ID = new RegExp(`^line_${ULID}$`)
const JOURNAL_ID = new RegExp(`^journal_${ULID}$`)

export function isMessageId(value: unknown): value is MessageId {
  return typeof value === 'string' && MESSAGE_ID.test(value)
}

const ALIAS = /^imsg_/

/** The id that a caller means: the hosted service's documents also write `imsg_` for `imessage_`. Null: no message has such an id. */
export function readMessageId(text: string): MessageId | null {
  const id = text.replace(ALIAS, 'imessage_')
  return isMessageId(id) ? id : null
}

export function isAttemptId(value: unknown): value is AttemptId {
  return typeof value === 'string' && ATTEMPT_ID.test(value)
}

export function isProviderId(value: unknown): value is ProviderId {
  return typeof value === 'string' && PROVIDER_ID.test(value)
}

/** Of a node on a machine of its own; a provider is none. */
export function isNodeId(value: unknown): value is NodeId {
  return typeof value === 'string' && NODE_ID.test(value)
}

export function isLineId(value: unknown): value is LineId {
  return typeof value === 'string' && LINE_ID.test(value)
}

export function isJournalId(value: unknown): value is JournalId {
  return typeof value === 'string' && JOURNAL_ID.test(value)
}

export function newMessageId(service: Service, ulid: Ulid): MessageId {
  return service === 'imessage' ? `imessage_${ulid()}` : `text_${ulid()}`
}
