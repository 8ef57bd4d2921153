import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import type { MacosVersion } from '../mac-settings.ts'
import { MACOS_VERSIONS } from '../mac-settings.ts'
import { schemaStatements } from './schema.ts'

function database(macos: MacosVersion, shuffle?: number): DatabaseSync {
  const db = new DatabaseSync(':memory:')
  for (const statement of schemaStatements(macos, shuffle)) db.exec(statement)
  return db
}

function columns(db: DatabaseSync, table: string): string[] {
  return (db.prepare(`select name from pragma_table_info(?)`).all(table) as { name: string }[]).map(({ name }) => name)
}

const tables = (db: DatabaseSync) =>
  (db.prepare(`select name from sqlite_master where type = 'table'`).all() as { name: string }[]).map(
    ({ name }) => name,
  )

describe('MACOS 2.2: the schema by version', () => {
  it.each([
    ['12', { message: 75, chat: 26, attachment: 21 }],
    ['13', { message: 79, chat: 26, attachment: 21 }],
    ['14', { message: 85, chat: 28, attachment: 21 }], // what 14 has of attachment is not known; 21 is what 13 has
    ['15', { message: 95, chat: 31, attachment: 27 }],
    ['26.0', { message: 94, chat: 29, attachment: 24 }],
    ['26.5', { message: 95, chat: 29, attachment: 24 }],
  ] as const)('macOS %s: as many columns as were counted', (macos, counted) => {
    const db = database(macos)
    const many = Object.fromEntries(Object.keys(counted).map((table) => [table, columns(db, table).length]))
    expect(many).toEqual(counted)
  })

  it('handle and the joins of handles and attachments have the same columns in all', () => {
    for (const table of ['handle', 'chat_handle_join', 'message_attachment_join']) {
      const first = columns(database('12'), table)
      for (const macos of MACOS_VERSIONS) expect(columns(database(macos), table)).toEqual(first)
    }
  })

  it('chat_message_join has index_state on 26.5 only', () => {
    const have = MACOS_VERSIONS.filter((macos) => columns(database(macos), 'chat_message_join').includes('index_state'))
    expect(have).toEqual(['26.5'])
  })

  it('chat_lookup and chat_service are new in 26; what can be recovered came with 13', () => {
    const having = (table: string) => MACOS_VERSIONS.filter((macos) => tables(database(macos)).includes(table))
    expect(having('chat_lookup')).toEqual(['26.0', '26.5'])
    expect(having('chat_service')).toEqual(['26.0', '26.5'])
    expect(having('chat_recoverable_message_join')).toEqual(['13', '14', '15', '26.0', '26.5'])
  })

  it.each(MACOS_VERSIONS)(
    'macOS %s: the columns come in another order when asked, the same for the same number',
    (macos) => {
      const asCaptured = columns(database(macos), 'message')
      const shuffled = columns(database(macos, 7), 'message')
      expect(shuffled).not.toEqual(asCaptured)
      expect(shuffled.toSorted()).toEqual(asCaptured.toSorted())
      expect(columns(database(macos, 7), 'message')).toEqual(shuffled)
      expect(columns(database(macos, 8), 'message')).not.toEqual(shuffled)
    },
  )

  it.each(MACOS_VERSIONS)('macOS %s: its triggers run: a message that leaves its last chat is deleted', (macos) => {
    const db = database(macos)
    db.exec(`insert into chat (guid) values ('c'); insert into message (guid, date) values ('m', 1);
      insert into chat_message_join (chat_id, message_id) values (1, 1)`)
    db.exec('delete from chat_message_join')
    expect(db.prepare('select count(*) n from message').get()).toEqual({ n: 0 })
    expect(db.prepare('select guid from deleted_messages').all()).toEqual([{ guid: 'm' }])
  })

  it.each(MACOS_VERSIONS)('macOS %s: MACOS 2.4: an error that is written is noted in kvtable', (macos) => {
    const db = database(macos)
    db.exec(`insert into message (guid, date) values ('m', 5); update message set error = 22`)
    expect(db.prepare('select key, value from kvtable order by key').all()).toEqual([
      { key: 'lastFailedMessageDate', value: 5 },
      { key: 'lastFailedMessageRowID', value: 1 },
    ])
  })
})
