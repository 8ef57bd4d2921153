/** chat.db as Messages has it open, which may be closed for a while: the file is moved, damaged or replaced then. */
import { existsSync } from 'node:fs'
import { setTimeout as passed } from 'node:timers/promises'
import { ChatDb } from '../chat-db/chat-db.ts'
import { readSettings } from '../mac-settings.ts'
import { databasePath, Mailbox } from '../mailbox.ts'

const LOOK_AGAIN_MS = 20

export class OpenDatabase {
  readonly #folder: string
  #db: ChatDb | undefined
  #isLocked = false

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Undefined when there is no database: what is sent then leaves nothing behind. */
  get mailbox(): Mailbox | undefined {
    return this.#db === undefined ? undefined : new Mailbox(this.#db, readSettings(this.#folder))
  }

  /** When there is one again. */
  async opened(): Promise<Mailbox> {
    for (;;) {
      const { mailbox } = this
      if (mailbox !== undefined) return mailbox
      await passed(LOOK_AGAIN_MS)
    }
  }

  open(): void {
    if (this.#db !== undefined) return
    const path = databasePath(this.#folder)
    if (existsSync(path)) this.#db = ChatDb.open(path)
  }

  close(): void {
    this.#db?.close()
    this.#db = undefined
  }

  /** Whoever opens it meanwhile finds it busy. False while others have it open: then nobody can be kept out. */
  lock(): boolean {
    if (this.#isLocked) return true
    this.close()
    this.open()
    try {
      // Set before the first access, so that it is the file that is locked and not a part of the -shm.
      this.#db?.raw.exec('pragma busy_timeout = 0; pragma locking_mode = exclusive; begin exclusive; commit')
      this.#isLocked = true
    } catch {
      this.close()
      this.open()
    }
    return this.#isLocked
  }

  unlock(): void {
    if (!this.#isLocked) return
    this.#isLocked = false
    this.close()
    this.open()
  }
}
