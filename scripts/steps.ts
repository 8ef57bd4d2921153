/** What `npm test` runs, as a table. */
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..')

export type Step = Readonly<{
  name: string
  /** Another name that runs this step and its like. */
  group: 'lint' | 'tests' | 'simulation'
  /** Given to Node.js. */
  command: readonly string[]
  minutesMax: number
  /** The step writes scripts/test-report.ts's report; its tests are counted one by one. Other steps count as one. */
  reportsTests?: true
}>

/** Steps of one lane run one after the other. */
export type Lane = readonly Step[]
/** Lanes of one phase run at the same time: at most two, for two cores. */
export type Phase = readonly Lane[]

const TSC = 'node_modules/typescript/bin/tsc'
const SIMULATOR = 'packages/testkit/src/simulator/main.ts'
const MUTANTS = 'packages/testkit/src/mutants/main.ts'

const lint = (name: string, ...command: string[]): Step => ({ name, group: 'lint', command, minutesMax: 5 })
const simulation = (name: string, ...command: string[]): Step => ({
  name,
  group: 'simulation',
  command,
  minutesMax: 25,
})

const format = lint('format', 'node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.')
const eslint = lint('eslint', 'node_modules/eslint/bin/eslint.js', '--max-warnings', '0', '.')
const types = [
  lint('types', TSC, '-p', '.'),
  lint('types-contract', TSC, '-p', 'packages/contract'), // without Node.js: what is pure stays pure
  lint('types-engine', TSC, '-p', 'packages/engine'),
]
const boundaries = lint(
  'boundaries',
  'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
  'packages',
  'bench',
  'scripts',
)
const tests: Step = {
  name: 'tests',
  group: 'tests',
  command: [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--configLoader=native',
    '--reporter=default',
    '--reporter=./scripts/test-report.ts',
  ],
  minutesMax: 30,
  reportsTests: true,
}
/** Each run takes one core. More: npm run simulate -- --seeds N */
const simulators = [1, 301].map((from) =>
  simulation(`simulator-${from}`, SIMULATOR, '--from', String(from), '--seeds', '300'),
)
const mutants = simulation('mutants', MUTANTS)

/** The tests measure times, so nothing runs beside them; the mutants keep both cores busy by themselves. */
export const PHASES: readonly Phase[] = [
  [[eslint], [format, ...types, boundaries]],
  [[tests]],
  simulators.map((simulator) => [simulator]),
  [[mutants]],
]

export const STEP_NAMES = [...new Set(PHASES.flat(2).flatMap((step) => [step.group, step.name]))]

/** The phases with only the steps of that name or group; empty ones are left out. */
export function phasesOf(name: string): readonly Phase[] {
  return PHASES.map((phase) =>
    phase
      .map((lane) => lane.filter((step) => step.name === name || step.group === name))
      .filter((lane) => lane.length > 0),
  ).filter((phase) => phase.length > 0)
}
