/**
 * What was taken, until it is settled: waits its turn, is started at most once, and what became of it is stored.
 * Nothing starts late, out of its session, or beside an attempt of the same lane that is started and not settled.
 */
import type { AttemptId } from '@bluewire/contract/ids'
import type { Driver, Outgoing, SendOutcome } from '@bluewire/drivers/driver'
import type { Clock, Timer } from '@bluewire/platform/clock'
import { errorWord } from './agent-log.ts'
import type { AgentLog } from './agent-log.ts'
import { UnwritableError } from './durable-writes.ts'
import type { DurableWrites } from './durable-writes.ts'
import { factOfOutcome } from './journal/fact-body.ts'
import type { Journal, TakenAttempt } from './journal/journal.ts'

/** Waits between looking up what became of an attempt, when the driver could not even look. */
const LOOK_UP_AGAIN_MS: readonly number[] = [1_000, 5_000, 15_000, 60_000]
/** How far back the journal is asked when a line last sent: no gap is longer. */
const GAP_MEMORY_MS = 60_000

type Deps = Readonly<{
  clock: Clock
  journal: Journal
  driver: Driver
  writes: DurableWrites
  log: AgentLog
  /** The outbox has something new. */
  told(): void
}>

type Waiting = Readonly<{ attempt: TakenAttempt; sinceWallMs: number; sinceMonotonicMs: number }>

export class AttemptRunner {
  readonly #deps: Deps
  #waiting: Waiting[] = []
  /** Started and not settled: attempt → lane. */
  readonly #busy = new Map<AttemptId, string>()
  readonly #lastStartMs = new Map<string, number>()
  #session: { gapMs: number } | null = null
  #timer: Timer | null = null
  #stopped = false
  #whenIdle: Array<() => void> = []

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Attempts a former process started: each blocks its lane until it is known what became of it. */
  resumeStarted(): void {
    const { journal, clock } = this.#deps
    const now = clock.nowMs()
    for (const [line, { lastAtMs }] of journal.startedSince(now - GAP_MEMORY_MS)) {
      // Only the wall clock survives a restart; if it was set back meanwhile, the line waits no longer than its gap.
      this.#lastStartMs.set(line, clock.monotonicMs() - Math.max(0, now - lastAtMs))
    }
    for (const entry of journal.open('started')) this.lookUp(entry.attempt)
  }

  /** A session is ready: what is taken in it may start. */
  open(session: { gapMs: number }): void {
    this.#session = session
  }

  /** The session is over: what it brought and is not started never runs. */
  close(): void {
    this.#session = null
    this.#waiting = []
    this.#arm()
  }

  get running(): number {
    return this.#busy.size
  }

  isRunning(attempt: AttemptId): boolean {
    return this.#busy.has(attempt)
  }

  /** Taken in the journal just now: it waits for its turn. */
  add(attempt: TakenAttempt): void {
    const { clock } = this.#deps
    this.#waiting.push({ attempt, sinceWallMs: clock.nowMs(), sinceMonotonicMs: clock.monotonicMs() })
    this.advance()
  }

  /** It was voided: it leaves the queue. */
  drop(attempt: AttemptId): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting.attempt.attempt !== attempt)
  }

  /** Starts whatever may start now, voids whatever is too late. */
  advance(): void {
    if (this.#stopped) return
    for (const waiting of [...this.#waiting]) {
      if (this.#isLate(waiting)) this.#voidLate(waiting)
      else if (this.#mayStart(waiting)) this.#start(waiting)
    }
    this.#arm()
  }

  /** Finds out what became of an attempt that was started and is not being sent: never sends. */
  lookUp(attempt: AttemptId): void {
    const entry = this.#deps.journal.find(attempt)
    if (entry?.state !== 'started' || this.#busy.has(attempt)) return
    const { message, n, line, to, service, body, note } = entry
    if (message === null || n === null || line === null || to === null || service === null || body === null) return
    this.#busy.set(attempt, this.#lane(line))
    void this.#lookUpUntilAnswered({ attempt, message, line, to, service, body }, note)
  }

  /** Resolves when nothing is being sent or looked up. */
  idle(): Promise<void> {
    if (this.#busy.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenIdle.push(resolve))
  }

  /** Nothing starts any more. What runs may still settle. */
  stop(): void {
    this.#stopped = true
    this.close()
  }

  #mayStart({ attempt }: Waiting): boolean {
    const session = this.#session
    if (!session || this.#deps.writes.stuck || this.#isLaneBusy(this.#lane(attempt.line))) return false
    return this.#gapLeftMs(attempt.line, session.gapMs) <= 0
  }

  #start(waiting: Waiting): void {
    const { attempt } = waiting
    const { journal, writes, clock, log } = this.#deps
    this.drop(attempt.attempt)
    try {
      if (!writes.now(() => journal.start(attempt.attempt, clock.nowMs()))) return
    } catch (error) {
      if (!(error instanceof UnwritableError)) throw error
      // Not started, so not sent: the tombstone is stored as soon as the disk allows it.
      this.#void(attempt.attempt, 'node_disk_full')
      return
    }
    this.#busy.set(attempt.attempt, this.#lane(attempt.line))
    this.#lastStartMs.set(attempt.line, clock.monotonicMs())
    log.info('attempt.started', { attempt: attempt.attempt, message: attempt.message })
    void this.#send(attempt)
  }

  async #send({ n: _n, session: _session, startWithinMs: _within, ...outgoing }: TakenAttempt): Promise<void> {
    let outcome: SendOutcome
    try {
      outcome = await this.#deps.driver.send(outgoing)
    } catch (error) {
      outcome = { kind: 'unknown', reason: 'driver_error', detail: errorWord(error) }
    }
    this.#settle(outgoing, outcome)
  }

  async #lookUpUntilAnswered(outgoing: Outgoing, note: string | null): Promise<void> {
    let outcome = await this.#lookedUp(outgoing, note)
    for (const waitMs of LOOK_UP_AGAIN_MS) {
      if (outcome) break
      if (!this.#stopped) await this.#waited(waitMs)
      if (this.#stopped) return this.#release(outgoing.attempt) // it stays started: the next process looks again
      outcome = await this.#lookedUp(outgoing, note)
    }
    this.#settle(
      outgoing,
      outcome ?? { kind: 'unknown', reason: 'look_up_failed', detail: 'the driver could not look' },
    )
  }

  async #lookedUp(outgoing: Outgoing, note: string | null): Promise<SendOutcome | null> {
    try {
      return await this.#deps.driver.lookUp(outgoing, note)
    } catch (error) {
      this.#deps.log.warn('attempt.look_up_failed', { attempt: outgoing.attempt, error: errorWord(error) })
      return null
    }
  }

  #settle({ attempt, body }: Outgoing, outcome: SendOutcome): void {
    const { journal, writes, clock, log } = this.#deps
    const fact = factOfOutcome(outcome, body, Math.max(0, Math.round(clock.nowMs())))
    // Its lane stays blocked until this is stored.
    writes.eventually(
      () => void journal.settle(attempt, fact, clock.nowMs()),
      () => {
        log.info('attempt.settled', { attempt, fact: fact.fact, reason: fact.reason })
        this.#release(attempt)
        this.#deps.told()
        this.advance()
      },
    )
  }

  #release(attempt: AttemptId): void {
    this.#busy.delete(attempt)
    if (this.#busy.size > 0) return
    const waiting = this.#whenIdle
    this.#whenIdle = []
    for (const resolve of waiting) resolve()
  }

  #voidLate({ attempt }: Waiting): void {
    this.drop(attempt.attempt)
    this.#void(attempt.attempt, 'too_late')
  }

  #void(attempt: AttemptId, reason: string): void {
    const { journal, writes, clock, log } = this.#deps
    writes.eventually(
      () => void journal.void(attempt, { reason, proof: true }, clock.nowMs()),
      () => {
        log.warn('attempt.voided', { attempt, reason })
        this.#deps.told()
      },
    )
  }

  /** By either clock: the monotonic one may stand still while the machine sleeps, the wall clock may be set back. */
  #isLate({ attempt, sinceWallMs, sinceMonotonicMs }: Waiting): boolean {
    const { clock } = this.#deps
    const within = attempt.startWithinMs
    return clock.nowMs() - sinceWallMs > within || clock.monotonicMs() - sinceMonotonicMs > within
  }

  #lane(line: string): string {
    return this.#deps.driver.serialBy === 'node' ? '' : line
  }

  #isLaneBusy(lane: string): boolean {
    for (const busy of this.#busy.values()) if (busy === lane) return true
    return false
  }

  #gapLeftMs(line: string, gapMs: number): number {
    const last = this.#lastStartMs.get(line)
    return last === undefined ? 0 : last + gapMs - this.#deps.clock.monotonicMs()
  }

  /** Wakes when the next of the queue is too late, or when the gap of its line is over. */
  #arm(): void {
    this.#timer?.cancel()
    this.#timer = null
    const { clock } = this.#deps
    const now = clock.monotonicMs()
    const waits = this.#waiting.flatMap((waiting) => {
      const late = waiting.sinceMonotonicMs + waiting.attempt.startWithinMs - now + 1
      const gap = this.#session ? this.#gapLeftMs(waiting.attempt.line, this.#session.gapMs) : 0
      return gap > 0 ? [late, gap] : [late]
    })
    if (waits.length > 0) this.#timer = clock.setTimer(Math.max(0, Math.min(...waits)), () => this.advance())
  }

  #waited(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#deps.clock.setTimer(ms, resolve))
  }
}
