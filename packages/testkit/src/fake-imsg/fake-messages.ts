/** Messages and its database, as far as imsg sees them: chats, rows with their numbers, and the phones that texts really reach. */
import { randomUUID } from 'node:crypto'

export type FakeService = 'iMessage' | 'SMS' | 'RCS'

export type FakeChat = {
  id: number
  guid: string
  identifier: string
  service: FakeService
  participants: string[]
  lastMessageAtMs: number
}

export type FakeRow = {
  id: number
  guid: string
  /** Null: not joined to a chat, as the ghost rows of macOS 26. */
  chat: FakeChat | null
  sender: string
  isFromMe: boolean
  text: string
  createdAtMs: number
  service: FakeService
  isSent: boolean
  isDelivered: boolean
  error: number
  deliveredAtMs: number | null
  readAtMs: number | null
  wasDowngraded: boolean
  files: string[]
  destinationCallerId?: string
  reaction?: Readonly<{ type: string; emoji?: string; isAdd: boolean; to: string }>
}

/** What reached somebody, in order: the truth that everything said of it is compared with. */
export type Left = Readonly<{
  service: FakeService
  to: string
  text?: string
  file?: string
  guid: string
  method: string
}>

export class FakeMessages {
  readonly left: Left[] = []
  readonly chats: FakeChat[] = []
  rows: FakeRow[] = []
  #lastRow = 0

  chatWith(address: string, service: FakeService): FakeChat | null {
    return this.chats.find((chat) => chat.identifier === address && chat.service === service) ?? null
  }

  chatBy(selector: Readonly<{ chat_id?: unknown; chat_identifier?: unknown; chat_guid?: unknown }>): FakeChat | null {
    const { chat_id, chat_identifier, chat_guid } = selector
    return (
      this.chats.find(
        ({ id, identifier, guid }) => id === chat_id || identifier === chat_identifier || guid === chat_guid,
      ) ?? null
    )
  }

  addChat(
    chat: Readonly<{ identifier: string; service?: FakeService; guid?: string; participants?: string[] }>,
  ): FakeChat {
    const { identifier, service = 'iMessage', guid = `${service};-;${identifier}`, participants = [identifier] } = chat
    const made: FakeChat = { id: this.chats.length + 1, guid, identifier, service, participants, lastMessageAtMs: 0 }
    this.chats.push(made)
    return made
  }

  addRow(row: Partial<FakeRow> & Pick<FakeRow, 'chat'>): FakeRow {
    const createdAtMs = row.createdAtMs ?? Date.now()
    const made: FakeRow = {
      guid: randomUUID().toUpperCase(),
      sender: '',
      isFromMe: false,
      text: '',
      service: row.chat?.service ?? 'iMessage',
      isSent: false,
      isDelivered: false,
      error: 0,
      deliveredAtMs: null,
      readAtMs: null,
      wasDowngraded: false,
      files: [],
      ...row,
      createdAtMs,
      id: ++this.#lastRow,
    }
    this.rows.push(made)
    if (made.chat) made.chat.lastMessageAtMs = Math.max(made.chat.lastMessageAtMs, createdAtMs)
    return made
  }

  row(guid: string): FakeRow | null {
    return this.rows.find((row) => row.guid === guid) ?? null
  }

  get tail(): number {
    return Math.max(0, ...this.rows.map(({ id }) => id))
  }

  /** The database was built anew, or put back from a backup: the same messages, in the same order, from 1 on. */
  renumber(): void {
    this.rows = this.rows.toSorted((a, b) => a.createdAtMs - b.createdAtMs).map((row, i) => ({ ...row, id: i + 1 }))
    this.#lastRow = this.rows.length
  }
}

export function chatPayload(chat: FakeChat): object {
  const { id, guid, identifier, service, participants, lastMessageAtMs } = chat
  return {
    id,
    guid,
    identifier,
    name: identifier,
    service,
    participants,
    is_group: guid.includes(';+;'),
    last_message_at: new Date(lastMessageAtMs).toISOString(),
  }
}

/** Absent values are omitted, and there is no service in it. */
export function messagePayload(row: FakeRow, cursor?: number): object {
  const { chat, reaction } = row
  return {
    id: row.id,
    guid: row.guid,
    chat_id: chat?.id ?? 0,
    chat_identifier: chat?.identifier ?? '',
    chat_guid: chat?.guid ?? '',
    chat_name: '',
    participants: chat?.participants ?? [],
    is_group: chat?.guid.includes(';+;') ?? false,
    sender: row.sender,
    is_from_me: row.isFromMe,
    text: row.text,
    created_at: new Date(row.createdAtMs).toISOString(),
    attachments: row.files.map((file) => ({ filename: file, transfer_name: file.slice(file.lastIndexOf('/') + 1) })),
    ...(row.destinationCallerId === undefined ? {} : { destination_caller_id: row.destinationCallerId }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(reaction && {
      is_reaction: true,
      reaction_type: reaction.type,
      is_reaction_add: reaction.isAdd,
      reacted_to_guid: reaction.to,
      ...(reaction.emoji === undefined ? {} : { reaction_emoji: reaction.emoji }),
    }),
  }
}

export function statusPayload(row: FakeRow | null, guid: string): object {
  const at = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())
  const checked = { ok: true, checked_at: new Date().toISOString() }
  if (!row) return { ...checked, guid, send_state: 'pending', service: null, status_fields: null }
  return {
    ...checked,
    guid: row.guid,
    send_state: row.error !== 0 ? 'failed' : row.isDelivered ? 'delivered' : row.isSent ? 'sent' : 'pending',
    service: row.service,
    status_fields: {
      is_sent: row.isSent,
      is_delivered: row.isDelivered,
      is_finished: true,
      error: row.error,
      date_delivered: at(row.deliveredAtMs),
      date_read: at(row.readAtMs),
      is_delayed: false,
      is_prepared: false,
      is_pending_satellite_send: false,
      was_downgraded: row.wasDowngraded,
    },
  }
}
