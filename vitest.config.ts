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

const story: TestProjectInlineConfiguration = {
  test: {
    ...SHARED,
    name: 'story',
    include: ['packages/*/test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    sequence: { groupOrder: 1 },
  },
}

export default defineConfig({ test: { projects: [unit, story], allowOnly: false } })
