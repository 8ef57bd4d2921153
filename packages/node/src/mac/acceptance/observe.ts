/** Watches what Messages writes, for a person who checks what this was built on (MACOS 6). Sees states and times, never a text, a number or an address. */
import { watch } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'

const BUSY_MS = 2_000
const POLL_MS = 200
/** A row that has not changed for so long is taken for final. */
const QUIET_MS = 15_000
const ROWS_MAX = 20

export const observation = z.object({
  /** Why nothing could be watched; null when it could. */
  problem: z.string().nullable(),
  /** What `fs.watch` on the folder said, and how long before or after the database was seen to change for the first time. */
  fileEvents: z.number().int(),
  firstEventLagMs: z.number().nullable(),
  /** How often `pragma data_version` changed. */
  changes: z.number().int(),
  rows: z.array(
    z.object({
      service: z.string(),
      /** `any;-`, `iMessage;+`, …: the first two parts of the chat's guid. Null: it is in no chat. */
      chat: z.string().nullable(),
      hasText: z.boolean(),
      hasAttributedBody: z.boolean(),
      /** From the time that the row names to the time it was seen. */
      seenAfterMs: z.number(),
      /** Each change, with the time since it was first seen. */
      states: z.array(z.object({ afterMs: z.number(), state: z.string() })),
    }),
  ),
})
export type Observation = z.infer<typeof observation>

export const watching = z.object({ direction: z.enum(['in', 'out']), seconds: z.number().int().min(1).max(600) })
export type Watching = z.infer<typeof watching>

type Options = Watching & Readonly<{ folder: string; pollMs?: number; quietMs?: number; saw?: (rows: number) => void }>

type Seen = Observation['rows'][number] & { atMs: number }

/** Ends when what came is final, or when the time is over. Never rejects. */
export async function observe(options: Options): Promise<Observation> {
  const path = join(options.folder, 'chat.db')
  let db: DatabaseSync
  try {
    db = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS })
  } catch {
    return nothing('chat.db cannot be opened: `bluewire-node doctor` says why')
  }
  try {
    db.exec('pragma query_only = 1')
    return await new Observer(db, options).run()
  } catch (error) {
    const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : -1
    return nothing(`chat.db cannot be read (sqlite ${code})`)
  } finally {
    db.close()
  }
}

export function nothing(problem: string): Observation {
  return { problem, fileEvents: 0, firstEventLagMs: null, changes: 0, rows: [] }
}

class Observer {
  readonly #db: DatabaseSync
  readonly #options: Options
  readonly #rows = new Map<number, Seen>()
  #fileEvents = 0
  #firstEventMs: number | null = null
  #firstChangeMs: number | null = null
  #changes = 0
  #lastNewsMs = 0

  constructor(db: DatabaseSync, options: Options) {
    this.#db = db
    this.#options = options
  }

  async run(): Promise<Observation> {
    const { folder, seconds, pollMs = POLL_MS, quietMs = QUIET_MS } = this.#options
    // Before anything is watched: SQLite makes files of its own when it reads for the first time.
    const mark = this.#number('select coalesce(max(rowid), 0) value from message')
    let version = this.#number('pragma data_version', 'data_version')
    const watcher = watch(folder, () => {
      this.#fileEvents++
      this.#firstEventMs ??= Date.now()
    })
    watcher.on('error', () => undefined)
    try {
      for (const endMs = Date.now() + seconds * 1000; Date.now() < endMs;) {
        const now = this.#number('pragma data_version', 'data_version')
        if (now !== version) {
          this.#changes++
          this.#firstChangeMs ??= Date.now()
          version = now
        }
        this.#look(mark)
        if (this.#rows.size > 0 && Date.now() - this.#lastNewsMs > quietMs) break
        await new Promise((resolve) => setTimeout(resolve, pollMs))
      }
    } finally {
      watcher.close()
    }
    return {
      problem: null,
      fileEvents: this.#fileEvents,
      firstEventLagMs:
        this.#firstEventMs === null || this.#firstChangeMs === null ? null : this.#firstEventMs - this.#firstChangeMs,
      changes: this.#changes,
      rows: [...this.#rows.values()].map(({ atMs: _, ...row }) => row),
    }
  }

  #look(mark: number): void {
    const isFromMe = this.#options.direction === 'out' ? 1 : 0
    for (const found of this.#db.prepare(ROWS).all(mark, isFromMe)) {
      const id = Number(found['id'])
      const state = stateOf(found)
      const seen = this.#rows.get(id)
      const chat = typeof found['chat'] === 'string' ? found['chat'].split(';').slice(0, 2).join(';') : null
      if (seen?.states.at(-1)?.state === state && seen.chat === chat) continue
      const atMs = Date.now()
      this.#lastNewsMs = atMs
      if (seen) {
        seen.states.push({ afterMs: atMs - seen.atMs, state: seen.chat === chat ? state : `${state}, in a chat` })
        seen.chat = chat
      } else {
        this.#rows.set(id, {
          atMs,
          service: String(found['service'] ?? ''),
          chat,
          hasText: found['has_text'] === 1,
          hasAttributedBody: found['has_body'] === 1,
          seenAfterMs: atMs - Number(found['at_ms']),
          states: [{ afterMs: 0, state }],
        })
      }
      this.#options.saw?.(this.#rows.size)
    }
  }

  #number(sql: string, column = 'value'): number {
    return Number(this.#db.prepare(sql).get()?.[column] ?? 0)
  }
}

const ROWS = `
select m.rowid id, m.service service, m.error error, m.is_sent is_sent, m.is_delivered is_delivered, m.is_finished is_finished,
  m.date_read > 0 is_read, m.was_downgraded was_downgraded,
  m.text is not null and m.text <> '' has_text, m.attributedBody is not null has_body,
  m.date / 1000000 + 978307200000 at_ms,
  (select c.guid from chat_message_join j join chat c on c.rowid = j.chat_id where j.message_id = m.rowid limit 1) chat,
  (select group_concat(a.transfer_state) from message_attachment_join j join attachment a on a.rowid = j.attachment_id
    where j.message_id = m.rowid) transfers
from message m where m.rowid > ? and m.is_from_me = ? and m.item_type = 0 order by m.rowid limit ${ROWS_MAX}`

function stateOf(row: Readonly<Record<string, unknown>>): string {
  const words = [
    row['is_sent'] === 1 ? 'sent' : 'not sent',
    ...(row['is_delivered'] === 1 ? ['delivered'] : []),
    ...(row['is_read'] === 1 ? ['read'] : []),
    ...(row['is_finished'] === 1 ? ['finished'] : []),
    ...(row['was_downgraded'] === 1 ? ['downgraded'] : []),
    ...(row['error'] === 0 ? [] : [`error ${String(row['error'])}`]),
    ...(typeof row['transfers'] === 'string' ? [`transfer_state ${row['transfers']}`] : []),
  ]
  return words.join(' ')
}
