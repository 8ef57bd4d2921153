/**
 * Messages whose rows were never seen. They may still go out, when Messages recovers; so each is looked for until the next message is sent
 * (a row can be an attempt's only between its mark and the next one's: PROTOCOL, hole 7), and afterwards it is remembered for a while that
 * a row with the same text may be theirs.
 */
import type { Clock } from '@bluewire/platform/clock'
import type { AttemptId } from '@bluewire/contract/ids'
import type { Outgoing } from '../driver.ts'
import { sameText } from './imsg-matching.ts'
import type { Wanted } from './imsg-matching.ts'
import type { ImsgReceipts } from './imsg-receipts.ts'
import type { ImsgRows } from './imsg-rows.ts'

type Lost = Readonly<{ outgoing: Outgoing; wanted: Wanted; atMs: number }>

export type LostDeps = Readonly<{
  clock: Clock
  rows: ImsgRows
  receipts: ImsgReceipts
  ownerOf(guid: string): AttemptId | null
}>

const MANY_MAX = 200
const REMEMBERED_MS = 30 * 60_000

export class LostMessages {
  readonly #deps: LostDeps
  #lost: Lost[] = []

  constructor(deps: LostDeps) {
    this.#deps = deps
  }

  remember(outgoing: Outgoing, wanted: Wanted): void {
    const atMs = this.#deps.clock.monotonicMs()
    this.#lost = [...this.#lost.filter((lost) => atMs - lost.atMs < REMEMBERED_MS), { outgoing, wanted, atMs }]
    this.#lost = this.#lost.slice(-MANY_MAX)
  }

  /** Looks for those that may still be found. `until`: the newest row before the next message is sent. */
  async look(until?: number): Promise<void> {
    for (const lost of this.#lost.filter(({ wanted }) => wanted.until === undefined)) {
      const found = await this.#find(lost, until)
      if (found !== null) {
        const { attempt, service } = lost.outgoing
        this.#deps.receipts.watch({ attempt, service, guid: found, isSent: false })
      }
      if (found === null && until === undefined) continue
      this.#lost = this.#lost.filter((other) => other !== lost)
      if (found === null && until !== undefined) this.#lost.push({ ...lost, wanted: { ...lost.wanted, until } })
    }
  }

  /** Of the same text to the same recipient: how many were never seen, and the oldest mark. */
  twins({ to, body, attempt }: Outgoing): Readonly<{ many: number; mark: number }> | null {
    const now = this.#deps.clock.monotonicMs()
    const twins = this.#lost.filter(
      ({ outgoing, wanted, atMs }) =>
        now - atMs < REMEMBERED_MS &&
        outgoing.attempt !== attempt &&
        wanted.to === to &&
        wanted.content.kind === 'text' &&
        sameText(wanted.content.text, body),
    )
    return twins.length === 0 ? null : { many: twins.length, mark: Math.min(...twins.map(({ wanted }) => wanted.mark)) }
  }

  async #find({ outgoing, wanted }: Lost, until: number | undefined): Promise<string | null> {
    const rows = await this.#deps.rows.candidates(until === undefined ? wanted : { ...wanted, until })
    const free = rows?.filter(({ guid }) => (this.#deps.ownerOf(guid) ?? outgoing.attempt) === outgoing.attempt) ?? []
    const [only] = free
    return only && free.length === 1 ? only.guid : null
  }
}
