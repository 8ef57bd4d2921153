/**
 * What the compiler can't see and people forget. Every rule that is switched off, here or in a file, says why on the same line;
 * scripts/lint.test.ts plants one violation of each wall below and expects it to be reported.
 */
import n from 'eslint-plugin-n'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

const TYPESCRIPT = ['packages/*/{src,test}/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts', 'vitest.config.ts']
const TESTS = ['**/*.test.ts', 'packages/*/test/**/*.ts']
const PURE = ['packages/engine/src/**/*.ts', 'packages/contract/src/**/*.ts']
/** Programs whose product is what they print. */
const PRINTING = [
  'bench/**/*.ts',
  'scripts/**/*.ts',
  'packages/*/src/main.ts',
  'packages/gateway/src/{admin,quickstart}/**/*.ts',
  'packages/testkit/src/{simulator,mutants}/**/*.ts',
  'packages/testkit/src/fuzz-typedstream.ts',
]
/** Declared once, in the root package.json, for all packages' tests. */
const TEST_TOOLS = ['vitest', 'fast-check', '@bluewire/testkit']

const ofPlatform = 'This package is pure: time, chance and the outside world are passed in.'
const PLATFORM_GLOBALS = names(`
  Buffer WebSocket __dirname __filename console crypto fetch globalThis performance process queueMicrotask require
  setImmediate setInterval setTimeout structuredClone`)

/** What plain JavaScript files may use; TypeScript files have the compiler to know it. */
const NODE_GLOBALS = names(`
  Buffer __dirname __filename clearInterval clearTimeout console module process require setImmediate setInterval setTimeout`)

/** Core rules against plain mistakes that need no options. */
const MISTAKES = names(`
  for-direction getter-return no-async-promise-executor no-case-declarations no-cond-assign no-constant-binary-expression
  no-constant-condition no-control-regex no-debugger no-dupe-else-if no-dupe-keys no-duplicate-case no-else-return no-empty
  no-empty-character-class no-empty-pattern no-ex-assign no-extra-boolean-cast no-fallthrough no-invalid-regexp
  no-irregular-whitespace no-loss-of-precision no-misleading-character-class no-param-reassign no-prototype-builtins no-regex-spaces
  no-return-assign no-self-assign no-self-compare no-sparse-arrays no-template-curly-in-string no-unreachable-loop
  no-unsafe-finally no-unsafe-negation no-unsafe-optional-chaining no-unused-labels no-unused-private-class-members
  no-useless-assignment no-useless-catch no-useless-escape no-useless-rename no-var object-shorthand prefer-const
  preserve-caught-error require-yield use-isnan valid-typeof`)

function names(words) {
  return words.trim().split(/\s+/)
}

export default defineConfig(
  globalIgnores(['**/node_modules/', 'data/', 'coverage/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  {
    files: ['**/*.{js,cjs,ts}'],
    plugins: { n },
    rules: {
      ...Object.fromEntries(MISTAKES.map((rule) => [rule, 'error'])),
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'n/prefer-node-protocol': 'error',
      'no-restricted-exports': [
        'error',
        { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true } },
      ],
    },
  },

  {
    files: TYPESCRIPT,
    extends: [tseslint.configs.recommendedTypeChecked],
    // One program for everything: packages/{contract,engine}/tsconfig.json leave their tests out, so a project service would miss them.
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/require-await': 'off', // a method that satisfies an asynchronous interface may have nothing to wait for
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true, IIFEs: true }],
      'max-params': ['error', 3],
      'n/no-extraneous-import': 'error',
      'no-console': 'error',
      'no-undef': 'off', // the compiler knows the globals better
    },
  },

  {
    files: PURE,
    ignores: TESTS,
    rules: {
      'no-restricted-globals': ['error', ...PLATFORM_GLOBALS.map((name) => ({ name, message: ofPlatform }))],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: ofPlatform },
        { object: 'Math', property: 'random', message: ofPlatform },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: ofPlatform },
        { selector: 'CallExpression[callee.name="Date"]', message: ofPlatform },
      ],
      'no-restricted-imports': ['error', { patterns: [{ group: ['node:*'], message: ofPlatform }] }],
    },
  },

  {
    files: TESTS,
    rules: {
      'max-lines-per-function': 'off', // a describe block is one function
      'no-console': 'off', // a story may say what it measured
      '@typescript-eslint/no-unsafe-assignment': 'off', // vitest's expect.any() and its like are typed `any`
      'n/no-extraneous-import': ['error', { allowModules: TEST_TOOLS }],
    },
  },
  {
    files: ['packages/testkit/src/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'n/no-extraneous-import': [
        'error',
        { allowModules: [...TEST_TOOLS, '@bluewire/platform', '@bluewire/contract'] },
      ],
    },
  },
  { files: PRINTING, rules: { 'no-console': 'off' } }, // they speak to the person who started them

  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: Object.fromEntries(NODE_GLOBALS.map((name) => [name, 'readonly'])),
    },
    rules: { 'no-undef': 'error' },
  },
  {
    files: ['*.config.{js,ts}', 'scripts/test-report.ts'],
    rules: { 'no-restricted-exports': 'off' }, // the tools read the default export
  },
)
