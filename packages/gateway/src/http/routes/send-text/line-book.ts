/**
 * The lines of each account as they were up to half a second ago, so that a busy account does not count its queues for every
 * message. What this gateway has accepted since is counted on top. A refusal is never based on it: see `fresh`.
 */
import type { AccountId, LineId, Service } from '@bluewire/contract/ids'
import type { Candidate } from '@bluewire/engine/routing'
import type { Clock } from '@bluewire/platform/clock'
import type { LineView, Store } from '../../../store/store.ts'

const FRESH_MS = 500
/** Above this many accounts, pages that are old are forgotten. */
const PAGES_MAX = 1_000

export interface Page {
  readonly lines: readonly LineView[]
  /** The same lines as routing sees them, in the same order; `queued` counts on. */
  readonly candidates: ReadonlyArray<Candidate & { queued: number }>
  /** Lines given to recipients since, by service: two messages to a new recipient at once leave by one line. */
  readonly given: Map<string, LineId>
  readonly readAtMs: number
}

export class LineBook {
  readonly #store: Pick<Store, 'lines'>
  readonly #clock: Clock
  readonly #reading = new Map<AccountId, Promise<Page>>()
  readonly #latest = new Map<AccountId, Page>()
  readonly #steadyOffsetMs: number

  constructor(store: Pick<Store, 'lines'>, clock: Clock) {
    this.#store = store
    this.#clock = clock
    this.#steadyOffsetMs = clock.nowMs() - clock.monotonicMs()
  }

  /** The time that pacing counts in, as the store does: the wall clock as it was at the start, and no jump of it since. */
  steadyMs(): number {
    return this.#clock.monotonicMs() + this.#steadyOffsetMs
  }

  /** Undefined when there is none young enough: then ask `fresh`. */
  recent(account: AccountId): Page | undefined {
    const page = this.#latest.get(account)
    return page !== undefined && this.#clock.monotonicMs() - page.readAtMs < FRESH_MS ? page : undefined
  }

  /** Reads the lines now. Callers that ask at the same time share one read. */
  fresh(account: AccountId): Promise<Page> {
    const reading = this.#reading.get(account)
    if (reading !== undefined) return reading
    const page = this.#read(account).finally(() => this.#reading.delete(account))
    this.#reading.set(account, page)
    return page
  }

  async #read(account: AccountId): Promise<Page> {
    const page = pageOf(await this.#store.lines(account), this.#clock.monotonicMs())
    if (this.#latest.size >= PAGES_MAX) this.#forgetOld()
    this.#latest.set(account, page)
    return page
  }

  #forgetOld(): void {
    for (const account of this.#latest.keys()) if (this.recent(account) === undefined) this.#latest.delete(account)
  }
}

export function pageOf(lines: readonly LineView[], readAtMs: number): Page {
  return { lines, candidates: lines.map(candidateOf), given: new Map(), readAtMs }
}

/** Messages that wait for the line. */
export function queuedOn(page: Page, line: LineId): number {
  return page.candidates.find((candidate) => candidate.id === line)?.queued ?? 0
}

/**
 * A message is about to be accepted for this line: those that are chosen for meanwhile wait behind it, and others to its recipient go
 * the same way. Returns how to take the count back when nothing was accepted.
 */
export function reserve(page: Page, line: LineId, sent: Sent): () => void {
  page.given.set(placeOf(sent), line)
  const candidate = page.candidates.find(({ id }) => id === line)
  if (candidate === undefined) return () => undefined
  candidate.queued += 1
  return () => void (candidate.queued -= 1)
}

type Sent = Readonly<{ service: Service; to: string }>

export function givenTo(page: Page, sent: Sent): LineId | undefined {
  return page.given.get(placeOf(sent))
}

function placeOf({ service, to }: Sent): string {
  return `${service} ${to}`
}

function candidateOf(line: LineView): Candidate {
  return {
    id: line.id,
    address: line.address,
    services: line.services,
    sends: line.sends,
    simulated: line.simulated,
    paused: line.paused,
    suspended: line.suspended,
    online: line.node === null || (line.node.online && line.node.hold === null),
    queued: line.queued,
  }
}
