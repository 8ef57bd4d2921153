/** Signed addresses. Proves: only what this instance signed for this provider is read, whatever is tried. World: pure. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pathKey, readSignedPath, signPath } from './signed-path.ts'

const callbackKey = new Uint8Array(32).fill(1)
const ours = pathKey({ callbackKey, callbackUrl: 'https://gateway.example/callbacks/one' })

describe('a signed address', () => {
  it('is read back, also under another host', () => {
    const moved = pathKey({ callbackKey, callbackUrl: 'https://other.example/callbacks/one' })
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z_A-Z0-9/]{1,60}$/), (path) => {
        const plain = path.replace(/^\/+/, '') || 'x'
        expect(readSignedPath(moved, `/${signPath(ours, plain)}`)).toBe(plain)
      }),
    )
  })

  it('is not read when it was signed for another provider, by another key, or changed', () => {
    const path = signPath(ours, 'receipt/attempt_1')
    const other = pathKey({ callbackKey, callbackUrl: 'https://gateway.example/callbacks/two' })
    const stranger = pathKey({ callbackKey: new Uint8Array(32), callbackUrl: 'https://gateway.example/callbacks/one' })
    expect([readSignedPath(other, path), readSignedPath(stranger, path)]).toEqual([null, null])
    const changed = [
      path.replace('_1', '_2'),
      `${path}a`,
      path.slice(0, -1),
      path.toUpperCase(),
      '',
      '/',
      'x',
      '/inbound/',
      `inbound/${path.split('/').at(-1)}`,
    ]
    for (const bad of changed) expect(readSignedPath(ours, bad), bad).toBeNull()
    fc.assert(fc.property(fc.string(), (bad) => void expect(readSignedPath(ours, bad)).toBeNull()))
  })
})
