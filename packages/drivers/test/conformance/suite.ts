/** The conformance suite as tests: each provider's file calls it once. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CASES, hindranceOf, runCase } from './cases.ts'
import type { Peer, PeerFactory } from './peer.ts'

/** Cases mostly wait for a peer that is silent on purpose: so many of them wait at the same time, each with a peer of its own. */
const PEERS_AT_A_TIME = 3

export function conformance(provider: string, startPeer: PeerFactory): void {
  describe(`the provider ${provider}`, () => {
    const peers: Peer[] = []
    const free = new FreePeers()
    beforeAll(async () => {
      for (let i = 0; i < PEERS_AT_A_TIME; i++) {
        const peer = await startPeer()
        peers.push(peer)
        free.give(peer)
      }
    })
    afterAll(async () => {
      for (const peer of peers) await peer.stop()
    })

    describe.concurrent('holds:', () => {
      it.each(CASES)('$title', async (one) => {
        const peer = await free.take()
        try {
          // A case that this peer cannot be put to is no skipped test: `npm run conformance` prints it with the reason.
          if (hindranceOf(one, peer) === null) await runCase(one, peer)
        } finally {
          free.give(peer)
        }
      })
    })

    it('says why, of each thing that it cannot be put to', () => {
      for (const [what, why] of peers[0]?.unable ?? []) expect(why, what).toMatch(/\S+ \S+/)
    })
  })
}

class FreePeers {
  readonly #free: Peer[] = []
  readonly #waiting: Array<(peer: Peer) => void> = []

  take(): Promise<Peer> {
    const peer = this.#free.pop()
    return peer ? Promise.resolve(peer) : new Promise((resolve) => this.#waiting.push(resolve))
  }

  give(peer: Peer): void {
    const next = this.#waiting.shift()
    if (next) next(peer)
    else this.#free.push(peer)
  }
}
