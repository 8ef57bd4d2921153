/** The code blocks of a how-to page, each with the file that the words before it name: "`path`, new:" or "`path`, change:". */

export type Block = Readonly<{
  language: string
  text: string
  /** Null: it belongs to no file (a command to type). */
  file: Readonly<{ path: string; how: 'new' | 'change' }> | null
}>

const BLOCK = /^(.*)\n\n```(\w*)\n([^]*?)^```$/gm
const FILE = /`([^`]+)`, (new|change):$/

export function blocksOf(page: string): readonly Block[] {
  return [...page.matchAll(BLOCK)].map(([, before = '', language = '', text = '']) => {
    const [, path, how] = FILE.exec(before) ?? []
    return { language, text, file: path === undefined ? null : { path, how: how as 'new' | 'change' } }
  })
}

/** Applies a diff without line numbers: what it has without its `+` lines must be there exactly once. */
export function changed(text: string, diff: string): string {
  const lines = diff.trimEnd().split('\n')
  const side = (sign: '-' | '+'): string =>
    lines
      .filter((line) => line.startsWith(' ') || line.startsWith(sign))
      .map((line) => `${line.slice(1)}\n`)
      .join('')
  const [before, after] = [side('-'), side('+')]
  if (before === after) throw new Error('The diff changes nothing.')
  const places = text.split(before).length - 1
  if (places !== 1) throw new Error(`The lines around the change stand ${places} times in the file:\n${before}`)
  return text.replace(before, () => after)
}
