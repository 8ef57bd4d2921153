/** How far chat.db was read: kept in the journal with what was told, and on the gateway for the day the journal is lost (PROTOCOL hole 43). */
import { z } from 'zod'

const position = z.object({
  /** Of the file that the row numbers are of. */
  db: z.string().max(200),
  rowid: z.number().int().min(0),
  guid: z.string().max(100),
  /** Of the newest message seen, nanoseconds since 2001. */
  date: z.string().regex(/^-?\d{1,19}$/),
  /** When changes of older messages were last looked for, Unix milliseconds. */
  changesMs: z.number().int().min(0),
})
export type ReadPosition = z.infer<typeof position>

export function writePosition(at: ReadPosition): string {
  return JSON.stringify(at)
}

/** Null: not one of ours. */
export function readPosition(text: string | null): ReadPosition | null {
  if (text === null) return null
  try {
    return position.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
