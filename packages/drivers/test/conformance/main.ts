/**
 * `npm run conformance -- [provider…]` runs the conformance suite against each provider's misbehaving peer and prints a matrix: which case
 * holds, which does not, and which cannot be put to it, with the reason. Without a name: all, side by side.
 */
import { CASES, hindranceOf, runCase } from './cases.ts'
import { PEERS } from './peers.ts'

type Verdict = Readonly<{ mark: '✓' | '✗' | 'n/a'; note?: string }>

async function verdictsOf(name: string): Promise<readonly Verdict[]> {
  const start = await PEERS[name]?.()
  if (!start) throw new Error(`There is no provider ${name}. There are: ${Object.keys(PEERS).join(', ')}.`)
  const peer = await start()
  const verdicts: Verdict[] = []
  try {
    for (const one of CASES) {
      const note = hindranceOf(one, peer)
      verdicts.push(note === null ? await verdictOf(runCase(one, peer)) : { mark: 'n/a', note })
    }
  } finally {
    await peer.stop()
  }
  return verdicts
}

async function verdictOf(running: Promise<void>): Promise<Verdict> {
  try {
    await running
    return { mark: '✓' }
  } catch (error) {
    return { mark: '✗', note: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) }
  }
}

/** Reasons stand once each, below: a provider that cannot be put to something cannot be put to much of it. */
function printMatrix(names: readonly string[], verdicts: ReadonlyArray<readonly Verdict[]>): void {
  const width = Math.max(...CASES.map(({ title }) => title.length))
  const notes = new Map<string, number>()
  const cellOf = ({ mark, note }: Verdict, name: string): string => {
    if (note === undefined) return mark
    const text = `${name}: ${note}`
    const number = notes.get(text) ?? notes.size + 1
    notes.set(text, number)
    return `${mark} [${number}]`
  }
  const rows = CASES.map(({ title }, i) => {
    const cells = verdicts.map((column, j) => cellOf(column[i] ?? { mark: 'n/a' }, names[j] ?? ''))
    return { title, cells }
  })
  const columns = names.map((name, j) => Math.max(name.length, ...rows.map(({ cells }) => cells[j]?.length ?? 0)))
  const line = ({ title, cells }: { title: string; cells: readonly string[] }): string =>
    `${title.padEnd(width)}  ${cells.map((cell, j) => cell.padEnd(columns[j] ?? 0)).join('  ')}`.trimEnd()
  const lines = [line({ title: '', cells: names }), ...rows.map(line), '']
  for (const [text, number] of notes) lines.push(`[${number}] ${text}`)
  for (const [j, name] of names.entries()) {
    const count = (mark: Verdict['mark']): number =>
      (verdicts[j] ?? []).filter((verdict) => verdict.mark === mark).length
    lines.push(`${name}: ${count('✓')} hold, ${count('✗')} do not, ${count('n/a')} cannot be put to it`)
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** The clock of a provider keeps no process alive; this one waits for it. */
const alive = setInterval(() => undefined, 60_000)
const asked = process.argv.slice(2)
const names = asked.length > 0 ? asked : Object.keys(PEERS)
try {
  const verdicts: Array<readonly Verdict[]> = []
  for (const name of names) verdicts.push(await verdictsOf(name))
  printMatrix(names, verdicts)
  process.exitCode = verdicts.flat().some(({ mark }) => mark === '✗') ? 1 : 0
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
clearInterval(alive)
