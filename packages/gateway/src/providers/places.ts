/**
 * What of a provider's window is free, over all its lines. A place is taken before a dispatch is stored, or the lines together would store
 * more than may leave. Lines that got none are woken in their order when places come free.
 */
import type { LineId } from '@bluewire/contract/ids'

export class Places {
  readonly #free: () => number
  readonly #wake: (line: LineId) => void
  #taken = 0
  readonly #waiting = new Set<LineId>()

  /** `free`: by what is in flight. */
  constructor({ free, wake }: { free: () => number; wake: (line: LineId) => void }) {
    this.#free = free
    this.#wake = wake
  }

  take(line: LineId, wanted: number): number {
    const many = Math.max(0, Math.min(wanted, this.#left))
    if (many === 0) this.#waiting.add(line)
    this.#taken += many
    return many
  }

  giveBack(): void {
    this.#taken--
    this.offer()
  }

  offer(): void {
    for (const line of this.#waiting) {
      if (this.#left <= 0) return
      this.#waiting.delete(line)
      this.#wake(line)
    }
  }

  get #left(): number {
    return this.#free() - this.#taken
  }
}
