import type { AttemptId } from '@bluewire/contract/ids'
import type { DriverMemory } from '@bluewire/drivers/driver'
import type { Clock } from '@bluewire/platform/clock'
import { UnwritableError } from './durable-writes.ts'
import type { DurableWrites } from './durable-writes.ts'
import type { Journal } from './journal/journal.ts'

/** What a driver keeps in the journal between its processes. */
export class JournalMemory implements DriverMemory {
  readonly #deps: Readonly<{ journal: Journal; writes: DurableWrites; clock: Clock }>

  constructor(deps: { journal: Journal; writes: DurableWrites; clock: Clock }) {
    this.#deps = deps
  }

  note(attempt: AttemptId, note: string): boolean {
    const { journal, writes, clock } = this.#deps
    try {
      return writes.now(() => journal.step(attempt, note, clock.nowMs()))
    } catch (error) {
      if (error instanceof UnwritableError) return false
      throw error
    }
  }

  attemptOf(rowGuid: string): AttemptId | null {
    return this.#deps.journal.attemptOf(rowGuid)
  }

  position(): string | null {
    return this.#deps.journal.position()
  }
}
