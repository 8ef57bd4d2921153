/**
 * Tests that cannot run everywhere: they cut the power of a loop device, fill a small file system, become another user.
 * Such a test begins with `skipUnless(test, root(), loopDevice())`. `npm test` lists and counts what was skipped, with the reason;
 * where `CI=true` a skip is a failure. No test is skipped in any other way.
 */
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'vitest'

declare module 'vitest' {
  interface TaskMeta {
    /** Why the test was skipped; read by scripts/test.ts. */
    skipped?: string
  }
}

/** Why a test cannot run here. Null: this does not stand in its way. */
export type Hindrance = string | null

/** Ends the test as skipped. */
export function skipped(test: TestContext, why: string): never {
  console.log(`skipped: ${why}`)
  test.task.meta.skipped = why
  return test.skip(why)
}

export function skipUnless(test: TestContext, ...hindrances: readonly Hindrance[]): void {
  const why = hindrances.filter((hindrance) => hindrance !== null)
  if (why.length > 0) skipped(test, why.join(', '))
}

export function linux(): Hindrance {
  return process.platform === 'linux' ? null : 'needs Linux'
}

/** Root on Linux: may mount file systems and become other users. */
export function root(): Hindrance {
  return linux() ?? (process.getuid?.() === 0 ? null : 'needs root')
}

export function loopDevice(): Hindrance {
  return root() ?? (existsSync('/dev/loop-control') ? null : 'needs loop devices')
}

/** A program that the test starts by name. */
export function program(name: string): Hindrance {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.some((folder) => isExecutable(join(folder, name))) ? null : `needs the program ${name}`
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
