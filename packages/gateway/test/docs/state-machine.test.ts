/**
 * docs/state-machine.md.
 * Proves: its tables are those of the engine and of the node's journal, both ways; and every arrow of its pictures is in them.
 */
import { ATTEMPT_STATES, attemptTransitions } from '@bluewire/engine/attempt-state'
import { MESSAGE_STATES } from '@bluewire/engine/message-state'
import { ENTRY_STATES, entryAfter } from '../../../node/src/journal/entry-state.ts'
import type { EntryWord } from '../../../node/src/journal/entry-state.ts'
import { describe, expect, test } from 'vitest'
import { messageTransitions } from './message-transitions.ts'
import { page, section, tables } from './pages.ts'

const TEXT = page('docs/state-machine.md')
/** Of the node's journal; the compiler complains when one is missing. */
const ENTRY_WORDS = Object.keys({ take: 0, start: 0, step: 0, settle: 0, void: 0 } satisfies Record<
  EntryWord,
  0
>) as EntryWord[]

describe('message', () => {
  const part = section(TEXT, '## Message')
  const transitions = messageTransitions()

  test('the states', () => {
    expect(tables(part, ['State', 'Means']).map(([state]) => state)).toEqual([...MESSAGE_STATES])
  })

  test('the transitions', () => {
    const written = tables(part, ['Event', 'From', 'To', 'When']).flatMap(([event = '', from = '', to = '', when]) => {
      expect(when).not.toBe('')
      return from.split(', ').map((state) => `${event}: ${state} → ${to}`)
    })
    expect(written.sort()).toEqual(transitions)
  })

  test('the picture', () => {
    expect(arrows(part).filter((arrow) => !transitions.includes(arrow))).toEqual([])
  })
})

describe('attempt', () => {
  const part = section(TEXT, '## Attempt')
  const transitions = attemptTransitions().map(({ event, from, to }) => `${event}: ${from} → ${to}`)

  test('the states', () => {
    expect(tables(part, ['State', 'Means']).map(([state]) => state)).toEqual([...ATTEMPT_STATES].sort(byPage(part)))
  })

  test('the transitions', () => {
    const written = tables(part, ['Word', 'State before', 'State after'])
    expect(written.map(([word, from, to]) => `${word} ${from} ${to}`).sort()).toEqual(
      attemptTransitions()
        .map(({ event, from, to }) => `${event} ${from} ${to}`)
        .sort(),
    )
  })

  test('the picture', () => {
    expect(arrows(part).filter((arrow) => !transitions.includes(arrow))).toEqual([])
  })
})

describe('journal entry', () => {
  const part = section(TEXT, '## Journal entry, on the node')
  const transitions = ENTRY_WORDS.flatMap((word) =>
    (['absent', ...ENTRY_STATES] as const).flatMap((from) => {
      const to = entryAfter(from, word)
      return to === null ? [] : [`${word}: ${from} → ${to}`]
    }),
  )

  test('the transitions', () => {
    const written = tables(part, ['Step', 'Entry before', 'Entry after', 'Means'])
    expect(written.map(([word, from, to]) => `${word}: ${from} → ${to}`)).toEqual(transitions)
  })

  test('the picture', () => {
    expect(arrows(part).sort()).toEqual([...transitions].sort())
  })
})

/** `a --> b: word` of the picture; where it begins is no arrow between states. */
function arrows(part: string): string[] {
  return [...part.matchAll(/^ {2}(\w+) --> (\w+): (\w+)$/gm)].map(([, from, to, word]) => `${word}: ${from} → ${to}`)
}

/** The order of the table is its own. */
function byPage(part: string): (a: string, b: string) => number {
  return (a, b) => part.indexOf(`| \`${a}\` |`) - part.indexOf(`| \`${b}\` |`)
}
