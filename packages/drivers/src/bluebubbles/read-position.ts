/** How far what came in has been told, in the driver's own words: kept in the journal and at the gateway. */
import { z } from 'zod'

const position = z.object({
  /** Every message up to this ROWID is done. */
  r: z.number().int().min(0),
  /** Later ones that are done too: between them is one whose chat is not known yet. */
  t: z.array(z.number().int()).max(40).default([]),
  /** The clock of the Mac, milliseconds: nothing dated before it was new then. */
  d: z.number(),
  /** The message of that ROWID: it shows whether chat.db was made anew. Empty: there was none. */
  g: z.string().max(100),
})

export type ReadPosition = Readonly<{ row: number; told: readonly number[]; dateMs: number; guid: string }>

/** Ten digits a row: the longest the node protocol takes is 500 characters. */
export const TOLD_MAX = 25

export function writePosition({ row, told, dateMs, guid }: ReadPosition): string {
  return JSON.stringify({ r: row, d: Math.round(dateMs), g: guid, ...(told.length === 0 ? {} : { t: told }) })
}

/** Null: not one of ours. */
export function readPosition(text: string): ReadPosition | null {
  try {
    const parsed = position.safeParse(JSON.parse(text)).data
    return parsed === undefined ? null : { row: parsed.r, told: parsed.t, dateMs: parsed.d, guid: parsed.g }
  } catch {
    return null
  }
}
