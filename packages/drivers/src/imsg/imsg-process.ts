/**
 * Keeps one `imsg rpc` running: starts it, learns what it is, asks it regularly whether it is still there, and starts another, with
 * growing pauses, when it ended, is wedged, or was told to go. There are never two at a time.
 */
import type { Clock, Timer } from '@bluewire/platform/clock'
import { ImsgConnection } from './imsg-connection.ts'
import type { Answer } from './imsg-connection.ts'
import { factsOfOld, factsOfStatus, PROTOCOL_VERSION } from './imsg-facts.ts'
import type { ImsgFacts } from './imsg-facts.ts'
import type { ImsgTimes } from './imsg-times.ts'

export type ProcessDeps = Readonly<{
  path: string
  clock: Clock
  times: ImsgTimes
  /** A child is there and has said what it is. */
  up(): void
  /** What it says of itself, or that it is there, has changed. */
  changed(): void
  notified(method: string, params: unknown): void
}>

/** A child that held this long was a good one: the next pause is the shortest again. */
const GOOD_FOR_MS = 60_000
/** Ends in a row after which nobody waits for the next child any more. */
const RESTARTS_BORNE = 2
const METHOD_NOT_FOUND = -32601
/** Nobody's guid; whether the method is known is all that is asked. */
const NO_GUID = '00000000-0000-0000-0000-000000000000'

export class ImsgProcess {
  readonly #deps: ProcessDeps
  #connection: ImsgConnection | null = null
  #facts: ImsgFacts | null = null
  #isUp = false
  #trouble: string | null = null
  #failures = 0
  #upSinceMs = 0
  #statusTimer: Timer | null = null
  #startTimer: Timer | null = null
  #isStopped = false
  readonly #waiting = new Set<() => void>()

  constructor(deps: ProcessDeps) {
    this.#deps = deps
  }

  /** What the running child said last, or the one before; null when none has been up. */
  get facts(): ImsgFacts | null {
    return this.#facts
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** There is none, and it is not only that one is being replaced by another. */
  get isDown(): boolean {
    return !this.#isUp && (this.#facts === null || this.#failures > RESTARTS_BORNE)
  }

  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Why there is none, or why there was none before; a sentence without its full stop. */
  get trouble(): string | null {
    return this.#trouble
  }

  get noise(): number {
    return this.#connection?.noise ?? 0
  }

  start(): void {
    if (this.#connection || this.#isStopped) return
    const connection = new ImsgConnection(this.#deps.path, {
      clock: this.#deps.clock,
      stopMs: this.#deps.times.stopMs,
      notified: (method, params) => {
        if (this.#connection === connection) this.#deps.notified(method, params)
      },
      ended: (why) => this.#ended(connection, why),
    })
    this.#connection = connection
    this.#greet(connection).catch(() => connection.kill('it could not be greeted'))
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#statusTimer?.cancel()
    this.#startTimer?.cancel()
    this.#release()
    await this.#connection?.close()
  }

  /** For what changes nothing. A child that does not answer in time is wedged, and is replaced. */
  async read(method: string, params: object): Promise<Answer> {
    const connection = this.#connection
    const answer = await this.request(method, params, this.#deps.times.readMs)
    if (answer.kind === 'none' && answer.why === 'late' && connection === this.#connection) {
      this.restart(`imsg did not answer ${method} in time`)
    }
    return answer
  }

  request(method: string, params: object, withinMs: number): Promise<Answer> {
    if (!this.#connection || !this.#isUp) return Promise.resolve({ kind: 'none', why: 'not_written' })
    return this.#connection.request(method, params, withinMs)
  }

  /** True as soon as a child is up; false after `withinMs`, or when all is over. */
  ready(withinMs: number): Promise<boolean> {
    if (this.#isUp || this.#isStopped) return Promise.resolve(this.#isUp)
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel()
        this.#waiting.delete(done)
        resolve(this.#isUp)
      }
      const timer = this.#deps.clock.setTimer(withinMs, done)
      this.#waiting.add(done)
    })
  }

  /** Ends the child, with what it may be doing; another follows. */
  restart(why: string): void {
    void this.#connection?.kill(why)
  }

  /** Asks what it can do now. */
  async refresh(): Promise<void> {
    const facts = this.#facts
    if (!this.#isUp || !facts) return
    if (facts.generation !== 'current') {
      await this.read('chats.list', { limit: 1 }) // it has no `status`: that it answers must do
      return
    }
    const answer = await this.read('status', {})
    const now = answer.kind === 'result' ? factsOfStatus(answer.value) : null
    if (!now || !this.#isUp) return
    this.#facts = now
    if (said(now) !== said(facts)) this.#deps.changed()
  }

  async #greet(connection: ImsgConnection): Promise<void> {
    const facts = await this.#factsOf(connection)
    if (connection !== this.#connection) return
    if (!facts) return void connection.kill('imsg does not say what it is; it may be one of a later time')
    if (!connection.isOpen) return // its end is told by itself
    this.#facts = facts
    this.#isUp = true
    this.#trouble = null
    this.#upSinceMs = this.#deps.clock.monotonicMs()
    this.#release()
    this.#deps.up()
    this.#deps.changed()
    this.#askAgain()
  }

  async #factsOf(connection: ImsgConnection): Promise<ImsgFacts | null> {
    const { initializeMs } = this.#deps.times
    const answer = await connection.request('initialize', { protocol_version: PROTOCOL_VERSION }, initializeMs)
    if (answer.kind === 'result') return factsOfStatus(answer.value)
    if (answer.kind !== 'error' || answer.code !== METHOD_NOT_FOUND) return null
    const status = await connection.request('message.send_status', { guid: NO_GUID }, initializeMs)
    if (status.kind === 'none') return null
    return factsOfOld(status.kind === 'result' || status.code !== METHOD_NOT_FOUND)
  }

  #askAgain(): void {
    const { clock, times } = this.#deps
    this.#statusTimer?.cancel()
    if (!this.#isStopped && this.#isUp)
      this.#statusTimer = clock.setTimer(times.statusEveryMs, () => void this.refresh().finally(() => this.#askAgain()))
  }

  #ended(connection: ImsgConnection, why: string): void {
    if (connection !== this.#connection) return
    const { clock, times } = this.#deps
    const wasUp = this.#isUp
    const heldMs = wasUp ? clock.monotonicMs() - this.#upSinceMs : 0
    this.#isUp = false
    this.#trouble = why
    this.#statusTimer?.cancel()
    this.#failures = heldMs > GOOD_FOR_MS ? 1 : this.#failures + 1
    const waitMs = Math.min(times.backoffMinMs * 2 ** Math.min(this.#failures - 1, 20), times.backoffMaxMs)
    if (wasUp || this.#failures === 1) this.#deps.changed()
    void connection.gone.then(() => {
      if (connection !== this.#connection) return
      this.#connection = null
      if (!this.#isStopped) this.#startTimer = clock.setTimer(waitMs, () => this.start())
    })
  }

  #release(): void {
    for (const done of [...this.#waiting]) done()
  }
}

function said(facts: ImsgFacts): string {
  return JSON.stringify({ ...facts, methods: [...facts.methods].sort() })
}
