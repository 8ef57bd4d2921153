/**
 * The provider twilio.
 * Proves: it keeps the rules of a provider against a Twilio that refuses, stalls, cuts off, and talks nonsense.
 * World: the fake Twilio is a process of its own; its callbacks come by HTTP, signed.
 */
import { conformance } from './suite.ts'
import { startTwilioPeer } from './twilio-peer.ts'

conformance('twilio', startTwilioPeer)
