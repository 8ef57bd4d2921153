/**
 * A phone company, and the provider that a gateway has of it. The company is no part of the gateway: it takes what reached it whether or not
 * anybody hears its answer, and keeps a receipt until somebody says that it was stored.
 */
import type { AttemptId } from '@bluewire/contract/ids'
import { shortReference } from '@bluewire/contract/short-reference'
import { REASONS } from '@bluewire/drivers/provider'
import type {
  LookUpHelp,
  OutgoingSms,
  Provider,
  ProviderEvents,
  ProviderHealth,
  ProviderOutcome,
  ProviderReceipt,
} from '@bluewire/drivers/provider'
import type { VirtualClock } from '../virtual-clock.ts'
import type { Phones } from './phones.ts'
import type { Random } from './random.ts'
import type { SimProcess } from './sim-process.ts'

export type CarrierFaults = {
  refuses: number
  throttles: number
  losesAnswer: number
  /** Share of messages that get a receipt. */
  receipts: number
  /** Receipts say whose they are by our reference, not by the company's id alone. */
  echoes: boolean
  /** It can be asked for a message that got no answer. */
  lists: boolean
  /** Ids begin anew after three messages. Otherwise each destination has a count of its own, so that ids of two of them are alike. */
  idsWrap: boolean
}

const ANSWER_WITHIN_MS = 10_000
const RECEIPT_AGAIN_MS = 5_000

type Answer = (outcome: ProviderOutcome) => void

export class SimCarrier {
  readonly faults: CarrierFaults
  /** Whose receipts were really written. */
  readonly delivered = new Set<AttemptId>()
  answersLost = 0
  /** Null: no gateway listens. Resolves to whether it was stored. */
  listener: ((receipt: ProviderReceipt) => Promise<boolean>) | null = null
  onUp: () => void = () => undefined
  /** A message leaves for it. */
  onSubmit: (line: string) => void = () => undefined
  readonly #clock: VirtualClock
  readonly #random: Random
  readonly #phones: Phones
  readonly #taken = new Map<AttemptId, string>()
  readonly #waiting = new Set<ProviderReceipt>()
  #ids = 0
  readonly #idsTo = new Map<string, number>()
  #isUp = true

  constructor(parts: { clock: VirtualClock; random: Random; phones: Phones; faults: CarrierFaults }) {
    this.#clock = parts.clock
    this.#random = parts.random
    this.#phones = parts.phones
    this.faults = parts.faults
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** What is on its way is lost, in either direction. */
  down(forMs: number): void {
    this.#isUp = false
    this.onUp()
    this.#clock.setTimer(forMs, () => {
      this.#isUp = true
      this.onUp()
    })
  }

  submit(sms: OutgoingSms, answer: Answer): void {
    const { refuses, throttles } = this.faults
    this.onSubmit(sms.line)
    this.#clock.setTimer(this.#random.delay(2, 2_000), () => {
      if (!this.#isUp) return
      if (this.#random.chance(throttles))
        return answer({ kind: 'not_sent', class: 'never_handed', reason: REASONS.throttled, retryAfterMs: 1000 })
      if (this.#random.chance(refuses))
        return answer({ kind: 'not_sent', class: 'refused', reason: REASONS.unreachable })
      this.#take(sms, answer)
    })
  }

  /** The id of a message that arrived; undefined: it is not there (yet). */
  find(attempt: AttemptId): string | undefined {
    return this.faults.lists ? this.#taken.get(attempt) : undefined
  }

  /** Receipts that nobody stored are offered again. */
  offerAll(): void {
    for (const receipt of this.#waiting) this.#offer(receipt)
  }

  #newId(to: string): string {
    if (this.faults.idsWrap) return String(this.#ids++ % 3)
    const n = this.#idsTo.get(to) ?? 0
    this.#idsTo.set(to, n + 1)
    return String(n)
  }

  #take({ attempt, message, to, body }: OutgoingSms, answer: Answer): void {
    this.#phones.arrived({ attempt, message, to, atMs: this.#clock.nowMs() })
    const ref = this.#newId(to)
    this.#taken.set(attempt, ref)
    if (this.#random.chance(this.faults.losesAnswer)) this.answersLost++
    else
      this.#clock.setTimer(this.#random.delay(1, 3_000), () => {
        if (this.#isUp) answer({ kind: 'sent', refs: [ref] })
      })
    if (!this.#random.chance(this.faults.receipts)) return
    const times = this.#random.chance(0.1) ? 2 : 1
    const receipt = { ref, to, fact: 'delivered', textStart: body.slice(0, 20) } as const
    const echo = this.faults.echoes ? { reference: shortReference(attempt, 1) } : {}
    for (let i = 0; i < times; i++)
      this.#clock.setTimer(this.#random.delay(1, 40_000), () => {
        this.delivered.add(attempt)
        const one: ProviderReceipt = { ...receipt, ...echo, atMs: this.#clock.nowMs() }
        this.#waiting.add(one)
        this.#offer(one)
      })
  }

  #offer(receipt: ProviderReceipt): void {
    if (!this.#waiting.has(receipt)) return
    const heard = this.#isUp && this.listener !== null ? this.listener(receipt) : Promise.resolve(false)
    void heard.then((isStored) => {
      if (isStored) this.#waiting.delete(receipt)
    })
    this.#clock.setTimer(RECEIPT_AGAIN_MS, () => this.#offer(receipt))
  }
}

/** What one gateway process has of it. */
export class CarrierProvider implements Provider {
  readonly atMostOnce = true
  readonly simulated = true
  readonly capabilities: readonly string[] = []
  readonly window = 10
  readonly #carrier: SimCarrier
  readonly #process: SimProcess
  readonly #open = new Set<Answer>()
  #isStopped = false

  constructor(carrier: SimCarrier, process: SimProcess) {
    this.#carrier = carrier
    this.#process = process
  }

  get isReady(): boolean {
    return this.#carrier.isUp && !this.#isStopped
  }

  start(events: ProviderEvents): Promise<void> {
    const stores = (): boolean => this.#process.alive && !this.#isStopped
    this.#carrier.listener = (receipt) =>
      stores()
        ? events.receipt(receipt).then(
            () => true,
            () => false,
          )
        : Promise.resolve(false)
    this.#carrier.onUp = () =>
      this.#process.run(() => {
        if (!this.#carrier.isUp) for (const answer of [...this.#open]) answer(NO_ANSWER)
        events.changed()
      })
    this.#carrier.offerAll()
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.#isStopped = true
    for (const answer of [...this.#open]) answer(NO_ANSWER)
    return Promise.resolve()
  }

  health(): ProviderHealth {
    return { state: this.isReady ? 'ok' : 'broken', provenAtMs: null }
  }

  send(sms: OutgoingSms, mayLeave: () => boolean): Promise<ProviderOutcome> {
    if (!this.isReady) return Promise.resolve(notSent(REASONS.notConnected))
    if (!mayLeave()) return Promise.resolve(notSent(REASONS.leaseLost))
    return new Promise((resolve) => {
      const answer: Answer = (outcome) =>
        this.#process.run(() => {
          this.#open.delete(answer)
          resolve(outcome)
        })
      this.#open.add(answer)
      this.#process.setTimer(ANSWER_WITHIN_MS, () => answer(NO_ANSWER))
      this.#carrier.submit(sms, answer)
    })
  }

  lookUp({ attempt }: OutgoingSms, _help: LookUpHelp): Promise<ProviderOutcome> {
    const ref = this.#carrier.isUp ? this.#carrier.find(attempt) : undefined
    return Promise.resolve(ref === undefined ? NO_ANSWER : { kind: 'sent', refs: [ref] })
  }

  test(): Promise<{ ok: boolean; lines: string[] }> {
    return Promise.resolve({ ok: true, lines: [] })
  }
}

const NO_ANSWER: ProviderOutcome = { kind: 'unknown', reason: REASONS.noAnswer }

function notSent(reason: string): ProviderOutcome {
  return { kind: 'not_sent', class: 'never_handed', reason }
}
