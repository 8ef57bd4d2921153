/** What is noted in the journal before each part is handed to BlueBubbles, and read again by the process after a crash (PROTOCOL hole 5). */
import { z } from 'zod'

const sendNote = z.object({
  /** The part about to be handed over, counted from 0: the text first, then the files. */
  part: z.number().int().min(0),
  of: z.number().int().min(1),
  /** Null: the part is the text. */
  file: z.string().nullable(),
  method: z.enum(['private-api', 'apple-script']),
  /** What BlueBubbles calls the request. */
  tempGuid: z.string(),
  /** The ROWID before it, and the clock of that Mac: no earlier row can be it. */
  afterRow: z.number().int().nullable(),
  afterMs: z.number(),
  /** By this machine's clock. */
  atMs: z.number(),
  /** Messages of the parts before it. */
  done: z.array(z.string()),
})
export type SendNote = z.infer<typeof sendNote>

/** A name longer than any file system takes would not fit in. */
const FILE_CHARS_MAX = 255

export function writeNote(note: SendNote): string {
  return JSON.stringify({ ...note, file: note.file?.slice(-FILE_CHARS_MAX) ?? null })
}

/** Null: not one of ours. */
export function readNote(text: string): SendNote | null {
  try {
    return sendNote.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
