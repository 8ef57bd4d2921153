/**
 * Which message is this send? BlueBubbles itself compares letters and digits only, so that any two texts in Chinese or of emoji are the same
 * to it (DRIVERS 2.1): what it names after an AppleScript send is looked at here like any other. Pure.
 */
import type { WireMessage } from './wire-message.ts'

export type Sought = Readonly<{
  /** An address, or the id of a group. */
  to: string
  /** Of a text; null for a file. */
  body: string | null
  /** Of a file; null for a text. */
  file: string | null
  /** ROWID before the send: only later ones can be it. Null: BlueBubbles did not say. */
  afterRow: number | null
  /** The clock of BlueBubbles' Mac before the send. */
  afterMs: number
}>

export type Match =
  | Readonly<{ kind: 'none' }>
  | Readonly<{ kind: 'one'; message: WireMessage }>
  /** BlueBubbles sent it again by itself, or somebody sent the same by hand: which one is ours cannot be told. */
  | Readonly<{ kind: 'several' }>

/** Clocks of two machines, read over HTTP; only where there is no ROWID to go by, time alone decides. */
export const CLOCK_SLACK_MS = 60_000

/** `messages`: not claimed by another attempt. */
export function matchOf(sought: Sought, messages: readonly WireMessage[]): Match {
  const found = messages.filter((message) => isIt(sought, message))
  const [first] = found
  if (first === undefined) return { kind: 'none' }
  return found.length === 1 ? { kind: 'one', message: first } : { kind: 'several' }
}

export function isIt(sought: Sought, message: WireMessage): boolean {
  if (!message.isFromMe || message.itemType !== 0 || isAboutAnother(message)) return false
  return isLater(sought, message) && isTo(message, sought.to) && isSame(sought, message)
}

/** A tapback or a sticker, not a message of its own. */
export function isAboutAnother({ associatedMessageGuid: guid, associatedMessageType: type }: WireMessage): boolean {
  return (guid !== null && guid !== '') || (type !== null && type !== '' && type !== '0')
}

function isLater({ afterRow, afterMs }: Sought, { originalROWID: row, dateCreated }: WireMessage): boolean {
  if (afterRow !== null && row !== null && row <= afterRow) return false
  return dateCreated === null || dateCreated >= afterMs - CLOCK_SLACK_MS
}

function isSame({ body, file }: Sought, message: WireMessage): boolean {
  if (body !== null) return message.attachments.length === 0 && sameText(message.text ?? '', body)
  // Apple may rename `photo.png` to `photo.PNG` or `.jpeg`: the name before its ending has to be the same.
  return message.attachments.some(
    ({ transferName }) => transferName !== null && stem(transferName) === stem(file ?? ''),
  )
}

/** The service before `;-;` and `;+;` is not compared: macOS 26 calls it `any` (MACOS 1.3). */
export function isTo(message: WireMessage, to: string): boolean {
  if (isGroup(to)) return message.chats.some(({ guid }) => afterService(guid) === afterService(to))
  if (message.chats.some(({ guid }) => isGroup(guid))) return false
  const addresses = [...message.chats.map(({ guid }) => addressOf(guid)), message.handle?.address ?? '']
  return addresses.some((address) => canonicalAddress(address) === canonicalAddress(to))
}

export function isGroup(guid: string): boolean {
  return guid.includes(';+;')
}

/** As addresses are compared: letters in lower case, a number without the marks between its digits. */
export function canonicalAddress(address: string): string {
  const plain = address.trim().toLowerCase()
  return plain.includes('@') ? plain : plain.replace(/[\s().-]/g, '')
}

export function sameText(found: string, sent: string): boolean {
  return normalized(found) === normalized(sent)
}

/** Messages may make quotes round and dashes long, and emoji may gain or lose a variation selector on the way (MACOS 2.5). */
function normalized(text: string): string {
  return text
    .replace(/[\uFFFC\uFFFD\p{Variation_Selector}]/gu, '')
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replace(/[‘’‚‛]/g, "'")
    .replace(/[“”„‟]/g, '"')
    .replace(/[-\u2010-\u2015\u2212]+/g, '-') // two hyphens become one dash
    .toWellFormed()
    .normalize('NFC')
    .trim()
}

function stem(name: string): string {
  const plain = name
    .slice(name.lastIndexOf('/') + 1)
    .normalize('NFC')
    .toLowerCase()
  return plain.replace(/\.[^.]+$/, '')
}

function afterService(guid: string): string {
  return guid.slice(guid.indexOf(';') + 1)
}

function addressOf(guid: string): string {
  return guid.slice(guid.lastIndexOf(';') + 1)
}
