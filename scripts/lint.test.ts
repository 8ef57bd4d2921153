/**
 * The lint rules that hold the house up.
 * Proves: one planted violation of each is reported, and what the rules must leave alone passes.
 * World: the real configuration and the real TypeScript program; only the text of one file is replaced, in memory.
 */
import { join } from 'node:path'
import { ESLint } from 'eslint'
import { beforeAll, expect, it } from 'vitest'
import { ROOT } from './steps.ts'

const eslint = new ESLint({
  cwd: ROOT,
  overrideConfig: {
    files: ['**/*.ts'],
    // With CI=true the parser would take every text for the one on the disk, and know no types of ours.
    languageOptions: { parserOptions: { disallowAutomaticSingleRunInference: true } },
  },
})

/** A file of each kind. They exist, since rules that know types take only files of the program. */
const PURE = 'packages/engine/src/pacing.ts'
const PLATFORM = 'packages/platform/src/clock.ts'
const UNIT_TEST = 'packages/contract/src/recipient.test.ts'
const PROGRAM = 'packages/gateway/src/main.ts'
const SCRIPT = 'scripts/steps.ts'

async function rulesBroken(path: string, text: string): Promise<(string | null)[]> {
  const results = await eslint.lintText(text, { filePath: join(ROOT, path) })
  return results.flatMap(({ messages }) => messages.map((message) => message.ruleId ?? message.message))
}

const lines = (count: number, line: string) => `${line}\n`.repeat(count)

beforeAll(() => rulesBroken(PURE, 'export {}\n'), 240_000) // reads the whole program once

it.each([
  ['@typescript-eslint/no-floating-promises', PLATFORM, 'Promise.resolve()'],
  ['@typescript-eslint/no-misused-promises', PLATFORM, 'setTimeout(async () => { await Promise.resolve() }, 1)'],
  [
    '@typescript-eslint/switch-exhaustiveness-check',
    PLATFORM,
    "export function f(a: 'x' | 'y') { switch (a) { case 'x': return 1 } return 2 }",
  ],
  ['@typescript-eslint/consistent-type-imports', PLATFORM, "import { Socket } from 'node:net'\nexport type S = Socket"],
  ['@typescript-eslint/no-explicit-any', PLATFORM, 'export const f = (a: any) => [a]'],
  ['@typescript-eslint/no-unsafe-return', PLATFORM, 'export const f = (a: string): unknown[] => JSON.parse(a)'],
  ['no-console', PLATFORM, "console.log('x')"],
  ['n/prefer-node-protocol', PLATFORM, "export { join } from 'path'"],
  ['n/no-extraneous-import', PLATFORM, "export { Pool } from 'fastify'"],
  ['n/no-extraneous-import', PLATFORM, "export { mayLeaveAtMs } from '@bluewire/engine/pacing'"],
  ['max-lines', PLATFORM, lines(501, 'export {}')],
  ['max-lines-per-function', PLATFORM, `export function f() {\n${lines(70, '  void 0')}}`],
  ['max-params', PLATFORM, 'export const f = (a: number, b: number, c: number, d: number) => [a, b, c, d]'],
  ['no-restricted-exports', PLATFORM, 'export default 1'],
  ['no-restricted-properties', PURE, 'export const now = Date.now()'],
  ['no-restricted-properties', PURE, 'export const chance = Math.random()'],
  ['no-restricted-syntax', PURE, 'export const now = new Date()'],
  ['no-restricted-globals', PURE, 'export const timer = setTimeout(() => 1, 1)'],
  ['no-restricted-globals', PURE, 'export const env = process.env'],
  ['no-restricted-imports', PURE, "export { readFileSync } from 'node:fs'"],
])('%s holds in %s', async (rule, path, text) => {
  expect(await rulesBroken(path, text)).toContain(rule)
})

it.each([
  [PLATFORM, "export type { MessageId } from '@bluewire/contract/ids'\nexport { Kysely } from 'kysely'\n"],
  [PURE, 'export const day = (ms: number) => new Date(ms).getUTCDay()\n'],
  [
    UNIT_TEST,
    "import fc from 'fast-check'\nimport { expect } from 'vitest'\nexpect([fc, Date.now()]).toEqual([fc, expect.any(Number)])\n",
  ],
  [PROGRAM, "console.log('ready')\n"],
  [
    SCRIPT,
    "export { watchLifeline } from '@bluewire/platform/lifeline'\nexport { skipUnless } from '@bluewire/testkit/skips'\n",
  ],
])('%s may say: %s', async (path, text) => {
  expect(await rulesBroken(path, text)).toEqual([])
})
