/** Which message a request of ours became, as the first of the two events of an own message says (DRIVERS 2.1, trap 2). */
const KEPT = 200

export class TempGuids {
  readonly #guids = new Map<string, string>()

  learn(tempGuid: string, guid: string): void {
    this.#guids.set(tempGuid, guid)
    const [oldest] = this.#guids.keys()
    if (this.#guids.size > KEPT && oldest !== undefined) this.#guids.delete(oldest)
  }

  /** Null: it was not said. */
  guidOf(tempGuid: string): string | null {
    return this.#guids.get(tempGuid) ?? null
  }
}
