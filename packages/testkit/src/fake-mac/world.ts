/** What happens to a fake Mac's Messages from outside. Messages writes it when it runs; when not, what carries messages behind it does. */
import { existsSync } from 'node:fs'
import { ChatDb } from './chat-db/chat-db.ts'
import type { FakeMessages } from './fake-messages.ts'
import { happen } from './happenings/happen.ts'
import type { BackfilledMessage, GroupEvent, Happened, Happening, Receive, Tapback } from './happenings/happening.ts'
import { isNobodyThere } from './json-lines.ts'
import type { Service } from './mac-settings.ts'
import { readSettings } from './mac-settings.ts'
import { databasePath, Mailbox } from './mailbox.ts'

type Where = Readonly<{ to: string }> | Readonly<{ chat: string }>

/** Each resolves with the row, or the chat, when it is in chat.db; and rejects with a sentence when this Mac has no such thing. */
export class World {
  readonly #folder: string
  readonly #messages: FakeMessages

  constructor(folder: string, messages: FakeMessages) {
    this.#folder = folder
    this.#messages = messages
  }

  /** A message comes in. From a napping Mac (`napping`) it comes later, and the row is not known: `guid` is empty. */
  receive(message: Receive): Promise<Happened> {
    return this.#happen({ kind: 'receive', ...message })
  }

  /** A group that Messages has loaded. */
  group(
    participants: readonly string[],
    named: { name?: string; service?: Service; identifier?: string } = {},
  ): Promise<Happened> {
    return this.#happen({ kind: 'make_group', participants, ...named })
  }

  /** A chat with one person that has no message yet. */
  direct(handle: string, service: Service = 'iMessage'): Promise<Happened> {
    return this.#happen({ kind: 'make_direct', handle, service })
  }

  tapback(tapback: Tapback): Promise<Happened> {
    return this.#happen({ kind: 'tapback', ...tapback })
  }

  /** From macOS 13 on. */
  edit(guid: string, text: string): Promise<Happened> {
    return this.#happen({ kind: 'edit', guid, text })
  }

  /** All of it is taken back, or one part (the attachments in order, then the text), from macOS 13 on. */
  unsend(guid: string, part?: number): Promise<Happened> {
    return this.#happen({ kind: 'unsend', guid, ...(part === undefined ? {} : { part }) })
  }

  /** A receipt for a sent message, however late. */
  delivered(guid: string): Promise<Happened> {
    return this.#happen({ kind: 'delivered', guid })
  }

  /** Its recipient has read it, and says so. */
  read(guid: string): Promise<Happened> {
    return this.#happen({ kind: 'read', guid })
  }

  /** A sent message fails after all. */
  failed(guid: string, error: number): Promise<Happened> {
    return this.#happen({ kind: 'failed', guid, error })
  }

  /** The user of this Mac has read what came in. */
  readByUser(guid: string): Promise<Happened> {
    return this.#happen({ kind: 'read_by_user', guid })
  }

  /** The user presses "Try Again" on a message that failed: it leaves. */
  async tryAgain(guid: string): Promise<void> {
    await this.#messages.control({ do: 'try_again', guid })
  }

  /** Written on the phone, and synced to this Mac. */
  sentElsewhere(where: Where, text: string, more: { service?: Service; dateMs?: number } = {}): Promise<Happened> {
    return this.#happen({ kind: 'sent_elsewhere', ...where, text, ...more })
  }

  /** iCloud brings old messages: new rows and guids, old dates. Resolves with the last. */
  backfill(messages: readonly BackfilledMessage[]): Promise<Happened> {
    return this.#happen({ kind: 'backfill', messages })
  }

  /** iCloud brings messages that are there already, under other guids. */
  backfillAgain(guids: readonly string[]): Promise<Happened> {
    return this.#happen({ kind: 'backfill_again', guids })
  }

  groupEvent(chat: string, event: GroupEvent & { from?: string }): Promise<Happened> {
    return this.#happen({ kind: 'group_event', chat, ...event })
  }

  /** The user schedules a message, from macOS 15 on. */
  sendLater(to: string, text: string, dateMs: number): Promise<Happened> {
    return this.#happen({ kind: 'send_later', to, text, dateMs })
  }

  sendLaterGoes(guid: string): Promise<Happened> {
    return this.#happen({ kind: 'send_later_goes', guid })
  }

  deleteMessage(guid: string): Promise<Happened> {
    return this.#happen({ kind: 'delete_message', guid })
  }

  /** So many old messages more, quickly: a chat.db of many years. */
  grow(rows: number): Promise<Happened> {
    return this.#happen({ kind: 'grow', rows })
  }

  async #happen(happening: Happening): Promise<Happened> {
    try {
      return (await this.#messages.control({ do: 'happen', happening })) as Happened
    } catch (error) {
      if (!isNobodyThere(error)) throw error
    }
    const path = databasePath(this.#folder)
    if (!existsSync(path)) throw new Error('This Mac has no chat.db now: nothing can come in.')
    using db = ChatDb.open(path)
    return happen(new Mailbox(db, readSettings(this.#folder)), happening)
  }
}
