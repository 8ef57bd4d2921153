/** Proves: each edit of each mutant is found in its file exactly once, so a mutant that the code has moved away from is noticed in a second. */
import { expect, it } from 'vitest'
import { MUTANTS } from './mutants.ts'
import { mutatedFiles } from './register.ts'

it.each(MUTANTS)('$name', ({ name, edits }) => {
  const files = mutatedFiles(name)
  expect(files.size).toBe(new Set(edits.map(({ file }) => file)).size)
})
