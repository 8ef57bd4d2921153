/**
 * The provider for SMPP.
 * Proves: it keeps the rules of a provider against an SMSC that misbehaves.
 * World: the provider, and an SMSC in a process of its own that reads with another codec.
 */
import { startSmppPeer } from './smpp-peer.ts'
import { conformance } from './suite.ts'

conformance('smpp', startSmppPeer)
