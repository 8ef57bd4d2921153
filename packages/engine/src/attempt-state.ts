/** The states of an attempt: one try by one line. The picture is docs/state-machine.md (a test compares it with these tables). */
import type { FactKind, NotSentClass } from '@bluewire/contract/node-protocol/common'

export const ATTEMPT_STATES = [
  'dispatched', // committed; the frame may be on its way
  'taken', // in the node's journal
  'unknown', // its fate cannot be learnt (yet)
  'sent',
  'delivered',
  'read',
  'not_sent', // proven
  'refuted', // was proven not sent, and then evidence of sent arrived
  'bounced', // sent, and then reported as failed
] as const
export type AttemptState = (typeof ATTEMPT_STATES)[number]

export type AttemptEvent =
  Readonly<{ kind: 'taken' }> | Readonly<{ kind: 'fact'; fact: FactKind; class?: NotSentClass }>

type Word = 'taken' | FactKind

/** From which states each event moves an attempt, and where to. What is not listed changes nothing. */
const TRANSITIONS: Readonly<Record<Word, Readonly<Partial<Record<AttemptState, AttemptState>>>>> = {
  taken: { dispatched: 'taken' },
  sent: { dispatched: 'sent', taken: 'sent', unknown: 'sent', not_sent: 'refuted' },
  not_sent: { dispatched: 'not_sent', taken: 'not_sent', unknown: 'not_sent' },
  unknown: { dispatched: 'unknown', taken: 'unknown' },
  delivered: {
    dispatched: 'delivered',
    taken: 'delivered',
    unknown: 'delivered',
    sent: 'delivered',
    bounced: 'delivered', // a phone company tries again by itself after it said that it failed
    not_sent: 'refuted',
  },
  read: {
    dispatched: 'read',
    taken: 'read',
    unknown: 'read',
    sent: 'read',
    delivered: 'read',
    bounced: 'read',
    not_sent: 'refuted',
  },
  bounced: { sent: 'bounced' },
}

/** The state after `word`, or null when it changes nothing (a repeat, or weaker than what is known). */
export function attemptAfter(state: AttemptState, word: Word): AttemptState | null {
  return TRANSITIONS[word][state] ?? null
}

/** States the message waits for: the node may still run it, or be running it. */
export const IN_FLIGHT: readonly AttemptState[] = ['dispatched', 'taken']

/** The whole table as rows, for the document. */
export function attemptTransitions(): Array<{ from: AttemptState; event: Word; to: AttemptState }> {
  return Object.entries(TRANSITIONS).flatMap(([event, row]) =>
    Object.entries(row).map(([from, to]) => ({ from: from as AttemptState, event: event as Word, to })),
  )
}
