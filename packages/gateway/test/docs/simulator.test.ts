/**
 * docs/simulator.md, and what other pages say of the simulator.
 * Proves: the table of magic recipients is the contract's, both ways; each has a line that says what a caller is answered; and no page uses a
 * number of that range that is not in the table, but for rows of what is planned.
 */
import { MAGIC_RECIPIENTS } from '@bluewire/contract/magic-recipients'
import { expect, test } from 'vitest'
import { page, tables } from './pages.ts'

const TEXT = page('docs/simulator.md')
const NUMBERS = MAGIC_RECIPIENTS.map(({ number }) => number)

test('the table of magic recipients', () => {
  const written = tables(TEXT, ['Number', 'What happens'])
  expect(written).toEqual(MAGIC_RECIPIENTS.map(({ number, description }) => [number, description]))
})

test('what is answered for each', () => {
  expect(tables(TEXT, ['Number', 'Answer']).map(([number]) => number)).toEqual(NUMBERS)
})

test.each(['README.md', 'docs/simulator.md', 'docs/what-we-promise.md'])(
  '%s names no other magic recipient',
  (path) => {
    const named = page(path).match(/\+150055501\d\d/g) ?? []
    expect(named.filter((number) => !NUMBERS.includes(number))).toEqual([])
  },
)
