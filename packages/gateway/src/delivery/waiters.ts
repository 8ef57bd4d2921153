import type { AccountId, MessageId } from '@bluewire/contract/ids'
import { isSettled } from '@bluewire/engine/message-state'
import type { Clock } from '@bluewire/platform/clock'
import type { Bus } from '../bus/bus.ts'
import type { MessageView, Store } from '../store/store.ts'

/**
 * Callers that wait for the outcome of a message. A waiter registers first and reads the row then, so an outcome can never slip
 * between; it answers from the row, never from the hint; and it reads once more at its deadline.
 */
export class Waiters {
  readonly #store: Store
  readonly #clock: Clock
  readonly #waiting = new Map<MessageId, Set<() => void>>()
  #draining = false

  constructor(store: Store, bus: Bus, clock: Clock) {
    this.#store = store
    this.#clock = clock
    bus.subscribe((hint) => {
      if (hint.kind === 'message') for (const look of this.#waiting.get(hint.id) ?? []) look()
    })
  }

  /** The message once nothing further happens to it by itself, or as it stands after `waitMs`. Undefined when it is not the account's. */
  async outcome(account: AccountId, id: MessageId, waitMs: number): Promise<MessageView | undefined> {
    const deadlineMs = this.#clock.monotonicMs() + waitMs
    for (;;) {
      const changed = this.#nextChange(id, deadlineMs)
      const message = await this.#store.message(account, id)
      const done =
        message === undefined || isSettled(message.state) || this.#clock.monotonicMs() >= deadlineMs || this.#draining
      if (done) {
        changed.stop()
        return message
      }
      await changed.promise
    }
  }

  /** Everybody who waits is answered now, with what is known. */
  drain(): void {
    this.#draining = true
    for (const looks of this.#waiting.values()) for (const look of looks) look()
  }

  #nextChange(id: MessageId, deadlineMs: number): { promise: Promise<void>; stop: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>()
    const looks = this.#waiting.get(id) ?? new Set()
    const stop = (): void => {
      timer.cancel()
      looks.delete(look)
      if (looks.size === 0) this.#waiting.delete(id)
      resolve()
    }
    const look = stop
    const timer = this.#clock.setTimer(deadlineMs - this.#clock.monotonicMs(), stop)
    looks.add(look)
    this.#waiting.set(id, looks)
    return { promise, stop }
  }
}
