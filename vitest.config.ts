/**
 * Two kinds of tests. Units stand beside the code they prove and run first, two files at a time; stories (packages/<name>/test) start
 * whole servers and real processes, and have the machine to themselves, one file after the other, so that their times mean something.
 */
import { defineConfig } from 'vitest/config'
import type { TestProjectInlineConfiguration } from 'vitest/config'

const SHARED = { environment: 'node', globals: false, pool: 'forks', testTimeout: 30_000, hookTimeout: 30_000 } as const

const unit: TestProjectInlineConfiguration = {
  test: {
    ...SHARED,
    name: 'unit',
    include: ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
    maxWorkers: 2,
    sequence: { groupOrder: 0 },
  },
}

const story: TestProjectInlineConfiguration = {
  test: {
    ...SHARED,
    name: 'story',
    include: ['packages/*/test/**/*.test.ts'],
    maxWorkers: 1,
    sequence: { groupOrder: 1 },
  },
}

export default defineConfig({ test: { projects: [unit, story], allowOnly: false } })
