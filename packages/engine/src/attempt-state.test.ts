/** The states of an attempt. Proves: the table of PROTOCOL 8.2, that repeats change nothing, and that proof of sent is never taken back. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attemptAfter, ATTEMPT_STATES, attemptTransitions } from './attempt-state.ts'
import type { AttemptState } from './attempt-state.ts'

const WORDS = ['taken', 'sent', 'not_sent', 'unknown', 'delivered', 'read', 'bounced'] as const

describe('an attempt', () => {
  it.each([
    ['dispatched', 'taken', 'taken'],
    ['taken', 'taken', null],
    ['dispatched', 'sent', 'sent'],
    ['taken', 'sent', 'sent'],
    ['unknown', 'sent', 'sent'],
    ['not_sent', 'sent', 'refuted'],
    ['delivered', 'sent', null],
    ['unknown', 'not_sent', 'not_sent'],
    ['sent', 'not_sent', null],
    ['dispatched', 'unknown', 'unknown'],
    ['sent', 'unknown', null],
    ['not_sent', 'unknown', null],
    ['taken', 'delivered', 'delivered'],
    ['not_sent', 'delivered', 'refuted'],
    ['delivered', 'read', 'read'],
    ['read', 'delivered', null],
    ['sent', 'bounced', 'bounced'],
    ['delivered', 'bounced', null],
    ['refuted', 'not_sent', null],
  ] as const)('%s + %s → %s', (from, word, to) => {
    expect(attemptAfter(from, word)).toBe(to)
  })

  it('takes any number of repeats as one', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ATTEMPT_STATES), fc.constantFrom(...WORDS), (state, word) => {
        const once = attemptAfter(state, word)
        if (once !== null) expect(attemptAfter(once, word)).toBeNull()
      }),
    )
  })

  it('never forgets that it was sent', () => {
    const sentOnce: readonly AttemptState[] = ['sent', 'delivered', 'read', 'refuted', 'bounced']
    fc.assert(
      fc.property(fc.constantFrom(...sentOnce), fc.array(fc.constantFrom(...WORDS)), (from, words) => {
        let state: AttemptState = from
        for (const word of words) state = attemptAfter(state, word) ?? state
        expect(sentOnce).toContain(state)
      }),
    )
  })

  it('lists its transitions for the document', () => {
    for (const { from, event, to } of attemptTransitions()) expect(attemptAfter(from, event)).toBe(to)
  })
})
