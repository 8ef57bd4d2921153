/** What was read lately, so that a second pass tells nothing twice. Bounded; the gateway has the last word on what it knows. */
import { createHash } from 'node:crypto'
import type { MessageRow } from './message-row.ts'

const KEPT_MAX = 20_000
const PREVIEW_WITHIN_NS = 90_000_000_000n

export class SeenRows {
  readonly #ids = new Set<string>()
  readonly #states = new Map<string, string>()
  readonly #lastText = new Map<string, { body: string; dateNs: bigint }>()

  clear(): void {
    this.#ids.clear()
    this.#states.clear()
  }

  /** By its guid and by what it is: a backfill writes the same message under another guid (MACOS 2.6). */
  isNew(row: MessageRow): boolean {
    const isNew = this.isNewId(row.guid)
    if (row.isFromMe) return isNew
    const isNewContent = this.isNewId(contentId(row))
    return isNew && isNewContent
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  isNewId(id: string): boolean {
    if (this.#ids.has(id)) return false
    keep(this.#ids, id)
    return true
  }

  /** True the first time, and whenever `state` is another one. */
  hasChanged(guid: string, state: string): boolean {
    if (this.#states.get(guid) === state) return false
    this.#states.set(guid, state)
    const oldest = this.#states.size > KEPT_MAX ? this.#states.keys().next().value : undefined
    if (oldest !== undefined) this.#states.delete(oldest)
    return true
  }

  forget(guid: string): void {
    this.#states.delete(guid)
  }

  /** A link is sometimes written a second time as its preview: the text of before, by the same sender, within 90 s. */
  isPreview(row: MessageRow): boolean {
    const sender = row.handle ?? ''
    const before = this.#lastText.get(sender)
    if (before === undefined || row.body === null) return false
    return before.body.includes(row.body) && row.dateNs - before.dateNs < PREVIEW_WITHIN_NS
  }

  remember(row: MessageRow): void {
    if (row.body === null || row.handle === null) return
    this.#lastText.delete(row.handle)
    this.#lastText.set(row.handle, { body: row.body, dateNs: row.dateNs })
    const oldest = this.#lastText.size > 1_000 ? this.#lastText.keys().next().value : undefined
    if (oldest !== undefined) this.#lastText.delete(oldest)
  }
}

function contentId(row: MessageRow): string {
  const parts = [
    row.chat?.guid ?? '',
    row.handle ?? '',
    row.dateNs,
    row.associatedType,
    row.associatedGuid ?? '',
    row.body ?? '',
  ]
  return createHash('sha256').update(parts.join('\0')).digest('base64url')
}

function keep(set: Set<string>, id: string): void {
  set.add(id)
  const oldest = set.size > KEPT_MAX ? set.values().next().value : undefined
  if (oldest !== undefined) set.delete(oldest)
}
