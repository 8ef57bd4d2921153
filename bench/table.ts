/** The one table that the bench prints. */

export type Row = Readonly<{
  what: string
  measured: string
  /** What it is compared with, measured in the same run. */
  reference?: string
  ratio?: string
  budget?: string
  /** Absent: it has no budget. */
  isWithin?: boolean
}>

const HEAD = ['what', 'measured', 'reference', 'ratio', 'budget', ''] as const

export function table(rows: readonly Row[]): string {
  const cells = [HEAD, ...rows.map(cellsOf)]
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(Math.max(1, width))).join(' | ')} |`
  const [head = HEAD, ...body] = cells
  return [line(head), rule, ...body.map(line)].join('\n')
}

/** Rows that miss their budget. */
export function missed(rows: readonly Row[]): Row[] {
  return rows.filter((row) => row.isWithin === false)
}

function cellsOf({ what, measured, reference = '', ratio = '', budget = '', isWithin }: Row): string[] {
  return [what, measured, reference, ratio, budget, isWithin === undefined ? '' : isWithin ? 'ok' : 'over']
}
