/** What is noted in the journal before each touch of Messages, and read again by the process after a crash (PROTOCOL hole 5). */
import { z } from 'zod'

const sendNote = z.object({
  /** The part about to be handed over, counted from 0: the text first, then the files. */
  part: z.number().int().min(0),
  of: z.number().int().min(1),
  /** Null: the part is the text. */
  file: z.string().nullable(),
  /** MAX(ROWID) before it: no row up to there can be it. */
  mark: z.number().int().min(0),
  /** Of the chat.db that the mark is of. */
  db: z.string(),
  /** The Messages that was running: only when it has ended is a missing row proof. */
  messages: z.object({ pid: z.number().int(), started: z.string() }),
  atMs: z.number(),
  /** Rows of the parts before it. */
  rows: z.array(z.string()),
})
export type SendNote = z.infer<typeof sendNote>

export function writeNote(note: SendNote): string {
  return JSON.stringify(note)
}

/** Null: not one of ours. */
export function readNote(text: string): SendNote | null {
  try {
    return sendNote.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
