/**
 * How BlueBubbles sees changes: the newest 100 rows that have a chat, compared by dates and flags without `error` (DRIVERS 2.1). Own rows
 * settle the sends that wait for them, told apart by letters and digits only.
 */
import type { ChatDb, Row } from './chat-db.ts'
import { addressOf } from './chat-db.ts'

export type Awaited = Readonly<{
  chatGuid: string
  text: string
  isFile: boolean
  sinceMs: number
  tempGuid: string | null
  resolve(row: Row): void
  reject(row: Row): void
}>

const NEWEST = 100

export class Poller {
  readonly #db: ChatDb
  readonly #emit: (event: string, payload: Record<string, unknown>) => void
  readonly #known = new Map<string, string>()
  readonly #unsent = new Set<string>()
  #awaited: Awaited[] = []
  #startedMs = Date.now()

  constructor(db: ChatDb, emit: (event: string, payload: Record<string, unknown>) => void) {
    this.#db = db
    this.#emit = emit
  }

  await(awaited: Awaited): void {
    this.#awaited.push(awaited)
  }

  forget(awaited: Awaited): void {
    this.#awaited = this.#awaited.filter((one) => one !== awaited)
  }

  /** A guid that is never told of. */
  ignore(guid: string): void {
    const row = this.#rows().find((one) => one.guid === guid)
    if (row) this.#known.set(guid, fingerprint(row))
  }

  poll(): void {
    for (const row of this.#rows().reverse()) {
      if (row['is_from_me'] === 1) this.#own(row)
      const before = this.#known.get(row.guid)
      const now = fingerprint(row)
      if (before === now) continue
      this.#known.set(row.guid, now)
      this.#emit(before === undefined ? 'new-message' : 'updated-message', this.#db.serialize(row, true))
    }
  }

  #rows(): Row[] {
    return this.#db.find({
      withChats: true,
      where: [],
      afterMs: this.#startedMs - 7 * 24 * 3_600_000,
      newestFirst: true,
      offset: 0,
      limit: NEWEST,
    }).rows
  }

  #own(row: Row): void {
    const wasUnsent = this.#unsent.has(row.guid)
    if (row['is_sent'] === 0) this.#unsent.add(row.guid)
    if (wasUnsent && row['error'] !== 0) {
      this.#unsent.delete(row.guid)
      const awaited = this.#match(row)
      if (awaited) awaited.reject(row)
      else this.#emit('message-send-error', this.#db.serialize(row, true))
      return
    }
    if (this.#known.has(row.guid)) return
    const awaited = this.#match(row)
    if (!awaited) return
    this.forget(awaited)
    awaited.resolve(row)
    if (awaited.tempGuid !== null)
      this.#emit('new-message', { ...this.#db.serialize(row, true), tempGuid: awaited.tempGuid })
  }

  #match(row: Row): Awaited | undefined {
    const chats = this.#db.chatsOf(row.ROWID).map(({ guid }) => guid)
    const at = Number(row['date'])
    return this.#awaited.find(({ chatGuid, text, isFile, sinceMs }) => {
      if (!chats.includes(chatGuid) && !chats.some((guid) => addressOf(guid) === chatGuid)) return false
      if (at + 978_307_200_000 < sinceMs) return false
      if (isFile) return this.#fileOf(row) === stem(text)
      return lettersAndDigits(String(row['text'] ?? '')) === lettersAndDigits(text)
    })
  }

  #fileOf(row: Row): string | null {
    const [attachment] = this.#db.serialize(row, false)['attachments'] as Array<{ transferName: string }>
    return attachment === undefined ? null : stem(attachment.transferName)
  }
}

/** What is compared; an error is not in it. */
function fingerprint(row: Row): string {
  return ['date', 'date_delivered', 'date_read', 'date_edited', 'date_retracted', 'is_delivered']
    .map((name) => row[name])
    .join()
}

function lettersAndDigits(text: string): string {
  return text.replace(/[\W_]+/g, '')
}

const stem = (name: string): string => name.replace(/\.[^.]+$/, '')
