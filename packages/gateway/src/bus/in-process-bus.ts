import type { Hint } from '../store/store.ts'
import type { Bus } from './bus.ts'

/** The bus of a single gateway: a list of callbacks. One that throws does not keep the hint from the others. */
export class InProcessBus implements Bus {
  readonly #subscribers = new Set<(hint: Hint) => void>()
  readonly #onError: (error: unknown) => void

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  publish(hints: readonly Hint[]): void {
    for (const hint of hints) {
      for (const subscriber of this.#subscribers) {
        try {
          subscriber(hint)
        } catch (error) {
          this.#onError(error)
        }
      }
    }
  }

  subscribe(onHint: (hint: Hint) => void): () => void {
    this.#subscribers.add(onHint)
    return () => this.#subscribers.delete(onHint)
  }

  close(): Promise<void> {
    this.#subscribers.clear()
    return Promise.resolve()
  }
}
