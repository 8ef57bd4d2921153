/** What the driver keeps in the journal: before each touch what a later look needs, and how far it has read. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { AttemptId } from '@bluewire/contract/ids'

const rowid = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

const sendNote = z.object({
  /** The part that is about to be handed over; those before it were seen as sent. */
  part: z.number().int().min(0),
  parts: z.number().int().min(1),
  /** The newest row before it: it can only be a later one. */
  mark: rowid,
  /** Its guid, where imsg lets us choose it. */
  guid: z.string().optional(),
  /** Its name, of a part that is a file. */
  file: z.string().optional(),
  /** Rows of the parts before it. */
  sent: z.array(z.string()),
  isDowngraded: z.boolean(),
})
export type SendNote = Readonly<z.infer<typeof sendNote>>

export function encodeNote(note: SendNote): string {
  return JSON.stringify(note)
}

/** Null: it is none of ours. */
export function decodeNote(text: string): SendNote | null {
  return decoded(text, sendNote)
}

const position = z.object({
  /** Every row up to here was read. */
  cursor: rowid,
  /** The last message that was read, to notice when rows have other numbers than before; a new journal may have none. */
  id: rowid.optional(),
  guid: z.string().max(200).optional(),
  /** Date of the newest one, milliseconds. */
  atMs: z.number().min(0),
})
export type Position = Readonly<z.infer<typeof position>>

export function encodePosition(at: Position): string {
  return JSON.stringify(at)
}

/** Null: it is none of ours. */
export function decodePosition(text: string): Position | null {
  return decoded(text, position)
}

function decoded<T>(text: string, schema: z.ZodType<T>): T | null {
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

/**
 * The guid that a part of an attempt has as a message: the same each time it is asked for, so that imsg refuses a second one by itself.
 * A UUID of version 8 (RFC 9562): its bits are ours to choose.
 */
export function guidOfAttempt(attempt: AttemptId, part: number): string {
  const bytes = createHash('sha256').update(`${attempt}/${part}`).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
