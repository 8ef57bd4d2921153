/** The conformance suite as tests: each provider's file calls it once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CASES, hindranceOf, runCase } from './cases.ts'
import type { Peer, PeerFactory } from './peer.ts'

export function conformance(provider: string, startPeer: PeerFactory): void {
  describe(`the provider ${provider}`, () => {
    let peer: Peer | undefined
    beforeAll(async () => {
      peer = await startPeer()
    })
    afterAll(async () => peer?.stop())

    it.each(CASES)('$title', async (one) => {
      expect.assert(peer)
      // A case that this peer cannot be put to is no skipped test: `npm run conformance` prints it with the reason.
      if (hindranceOf(one, peer) === null) await runCase(one, peer)
    })

    it('says why, of each thing that it cannot be put to', () => {
      for (const [what, why] of peer?.unable ?? []) expect(why, what).toMatch(/\S+ \S+/)
    })
  })
}
