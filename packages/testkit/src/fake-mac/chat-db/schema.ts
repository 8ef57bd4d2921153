/**
 * The tables of chat.db by version of macOS. 13 and 15 are as captured on Macs; the core of 26.5 is MACOS 2.2, and what it does not name is
 * as on 15; 12, 14 and 26.0 are made from their neighbours by the differences MACOS 2.2 lists. Tables that it only names (`sync_chat_slice`,
 * `persistent_tasks`, `index_state_metrics`) are not there.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MacosVersion } from '../mac-settings.ts'

type Table = Readonly<{
  name: string
  /** Definitions of columns, name first. */
  columns: readonly string[]
  /** UNIQUE (...), CHECK (...). */
  constraints: readonly string[]
}>

type Schema = Readonly<{ tables: readonly Table[]; indexes: readonly string[]; triggers: readonly string[] }>

const CAPTURED = join(import.meta.dirname, 'schema')
const STATEMENT = /CREATE TRIGGER[\s\S]*?END;|CREATE (?:TABLE|INDEX)[^;]*;/g
const TABLE = /^CREATE TABLE (\w+)\s*\(([\s\S]*)\)\s*;$/
const CONSTRAINT = /^(?:UNIQUE|CHECK|PRIMARY KEY|FOREIGN KEY)\b/i

/** Recently Deleted came with macOS 13. */
const RECOVERABLE = [
  'chat_recoverable_message_join',
  'recoverable_message_part',
  'unsynced_removed_recoverable_messages',
]
const MESSAGE_13 = ['date_retracted', 'date_edited', 'was_detonated', 'part_count']
const MESSAGE_14 = {
  is_stewie: 'INTEGER DEFAULT 0',
  is_sos: 'INTEGER DEFAULT 0',
  is_critical: 'INTEGER DEFAULT 0',
  bia_reference_id: 'TEXT DEFAULT NULL',
  is_kt_verified: 'INTEGER DEFAULT 0',
  fallback_hash: 'TEXT DEFAULT NULL',
}
const CHAT_14 = { is_recovered: 'INTEGER DEFAULT 0', is_deleting_incoming_messages: 'INTEGER DEFAULT 0' }

/**
 * The statements that make an empty chat.db, in order.
 * `shuffle`: a number that chooses the order of the columns, which differs between Macs (MACOS 2.2); without it, as captured.
 */
export function schemaStatements(macos: MacosVersion, shuffle?: number): string[] {
  const { tables, indexes, triggers } = schemaOf(macos)
  return [...tables.map((table) => createTable(table, shuffle)), ...indexes, ...triggers]
}

function schemaOf(macos: MacosVersion): Schema {
  switch (macos) {
    case '12':
      return schema12()
    case '13':
      return captured('macos-13.sql')
    case '14':
      return schema14()
    case '15':
      return captured('macos-15.sql')
    case '26.0':
      return schema260()
    case '26.5':
      return schema265()
  }
}

function schema12(): Schema {
  const { tables, indexes, triggers } = captured('macos-13.sql')
  return {
    tables: tables
      .filter(({ name }) => !RECOVERABLE.includes(name))
      .map((table) => (table.name === 'message' ? without(table, MESSAGE_13) : table)),
    indexes,
    triggers: triggers
      .filter((trigger) => !/\bON chat_recoverable_message_join\b/.test(trigger))
      // What is left asks that table only whether a message can be recovered.
      .map((trigger) => trigger.replace(/\s+AND OLD\.message_id NOT IN \(\s*SELECT\s+chat_recoverable[\s\S]*?\)/g, '')),
  }
}

function schema14(): Schema {
  const schema = captured('macos-13.sql')
  return {
    ...schema,
    tables: schema.tables.map((table) => {
      if (table.name === 'message') return withColumns(table, MESSAGE_14)
      return table.name === 'chat' ? withColumns(table, CHAT_14) : table
    }),
  }
}

/** As 26.5 without what came after 26.0. */
function schema260(): Schema {
  const schema = schema265()
  return {
    ...schema,
    tables: schema.tables.map((table) => without(table, ['index_state'])),
    indexes: schema.indexes.filter((index) => !index.includes('index_state')),
  }
}

function schema265(): Schema {
  const before = captured('macos-15.sql')
  const core = captured('macos-26.5-core.sql')
  const isCore = new Set(core.tables.map(({ name }) => name))
  return {
    tables: [...core.tables, ...before.tables.filter(({ name }) => !isCore.has(name))],
    indexes: [...core.indexes, ...before.indexes.filter((index) => !isCore.has(/ ON (\w+)\(/.exec(index)?.[1] ?? ''))],
    triggers: before.triggers,
  }
}

function captured(file: string): Schema {
  const statements = readFileSync(join(CAPTURED, file), 'utf8').match(STATEMENT) ?? []
  return {
    tables: statements.filter((sql) => sql.startsWith('CREATE TABLE')).map(parseTable),
    indexes: statements.filter((sql) => sql.startsWith('CREATE INDEX')),
    triggers: statements.filter((sql) => sql.startsWith('CREATE TRIGGER')),
  }
}

function parseTable(sql: string): Table {
  const [, name = '', body = ''] = TABLE.exec(sql) ?? []
  const parts = atTopCommas(body).map((part) => part.replace(/\s+/g, ' ').trim())
  return {
    name,
    columns: parts.filter((part) => !CONSTRAINT.test(part)),
    constraints: parts.filter((part) => CONSTRAINT.test(part)),
  }
}

/** Splits at the commas that are in no parentheses. */
function atTopCommas(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (const [at, char] of [...text].entries()) {
    if (char === '(') depth++
    else if (char === ')') depth--
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(from, at))
      from = at + 1
    }
  }
  return [...parts, text.slice(from)]
}

function without(table: Table, names: readonly string[]): Table {
  return { ...table, columns: table.columns.filter((column) => !names.includes(nameOf(column))) }
}

function withColumns(table: Table, added: Readonly<Record<string, string>>): Table {
  return { ...table, columns: [...table.columns, ...Object.entries(added).map(([name, type]) => `${name} ${type}`)] }
}

function nameOf(column: string): string {
  return column.slice(0, column.indexOf(' '))
}

function createTable({ name, columns, constraints }: Table, shuffle: number | undefined): string {
  const [first = '', ...others] = columns
  const ordered = shuffle === undefined ? columns : [first, ...shuffled(others, shuffle)]
  return `CREATE TABLE ${name} (${[...ordered, ...constraints].join(', ')})`
}

/** The same order for the same number, so that a failure can be seen again. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  let state = (seed * 2654435761 + 1) >>> 0
  const keyed = list.map((value) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return { value, key: state }
  })
  return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value)
}
