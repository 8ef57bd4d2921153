/** `message.message_summary_info`: what became of the parts of a message that was edited or of which something was unsent (MACOS 2.3). */
import { readAttributedBody } from './attributed-body.ts'
import { isDictionary, readBinaryPlist } from './binary-plist.ts'

/** One text that a part has had. */
export type PartText = Readonly<{
  part: number
  /** When it was sent or edited, in Unix time. Null: the row does not say. */
  atMs: number | null
  /** Null: it cannot be read. */
  text: string | null
}>

export type SummaryInfo = Readonly<{
  unsentParts: readonly number[]
  /** Part by part, the oldest first: the first text of a part is what was sent, the last what it says now. */
  edits: readonly PartText[]
}>

/** 2001-01-01 UTC, from which Apple counts, in Unix time. */
const EPOCH_MS = 978_307_200_000

/** Null: it cannot be read. What is wrong in a readable one is left out. Never throws. */
export function readSummaryInfo(blob: Uint8Array): SummaryInfo | null {
  const info = readBinaryPlist(blob)
  if (!isDictionary(info)) return null
  return { unsentParts: unsentOf(info['rp']), edits: editsOf(info['ec']) }
}

function unsentOf(rp: unknown): number[] {
  return Array.isArray(rp) ? rp.filter(isPart) : []
}

/** A dictionary by part number, and under each a list of its texts. */
function editsOf(ec: unknown): PartText[] {
  if (!isDictionary(ec)) return []
  const parts = Object.keys(ec).filter((key) => /^\d{1,4}$/.test(key))
  return parts
    .map(Number)
    .sort((a, b) => a - b)
    .flatMap((part) => textsOf(part, ec[part]))
}

function textsOf(part: number, texts: unknown): PartText[] {
  if (!Array.isArray(texts)) return []
  return texts.filter(isDictionary).map(({ d, t }) => ({
    part,
    atMs: typeof d === 'number' && Number.isFinite(d) ? Math.round(EPOCH_MS + d * 1000) : null,
    text: t instanceof Uint8Array ? (readAttributedBody(t)?.text ?? null) : null,
  }))
}

function isPart(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}
