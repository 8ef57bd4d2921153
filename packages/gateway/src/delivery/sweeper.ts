/** What must happen although nobody asks: expiry, nodes that never come back, hints that got lost, old history. */
import type { GatewayId } from '@bluewire/contract/ids'
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { Store } from '../store/store.ts'
import type { Dispatcher } from './dispatcher.ts'

const EXPIRE_BATCH = 500
const RETAIN_BATCH = 500
/** The wall clock was set back by more than this against the monotonic one. */
const CLOCK_JUMP_MS = 1000

export type SweeperOptions = Readonly<{
  gateway: { id: GatewayId; pid: number; host: string }
  nodeLostAfterMs: number
  failoverAfterMs: number
  offlineFallbackAfterMs: number
  retainBodiesMs: number
  retainFactsMs: number
  onError: (what: string, error: unknown) => void
}>

export type SweeperParts = Readonly<{
  store: Store
  clock: Clock
  dispatcher: Dispatcher
  /** Those of this process, compared with what the store believes. */
  sessions: { reconcile(): Promise<void> }
  options: SweeperOptions
}>

type Chore = { name: string; everyMs: number; run: () => Promise<unknown>; dueMs: number }

export class Sweeper {
  readonly #store: Store
  readonly #clock: Clock
  readonly #options: SweeperOptions
  readonly #chores: Chore[]
  #timer: Timer | null = null
  #stopped = false
  #running: Promise<void> | null = null
  #wallMinusMonotonicMs: number

  constructor(parts: SweeperParts) {
    this.#store = parts.store
    this.#clock = parts.clock
    this.#options = parts.options
    this.#wallMinusMonotonicMs = parts.clock.nowMs() - parts.clock.monotonicMs()
    const chore = (name: string, everyMs: number, run: () => Promise<unknown>): Chore => ({
      name,
      everyMs,
      run,
      dueMs: 0,
    })
    const { store, options } = parts
    this.#chores = [
      chore('heartbeat', 5_000, () => store.heartbeat(options.gateway)),
      chore('clock', 1_000, () => this.#repairClock()),
      chore('expire', 1_000, () => this.#expire()),
      chore('lost', 5_000, () => store.declareLost(options.nodeLostAfterMs)),
      chore('sessions', 10_000, () => parts.sessions.reconcile()),
      chore('fail_over', 10_000, () => store.failOver(options.failoverAfterMs)),
      chore('offline_fallback', 2_000, () => store.fallBackOffline(options.offlineFallbackAfterMs)),
      chore('in_doubt', 30_000, () => store.tryLinesInDoubt()),
      chore('receipts', 60_000, () => store.dropReceipts()),
      // A lost hint costs a poll: every line that has something queued is looked at.
      chore('poll', 5_000, async () => {
        for (const queue of await store.queues()) parts.dispatcher.wake(queue.line)
      }),
      chore('retain', 3600_000, () => this.#retain()),
    ]
  }

  /** Runs every chore once, then keeps them running. */
  async start(): Promise<void> {
    await this.#store.heartbeat(this.#options.gateway)
    await this.#store.repairClock()
    this.#tick()
  }

  /** Resolves when nothing of it uses the store any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#running
  }

  #tick(): void {
    this.#running = this.#runDue().finally(() => {
      if (!this.#stopped) this.#timer = this.#clock.setTimer(1000, () => this.#tick())
    })
  }

  async #runDue(): Promise<void> {
    for (const chore of this.#chores) {
      if (this.#stopped || chore.dueMs > this.#clock.monotonicMs()) continue
      chore.dueMs = this.#clock.monotonicMs() + chore.everyMs
      try {
        await chore.run()
      } catch (error) {
        this.#options.onError(chore.name, error)
      }
    }
  }

  async #repairClock(): Promise<void> {
    const difference = this.#clock.nowMs() - this.#clock.monotonicMs()
    if (difference < this.#wallMinusMonotonicMs - CLOCK_JUMP_MS) await this.#store.repairClock()
    this.#wallMinusMonotonicMs = difference
  }

  async #expire(): Promise<void> {
    while ((await this.#store.expire(EXPIRE_BATCH)) === EXPIRE_BATCH && !this.#stopped);
  }

  /** In small pieces, so that a send never waits behind it. */
  async #retain(): Promise<void> {
    const { retainBodiesMs: bodiesMs, retainFactsMs: factsMs } = this.#options
    while (!this.#stopped && (await this.#store.retain({ bodiesMs, factsMs, batch: RETAIN_BATCH })) > 0);
  }
}
