/**
 * Hints between the parts of a gateway, and later between gateways. The database is the truth: a lost hint costs a poll,
 * never a message; a hint too many costs a read.
 */
import type { Hint } from '../store/store.ts'

export interface Bus {
  publish(hints: readonly Hint[]): void
  /** Called for every hint, in order, after the commit that caused it. Returns how to stop. */
  subscribe(onHint: (hint: Hint) => void): () => void
  close(): Promise<void>
}
