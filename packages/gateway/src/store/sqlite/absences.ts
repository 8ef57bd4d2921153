/**
 * How long each node has been away, by the monotonic clock: setting the wall clock neither gives a node up at once nor waits a day longer.
 * Time before this process does not count, since nobody could come back to a gateway that did not run; so nothing has to be stored.
 */
import type { NodeId } from '@bluewire/contract/ids'
import type { Clock } from '@bluewire/platform/clock'

export class Absences {
  readonly #clock: Clock
  readonly #startedAtMs: number
  readonly #leftAtMs = new Map<NodeId, number>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startedAtMs = clock.monotonicMs()
  }

  /** Said again before it was back, it has been away since the first time. */
  left(node: NodeId): void {
    if (!this.#leftAtMs.has(node)) this.#leftAtMs.set(node, this.#clock.monotonicMs())
  }

  /** It works again. */
  back(node: NodeId): void {
    this.#leftAtMs.delete(node)
  }

  /** Of a node that is known to be away now. */
  isLongerThan(node: NodeId, durationMs: number): boolean {
    return this.#clock.monotonicMs() - (this.#leftAtMs.get(node) ?? this.#startedAtMs) > durationMs
  }
}
