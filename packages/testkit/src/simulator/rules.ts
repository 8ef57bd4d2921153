import type { Violation } from './checks.ts'

/**
 * What a violation can be counted as. `UNIQUE`: the database's own index on attempts refused a second live one (R2) or a second one in
 * flight (R6), which ends up as a crash; where that index is the last cure, it is what should catch the bug.
 */
export type RuleWord = 'R1' | 'R2' | 'R3' | 'R4' | 'R5' | 'R6' | 'R7' | 'UNIQUE'

export function isOf(violation: Violation, words: readonly string[]): boolean {
  if (words.includes(violation.rule)) return true
  return words.includes('UNIQUE') && violation.what.includes('UNIQUE constraint failed: attempts.')
}
