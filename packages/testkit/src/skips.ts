/**
 * What a test may need that is not there everywhere: it cuts the power of a loop device, fills a small file system, becomes another user.
 * Such a test begins with `skipUnless(test, loopDevice(), program('mkfs.ext4'))`. `npm test` lists and counts what was skipped, with the
 * reason; where `CI=true` a skip is a failure.
 */
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { TestContext } from 'vitest'

/** Why a test cannot run here. Null: this does not stand in its way. */
export type Hindrance = string | null

/** Ends the test as skipped when anything hinders it. */
export function skipUnless(test: Pick<TestContext, 'skip'>, ...hindrances: readonly Hindrance[]): void {
  const why = hindrances.filter((hindrance) => hindrance !== null)
  test.skip(why.length > 0, [...new Set(why)].join(', '))
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
