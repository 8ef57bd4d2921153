/**
 * The command line of programs that take options only.
 * Proves: what is understood is given as it was written; help and version win over everything; what is not understood is one sentence, with
 * the nearest name, and exit code 2.
 */
import { describe, expect, test } from 'vitest'
import { readPlainArguments, wholeNumber } from './plain-arguments.ts'

const PROGRAM = {
  command: 'npm run try --',
  summary: ['Tries.'],
  version: '1.2.3',
  options: {
    seeds: { value: 'N', help: 'how many', rule: wholeNumber(1, 100) },
    dir: { value: 'D', help: 'where' },
    strict: { value: null, help: 'exit code 1' },
  },
}
const read = (...words: string[]) => readPlainArguments(PROGRAM, words)

test('what is understood', () => {
  const given = read('--seeds=7', '--strict', '--dir', 'x')
  if (given.kind !== 'given') throw new Error(given.text)
  expect([given.text('seeds'), given.text('dir'), given.flag('strict'), given.flag('help')]).toEqual([
    '7',
    'x',
    true,
    false,
  ])
  expect(read().kind).toBe('given')
})

test('help and version', () => {
  for (const words of [['--help'], ['-h'], ['--seeds', 'abc', '--help'], ['--sedes', '--help']]) {
    expect(read(...words)).toEqual({
      kind: 'said',
      exitCode: 0,
      text: [
        'Usage: npm run try -- [options]',
        '',
        'Tries.',
        '',
        '  --seeds N  how many',
        '  --dir D    where',
        '  --strict   exit code 1',
        '  --help     print this',
        '  --version  print the version',
      ].join('\n'),
    })
  }
  expect(read('--version')).toEqual({ kind: 'said', exitCode: 0, text: 'Bluewire 1.2.3' })
})

describe('what is not understood', () => {
  test.for([
    [['--sedes', '3'], 'There is no option --sedes. Did you mean --seeds?'],
    [['--constructor'], 'There is no option --constructor. What there is: npm run try -- --help'],
    [['-x'], 'There is no option -x. What there is: npm run try -- --help'],
    [['foo'], '"foo" is too much. What there is: npm run try -- --help'],
    [['--seeds'], '--seeds needs a value: --seeds N'],
    [['--seeds', 'abc'], '--seeds is abc, but it must be a whole number from 1 to 100.'],
    [['--seeds=0'], '--seeds is 0, but it must be a whole number from 1 to 100.'],
    [['--strict=no'], '--strict takes no value.'],
  ] as const)('%j', ([words, sentence]) => {
    expect(read(...words)).toEqual({ kind: 'said', exitCode: 2, text: sentence })
  })
})
