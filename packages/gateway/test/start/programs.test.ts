/**
 * The programs of a clone, as npm starts them.
 * Proves: each answers --help with its usage and --version, and what it does not understand with one sentence, the nearest name and exit
 * code 2, without a stack trace; and the hints they give are commands of the clone.
 * World: npm's scripts as processes.
 */
import { describe, expect, test } from 'vitest'
import { newFolder, run } from './command.ts'

const STORY_MS = 60_000
const USAGE: ReadonlyArray<readonly [string, RegExp]> = [
  ['start', /^Usage: npm start -- \[options\]\n/],
  ['gateway', /^Usage: npm run gateway -- \[options\]\n/],
  ['simulate', /^Usage: npm run simulate -- \[options\]\n[^]*--seeds N /],
  ['bench', /^Usage: npm run bench -- \[options\]\n[^]*--strict /],
  ['admin', /npm run admin -- account create NAME /],
]

function npm(script: string, ...words: string[]) {
  return run(['npm', 'run', '--silent', script, '--', ...words], { env: { BLUEWIRE_DATA_DIR: newFolder() } })
}

describe.for(USAGE)('npm run %s', { timeout: STORY_MS }, ([script, usage]) => {
  test('--help and --version', async () => {
    const help = await npm(script, '--help')
    expect(help).toMatchObject({ code: 0, stderr: '' })
    expect(help.stdout).toMatch(usage)
    expect(await npm(script, '--version')).toEqual({ code: 0, stdout: 'Bluewire 0.1.0\n', stderr: '' })
  })
})

test.for([
  ['start', ['--hlep'], 'There is no option --hlep. Did you mean --help?'],
  ['gateway', ['foo'], '"foo" is too much. What there is: npm run gateway -- --help'],
  ['simulate', ['--seeds', 'abc'], '--seeds is abc, but it must be a whole number from 1 to 4294967295.'],
  ['simulate', ['--seed'], '--seed needs a value: --seed SEED'],
  [
    'bench',
    ['--only', 'dsik'],
    '--only is dsik, but it must be one or more of disk, accepts, dispatch, sends, smpp, providers-fair, idle, large, separated by commas.',
  ],
  ['admin', ['token', 'revoke'], 'TOKEN_ID is missing: npm run admin -- token revoke TOKEN_ID'],
  ['node', ['rnu'], 'There is no command rnu. Did you mean run?'],
  ['node', ['run', '--dri', 'x'], 'There is no option --dri. Did you mean --dir?'],
  ['node', ['join', 'http://127.0.0.1:8080'], 'CODE is missing: npm run node -- join URL CODE'],
] as const)('npm run %s %j is not understood', { timeout: STORY_MS }, async ([script, words, sentence]) => {
  expect(await npm(script, ...words)).toEqual({ code: 2, stdout: '', stderr: `${sentence}\n` })
})

test('the version of the node', { timeout: STORY_MS }, async () => {
  expect(await npm('node', '--version')).toEqual({ code: 0, stdout: 'Bluewire 0.1.0\n', stderr: '' })
})
