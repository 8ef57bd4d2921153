/** The file chat.db of a fake Mac, and what becomes of such files. While it is damaged or away, what Messages sends leaves no row. */
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { DatabaseSync } from 'node:sqlite'
import { ChatDb } from './chat-db/chat-db.ts'
import { renumber } from './chat-db/renumber.ts'
import type { FakeMessages } from './fake-messages.ts'
import { macPaths } from './mac-folder.ts'

const FILES = ['chat.db', 'chat.db-wal', 'chat.db-shm']
const PAGE_BYTES = 4096
const LOCKED_WITHIN_MS = 5000
/**
 * On Linux nobody can open this for reading, root neither, and opening says EACCES. A Mac without Full Disk Access says EPERM, which no file
 * here says to root.
 */
const UNREADABLE = '/proc/sys/net/ipv4/route/flush'

export class FakeDatabase {
  readonly #messages: FakeMessages
  readonly #directory: string
  readonly #walled: string
  readonly #kept: string

  constructor(folder: string, messages: FakeMessages) {
    const { messagesDir, state } = macPaths(folder)
    this.#messages = messages
    this.#directory = messagesDir
    this.#walled = join(state, 'walled')
    this.#kept = join(state, 'kept')
  }

  get path(): string {
    return join(this.#directory, 'chat.db')
  }

  /** For a test to look at what is there, also behind the wall. Read only, integers as bigints. */
  open(): DatabaseSync {
    const walled = join(this.#walled, 'chat.db')
    const path = existsSync(walled) ? walled : this.path
    return new DatabaseSync(path, { readOnly: true, readBigInts: true, timeout: 5000 })
  }

  /** Full Disk Access is taken: Messages has its database, nobody else can open it. What has it open keeps it, as on a Mac. */
  async wall(): Promise<void> {
    await this.#changed(() => {
      mkdirSync(this.#walled)
      move(this.#directory, this.#walled)
      forbid(this.path)
    })
  }

  async openWall(): Promise<void> {
    await this.#changed(() => {
      rmSync(this.path, { force: true })
      move(this.#walled, this.#directory)
      rmSync(this.#walled, { recursive: true })
    })
  }

  /** `header`: not a database any more. `pages`: one with content that makes no sense. Until `restore`. */
  async corrupt(what: 'header' | 'pages'): Promise<void> {
    await this.#keep()
    const from = what === 'header' ? 0 : PAGE_BYTES
    const file = openSync(this.path, 'r+')
    const noise = Buffer.alloc(
      what === 'header' ? PAGE_BYTES : Math.max(PAGE_BYTES, statSync(this.path).size - from),
      0xa7,
    )
    writeSync(file, noise, 0, noise.length, from)
    closeSync(file)
  }

  /** Until `restore`: as on a Mac that was never signed in. */
  async remove(): Promise<void> {
    await this.#keep()
    rmSync(this.path)
  }

  /** Undoes `corrupt` and `remove`. */
  async restore(): Promise<void> {
    for (const name of FILES) rmSync(join(this.#directory, name), { force: true })
    move(this.#kept, this.#directory)
    rmSync(this.#kept, { recursive: true })
    await this.#messages.controlIfRunning({ do: 'database', change: 'open' })
  }

  /** Whoever opens it finds it busy. Waits until nobody else has it open: who has, cannot be kept out of a database in WAL mode. */
  async lock(): Promise<void> {
    const deadlineMs = performance.now() + LOCKED_WITHIN_MS
    while ((await this.#messages.control({ do: 'database', change: 'lock' })) !== true) {
      if (performance.now() > deadlineMs) throw new Error('chat.db cannot be locked while somebody else has it open.')
      await passed(20)
    }
  }

  async unlock(): Promise<void> {
    await this.#messages.control({ do: 'database', change: 'unlock' })
  }

  /**
   * Rebuilt: the same guids under other, lower ROWIDs. `in_place`: in the same file; `new_file`: in another one at the same path (MACOS 2.6).
   */
  async rebuild(how: 'in_place' | 'new_file'): Promise<void> {
    if (how === 'new_file') return this.#exchange(renumber)
    const done = await this.#messages.controlIfRunning({ do: 'database', change: 'renumber' })
    if (done !== undefined) return undefined
    using db = ChatDb.open(this.path)
    renumber(db)
    return undefined
  }

  /** An older backup takes its place: another file at the same path with only the oldest messages, and a lower MAX(ROWID). */
  async replace({ keepRows }: { keepRows: number }): Promise<void> {
    await this.#exchange((db) => {
      db.transaction(() => {
        db.raw
          .prepare('delete from message where ROWID not in (select ROWID from message order by ROWID limit ?)')
          .run(keepRows)
        db.raw.exec(`delete from chat_message_join where message_id not in (select ROWID from message);
          delete from message_attachment_join where message_id not in (select ROWID from message);
          update sqlite_sequence set seq = (select coalesce(max(ROWID), 0) from message) where name = 'message'`)
      })
    })
  }

  /** Another file, made from this one, with what belonged to the old one gone. */
  async #exchange(change: (db: ChatDb) => void): Promise<void> {
    await this.#changed(() => {
      const next = `${this.path}.next`
      const old = new DatabaseSync(this.path)
      old.exec(`vacuum into '${next.replaceAll("'", "''")}'`)
      old.close()
      const db = ChatDb.open(next)
      change(db)
      db.raw.exec('pragma wal_checkpoint(truncate)')
      db.close()
      for (const name of FILES.slice(1)) rmSync(join(this.#directory, name), { force: true })
      renameSync(next, this.path)
    })
  }

  /** Closes it for good, with a copy that can be put back. */
  async #keep(): Promise<void> {
    if (existsSync(this.#kept)) await this.restore()
    await this.#messages.controlIfRunning({ do: 'database', change: 'close' })
    mkdirSync(this.#kept)
    for (const name of FILES) {
      const path = join(this.#directory, name)
      if (existsSync(path)) copyFileSync(path, join(this.#kept, name))
      if (name !== 'chat.db') rmSync(path, { force: true })
    }
  }

  async #changed(change: () => void): Promise<void> {
    await this.#messages.controlIfRunning({ do: 'database', change: 'close' })
    change()
    await this.#messages.controlIfRunning({ do: 'database', change: 'open' })
  }
}

function move(from: string, to: string): void {
  for (const name of FILES) if (existsSync(join(from, name))) renameSync(join(from, name), join(to, name))
}

/** A file in its place that nobody can open. */
function forbid(path: string): void {
  if (process.platform === 'linux' && process.getuid?.() === 0) {
    symlinkSync(UNREADABLE, path)
  } else {
    writeFileSync(path, '')
    chmodSync(path, 0)
  }
  if (canOpen(path))
    throw new Error(
      'This machine has no way to make a file that cannot be opened: run the test as another user than root.',
    )
}

function canOpen(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}
