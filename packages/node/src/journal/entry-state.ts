/**
 * The states of an attempt in the journal, and what moves it from one to the next. `void` is final: a voided attempt can
 * never run, also one the journal had never seen. Nothing leads from `started` back: Messages may have been touched.
 */
export const ENTRY_STATES = ['taken', 'started', 'settled', 'void'] as const
export type EntryState = (typeof ENTRY_STATES)[number]

export type EntryWord =
  | 'take' // the frame arrived and is durable
  | 'start' // Messages is about to be touched
  | 'step' // its next part, or a second form of the same part, is about to be handed over
  | 'settle' // what became of it is known, or known to be unknowable
  | 'void' // it never ran and never will

const TRANSITIONS: Readonly<Record<EntryWord, Readonly<Partial<Record<EntryState | 'absent', EntryState>>>>> = {
  take: { absent: 'taken' },
  start: { taken: 'started' },
  step: { started: 'started' },
  settle: { started: 'settled' },
  void: { absent: 'void', taken: 'void' },
}

/** The state after `word`, or null when it may not happen (which changes nothing and is not an error). */
export function entryAfter(state: EntryState | 'absent', word: EntryWord): EntryState | null {
  return TRANSITIONS[word][state] ?? null
}
