/** A chat.db with the columns that the checks read, in the names and types of macOS (MACOS 2.2, 2.3). */
import { mkdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export type Row = Readonly<{
  /** Hours ago. */
  ago: number
  fromMe?: boolean
  error?: number
  to?: string
  downgraded?: boolean
}>

const SCHEMA = `
create table handle (rowid integer primary key autoincrement unique, id text not null, service text not null, unique (id, service));
create table message (rowid integer primary key autoincrement, guid text unique not null, text text, handle_id integer default 0,
  service text, account text, error integer default 0, date integer, is_from_me integer default 0, is_sent integer default 0,
  item_type integer default 0, was_downgraded integer default 0, attributedBody blob, is_delivered integer default 0,
  is_finished integer default 0, date_read integer);
create table chat (rowid integer primary key autoincrement, guid text unique not null);
create table chat_message_join (chat_id integer, message_id integer, primary key (chat_id, message_id));
create table attachment (rowid integer primary key autoincrement, guid text unique not null, transfer_state integer default 0);
create table message_attachment_join (message_id integer, attachment_id integer, unique (message_id, attachment_id));
create index message_idx_date on message (date);`

const HOUR_MS = 3600_000

/** Returns its folder. `writtenAgo`: hours since the files were last written. */
export function makeChatDb(home: string, rows: readonly Row[], writtenAgo = 5): string {
  const folder = join(home, 'Library/Messages')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'chat.db')
  const db = new DatabaseSync(path)
  db.exec('pragma journal_mode = wal')
  db.exec(SCHEMA)
  const insertHandle = db.prepare('insert or ignore into handle (id, service) values (?, ?)')
  const insert =
    db.prepare(`insert into message (guid, text, handle_id, service, account, error, date, is_from_me, is_sent, was_downgraded)
    values (?, ?, (select rowid from handle where id = ?), ?, ?, ?, ?, ?, ?, ?)`)
  for (const [n, { ago, fromMe = false, error = 0, to = '+14155550100', downgraded = false }] of rows.entries()) {
    const date = (BigInt(Math.round(Date.now() - ago * HOUR_MS)) - 978_307_200_000n) * 1_000_000n + 1n
    const service = downgraded ? 'SMS' : 'iMessage'
    insertHandle.run(to, service)
    insert.run(
      ...([`guid-${n}`, 'a text for nobody’s log', to, service, 'E:ada@example.com', error, date] as const),
      ...([fromMe ? 1 : 0, fromMe && error === 0 ? 1 : 0, downgraded ? 1 : 0] as const),
    )
  }
  db.close()
  const at = new Date(Date.now() - writtenAgo * HOUR_MS)
  utimesSync(path, at, at)
  return folder
}
