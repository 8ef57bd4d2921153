/**
 * `npm run fuzz:typedstream -- --count N --seed S` reads N blobs, right and damaged, with our reader and with another, and prints how often
 * they agree. Exit code 1: a text was lost or wrong, the reader threw or took too long, or the two disagree in a way that nobody has explained.
 */
import { plainArgumentsOrExit, wholeNumber } from '@bluewire/platform/plain-arguments'
import packageJson from '../package.json' with { type: 'json' }
import { DISAGREEMENTS } from './typedstream-fuzz/disagreements.ts'
import { fuzzTypedStream } from './typedstream-fuzz/run-fuzz.ts'

const COUNT = 50_000
const COUNT_MAX = 100_000_000
const SEED_MAX = 2 ** 32 - 1

const given = plainArgumentsOrExit({
  command: 'npm run fuzz:typedstream --',
  summary: [
    'Reads bodies of messages, right and damaged, with our reader and with another one.',
    'Exit code 1: a text was lost or wrong, or the two disagree where nobody has explained it.',
  ],
  version: packageJson.version,
  options: {
    count: { value: 'N', help: `how many (default: ${COUNT})`, rule: wholeNumber(1, COUNT_MAX) },
    seed: { value: 'SEED', help: 'the same seed gives the same blobs (default: 1)', rule: wholeNumber(0, SEED_MAX) },
  },
})

const seed = Number(given.text('seed') ?? 1)
const report = fuzzTypedStream({ count: Number(given.text('count') ?? COUNT), seed })

const line = (count: number, what: string): void => console.log(`${String(count).padStart(9)}  ${what}`)
line(report.blobs, `blobs of seed ${seed}, of them ${report.right} not damaged`)
line(report.agree, 'agree')
line(report.oursOnly, 'ours only')
line(report.oracleOnly, 'oracle only')
line(report.different, 'different texts')
line(report.neither, 'neither')
line(report.withRuns, 'read with their runs')
for (const { name, why } of DISAGREEMENTS) line(report.documented[name] ?? 0, `explained by ${name}: ${why}`)
console.log(`the slowest took ${report.slowestMs.toFixed(1)} ms`)
for (const { index, what, blob } of report.problems)
  console.error(`blob ${index}: ${what}\n  ${Buffer.from(blob.subarray(0, 2000)).toString('hex')}`)
process.exitCode = report.problems.length > 0 ? 1 : 0
