/**
 * Switches each seeded bug on alone and asks the simulator to find it, as what it is: a mutant of which only other rules complain, or which
 * only crashes, has survived. Exit code 1: a mutant survived.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { isOf } from '../simulator/rules.ts'
import { MUTANTS } from './mutants.ts'
import type { Mutant } from './mutants.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seeds: { type: 'string', default: '5000' },
    parallel: { type: 'string', default: '2' },
  },
})

const REGISTER = join(import.meta.dirname, 'register.ts')
const SIMULATOR = join(import.meta.dirname, '..', 'simulator', 'main.ts')

type Verdict = { mutant: Mutant; found: string | null; others: string[]; seeds: number; seconds: number }

/** Seeds tried from where a mutant was found before. */
const NEAR_SEEDS = 20

async function hunt(mutant: Mutant): Promise<Verdict> {
  const near = mutant.near === undefined ? null : await search(mutant, mutant.near, NEAR_SEEDS)
  return near?.found == null ? search(mutant, 1, Number(values.seeds)) : near
}

function search(mutant: Mutant, from: number, seeds: number): Promise<Verdict> {
  const range = ['--from', String(from), '--seeds', String(seeds)]
  const args = ['--import', REGISTER, SIMULATOR, ...range, '--until', mutant.foundAs.join(','), '--json']
  const startMs = Date.now()
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      env: { ...process.env, BLUEWIRE_MUTANT: mutant.name },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    child.on('error', reject)
    child.on('close', () => {
      const seconds = Math.round((Date.now() - startMs) / 100) / 10
      try {
        const report = JSON.parse(out) as { seeds: number; found: Array<{ seed: number; rule: string; what: string }> }
        const first = report.found.find((violation) => isOf(violation, mutant.foundAs))
        const others = new Set(report.found.filter((v) => !isOf(v, mutant.foundAs)).map((v) => v.rule))
        const found =
          first === undefined
            ? null
            : `seed ${first.seed}, ${first.rule}: ${first.what.split('\n')[0]?.slice(0, 100) ?? ''}`
        resolve({ mutant, found, others: [...others], seeds: report.seeds, seconds })
      } catch {
        reject(new Error(`${mutant.name} could not be run:\n${err.slice(-2000)}`))
      }
    })
  })
}

const waiting = MUTANTS.filter((m) => values.only === undefined || m.name === values.only)
const verdicts: Verdict[] = []
async function work(): Promise<void> {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    const verdict = await hunt(mutant)
    verdicts.push(verdict)
    const said =
      verdict.found === null
        ? `SURVIVED ${verdict.seeds} seeds${verdict.others.length > 0 ? ` (only ${verdict.others.join(', ')})` : ''}`
        : `found by ${verdict.found}`
    console.log(`${mutant.name.padEnd(32)} ${String(verdict.seconds).padStart(6)} s  ${said}`)
  }
}
await Promise.all(Array.from({ length: Number(values.parallel) }, work))
const survivors = verdicts.filter((v) => v.found === null)
console.log(`${verdicts.length - survivors.length} of ${verdicts.length} mutants found`)
for (const { mutant } of survivors) console.log(`survived: ${mutant.name} (${mutant.breaks})`)
process.exitCode = survivors.length > 0 ? 1 : 0
