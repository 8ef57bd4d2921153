/**
 * `npm test`: everything that is checked, each step with its duration, and one line that adds up.
 * `npm test -- lint` runs the steps of that name or group; arguments after the name of a single step go to its command:
 * `npm test -- tests packages/engine`.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { watchLifeline } from '@bluewire/platform/lifeline'
import { endAllSteps, runStep } from './run-step.ts'
import type { StepResult } from './run-step.ts'
import { PHASES, STEP_NAMES, phasesOf } from './steps.ts'
import type { Phase } from './steps.ts'
import { EMPTY, add, closingLine, isGood, tallyStep, tallyTests } from './tally.ts'
import type { ReportLine, Tally } from './tally.ts'

const folder = mkdtempSync(join(tmpdir(), 'bluewire-test-'))
const compiled = join(folder, 'compiled')
const reportPath = join(folder, 'tests.jsonl')
const inCi = process.env['CI'] === 'true'
let interrupted = false

async function runPhase(phase: Phase, args: readonly string[]): Promise<StepResult[]> {
  const output = phase.length === 1 ? 'shown' : 'kept'
  const lanes = phase.map(async (lane) => {
    const results: StepResult[] = []
    for (const step of lane) {
      if (interrupted) break
      if (output === 'shown') console.log(`\n── ${step.name}`)
      const result = await runStep(step, { output, args, env: environment() })
      print(result)
      results.push(result)
    }
    return results
  })
  return (await Promise.all(lanes)).flat()
}

/** Steps run as from a shell: npm would put its own Node.js before the machine's, and its variables beside the user's. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') && name !== 'INIT_CWD')
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((entry) => !entry.includes('node_modules'))
  return {
    ...Object.fromEntries(own),
    PATH: path.join(delimiter),
    TEST_REPORT_FILE: reportPath,
    // Story tests start hundreds of processes; with this each of them compiles in half the time.
    NODE_COMPILE_CACHE: compiled,
    ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }),
  }
}

function print(result: StepResult): void {
  if (result.output !== '') console.log(`\n── ${result.step.name}\n${result.output.trimEnd()}`)
  console.log(`${result.failure === null ? '✓' : '✗'} ${lineOf(result)}`)
}

function lineOf({ step, failure, durationMs }: StepResult): string {
  return `${step.name.padEnd(16)} ${(durationMs / 1000).toFixed(1).padStart(6)} s${failure === null ? '' : `  ${failure}`}`
}

function tallyOf(result: StepResult): Tally {
  return result.step.reportsTests === undefined ? tallyStep(result) : tallyTests(result, readReport())
}

function readReport(): ReportLine[] {
  if (!existsSync(reportPath)) return [] // vitest ended before it wrote one, and that is counted as a failure
  const lines = readFileSync(reportPath, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as ReportLine)
}

function summarize(results: readonly StepResult[]): boolean {
  const tally = results.map(tallyOf).reduce(add, EMPTY)
  const good = isGood(tally, !inCi) && !interrupted
  console.log('\n── all steps')
  for (const result of results) console.log(`${result.failure === null ? '✓' : '✗'} ${lineOf(result)}`)
  for (const { test, why } of tally.skips) console.log(`skipped: ${why} (${test})`)
  if (inCi && tally.skips.length > 0) console.log('With CI=true nothing may be skipped.')
  console.log(closingLine(tally))
  return good
}

function interrupt(): void {
  interrupted = true
  endAllSteps()
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  const phases = name === undefined ? PHASES : phasesOf(name)
  const count = phases.flat(2).length
  if (count === 0) {
    console.error(`There is no step ${name}. Steps: ${STEP_NAMES.join(', ')}.`)
    return 2
  }
  if (args.length > 0 && count > 1) {
    console.error(`${name} is ${count} steps; arguments can be given to one step only.`)
    return 2
  }
  const results: StepResult[] = []
  for (const phase of phases) if (!interrupted) results.push(...(await runPhase(phase, args)))
  return summarize(results) ? 0 : 1
}

/** Also for the processes that tests start as somebody without rights; Node.js keeps a part of its own for each user there. */
function makeCompileCache(): void {
  chmodSync(folder, 0o711)
  mkdirSync(compiled)
  chmodSync(compiled, 0o1777)
}

makeCompileCache()
watchLifeline(interrupt)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
try {
  process.exitCode = await main(process.argv.slice(2))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
