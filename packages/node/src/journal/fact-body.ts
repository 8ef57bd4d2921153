/** What a fact says, apart from which attempt it is about. Never holds the text of a message. */
import type { NotSentClass, FactKind } from '@bluewire/contract/node-protocol/common'
import type { Receipt, SendOutcome } from '@bluewire/drivers/driver'

export type FactBody = Readonly<{
  fact: FactKind
  class?: NotSentClass
  reason?: string
  detail?: string
  was_downgraded?: boolean
  /** One for each part; the wire has the first. */
  row_guids?: readonly string[]
  at: number
}>

const WORD_CHARS_MAX = 64
const DETAIL_CHARS_MAX = 500
const ROW_GUID_CHARS_MAX = 100
/** A detail that repeats a text at least this long is dropped: shorter ones occur in any sentence. */
const TELLTALE_CHARS = 4

/** `body` is the message's text, to make sure that what the driver saw does not carry it along. */
export function factOfOutcome(outcome: SendOutcome, body: string | null, atMs: number): FactBody {
  const rows =
    outcome.rowGuids === undefined ? {} : { row_guids: outcome.rowGuids.map((g) => g.slice(0, ROW_GUID_CHARS_MAX)) }
  switch (outcome.kind) {
    case 'sent':
      return { fact: 'sent', at: atMs, ...(outcome.wasDowngraded === true ? { was_downgraded: true } : {}), ...rows }
    case 'not_sent':
      return { fact: 'not_sent', class: outcome.class, at: atMs, ...because(outcome, body), ...rows }
    case 'unknown':
      return { fact: 'unknown', at: atMs, ...because(outcome, body), ...rows }
    default:
      return outcome satisfies never
  }
}

export function factOfReceipt(receipt: Receipt): FactBody {
  const downgraded = receipt.wasDowngraded === true ? { was_downgraded: true } : {}
  return { fact: receipt.fact, at: wholeMs(receipt.atMs), ...downgraded, ...because(receipt, null) }
}

/** An instant as the wire wants it, whatever the driver made of its source. */
export function wholeMs(ms: number): number {
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : 0
}

type Because = Readonly<{ reason?: string; detail?: string }>

function because({ reason, detail }: Because, body: string | null): Because {
  return {
    ...(reason === undefined ? {} : { reason: reason.slice(0, WORD_CHARS_MAX) || 'unspecified' }),
    ...(detail === undefined || repeats(detail, body) ? {} : { detail: detail.slice(0, DETAIL_CHARS_MAX) }),
  }
}

function repeats(detail: string, body: string | null): boolean {
  return body !== null && body.length >= TELLTALE_CHARS && detail.includes(body)
}
