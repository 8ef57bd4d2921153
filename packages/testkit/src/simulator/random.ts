/** All chance of a simulated world comes from one seed, so a failing seed replays. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0
    for (let i = 0; i < 4; i++) this.next()
  }

  /** [0, 1). mulberry32: short, and good enough to pick faults with. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  between(min: number, max: number): number {
    return Math.floor(min + this.next() * (max - min))
  }

  pick<T>(from: readonly T[]): T {
    const one = from[Math.floor(this.next() * from.length)]
    if (one === undefined) throw new Error('nothing to pick from')
    return one
  }

  /** Durations spread over orders of magnitude: mostly short, sometimes very long. Milliseconds. */
  delay(minMs: number, maxMs: number): number {
    return Math.round(minMs * (maxMs / minMs) ** this.next())
  }
}
