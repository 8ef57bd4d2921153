/** The peer of each provider, by its name. */
import type { PeerFactory } from './peer.ts'

export const PEERS: Readonly<Record<string, () => Promise<PeerFactory>>> = {
  http: async () => (await import('./http-peer.ts')).startHttpPeer,
  simulator: async () => (await import('./simulator-peer.ts')).startSimulatorPeer,
  smpp: async () => (await import('./smpp-peer.ts')).startSmppPeer,
  twilio: async () => (await import('./twilio-peer.ts')).startTwilioPeer,
}
