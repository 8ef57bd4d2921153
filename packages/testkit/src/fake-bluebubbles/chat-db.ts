/** A chat.db in memory, with the columns that BlueBubbles reads, and messages as BlueBubbles writes them. SQL conditions run for real. */
import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import type { Incoming } from './behaviour.ts'

/** Unix time of 2001-01-01, from which Apple counts. */
const EPOCH_MS = 978_307_200_000

export function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms - EPOCH_MS)) * 1_000_000n
}

const SCHEMA = `
  create table handle (ROWID integer primary key autoincrement, id text not null, service text not null, unique (id, service));
  create table chat (ROWID integer primary key autoincrement, guid text unique not null, style integer, chat_identifier text);
  create table message (
    ROWID integer primary key autoincrement, guid text unique not null, text text, subject text, handle_id integer default 0,
    service text, error integer default 0, date integer, date_read integer, date_delivered integer, is_delivered integer default 0,
    is_finished integer default 0, is_from_me integer default 0, is_sent integer default 0, was_downgraded integer default 0,
    item_type integer default 0, associated_message_guid text, associated_message_type integer default 0, balloon_bundle_id text,
    expressive_send_style_id text, thread_originator_guid text, cache_roomnames text, date_edited integer, date_retracted integer,
    part_count integer default 1);
  create table chat_message_join (chat_id integer, message_id integer, primary key (chat_id, message_id));
  create table attachment (ROWID integer primary key autoincrement, message_id integer, transfer_name text);
  create index message_date on message (date);`

const REACTIONS = ['love', 'like', 'dislike', 'laugh', 'emphasize', 'question']

export type Row = Readonly<Record<string, string | number | null>> & Readonly<{ ROWID: number; guid: string }>

export type Outgoing = Readonly<{
  chat: string
  text: string | null
  file: string | null
  service: string
  effect?: string
  thread?: string
}>

export type Where = Readonly<{ statement: string; args: Readonly<Record<string, string | number>> | null }>

export type Query = Readonly<{
  guid?: string
  chatGuid?: string
  withChats: boolean
  where: readonly Where[]
  afterMs: number | null
  newestFirst: boolean
  offset: number
  limit: number
}>

export class ChatDb {
  readonly #db = new DatabaseSync(':memory:')

  constructor() {
    this.#db.exec(SCHEMA)
  }

  /** `guid` is `…;-;address` or `…;+;chat…`. */
  addChat(guid: string): void {
    const id = guid.slice(guid.lastIndexOf(';') + 1)
    this.#run('insert or ignore into chat (guid, style, chat_identifier) values (?, ?, ?)', [
      guid,
      guid.includes(';+;') ? 43 : 45,
      id,
    ])
  }

  hasChat(guid: string): boolean {
    return this.#db.prepare('select 1 from chat where guid = ?').get(guid) !== undefined
  }

  /** A row of our own, not sent yet. */
  addOutgoing({ chat, text, file, service, effect, thread }: Outgoing, guid: string = newGuid()): string {
    const isGroup = chat.includes(';+;')
    const handle = isGroup ? 0 : this.#handle(addressOf(chat), service)
    const row = this.#run(
      `insert into message (guid, text, handle_id, service, date, is_from_me, expressive_send_style_id, thread_originator_guid, cache_roomnames)
       values (?, ?, ?, ?, ?, 1, ?, ?, ?)`,
      [
        guid,
        text ?? '\uFFFC',
        handle,
        service,
        nanoseconds(Date.now()),
        effect ?? null,
        thread ?? null,
        isGroup ? addressOf(chat) : null,
      ],
    )
    if (file !== null) this.#run('insert into attachment (message_id, transfer_name) values (?, ?)', [row, file])
    this.#joinRow(row, chat)
    return guid
  }

  addIncoming(incoming: Incoming, prefix: string): string {
    const { guid = newGuid(), from = '+14155552671', service = 'iMessage', group, about } = incoming
    const chat = group ?? `${prefix === 'any' ? 'any' : service};-;${from}`
    this.addChat(chat)
    const row = this.#run(
      `insert into message (ROWID, guid, text, handle_id, service, date, is_from_me, is_sent, item_type, associated_message_guid,
         associated_message_type, balloon_bundle_id, cache_roomnames) values (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)`,
      [
        incoming.row ?? null,
        guid,
        incoming.text === undefined ? 'hello' : incoming.text,
        this.#handle(from, service),
        service,
        nanoseconds(incoming.atMs ?? Date.now()),
        incoming.fromMe === true ? 1 : 0,
        incoming.itemType ?? 0,
        about === undefined ? null : `p:0/${about.guid}`,
        about?.type ?? 0,
        incoming.balloon ?? null,
        group === undefined ? null : addressOf(group),
      ],
    )
    if (incoming.unjoined !== true) this.#joinRow(row, chat)
    return guid
  }

  /** What was `unjoined`. */
  join(guid: string): void {
    const row = this.#db
      .prepare(
        `select message.ROWID as row, coalesce(cache_roomnames, '') as room, handle.id as address, message.service as service
           from message left join handle on handle.ROWID = handle_id where guid = ?`,
      )
      .get(guid) as { row: number; room: string; address: string; service: string }
    this.#joinRow(row.row, row.room === '' ? `${row.service};-;${row.address}` : `iMessage;+;${row.room}`)
  }

  set(guid: string, columns: Readonly<Record<string, string | number | bigint | null>>): void {
    for (const [name, value] of Object.entries(columns)) {
      const instant = name.startsWith('date') && typeof value === 'number' && value > 0 ? nanoseconds(value) : value
      this.#run(`update message set ${name} = ? where guid = ?`, [instant, guid])
    }
  }

  /** It went as a text message after all. */
  downgrade(guid: string): void {
    const { address } = this.#db
      .prepare('select handle.id as address from message join handle on handle.ROWID = handle_id where guid = ?')
      .get(guid) as { address: string }
    this.set(guid, { service: 'SMS', was_downgraded: 1, handle_id: this.#handle(address, 'SMS') })
  }

  /** A rebuilt chat.db: the same messages under other numbers. */
  renumber(): void {
    this.#db.exec(`
      update message set ROWID = -ROWID; update chat_message_join set message_id = -message_id; update attachment set message_id = -message_id;
      update message set ROWID = 10000 + ROWID; update chat_message_join set message_id = 10000 + message_id;
      update attachment set message_id = 10000 + message_id;`)
  }

  find({ guid, chatGuid, withChats, where, afterMs, newestFirst, offset, limit }: Query): {
    rows: Row[]
    total: number
  } {
    const conditions = where.map(({ statement }) => `(${statement})`)
    if (guid !== undefined) conditions.push('message.guid = :guid')
    if (chatGuid !== undefined) conditions.push('chat.guid = :chatGuid')
    if (afterMs !== null) conditions.push('message.date >= :after')
    const joins =
      withChats || chatGuid !== undefined
        ? `inner join chat_message_join as message_chat on message_chat.message_id = message.ROWID
           inner join chat as chat on chat.ROWID = message_chat.chat_id`
        : ''
    const from = `from message as message left join handle as handle on handle.ROWID = message.handle_id ${joins}
      where ${conditions.length === 0 ? '1' : conditions.join(' and ')}`
    const given = {
      ...Object.assign({}, ...where.map(({ args }) => args ?? {})),
      ...(guid === undefined ? {} : { guid }),
      ...(chatGuid === undefined ? {} : { chatGuid }),
      ...(afterMs === null ? {} : { after: nanoseconds(afterMs) }),
    } as Record<string, string | number | bigint>
    const order = `order by message.date ${newestFirst ? 'desc' : 'asc'}, message.ROWID limit ${limit} offset ${offset}`
    const columns = `message.ROWID, message.guid, message.text, message.subject, message.handle_id, message.service, message.error,
      message.is_delivered, message.is_from_me, message.is_sent, message.item_type, message.associated_message_guid,
      message.associated_message_type, message.balloon_bundle_id, message.expressive_send_style_id, message.thread_originator_guid,
      message.cache_roomnames, message.part_count, handle.id as address, handle.service as handle_service,
      ${['date', 'date_read', 'date_delivered', 'date_edited', 'date_retracted'].map((name) => `message.${name} / 1000000 as ${name}`).join(', ')}`
    const rows = this.#db.prepare(`select ${columns} ${from} ${order}`).all(given) as Row[]
    const { many } = this.#db.prepare(`select count(*) as many ${from}`).get(given) as { many: number }
    return { rows, total: many }
  }

  /** As the REST API and the events have it: without is_sent, is_finished, service and was_downgraded. */
  serialize(row: Row, withChats: boolean): Record<string, unknown> {
    const type = Number(row['associated_message_type'])
    const at = (name: string): number | null => (row[name] ? Number(row[name]) + EPOCH_MS : null)
    return {
      originalROWID: row.ROWID,
      guid: row.guid,
      text: row['text'],
      attributedBody: null,
      subject: row['subject'],
      handle:
        row['address'] === null ? null : { address: row['address'], service: row['handle_service'], country: 'us' },
      handleId: row['handle_id'],
      otherHandle: 0,
      attachments: this.#attachments(row.ROWID),
      error: row['error'],
      dateCreated: at('date'),
      dateRead: at('date_read'),
      dateDelivered: at('date_delivered'),
      dateEdited: at('date_edited'),
      dateRetracted: at('date_retracted'),
      isDelivered: row['is_delivered'] === 1,
      isFromMe: row['is_from_me'] === 1,
      itemType: row['item_type'],
      associatedMessageGuid: row['associated_message_guid'],
      associatedMessageType: typeWord(type),
      balloonBundleId: row['balloon_bundle_id'],
      expressiveSendStyleId: row['expressive_send_style_id'],
      threadOriginatorGuid: row['thread_originator_guid'],
      cacheRoomnames: row['cache_roomnames'],
      partCount: row['part_count'],
      hasPayloadData: false,
      ...(withChats ? { chats: this.chatsOf(row.ROWID) } : {}),
    }
  }

  chatsOf(row: number): Array<{ guid: string; style: number; chatIdentifier: string }> {
    return this.#db
      .prepare(
        `select guid, style, chat_identifier as chatIdentifier from chat join chat_message_join on chat_id = chat.ROWID where message_id = ?`,
      )
      .all(row) as Array<{ guid: string; style: number; chatIdentifier: string }>
  }

  #attachments(row: number): unknown[] {
    return this.#db.prepare('select transfer_name as transferName from attachment where message_id = ?').all(row)
  }

  #handle(id: string, service: string): number {
    this.#run('insert or ignore into handle (id, service) values (?, ?)', [id, service])
    return (
      this.#db.prepare('select ROWID from handle where id = ? and service = ?').get(id, service) as { ROWID: number }
    ).ROWID
  }

  #joinRow(row: number, chat: string): void {
    this.#run('insert or ignore into chat_message_join select ROWID, ? from chat where guid = ?', [row, chat])
  }

  #run(sql: string, values: ReadonlyArray<string | number | bigint | null>): number {
    return Number(this.#db.prepare(sql).run(...values).lastInsertRowid)
  }
}

export function newGuid(): string {
  return randomUUID().toUpperCase()
}

export function addressOf(chat: string): string {
  return chat.slice(chat.lastIndexOf(';') + 1)
}

function typeWord(type: number): string | null {
  if (type === 0) return null
  const word = REACTIONS[type % 1000]
  if (word === undefined || type < 2000) return type === 1000 ? 'sticker' : String(type)
  return type < 3000 ? word : `-${word}`
}
