/** Handles and chats as Messages keeps them, by version of macOS (MACOS 1.3, 2.3). */
import { randomUUID } from 'node:crypto'
import type { MacSettings, Service } from '../mac-settings.ts'
import { isMacos26 } from '../mac-settings.ts'
import type { ChatDb } from './chat-db.ts'

export type Chat = Readonly<{
  rowid: number
  guid: string
  identifier: string
  isGroup: boolean
  service: Service
}>

const DIRECT = 45
const GROUP = 43

export class Conversations {
  readonly #db: ChatDb
  readonly #settings: MacSettings

  constructor(db: ChatDb, settings: MacSettings) {
    this.#db = db
    this.#settings = settings
  }

  /** One person has one handle for each service. */
  handle(id: string, service: Service): number {
    const known = this.#db.get('select ROWID from handle where id = ? and service = ?', id, service)
    if (known !== undefined) return Number(known['ROWID'])
    const country = id.startsWith('+1') ? 'us' : null
    return this.#db.insert('handle', { id, service, country, uncanonicalized_id: id })
  }

  /** The one-to-one chat, made when there is none. On 26 it is the same for all services. */
  direct(handle: string, service: Service): Chat {
    const guid = `${this.#prefix(service)};-;${handle}`
    const known = this.byGuid(guid)
    if (known !== undefined) return this.#used(known, service)
    const rowid = this.#insertChat({ guid, style: DIRECT, identifier: handle, service })
    this.#join(rowid, [handle], service)
    return this.#used({ rowid, guid, identifier: handle, isGroup: false, service }, service)
  }

  group(made: { participants: readonly string[]; name?: string; service: Service; identifier?: string }): Chat {
    const { participants, name, service } = made
    const identifier = made.identifier ?? `chat${randomDigits()}`
    const guid = `${this.#prefix(service)};+;${identifier}`
    const rowid = this.#insertChat({ guid, style: GROUP, identifier, service, ...(name === undefined ? {} : { name }) })
    this.#join(rowid, participants, service)
    return this.#used({ rowid, guid, identifier, isGroup: true, service }, service)
  }

  byGuid(guid: string): Chat | undefined {
    const row = this.#db.get('select ROWID, guid, chat_identifier, style, service_name from chat where guid = ?', guid)
    if (row === undefined) return undefined
    return {
      rowid: Number(row['ROWID']),
      guid,
      identifier: String(row['chat_identifier']),
      isGroup: Number(row['style']) === GROUP,
      service: row['service_name'] as Service,
    }
  }

  /** Throws when there is none. */
  known(guid: string): Chat {
    const chat = this.byGuid(guid)
    if (chat === undefined) throw new Error(`This Mac's chat.db has no chat "${guid}".`)
    return chat
  }

  /** Throws when the message is in none. */
  ofMessage(message: number): Chat {
    const sql = `select c.guid from chat_message_join j join chat c on c.ROWID = j.chat_id where j.message_id = ?`
    return this.known(String(this.#db.get(sql, message)?.['guid']))
  }

  participants(chat: Chat): string[] {
    const sql = `select h.id from chat_handle_join j join handle h on h.ROWID = j.handle_id where j.chat_id = ? order by j.rowid`
    return this.#db.all(sql, chat.rowid).map(({ id }) => String(id))
  }

  /** What a message to this chat is sent by: what the last one was sent by. */
  serviceOf(chat: Chat): Service {
    const sql = `select m.service from chat_message_join j join message m on m.ROWID = j.message_id
      where j.chat_id = ? and m.item_type = 0 order by m.date desc, m.ROWID desc limit 1`
    return (this.#db.get(sql, chat.rowid)?.['service'] as Service | undefined) ?? chat.service
  }

  #prefix(service: Service): string {
    return isMacos26(this.#settings.macos) ? 'any' : service
  }

  #insertChat(chat: { guid: string; style: number; identifier: string; service: Service; name?: string }): number {
    const { guid, style, identifier, service, name } = chat
    const [own = ''] = this.#settings.ownAddresses
    const account = this.#settings.accounts.find((one) => one.service === service)
    const isGroup = style === GROUP
    return this.#db.insert('chat', {
      guid,
      style,
      state: 3,
      account_id: account?.id ?? null,
      chat_identifier: identifier,
      service_name: service,
      room_name: isGroup ? identifier : null,
      account_login: own.includes('@') ? `E:${own}` : `P:${own}`,
      last_addressed_handle: own,
      display_name: isGroup ? (name ?? '') : null,
      group_id: randomUUID().toUpperCase(),
      original_group_id: isGroup ? randomUUID().toUpperCase() : null,
      is_filtered: 0,
      successful_query: 1,
    })
  }

  #join(chat: number, handles: readonly string[], service: Service): void {
    for (const id of handles) {
      this.#db.insert('chat_handle_join', { chat_id: chat, handle_id: this.handle(id, service) })
    }
  }

  #used(chat: Chat, service: Service): Chat {
    if (!isMacos26(this.#settings.macos)) return chat
    this.#db.raw.prepare('insert or ignore into chat_service (service, chat) values (?, ?)').run(service, chat.rowid)
    if (chat.service === service) return chat
    this.#db.update('chat', chat.rowid, { service_name: service })
    if (!chat.isGroup) this.#addHandle(chat, service)
    return { ...chat, service }
  }

  #addHandle({ rowid, identifier }: Chat, service: Service): void {
    const sql = 'insert or ignore into chat_handle_join (chat_id, handle_id) values (?, ?)'
    this.#db.raw.prepare(sql).run(rowid, this.handle(identifier, service))
  }
}

function randomDigits(): string {
  return String(BigInt(`0x${randomUUID().replaceAll('-', '')}`)).slice(0, 18)
}
