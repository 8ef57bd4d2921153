/** What reaches the log. Proves: nothing under the name of a secret does, however deep, and everything else does as it was. */
import { describe, expect, it } from 'vitest'
import { withoutSecrets } from './logger.ts'

describe('withoutSecrets', () => {
  it('leaves an entry without secrets as it is, not even copied', () => {
    const entry = { id: 'req_1', ms: 1.2, error: new Error('x'), list: [1, { a: null }], none: undefined }
    expect(withoutSecrets(entry)).toBe(entry)
  })

  it.each([
    [{ body: 'Hi' }, { body: '[redacted]' }],
    [{ a: { Authorization: 'Token x', b: 1 } }, { a: { Authorization: '[redacted]', b: 1 } }],
    [{ headers: [{ 'x-api-key': 'x' }, 'kept'] }, { headers: [{ 'x-api-key': '[redacted]' }, 'kept'] }],
    [{ a: { b: { c: { recipient: '+14155552671' } } } }, { a: { b: { c: { recipient: '[redacted]' } } } }],
    [{ a: { b: { c: { d: { e: { text: 'Hi' } } } } } }, { a: { b: { c: { d: { e: '[too deep]' } } } } }],
  ])('%j', (entry, logged) => {
    const before = structuredClone(entry)
    expect(withoutSecrets(entry)).toEqual(logged)
    expect(entry).toEqual(before)
  })
})
