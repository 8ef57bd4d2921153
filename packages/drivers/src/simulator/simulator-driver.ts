/**
 * The driver that stands in for a Mac: nothing leaves the machine, and what would have reached a phone is in its log.
 * The simulated Messages lives in this process: what had not reached the phone when it died never will.
 */
import { join } from 'node:path'
import { z } from 'zod'
import * as c from '@bluewire/contract/node-protocol/common'
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { Driver, DriverContext, DriverEvents, DriverHealth, Outgoing, SendOutcome } from '../driver.ts'
import { behaviourOf } from './magic-recipients.ts'
import type { Behaviour } from './magic-recipients.ts'
import { NotLoggedError, openSimulatorLog } from './simulator-log.ts'
import type { SimulatorLog } from './simulator-log.ts'

const REPLY_QUOTE_CHARS_MAX = 60

export const simulatorSettings = z.object({
  lines: z
    .array(z.object({ address: c.address, services: z.array(c.service).min(1).max(2) }))
    .min(1)
    .max(50)
    .default([{ address: '+15005550001', services: ['imessage', 'sms'] }]),
  /** Where the texts go; beside the node's other files unless said otherwise. */
  log: z.string().min(1).optional(),
})
export type SimulatorSettings = z.infer<typeof simulatorSettings>

export function createSimulatorDriver({ clock, dataDirectory, settings }: DriverContext): Driver {
  const parsed = simulatorSettings.parse(settings)
  const log = openSimulatorLog(parsed.log ?? join(dataDirectory, 'simulator.jsonl'))
  return new SimulatorDriver({ clock, log, lines: parsed.lines })
}

type Deps = Readonly<{ clock: Clock; log: SimulatorLog; lines: SimulatorSettings['lines'] }>

export class SimulatorDriver implements Driver {
  readonly name = 'simulator'
  readonly atMostOnce = true
  readonly simulated = true
  /** Each line is a Mac of its own: a slow one does not hold the others. */
  readonly serialBy = 'line'
  readonly capabilities = ['imessage', 'sms', 'receipts', 'read_receipts', 'inbound'] as const
  readonly lines: Driver['lines']
  readonly #clock: Clock
  readonly #log: SimulatorLog
  readonly #timers = new Set<Timer>()
  /** Sends that have not reached the phone: each ends when the simulated Messages does. */
  readonly #underWay = new Set<() => void>()
  #events: DriverEvents | null = null
  #stopped = false
  /** Since when its log cannot be written; null while it can. */
  #brokenSinceMs: number | null = null

  constructor({ clock, log, lines }: Deps) {
    this.#clock = clock
    this.#log = log
    this.lines = lines.map((line) => ({ ...line, sends: true }))
  }

  start(events: DriverEvents): Promise<void> {
    this.#events = events
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#stopped = true
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
    for (const end of this.#underWay) end()
    this.#underWay.clear()
    this.#log.close()
    return Promise.resolve()
  }

  health(): DriverHealth {
    // Nothing but its log can fail here: that it answers is the proof, unless the last thing it did says otherwise.
    return { state: 'ok', provenAtMs: this.#brokenSinceMs ?? this.#clock.nowMs() }
  }

  refuses({ to }: Outgoing): { reason: string } | null {
    const { refuses } = behaviourOf(to)
    return refuses === undefined ? null : { reason: refuses }
  }

  async send(outgoing: Outgoing): Promise<SendOutcome> {
    const behaviour = behaviourOf(outgoing.to)
    if (behaviour.dropsLinkForMs !== undefined) this.#events?.dropLink?.(behaviour.dropsLinkForMs)
    if (behaviour.takesMs !== undefined) await this.#underWayFor(behaviour.takesMs)
    if (this.#stopped) return neverHanded('node_stopping')
    const isSms = outgoing.service === 'sms'
    const refused = isSms ? behaviour.smsFails : behaviour.imessageFails
    if (refused) return refused
    const failed = this.#reachPhone(outgoing)
    if (failed) return failed
    if (isSms && behaviour.smsAnswersAfterMs !== undefined) await this.#underWayFor(behaviour.smsAnswersAfterMs)
    this.#afterwards(outgoing, behaviour)
    return behaviour.staysUnknown || (isSms && behaviour.smsAnswerLost) ? unknown : { kind: 'sent' }
  }

  lookUp({ attempt, to, service }: Outgoing): Promise<SendOutcome> {
    const { staysUnknown, smsAnswerLost } = behaviourOf(to)
    if (staysUnknown || (service === 'sms' && smsAnswerLost)) return Promise.resolve(unknown)
    return Promise.resolve(this.#log.has(attempt) ? { kind: 'sent' } : neverHanded('process_died'))
  }

  #reachPhone({ attempt, service, line, to, body }: Outgoing): SendOutcome | null {
    try {
      this.#log.append({ attempt, service, from: line, to, body, at: this.#clock.nowMs() })
    } catch (error) {
      this.#brokenSinceMs ??= this.#clock.nowMs()
      if (error instanceof NotLoggedError) return neverHanded('node_disk_full')
      throw error
    }
    this.#brokenSinceMs = null
    return null
  }

  #afterwards(outgoing: Outgoing, { deliveredAfterMs, readAfterMs, repliesAfterMs }: Behaviour): void {
    const receipt = (fact: 'delivered' | 'read') => () =>
      this.#events?.receipt({ attempt: outgoing.attempt, fact, atMs: this.#clock.nowMs() })
    if (deliveredAfterMs !== undefined) this.#later(deliveredAfterMs, receipt('delivered'))
    if (readAfterMs !== undefined) this.#later(readAfterMs, receipt('read'))
    if (repliesAfterMs !== undefined) this.#later(repliesAfterMs, () => this.#reply(outgoing))
  }

  #reply({ attempt, line, to, service, body }: Outgoing): void {
    const characters = [...body]
    const quote = characters.slice(0, REPLY_QUOTE_CHARS_MAX).join('')
    this.#events?.inbound({
      guid: `simulated-reply-${attempt}`,
      line,
      from: to,
      service,
      body: `You said: ${quote}${characters.length > REPLY_QUOTE_CHARS_MAX ? '…' : ''}`,
      dateMs: this.#clock.nowMs(),
      backfilled: false,
    })
  }

  /** Ends early when the driver is stopped. */
  #underWayFor(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#underWay.add(resolve)
      this.#later(ms, () => {
        this.#underWay.delete(resolve)
        resolve()
      })
    })
  }

  #later(ms: number, fire: () => void): void {
    if (this.#stopped) return
    const timer: Timer = this.#clock.setTimer(ms, () => {
      this.#timers.delete(timer)
      fire()
    })
    this.#timers.add(timer)
  }
}

const unknown: SendOutcome = { kind: 'unknown', reason: 'no_evidence', detail: 'The simulated Messages does not say' }

function neverHanded(reason: string): SendOutcome {
  return { kind: 'not_sent', class: 'never_handed', reason }
}
