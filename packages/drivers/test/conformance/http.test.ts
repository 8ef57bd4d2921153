/**
 * The provider http, set up by the example of the documentation.
 * Proves: it keeps the rules of a provider against a company that refuses, stalls, cuts off, and talks nonsense.
 * World: the company is a process of its own; its callbacks come by HTTP.
 */
import { startHttpPeer } from './http-peer.ts'
import { conformance } from './suite.ts'

conformance('http', startHttpPeer)
