/**
 * Skips.
 * Proves: a test that nothing hinders runs; one that something hinders is skipped with every reason, each said once.
 */
import { expect, it } from 'vitest'
import { program, skipUnless } from './skips.ts'

/** What skipUnless asked of the test. */
function asked(...hindrances: (string | null)[]): [condition: boolean, why: string | undefined] {
  let answer: [boolean, string | undefined] = [false, undefined]
  const skip = (condition: boolean, why?: string) => void (answer = [condition, why])
  skipUnless({ skip: skip as never }, ...hindrances)
  return answer
}

it('skips only what is hindered', () => {
  expect(asked(null, program('node'))[0]).toBe(false)
  expect(asked(null, 'needs root', 'needs root', 'needs a moon')).toEqual([true, 'needs root, needs a moon'])
})

it('finds programs, and says which is missing', () => {
  expect(program('sh')).toBe(null)
  expect(program('no-such-program')).toBe('needs the program no-such-program')
})
