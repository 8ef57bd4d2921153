/** docs/send-text.md as data: what each row promises. The tests compare the gateway with this, and not with a copy of it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export type Row = Readonly<{
  id: string
  cells: readonly string[]
  /** One for all of the row's requests, or one for each. */
  statuses: readonly number[]
  /** What each answer says first: the `message` of a success, the word of an error. In step with `statuses`, or one for all. */
  words: readonly string[]
  /** Parameters that the answer names. */
  fields: readonly string[]
  /** The crumbs, where the row prints them. */
  crumbs: unknown
  /** Of table C. */
  status: string | null
  type: string | null
}>

const PAGE = join(import.meta.dirname, '../../../../docs/send-text.md')
const FIELD = /^(?:to|message|recipient|from|imessage|fallback|beta_features(?:\.\w+)?)$/
const OUTCOME_COLUMNS = 6

export function readRows(): ReadonlyMap<string, Row> {
  const lines = readFileSync(PAGE, 'utf8').split('\n')
  const rows = lines.filter((line) => /^\| [A-D]\d+ \|/.test(line)).map(rowOf)
  return new Map(rows.map((row) => [row.id, row]))
}

/** Between backticks, in order. */
export function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]*)`/g)].map((match) => match[1] ?? '')
}

function rowOf(line: string): Row {
  const cells = line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
  const [id = '', , http = '', answer = ''] = cells
  const words = answer.split(' · ').flatMap((part) => quoted(part).slice(0, 1))
  const extra = quoted(answer)
  const json = extra.find((text) => text.startsWith('{'))
  const outcome = cells.length === OUTCOME_COLUMNS
  return {
    id,
    cells,
    statuses: id.startsWith('D') ? [] : http.split(' · ').map(Number),
    words,
    fields: extra.filter((text) => FIELD.test(text)),
    crumbs: json === undefined ? null : (JSON.parse(json) as unknown),
    status: outcome ? (quoted(cells[4] ?? '')[0] ?? null) : null,
    type: outcome ? (quoted(cells[5] ?? '')[0] ?? null) : null,
  }
}
