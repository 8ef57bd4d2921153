/**
 * `npm run simulate -- --seeds N [--from S]` runs seeds and prints how often each rule was really put to the test.
 * `--until RULES` ends at the first violation of one of them (`R1,UNIQUE`; `violation`: of any). `--seed S` replays one and prints what it found. Exit code 1: a rule was broken, or one was never tested.
 */
import { plainArgumentsOrExit, wholeNumber } from '@bluewire/platform/plain-arguments'
import packageJson from '../../package.json' with { type: 'json' }
import { isOf } from './rules.ts'
import { runSeeds, runSeed } from './run-seeds.ts'

const SEED_MAX = 2 ** 32 - 1

const given = plainArgumentsOrExit({
  command: 'npm run simulate --',
  summary: [
    'Runs the real gateway and node in virtual time while everything around them fails, once for each seed.',
    'Exit code 1: a rule was broken, or one was never put to the test.',
  ],
  version: packageJson.version,
  options: {
    seeds: { value: 'N', help: 'how many (default: 200)', rule: wholeNumber(1, SEED_MAX) },
    from: { value: 'SEED', help: 'the first one (default: 1)', rule: wholeNumber(0, SEED_MAX) },
    seed: { value: 'SEED', help: 'replay this one, and print all that it found', rule: wholeNumber(0, SEED_MAX) },
    until: { value: 'RULES', help: 'end at the first violation of one of these (R1,UNIQUE; violation: of any)' },
    json: { value: null, help: 'print the report as JSON' },
  },
})
const replayed = given.text('seed')

if (replayed !== undefined) {
  const result = await runSeed(Number(replayed))
  console.log(JSON.stringify(result, null, 2))
  process.exitCode = result.violations.length > 0 ? 1 : 0
} else {
  const wanted = given.text('until')?.split(',')
  const report = await runSeeds({
    from: Number(given.text('from') ?? 1),
    count: Number(given.text('seeds') ?? 200),
    until: wanted === undefined ? null : (found) => wanted.includes('violation') || isOf(found, wanted),
  })
  if (given.flag('json')) console.log(JSON.stringify(report))
  else {
    for (const [name, n] of Object.entries(report.preconditions)) console.log(`${String(n).padStart(8)}  ${name}`)
    for (const found of report.found.slice(0, 20))
      console.log(`seed ${found.seed}: ${found.rule}: ${found.what.split('\n')[0] ?? ''}`)
    console.log(`${report.seeds} seeds, ${report.found.length} violations, ${report.wallMs} ms`)
    if (report.found.length > 0) console.log(`replay: npm run simulate -- --seed ${report.found[0]?.seed}`)
  }
  const untested = Object.entries(report.preconditions).filter(([, n]) => n === 0)
  for (const [name] of untested) console.error(`never arose: ${name}`)
  process.exitCode = report.found.length > 0 || (untested.length > 0 && report.seeds >= 200) ? 1 : 0
}
