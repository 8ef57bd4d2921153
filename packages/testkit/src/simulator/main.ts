/**
 * `npm run simulate -- --seeds N [--from S]` runs seeds and prints how often each rule was really put to the test.
 * `--until RULES` ends at the first violation of one of them (`R1,UNIQUE`; `violation`: of any). `--seed S` replays one and prints what it found. Exit code 1: a rule was broken, or one was never tested.
 */
import { parseArgs } from 'node:util'
import { isOf } from './rules.ts'
import { runSeeds, runSeed } from './run-seeds.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    until: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})

if (values.seed !== undefined) {
  const result = await runSeed(Number(values.seed))
  console.log(JSON.stringify(result, null, 2))
  process.exitCode = result.violations.length > 0 ? 1 : 0
} else {
  const wanted = values.until?.split(',')
  const report = await runSeeds({
    from: Number(values.from),
    count: Number(values.seeds),
    until: wanted === undefined ? null : (found) => wanted.includes('violation') || isOf(found, wanted),
  })
  if (values.json) console.log(JSON.stringify(report))
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
