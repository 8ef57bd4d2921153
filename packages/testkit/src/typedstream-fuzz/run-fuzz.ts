/** Blobs by the thousand, right and damaged, read by our reader and by the oracle. The same seed gives the same blobs. */
import { readAttributedBody } from '@bluewire/drivers/messages-app/attributed-body'
import type { AttributedBody, Run } from '@bluewire/drivers/messages-app/attributed-body'
import { writeAttributedBody } from '../fake-mac/write-attributed-body.ts'
import { Random } from '../simulator/random.ts'
import { randomBody } from './bodies.ts'
import { DISAGREEMENTS } from './disagreements.ts'
import { damaged } from './mutations.ts'
import { readByOracle } from './oracle.ts'
import type { OracleRun } from './oracle.ts'

export type FuzzReport = {
  blobs: number
  /** Not damaged. */
  right: number
  agree: number
  oursOnly: number
  oracleOnly: number
  different: number
  neither: number
  /** Of those that we read: how many gave their runs too. */
  withRuns: number
  /** The two kinds of disagreement by what explains them. */
  documented: Record<string, number>
  slowestMs: number
  problems: Problem[]
}

export type Problem = Readonly<{ index: number; what: string; blob: Uint8Array }>

/** A blob of some hundred bytes takes microseconds, and the largest here a few milliseconds. */
const SLOW_MS = 250
/** A machine that does something else in between is slow once, and a reader that loops every time. */
const TRY_AGAIN_MS = 10
const RIGHT_SHARE = 0.1
/** After so many the report says enough. */
const PROBLEMS_MAX = 20

export function fuzzTypedStream({ count, seed }: { count: number; seed: number }): FuzzReport {
  const random = new Random(seed)
  const report = emptyReport()
  let before = writeAttributedBody({ text: 'the blob before' })
  for (let index = 0; index < count && report.problems.length < PROBLEMS_MAX; index++) {
    const body = randomBody(random)
    const right = writeAttributedBody(body)
    const isRight = random.chance(RIGHT_SHARE)
    const blob = isRight ? right : damaged(random, right, before)
    before = right
    const problem = tryBlob(report, blob, isRight ? body.text : null)
    if (problem !== null) report.problems.push({ index, what: problem, blob })
  }
  return report
}

/** `text`: what must be read; null: the blob is damaged. Returns what is wrong. */
function tryBlob(report: FuzzReport, blob: Uint8Array, text: string | null): string | null {
  report.blobs++
  const ours = timed(report, blob)
  if (ours === 'threw') return 'readAttributedBody threw'
  const oracle = readByOracle(blob)
  if (ours?.runs != null) report.withRuns++
  if (text !== null) {
    report.right++
    if (ours?.text !== text || oracle?.text !== text) return 'a right blob was not read as what was written'
    if (ours.runs === null || !sameRuns(ours.runs, oracle.runs)) return 'the runs of a right blob were not read'
  }
  if (oracle === null) {
    report[ours === null ? 'neither' : 'oursOnly']++
  } else if (ours?.text === oracle.text) {
    report.agree++
  } else {
    report[ours === null ? 'oracleOnly' : 'different']++
    const known = DISAGREEMENTS.find(({ explains }) => explains(blob, oracle))
    if (known === undefined) return ours === null ? 'only the oracle reads a text' : 'the two read different texts'
    report.documented[known.name] = (report.documented[known.name] ?? 0) + 1
  }
  return report.slowestMs > SLOW_MS ? `it took ${Math.round(report.slowestMs)} ms` : null
}

function timed(report: FuzzReport, blob: Uint8Array): AttributedBody | null | 'threw' {
  try {
    let body = null
    let ms = Infinity
    for (let tries = 0; tries < 3 && ms > TRY_AGAIN_MS; tries++) {
      const start = performance.now()
      body = readAttributedBody(blob)
      ms = Math.min(ms, performance.now() - start)
    }
    report.slowestMs = Math.max(report.slowestMs, ms)
    return body
  } catch {
    return 'threw'
  }
}

/** Links and one-time codes are left out: the oracle does not go into objects of classes that it does not know. */
export function sameRuns(ours: readonly Run[], theirs: readonly OracleRun[]): boolean {
  const attribute = ({ attributes }: OracleRun, name: string): unknown => attributes[`__kIM${name}`] ?? null
  return (
    ours.length === theirs.length &&
    theirs.every((run, index) => {
      const our = ours[index]
      const style = (name: string): boolean => attribute(run, `Text${name}AttributeName`) === 1
      return (
        our?.start === run.start &&
        our.length === run.length &&
        our.part === attribute(run, 'MessagePartAttributeName') &&
        our.attachmentGuid === attribute(run, 'FileTransferGUIDAttributeName') &&
        our.mention === attribute(run, 'MentionConfirmedMention') &&
        our.effect === attribute(run, 'TextEffectAttributeName') &&
        our.bold === style('Bold') &&
        our.italic === style('Italic') &&
        our.underline === style('Underline') &&
        our.strikethrough === style('Strikethrough')
      )
    })
  )
}

function emptyReport(): FuzzReport {
  const counts = { blobs: 0, right: 0, agree: 0, oursOnly: 0, oracleOnly: 0, different: 0, neither: 0, withRuns: 0 }
  return { ...counts, documented: {}, slowestMs: 0, problems: [] }
}
