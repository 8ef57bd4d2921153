/**
 * How the other side of a provider without a standing connection is doing, as far as the last exchanges showed, and when it is worth to
 * send to it again: after a failure it is asked with growing pauses, so that no message is spent on finding out.
 */
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { ProviderHealth } from '../provider.ts'

const PAUSE_MS_MIN = 500
const PAUSE_MS_MAX = 60_000
/** So many messages in a row with an unknown end, and no more are spent for a while: each would need somebody to look. */
const LOST_MANY = 5

export type Problem = Readonly<{
  /** `degraded`: messages may still be tried. */
  state: 'degraded' | 'broken'
  /** One sentence: what is wrong and what to do. */
  detail: string
}>

type Outside = Readonly<{
  clock: Clock
  /** Asks for what costs nothing. Null: all is well. */
  probe(): Promise<Problem | null>
  changed(): void
}>

export class Upstream {
  readonly #outside: Outside
  #isReady = false
  #problem: Problem | null = null
  #provenAtMs: number | null = null
  #pauseMs = PAUSE_MS_MIN
  #timer: Timer | null = null
  #isProbing = false
  #lostInARow = 0
  #stopped = false

  constructor(outside: Outside) {
    this.#outside = outside
  }

  get isReady(): boolean {
    return this.#isReady && !this.#stopped
  }

  health(): ProviderHealth {
    if (this.#problem) return { ...this.#problem, provenAtMs: this.#provenAtMs }
    return { state: 'ok', provenAtMs: this.#provenAtMs }
  }

  start(): void {
    void this.#probe()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** It answered what costs nothing; of messages that says little. */
  answered(): void {
    this.#provenAtMs = this.#outside.clock.nowMs()
  }

  /** A message was answered as it should be. */
  proven(): void {
    this.answered()
    this.#pauseMs = PAUSE_MS_MIN
    this.#lostInARow = 0
    this.#endPause()
    this.#become(true, null)
  }

  /** What became of a message is not known. A connection can be opened to a company that answers nothing, so the probe alone proves little. */
  lost(detail: string): void {
    const isMany = ++this.#lostInARow >= LOST_MANY
    this.failed({ state: isMany ? 'broken' : 'degraded', detail })
  }

  /** Something is wrong. When it is broken, nothing more is tried until a probe finds it mended. */
  failed(problem: Problem): void {
    if (this.#stopped) return
    if (problem.state === 'degraded') return this.#become(this.#isReady, problem)
    this.#become(false, problem)
    if (!this.#isProbing) this.#probeLater()
  }

  /** What else was on its way may fail, too: one pause is enough for all of it. */
  #probeLater(): void {
    if (this.#stopped || this.#timer) return
    this.#timer = this.#outside.clock.setTimer(this.#pauseMs, () => {
      this.#timer = null
      void this.#probe()
    })
    this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MS_MAX)
  }

  #endPause(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  async #probe(): Promise<void> {
    if (this.#stopped || this.#isProbing) return
    this.#isProbing = true
    const found = await this.#outside.probe().catch((): Problem => FAILED)
    this.#isProbing = false
    if (this.#stopped) return
    const problem = found ?? (this.#lostInARow >= LOST_MANY ? STILL_LOST : null)
    this.#become(problem?.state !== 'broken', problem)
    if (problem?.state === 'broken') this.#probeLater()
  }

  #become(isReady: boolean, problem: Problem | null): void {
    const before = [this.#isReady, this.#problem?.state, this.#problem?.detail].join()
    this.#isReady = isReady
    this.#problem = problem
    if (before !== [isReady, problem?.state, problem?.detail].join()) this.#outside.changed()
  }
}

const STILL_LOST: Problem = {
  state: 'degraded',
  detail: 'It can be reached again; whether it answers shows with the next message.',
}
const FAILED: Problem = { state: 'broken', detail: 'The provider could not be asked whether it works.' }
