/** Reading the documents: their tables, and where they are. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '../../../..')

/** `path` is relative to the root of the repository. */
export function page(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** Cells of the rows of every table whose header begins with these cells; without the header. Code marks and anchors are taken off. */
export function tables(text: string, header: readonly string[]): string[][] {
  const rows: string[][] = []
  let inside = false
  for (const line of text.split('\n')) {
    if (!line.startsWith('|')) {
      inside = false
      continue
    }
    const cells = cellsOf(line)
    if (inside) {
      if (!cells.every((cell) => /^:?-+:?$/.test(cell))) rows.push(cells)
    } else if (header.every((name, i) => cells[i] === name)) {
      inside = true
    }
  }
  return rows
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, line.lastIndexOf('|'))
    .split(/(?<!\\)\|/)
    .map((cell) =>
      cell
        .replaceAll(/<a id="[a-z_]+"><\/a>/g, '')
        .replaceAll('`', '')
        .trim(),
    )
}

/** The part of a page under a heading, up to the next heading of the same or a higher level. */
export function section(text: string, heading: string): string {
  const level = /^#+/.exec(heading)?.[0].length ?? 0
  const lines = text.split('\n')
  const from = lines.indexOf(heading)
  if (from === -1) throw new Error(`the page has no heading ${heading}`)
  const end = lines.findIndex((line, i) => i > from && new RegExp(`^#{1,${level}} `).test(line))
  return lines.slice(from, end === -1 ? undefined : end).join('\n')
}
