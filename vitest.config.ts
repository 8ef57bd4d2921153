/**
 * Two kinds of tests. Units stand beside the code they prove and run first; stories (packages/<name>/test) start whole servers and real
 * processes, and mostly wait for them. Two files at a time, for two cores.
 */
import { defineConfig } from 'vitest/config'
import type { TestProjectInlineConfiguration } from 'vitest/config'

const SHARED = { environment: 'node', globals: false, pool: 'forks', maxWorkers: 2 } as const

const unit: TestProjectInlineConfiguration = {
  test: {
    ...SHARED,
    name: 'unit',
    include: ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    sequence: { groupOrder: 0 },
  },
}

/**
 * Stories on the fake Mac start several processes for each message: minutes on two cores. They are a script of their own, `npm run story:mac`.
 */
const MAC_STORIES = [
  'packages/drivers/test/messages-app/**',
  'packages/gateway/test/node-install/**',
  'packages/node/test/mac/**',
  'packages/testkit/test/fake-mac/**',
]

const story: TestProjectInlineConfiguration = {
  test: {
    ...SHARED,
    name: 'story',
    include: ['packages/*/test/**/*.test.ts'],
    exclude: process.env['MAC_STORIES'] === '1' ? [] : MAC_STORIES,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    sequence: { groupOrder: 1 },
  },
}

export default defineConfig({ test: { projects: [unit, story], allowOnly: false } })
