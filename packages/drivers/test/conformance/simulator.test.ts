/**
 * The simulated provider.
 * Proves: it keeps the rules of a provider as far as its magic recipients put it to them.
 * World: the provider with its log in memory; its seconds are short.
 */
import { startSimulatorPeer } from './simulator-peer.ts'
import { conformance } from './suite.ts'

conformance('simulator', startSimulatorPeer)
