import { ChatDb, ChatDbError } from './chat-db.ts'

/** The chat.db of now: opened when it is needed, and anew when another file lies at its path or it could not be read. */
export class ChatDbHandle {
  readonly #messagesDir: string
  #db: ChatDb | null = null

  constructor(messagesDir: string) {
    this.#messagesDir = messagesDir
  }

  /** @throws ChatDbError */
  open(): ChatDb {
    if (this.#db !== null && !this.#db.isCurrent) this.close()
    this.#db ??= new ChatDb(this.#messagesDir)
    return this.#db
  }

  /** What `read` makes of it, or why it cannot be read now. */
  try<T>(read: (db: ChatDb) => T): { kind: 'read'; value: T } | { kind: 'failed'; error: ChatDbError } {
    try {
      return { kind: 'read', value: read(this.open()) }
    } catch (error) {
      if (!(error instanceof ChatDbError)) throw error
      this.close()
      return { kind: 'failed', error }
    }
  }

  close(): void {
    this.#db?.close()
    this.#db = null
  }
}
