/** `doctor`: what works on this Mac, what does not, what it means, and the one thing to do about each. */
import type { Place } from '../launch-agent.ts'
import { runChecks, worstOf } from './doctor-checks.ts'
import type { CheckResult } from './doctor-checks.ts'
import type { Findings } from './findings.ts'
import { gather } from './gather.ts'
import { countOf } from './verdict.ts'

const EXIT = { ok: 0, problem: 1, cannot_tell: 2 } as const
const WORDS = { ok: 'ok', problem: 'problem', cannot_tell: 'cannot tell' } as const
const NAME_COLUMN = 13
const TEXT_COLUMN = 32

/** Returns the exit code: 0 all is well, 1 a problem, 2 something cannot be told. */
export async function doctor({ host, directory, say }: Place, { json }: { json: boolean }): Promise<number> {
  const findings = await gather(host, directory)
  const results = runChecks(findings)
  const state = worstOf(results)
  if (json) say(JSON.stringify(asJson(findings, results), null, 2))
  else for (const line of asText(findings, results)) say(line)
  return EXIT[state]
}

export function asText(findings: Findings, results: readonly CheckResult[]): string[] {
  const advice = results.filter(({ isAdvice }) => isAdvice)
  return [
    whoAsked(findings),
    '',
    ...results.filter(({ isAdvice }) => !isAdvice).flatMap(linesOf),
    '',
    'Settings that macOS tells no program, as far as the database shows them:',
    ...advice.flatMap(linesOf),
    '',
    summary(results),
  ]
}

function asJson(findings: Findings, results: readonly CheckResult[]): object {
  return {
    state: worstOf(results),
    asked_by: findings.askedBy,
    checks: results.map(({ check, state, isAdvice, reason, meaning, next }) => ({
      check,
      state,
      reason: reason ?? null,
      advice: isAdvice,
      meaning,
      next: next ?? null,
    })),
  }
}

function whoAsked({ askedBy, agent, directory, terminal }: Findings): string {
  if (askedBy === 'agent')
    return `What the agent finds (process ${agent.report?.pid ?? '?'}) for the node in ${directory}.`
  return `No agent answers for the node in ${directory}: what a program that is started from ${terminal} finds.`
}

function linesOf({ check, state, meaning, next }: CheckResult): string[] {
  const head = WORDS[state].padEnd(NAME_COLUMN) + check.padEnd(TEXT_COLUMN - NAME_COLUMN)
  return [head + meaning, ...(next === undefined ? [] : [`${' '.repeat(TEXT_COLUMN)}Next: ${next}`])]
}

function summary(results: readonly CheckResult[]): string {
  const many = (state: CheckResult['state']) =>
    results.filter((one) => one.state === state && (state !== 'cannot_tell' || !one.isAdvice)).length
  const problems = many('problem')
  const doubts = many('cannot_tell')
  if (problems + doubts === 0) return 'All is well.'
  return [
    ...(problems === 0 ? [] : [countOf(problems, 'problem')]),
    ...(doubts === 0 ? [] : [`${countOf(doubts, 'check')} that cannot tell`]),
  ]
    .join(', ')
    .concat('.')
}
