/**
 * The words of the admin command.
 * Proves: which verb is meant and what it is given; what is not understood is said in one sentence, with the nearest name.
 */
import { describe, expect, test } from 'vitest'
import { readCommandLine, UsageError } from './command-line.ts'
import { NOUNS } from './nouns.ts'

function read(...words: string[]) {
  const command = readCommandLine(NOUNS, words)
  if (command.kind !== 'run') return command.kind
  const { noun, verb, given, asJson } = command
  return { verb: [noun.name, verb.name].join(' '), positionals: given.positionals, given, asJson }
}

describe('what is understood', () => {
  test('options stand anywhere, with or without an equals sign', () => {
    for (const words of [
      ['account', 'set', '--quota', '5', 'A', '--json', '--suspend'],
      ['account', 'set', 'A', '--quota=5', '--suspend', '--json'],
    ]) {
      const command = read(...words)
      expect(command).toMatchObject({ verb: 'account set', positionals: ['A'], asJson: true })
      const { given } = command as Exclude<typeof command, string>
      expect([given.text('quota'), given.flag('suspend'), given.flag('resume'), given.text('plan')]).toEqual([
        '5',
        true,
        false,
        undefined,
      ])
    }
  })

  test('an option that repeats, a value that begins with a dash, a name that looks like an option', () => {
    const { given } = read('token', 'create', '--scope', 'a', '--scope=b', '--name=-x') as Exclude<
      ReturnType<typeof read>,
      string
    >
    expect([given.list('scope'), given.text('name')]).toEqual([['a', 'b'], '-x'])
    expect(read('account', 'create', '--', '--name')).toMatchObject({ positionals: ['--name'] })
  })

  test('a noun with just one verb needs none', () => {
    expect(read('enrol')).toMatchObject({ verb: 'enrol ' })
    expect(read('audit', '--limit', '3')).toMatchObject({ verb: 'audit ' })
  })

  test('help, of everything, of a noun, of a verb; it wins over what is missing', () => {
    expect([read(), read('--help'), read('-h'), read('help')]).toEqual(['overview', 'overview', 'overview', 'overview'])
    expect([read('token'), read('token', '--help')]).toEqual(['noun_help', 'noun_help'])
    expect([read('token', 'revoke', '--help'), read('enrol', '--help')]).toEqual(['verb_help', 'verb_help'])
  })
})

test.for([
  [['acount', 'list'], 'There is no command acount. Did you mean account?'],
  [
    ['constructor'],
    'There is no command constructor. There are: account, token, entitlement, enrol, node, provider, line, key, audit, backup, recovery.',
  ],
  [['token', 'revok', 'x'], 'There is no command token revok. Did you mean revoke?'],
  [['token', 'list', '--acount', 'A'], 'There is no option --acount. Did you mean --account?'],
  [
    ['token', 'list', '--constructor'],
    'There is no option --constructor. What there is: bluewire-gateway token list --help',
  ],
  [
    ['provider', 'set', 'P', '--secret', 'password', 'hunter2'],
    'A word is too much: bluewire-gateway provider set PROVIDER',
  ],
  [
    ['provider', 'set', 'P', '--pasword=hunter2'],
    'There is no option --pasword. What there is: bluewire-gateway provider set PROVIDER --help',
  ],
  [['token', 'list', '-a'], 'There is no option -a. What there is: bluewire-gateway token list --help'],
  [['token', 'revoke'], 'TOKEN_ID is missing: bluewire-gateway token revoke TOKEN_ID'],
  [['account', 'show', 'A', 'B'], '"B" is too much: bluewire-gateway account show ACCOUNT'],
  [
    ['account', 'set', 'A', '--quota', '-1'],
    '--quota needs a value: --quota N|none (one that begins with a dash: --quota=-…).',
  ],
  [['audit', '--limit'], '--limit needs a value: --limit N (one that begins with a dash: --limit=-…).'],
  [['account', 'set', 'A', '--suspend=no'], '--suspend takes no value.'],
] as const)('%j is not understood', ([words, sentence]) => {
  expect(() => readCommandLine(NOUNS, words)).toThrow(new UsageError(sentence))
})
