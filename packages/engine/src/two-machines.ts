/**
 * Whether two machines use one credential (PROTOCOL 4). Another machine is told apart by its identity; a copy that has the same one (a disk put
 * back onto like hardware, a virtual machine that was forked) is not. But two that live replace each other's sessions by turns, and one alone
 * never does what that looks like:
 *
 * - It never comes back to an earlier start of its operating system. Of a single machine only a snapshot that was put back does, once.
 * - Within one start, it does not begin a new journal again and again while its session before is still held. A forked machine does: each
 *   time the number of its connection turns out to be used, its journal is an old copy, and it begins another.
 *
 * A network that comes and goes changes neither.
 */

/** How a session of the node began. */
export type Beginning = Readonly<{
  /** Of this start of the operating system; empty: it could not be learnt. */
  bootId: string
  journalId: string
  /** Milliseconds of a clock that is not set. */
  atMs: number
  /** The session before was still held. */
  isTakeover: boolean
}>

export const WITHIN_MS = 10 * 60_000
/** Returns to an earlier start: A, B, A, B. */
export const RETURNS_MIN = 2
/** New journals within one start: more than a restored one, and a damaged one, would be in minutes. */
export const JOURNALS_MIN = 3
/** Beginnings that differ from the one before; older ones are of no use. */
const REMEMBERED_MAX = 8

/** Newest last. One that begins like the one before only renews it. */
export function remember(before: readonly Beginning[], begins: Beginning): readonly Beginning[] {
  const last = before.at(-1)
  if (last !== undefined && last.bootId === begins.bootId && last.journalId === begins.journalId) return before
  return [...before, begins].slice(-REMEMBERED_MAX)
}

export function areTwoMachines(beginnings: readonly Beginning[]): boolean {
  const newest = beginnings.at(-1)?.atMs ?? 0
  let returns = 0
  let journals = 0
  for (const [n, begins] of beginnings.entries()) {
    const before = beginnings[n - 1]
    if (before === undefined || newest - begins.atMs > WITHIN_MS) continue
    if (isOtherBoot(begins, before)) {
      if (beginnings.slice(0, n).some(({ bootId }) => bootId === begins.bootId)) returns++
    } else if (begins.isTakeover) {
      journals++
    }
  }
  return returns >= RETURNS_MIN || journals >= JOURNALS_MIN
}

function isOtherBoot(one: Beginning, other: Beginning): boolean {
  return one.bootId !== '' && other.bootId !== '' && one.bootId !== other.bootId
}
