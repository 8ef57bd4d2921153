/**
 * The provider that stands in for a phone company: nothing leaves the machine, and what would have reached a phone is a line in the
 * simulator's log. The magic recipients make it misbehave (docs/simulator.md).
 */
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock, Timer } from '@bluewire/platform/clock'
import { REASONS } from '../provider.ts'
import type {
  OutgoingSms,
  Provider,
  ProviderContext,
  ProviderEvents,
  ProviderHealth,
  ProviderKind,
  ProviderOutcome,
} from '../provider.ts'
import { behaviourOf } from './magic-recipients.ts'
import type { Behaviour } from './magic-recipients.ts'
import { NotLoggedError, openSimulatorLog } from './simulator-log.ts'
import type { SimulatorLog } from './simulator-log.ts'

const THROTTLED_FOR_MS = 1_000

const settings = z.strictObject({
  log: z
    .string()
    .min(1)
    .optional()
    .describe("the file that the texts go to; the data folder's simulator.jsonl otherwise"),
})
const secrets = z.strictObject({})

type Context = ProviderContext<z.infer<typeof settings>, z.infer<typeof secrets>>

export const simulatorProvider: ProviderKind<typeof settings, typeof secrets> = {
  summary: 'writes each text to simulator.jsonl; nothing leaves the machine',
  settings,
  secrets,
  create: (context: Context) =>
    new SimulatorProvider(
      context.clock,
      openSimulatorLog(context.settings.log ?? join(context.dataDirectory, 'simulator.jsonl')),
    ),
}

export class SimulatorProvider implements Provider {
  readonly atMostOnce = true
  readonly simulated = true
  readonly capabilities: readonly string[] = ['sms', 'receipts', 'inbound']
  readonly window = 100
  readonly #clock: Clock
  readonly #log: SimulatorLog
  readonly #timers = new Set<Timer>()
  /** Sends that wait for their answer: each ends when the provider does. */
  readonly #waiting = new Set<() => void>()
  /** Messages that were sent too fast once. */
  readonly #throttled = new Set<string>()
  #events: ProviderEvents | null = null
  #stopped = false

  constructor(clock: Clock, log: SimulatorLog) {
    this.#clock = clock
    this.#log = log
  }

  get isReady(): boolean {
    return this.#events !== null && !this.#stopped
  }

  start(events: ProviderEvents): Promise<void> {
    this.#events = events
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    for (const end of this.#waiting) end()
    this.#waiting.clear()
    this.#log.close()
    return Promise.resolve()
  }

  health(): ProviderHealth {
    return { state: 'ok', provenAtMs: this.#clock.nowMs() }
  }

  async send(sms: OutgoingSms, mayLeave: () => boolean): Promise<ProviderOutcome> {
    if (this.#stopped) return { kind: 'not_sent', class: 'never_handed', reason: REASONS.notConnected }
    const behaviour = behaviourOf(sms.to)
    if (!mayLeave()) return { kind: 'not_sent', class: 'never_handed', reason: REASONS.leaseLost }
    if (behaviour.smsIsThrottled && !this.#throttled.has(sms.message)) {
      this.#throttled.add(sms.message)
      const detail = 'The simulated provider is asked too fast'
      return {
        kind: 'not_sent',
        class: 'never_handed',
        reason: REASONS.throttled,
        detail,
        retryAfterMs: THROTTLED_FOR_MS,
      }
    }
    if (behaviour.smsFails?.kind === 'not_sent') return behaviour.smsFails
    const failed = this.#reachPhone(sms)
    if (failed) return failed
    const isLost = behaviour.smsAnswerLost || behaviour.staysUnknown
    if (!isLost) await this.#passed(behaviour.smsAnswersAfterMs ?? behaviour.takesMs ?? 0)
    this.#afterwards(sms, behaviour)
    return isLost || this.#stopped ? NO_ANSWER : { kind: 'sent', refs: [refOf(sms)] }
  }

  lookUp(sms: OutgoingSms): Promise<ProviderOutcome> {
    const { smsAnswerLost, staysUnknown } = behaviourOf(sms.to)
    const isTold = this.#log.has(sms.attempt) && !smsAnswerLost && !staysUnknown
    return Promise.resolve(isTold ? { kind: 'sent', refs: [refOf(sms)] } : NO_ANSWER)
  }

  test(): Promise<{ ok: boolean; lines: readonly string[] }> {
    return Promise.resolve({ ok: true, lines: ['The simulator works. Nothing leaves this machine.'] })
  }

  #reachPhone({ attempt, line, to, body }: OutgoingSms): ProviderOutcome | null {
    try {
      this.#log.append({ attempt, service: 'sms', from: line, to, body, at: this.#clock.nowMs() })
      return null
    } catch (error) {
      if (!(error instanceof NotLoggedError)) throw error
      const detail = "The simulator's log could not be written: is the disk full?"
      return { kind: 'not_sent', class: 'never_handed', reason: REASONS.throttled, detail, retryAfterMs: 5_000 }
    }
  }

  #afterwards(sms: OutgoingSms, { deliveredAfterMs, repliesAfterMs }: Behaviour): void {
    if (deliveredAfterMs !== undefined) this.#later(deliveredAfterMs, () => this.#receipt(sms))
    if (repliesAfterMs !== undefined) this.#later(repliesAfterMs, () => this.#reply(sms))
  }

  async #receipt(sms: OutgoingSms): Promise<void> {
    await this.#events?.receipt({
      attempt: sms.attempt,
      ref: refOf(sms),
      to: sms.to,
      fact: 'delivered',
      atMs: this.#clock.nowMs(),
    })
  }

  async #reply({ attempt, line, to, body }: OutgoingSms): Promise<void> {
    await this.#events?.inbound({
      guid: `simulated-reply-${attempt}`,
      line,
      from: to,
      body: `You said: ${[...body].slice(0, 60).join('')}`,
      dateMs: this.#clock.nowMs(),
    })
  }

  /** Ends early when the provider is stopped. */
  #passed(ms: number): Promise<void> {
    if (ms === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#waiting.add(resolve)
      this.#later(ms, () => {
        this.#waiting.delete(resolve)
        resolve()
        return Promise.resolve()
      })
    })
  }

  /** What cannot be stored now is lost, as a receipt may be; nobody repeats it here. */
  #later(ms: number, fire: () => Promise<void>): void {
    if (this.#stopped) return
    const timer: Timer = this.#clock.setTimer(ms, () => {
      this.#timers.delete(timer)
      fire().catch(() => undefined)
    })
    this.#timers.add(timer)
  }
}

const NO_ANSWER: ProviderOutcome = { kind: 'unknown', reason: REASONS.noAnswer, detail: 'The provider did not answer' }

function refOf({ attempt }: OutgoingSms): string {
  return `sim-${attempt.slice(-26).toLowerCase()}`
}
