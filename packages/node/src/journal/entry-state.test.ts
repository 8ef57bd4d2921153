/**
 * The states of an attempt in the journal.
 * Proves: exactly these transitions exist (the whole table, both what is allowed and what is not).
 */
import { describe, expect, it } from 'vitest'
import { ENTRY_STATES, entryAfter } from './entry-state.ts'
import type { EntryState, EntryWord } from './entry-state.ts'

type Row = [EntryWord, Record<EntryState | 'absent', EntryState | null>]

const TABLE: Row[] = [
  ['take', { absent: 'taken', taken: null, started: null, settled: null, void: null }],
  ['start', { absent: null, taken: 'started', started: null, settled: null, void: null }],
  ['step', { absent: null, taken: null, started: 'started', settled: null, void: null }],
  ['settle', { absent: null, taken: null, started: 'settled', settled: null, void: null }],
  ['void', { absent: 'void', taken: 'void', started: null, settled: null, void: null }],
]

describe.each(TABLE)('%s', (word, row) => {
  it.each(['absent' as const, ...ENTRY_STATES])('%s', (state) => {
    expect(entryAfter(state, word)).toBe(row[state])
  })
})
