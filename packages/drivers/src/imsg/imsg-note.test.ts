/**
 * What is kept in the journal.
 * Proves: a note and a position come back as they were, and fit; what is none is none; the guid of an attempt is a UUID, always the same,
 * and nobody else's.
 * World: none.
 */
import { describe, expect, it } from 'vitest'
import { decodeNote, decodePosition, encodeNote, encodePosition, guidOfAttempt } from './imsg-note.ts'

const ATTEMPT = 'attempt_01M86881CBBMMP6WARMFVN4YHX'

describe('notes and positions', () => {
  it('come back as they were, and fit into the journal', () => {
    const sent = Array.from({ length: 60 }, (_, i) => guidOfAttempt(ATTEMPT, i).toUpperCase())
    const note = {
      part: 60,
      parts: 61,
      mark: 700_000_000,
      guid: guidOfAttempt(ATTEMPT, 60),
      file: 'x'.repeat(200),
      sent,
      isDowngraded: true,
    }
    expect(decodeNote(encodeNote(note))).toEqual(note)
    expect(encodeNote(note).length).toBeLessThan(4_000)
    const position = { cursor: 5, id: 4, guid: 'x'.repeat(200), atMs: 1_790_000_000_000 }
    expect(decodePosition(encodePosition(position))).toEqual(position)
    expect(encodePosition(position).length).toBeLessThan(500)
    expect(decodePosition(encodePosition({ cursor: 0, atMs: 0 }))).toEqual({ cursor: 0, atMs: 0 })
  })

  it.each(['', 'null', '[]', '{}', '{"cursor":-1,"atMs":0}', '{"part":0}', '700000', '{"cursor":"5","atMs":0}'])(
    '%s is none',
    (text) => {
      expect(decodeNote(text)).toBeNull()
      expect(decodePosition(text)).toBeNull()
    },
  )
})

describe('the guid of an attempt', () => {
  it('is a UUID, always the same', () => {
    expect(guidOfAttempt(ATTEMPT, 0)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(guidOfAttempt(ATTEMPT, 0)).toBe('f6786ff9-78a0-84ab-9c3f-90b1c7816bcc')
  })

  it('is another for each part and each attempt', () => {
    const other = 'attempt_01M86881CBBMMP6WARMFVN4YHY'
    expect(new Set([guidOfAttempt(ATTEMPT, 0), guidOfAttempt(ATTEMPT, 1), guidOfAttempt(other, 0)]).size).toBe(3)
  })
})
