/** Opt-out words. Proves: the whole message must be the word, in any case and with a full stop; ordinary sentences are left alone. */
import { describe, expect, it } from 'vitest'
import { optWord } from './opt-out.ts'

describe('opt-out words', () => {
  it.each(['STOP', 'stop', ' Stop. ', 'UNSUBSCRIBE', 'opt out', 'OptOut', 'QUIT!', 'end', 'cancel'])(
    '%j stops',
    (body) => {
      expect(optWord(body)).toBe('stop')
    },
  )

  it.each(['START', 'unstop', 'Opt in'])('%j resumes', (body) => {
    expect(optWord(body)).toBe('start')
  })

  it.each(['', 'stop by tomorrow', 'please STOP', 'the end', 'STOPPED', 'yes'])('%j is just a message', (body) => {
    expect(optWord(body)).toBeNull()
  })
})
