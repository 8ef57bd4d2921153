/**
 * Whether an inbound message is one that came before. SMPP gives an inbound message no id, and sends it again when its acknowledgement was
 * lost; and people do write "yes" twice. Where the SMSC adds an id, that decides. Otherwise: what was refused, or not acknowledged on a
 * connection that is gone, comes again; what was acknowledged does not. The guid has the time in it, coarsely, so that a repeat after a
 * restart (when nothing is remembered) still has the guid of before, and tomorrow's "yes" has another.
 */
import { createHash } from 'node:crypto'

export type Inbound = Readonly<{
  source: string
  destination: string
  text: string
  /** The SMSC's id of it. */
  id: string | null
  /** What joined its parts. */
  reference: string | null
}>

type Seen = {
  guid: string
  connection: number
  atMs: number
  state: 'open' | 'stored' | 'refused'
  span: number
  nth: number
}

export type Identified = Readonly<{ guid: string; settled(isStored: boolean): void }>

const SPAN_MS = 10 * 60_000
const SEEN_MAX = 5_000
/** An acknowledgement that was written this long before may have been lost with its connection. */
const ACK_LOST_MS = 120_000
/** No SMSC repeats anything sooner on the same connection; a person may. */
const REPEAT_MS_MIN = 5_000

export class SmppIdentity {
  readonly #seen = new Map<string, Seen>()

  identify(message: Inbound, where: Readonly<{ connection: number; nowMs: number }>): Identified {
    const { source, destination, text, id, reference } = message
    if (id !== null) return { guid: guidOf([source, destination, id, text]), settled: () => undefined }
    const hash = guidOf([source, destination, reference ?? '', text])
    const before = this.#seen.get(hash)
    if (before && isRepeat(before, where)) {
      before.connection = where.connection
      before.state = 'open'
      return { guid: before.guid, settled: (isStored) => settle(before, isStored) }
    }
    const span = Math.floor(where.nowMs / SPAN_MS)
    const nth = before?.span === span ? before.nth + 1 : 0
    const guid = guidOf([hash, String(span), String(nth)])
    const seen: Seen = { guid, connection: where.connection, atMs: where.nowMs, state: 'open', span, nth }
    this.#remember(hash, seen)
    return { guid, settled: (isStored) => settle(seen, isStored) }
  }

  #remember(hash: string, seen: Seen): void {
    this.#seen.delete(hash)
    this.#seen.set(hash, seen)
    const oldest = this.#seen.keys().next()
    if (this.#seen.size > SEEN_MAX && !oldest.done) this.#seen.delete(oldest.value)
  }
}

function isRepeat({ state, connection, atMs }: Seen, where: Readonly<{ connection: number; nowMs: number }>): boolean {
  if (state === 'refused') return true
  const ageMs = where.nowMs - atMs
  if (connection !== where.connection) return state === 'open' || ageMs < ACK_LOST_MS
  return state === 'open' && ageMs > REPEAT_MS_MIN
}

function settle(seen: Seen, isStored: boolean): void {
  seen.state = isStored ? 'stored' : 'refused'
}

function guidOf(fields: readonly string[]): string {
  return `smpp-${createHash('sha256').update(JSON.stringify(fields)).digest('hex').slice(0, 32)}`
}
