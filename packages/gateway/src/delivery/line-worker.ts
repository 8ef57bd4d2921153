/** Works one line for one session: as long as something may leave, it commits the next attempt and hands it to the node. */
import type { AttemptId, LineId, NodeId } from '@bluewire/contract/ids'
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { Dispatched, DispatchResult, Store } from '../store/store.ts'

/** Wait before asking a store again that could not be written. */
const STORE_RETRY_MS = 1000
/** Dispatches of one line that share a commit. */
const AT_ONCE_MAX = 16

/** Where attempts go: the session of the node that has the line. */
export interface Outlet {
  readonly node: NodeId
  readonly epoch: number
  readonly maxOpen: number
  /** The node is behind on this line: what is sent now would only wait there. */
  isSlow(line: LineId): boolean
  /**
   * Where all lines share what may be open: up to so many places are taken before the dispatches, and given back after each, when those
   * that were dispatched hold places of their own. It wakes the lines that got none. Absent: one at a time.
   */
  readonly places?: { take(line: LineId, wanted: number): number; giveBack(): void }
  dispatch(line: LineId, dispatched: Dispatched): void
}

export type LineWorkerDeps = Readonly<{
  store: Store
  clock: Clock
  newAttemptId: () => AttemptId
  /** False while draining, or while the disk is too full to record what is sent. */
  mayDispatch: () => boolean
  onError: (error: unknown) => void
}>

export class LineWorker {
  readonly line: LineId
  readonly #outlet: Outlet
  readonly #deps: LineWorkerDeps
  #running = false
  #again = false
  #stopped = false
  #timer: Timer | null = null
  /** The line's pacing allows nothing before its timer. */
  #isPaced = false
  /** Grows while all that was asked for was there. */
  #atOnce = 1

  constructor(line: LineId, outlet: Outlet, deps: LineWorkerDeps) {
    this.line = line
    this.#outlet = outlet
    this.#deps = deps
  }

  /** Something is about to be there. While the line's pacing holds it back that is no reason to look. */
  expect(): void {
    if (!this.#isPaced) this.wake()
  }

  /** Something may be possible now. Cheap to call too often. */
  wake(): void {
    this.#isPaced = false
    this.#again = true
    if (this.#running || this.#stopped) return
    this.#running = true
    void this.#run()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false
      try {
        if (!this.#deps.mayDispatch()) this.#wakeIn(STORE_RETRY_MS)
        else if (!this.#outlet.isSlow(this.line)) await this.#dispatchSome()
      } catch (error) {
        if (this.#stopped) break // the store may be closed already
        // The store cannot be written, or a bug, wherever it was: a worker that stopped here would never work its line again.
        this.#deps.onError(error)
        this.#wakeIn(STORE_RETRY_MS)
      }
    }
    this.#running = false
  }

  /** They are asked for together, so that they share a commit; the store decides on each after the one before. */
  async #dispatchSome(): Promise<void> {
    const many = this.#outlet.places?.take(this.line, this.#atOnce) ?? 1
    const all = await Promise.allSettled(Array.from({ length: many }, () => this.#dispatchOne()))
    const last = all.at(-1)
    const isMore = last?.status === 'fulfilled' && last.value.kind === 'dispatched' && last.value.more
    this.#atOnce = isMore ? Math.min(2 * this.#atOnce, AT_ONCE_MAX) : 1
    if (isMore) this.#again = true
    for (const one of all) if (one.status === 'rejected') throw one.reason
  }

  async #dispatchOne(): Promise<DispatchResult> {
    const { node, epoch, maxOpen, places } = this.#outlet
    try {
      const attempt = this.#deps.newAttemptId()
      const result = await this.#deps.store.dispatch({ line: this.line, node, epoch, attempt, maxOpen })
      this.#isPaced = result.kind === 'nothing' && result.why === 'rate'
      // Also when the session has just ended: its socket drops the frame, and the next session's resume list settles the attempt.
      if (result.kind === 'dispatched') this.#outlet.dispatch(this.line, result.dispatched)
      else if (result.kind === 'fenced') this.stop()
      else if (result.againInMs !== null) this.#wakeIn(result.againInMs)
      return result
    } finally {
      places?.giveBack()
    }
  }

  #wakeIn(delayMs: number): void {
    this.#timer?.cancel()
    if (!this.#stopped) this.#timer = this.#deps.clock.setTimer(Math.max(1, delayMs), () => this.wake())
  }
}
