/**
 * Which frames of a journal are committed, and up to where without a gap: an acknowledgement covers everything below it, so it must never
 * pass a frame that is missing (PROTOCOL 11).
 */

/** Frames committed beyond a gap. A node sends in order, so more than this is no node of ours. */
const BEYOND_GAP_MAX = 1000

export class CommittedFrames {
  #upTo: number
  readonly #beyond = new Set<number>()

  constructor(upTo: number) {
    this.#upTo = upTo
  }

  /** Everything of the journal up to here is committed. */
  get upTo(): number {
    return this.#upTo
  }

  get hasTooMany(): boolean {
    return this.#beyond.size > BEYOND_GAP_MAX
  }

  has(seq: number): boolean {
    return seq <= this.#upTo || this.#beyond.has(seq)
  }

  /** `caught_up`: it filled a gap, and frames beyond it are covered as well now. */
  add(seq: number): 'next' | 'caught_up' | 'beyond' | 'known' {
    if (this.has(seq)) return 'known'
    if (seq !== this.#upTo + 1) {
      this.#beyond.add(seq)
      return 'beyond'
    }
    this.#upTo = seq
    if (this.#beyond.size === 0) return 'next'
    while (this.#beyond.delete(this.#upTo + 1)) this.#upTo++
    return this.#upTo === seq ? 'next' : 'caught_up'
  }
}
