/** What really reached the recipients: the ground truth that no part of Bluewire can see. */
import type { AttemptId, MessageId } from '@bluewire/contract/ids'

export type Arrival = Readonly<{ attempt: AttemptId; message: MessageId; to: string; atMs: number }>

export class Phones {
  readonly arrivals: Arrival[] = []
  readonly #byMessage = new Map<MessageId, number>()
  readonly #byAttempt = new Map<AttemptId, number>()

  arrived(arrival: Arrival): void {
    this.arrivals.push(arrival)
    this.#byMessage.set(arrival.message, this.copies(arrival.message) + 1)
    this.#byAttempt.set(arrival.attempt, this.copiesOfAttempt(arrival.attempt) + 1)
  }

  copies(message: MessageId): number {
    return this.#byMessage.get(message) ?? 0
  }

  copiesOfAttempt(attempt: AttemptId): number {
    return this.#byAttempt.get(attempt) ?? 0
  }
}
