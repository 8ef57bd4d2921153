/** chat.db with what it takes to write in it as Messages does, under the settings of now. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ChatDb } from './chat-db/chat-db.ts'
import { Conversations } from './chat-db/conversations.ts'
import { MessageRows } from './chat-db/message-rows.ts'
import { macPaths } from './mac-folder.ts'
import type { MacSettings } from './mac-settings.ts'

export class Mailbox {
  readonly db: ChatDb
  readonly settings: MacSettings
  readonly conversations: Conversations
  readonly rows: MessageRows

  constructor(db: ChatDb, settings: MacSettings) {
    this.db = db
    this.settings = settings
    this.conversations = new Conversations(db, settings)
    this.rows = new MessageRows(db, settings)
  }
}

/**
 * Where Messages has its database: behind the wall of the Full Disk Access that others do not have, it is somewhere else, and what stands in its
 * place cannot be opened.
 */
export function databasePath(folder: string): string {
  const { messagesDir, state } = macPaths(folder)
  const walled = join(state, 'walled', 'chat.db')
  return existsSync(walled) ? walled : join(messagesDir, 'chat.db')
}
