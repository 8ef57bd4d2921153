/**
 * Proves: two machines with one credential are found within a few sessions, forked ones too; one machine is never taken for two, however
 * often its network, its process or its operating system comes and goes, and whatever happens to its journal once or twice.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { areTwoMachines, remember, WITHIN_MS } from './two-machines.ts'
import type { Beginning } from './two-machines.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND

type Step = Readonly<{ boot: string; journal: string; afterMs?: number; takeover?: boolean }>

/** After which of the steps it was found; null: never. */
function foundAfter(steps: readonly Step[]): number | null {
  let beginnings: readonly Beginning[] = []
  let atMs = 0
  for (const [n, { boot, journal, afterMs = SECOND, takeover = true }] of steps.entries()) {
    atMs += afterMs
    beginnings = remember(beginnings, { bootId: boot, journalId: journal, atMs, isTakeover: takeover })
    if (areTwoMachines(beginnings)) return n + 1
  }
  return null
}

/** `A1 B1 A2`: the boot, and the journal in it. */
function steps(text: string, more: Omit<Step, 'boot' | 'journal'> = {}): Step[] {
  return text.split(' ').map((word) => ({ boot: word[0] ?? '', journal: word.slice(1), ...more }))
}

describe('two machines', () => {
  test.each([
    ['by turns, each with a journal of its own', steps('A1 B2 A1 B2'), 4],
    ['each begins a new journal at each turn', steps('A1 B2 A3 B4'), 4],
    ['one worked alone for an hour before', [...steps('A1', { afterMs: 60 * MINUTE }), ...steps('B2 A1 B2')], 4],
    ['one of them flaps between', steps('A1 A1 A1 B2 B2 A1 A1 B2'), 8],
    [
      'neither is there when the other comes: both sleep',
      steps('A1 B2 A1 B2', { takeover: false, afterMs: MINUTE }),
      4,
    ],
    ['forked while it ran: the same start of the system', steps('A1 A2 A3 A4'), 4],
    ['forked, and the start cannot be learnt', steps('1 2 3 4').map((s) => ({ ...s, boot: '', journal: s.boot })), 4],
  ])('%s', (_, given, found) => {
    expect(foundAfter(given)).toBe(found)
  })
})

describe('one machine', () => {
  test.each([
    ['a network that comes and goes', steps('A1 A1 A1 A1 A1 A1 A1 A1')],
    ['it starts again and again, and its old session is still held', steps('A1 B1 C1 D1 E1 F1 G1 H1 I1 J1')],
    ['it starts anew, each time with a new journal', steps('A1 B2 C3 D4 E5 F6')],
    ['its journal is put back, and is damaged, in minutes', steps('A1 A2 A3')],
    ['its process dies of a damaged journal, again and again', steps('A1 A2 A3 A4 A5 A6', { takeover: false })],
    ['a snapshot of it is put back, and it starts anew', steps('A1 B1 A2 C2')],
    ['a new journal now and then', steps('A1 A2 A3 A4 A5 A6', { afterMs: WITHIN_MS / 2 + 1 })],
    ['snapshots are put back, but not within minutes', steps('A1 B1 A2 B3 A4', { afterMs: WITHIN_MS + 1 })],
  ])('%s', (_, given) => {
    expect(foundAfter(given)).toBeNull()
  })

  test('whatever its network does, as long as its journal goes on', () => {
    const beginning = fc.record({ boots: fc.boolean(), takeover: fc.boolean(), afterMs: fc.nat(20 * MINUTE) })
    fc.assert(
      fc.property(fc.array(beginning, { maxLength: 100 }), (happenings) => {
        let boot = 0
        const given = happenings.map(({ boots, ...rest }) => ({
          ...rest,
          boot: `boot ${(boot += Number(boots))}`,
          journal: 'j',
        }))
        expect(foundAfter(given)).toBeNull()
      }),
    )
  })
})

test('no more is remembered than is of use', () => {
  let beginnings: readonly Beginning[] = []
  for (let n = 0; n < 100; n++)
    beginnings = remember(beginnings, { bootId: String(n), journalId: 'j', atMs: n, isTakeover: true })
  expect(beginnings).toHaveLength(8)
})
