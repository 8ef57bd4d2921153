/**
 * Which row of chat.db is this send? AppleScript gives nothing back, so it is found by what it must look like (MACOS 2.5). Pure.
 * PROTOCOL hole 7: only rows after the mark that was noted before the send; the lane is blocked meanwhile, so none of them is another attempt's.
 */
import { normalizedBody } from './body-text.ts'
import type { MessageRow } from './message-row.ts'

export type Sought = Readonly<{
  /** An address, or the id of a group. */
  to: string
  /** Of a text; null for a file. */
  body: string | null
}>

export type Match =
  | Readonly<{ kind: 'none' }>
  | Readonly<{ kind: 'row'; row: MessageRow }>
  /** Several could be it: somebody sent the same by hand, at the same time. Lowest ROWID first. */
  | Readonly<{ kind: 'several'; rows: readonly MessageRow[] }>
  /** Messages made a row without text or chat: nothing was delivered (MACOS 1.3). */
  | Readonly<{ kind: 'ghost'; row: MessageRow }>
  /** The same text, in somebody else's chat. */
  | Readonly<{ kind: 'misrouted'; row: MessageRow }>

/** `rows`: from us, after the mark, not claimed by another attempt; `isFile` says whether a row carries the file that is sought. */
export function matchRow(sought: Sought, rows: readonly MessageRow[], isFile: (row: MessageRow) => boolean): Match {
  const messages = rows.filter((row) => row.itemType === 0 && row.associatedType === 0 && !row.isScheduled)
  const says = messages.filter((row) => (sought.body === null ? isFile(row) : sameText(row.body, sought.body)))
  const there = says.filter((row) => isTo(row, sought.to))
  const [first] = there
  if (first !== undefined) return there.length === 1 ? { kind: 'row', row: first } : { kind: 'several', rows: there }
  const ghost = messages.find((row) => isGhost(row, sought.to))
  if (ghost !== undefined) return { kind: 'ghost', row: ghost }
  // A row is joined to its chat a moment after it is written: one without is not in a wrong chat.
  const elsewhere = says.find((row) => row.chat !== null)
  return elsewhere === undefined ? { kind: 'none' } : { kind: 'misrouted', row: elsewhere }
}

export function isGroup(to: string): boolean {
  return to.includes(';+;')
}

/** As addresses are compared: letters in lower case, a number without the marks between its digits. */
export function canonicalAddress(address: string): string {
  const plain = address.trim().toLowerCase()
  return plain.includes('@') ? plain : plain.replace(/[\s().-]/g, '')
}

function sameText(found: string | null, sent: string): boolean {
  return found !== null && normalizedBody(found) === normalizedBody(sent)
}

function isTo(row: MessageRow, to: string): boolean {
  // The service before `;+;` is not compared: macOS 26 calls it `any` (MACOS 1.3).
  if (isGroup(to)) return row.chat !== null && afterService(row.chat.guid) === afterService(to)
  if (row.chat?.isGroup === true) return false
  const address = canonicalAddress(to)
  return [row.chat?.identifier, row.handle].some(
    (a) => a !== null && a !== undefined && canonicalAddress(a) === address,
  )
}

function afterService(guid: string): string {
  return guid.slice(guid.indexOf(';') + 1)
}

function isGhost(row: MessageRow, to: string): boolean {
  return row.chat === null && row.body === '' && row.handle !== null && (row.handle === to || row.handle.includes(';'))
}
