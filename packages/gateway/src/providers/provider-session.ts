/**
 * One provider under one lease (W11): it takes what the dispatcher gives it, as the session of a node does, and stores what the provider
 * says. The provider is asked for an attempt only after its dispatch was committed; when the lease is gone, nothing more leaves.
 */
import type { AttemptId, GatewayId, LineId, ProviderId } from '@bluewire/contract/ids'
import { REASONS } from '@bluewire/drivers/provider'
import type {
  CallbackAnswer,
  CallbackRequest,
  OutgoingSms,
  Provider,
  ProviderOutcome,
} from '@bluewire/drivers/provider'
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { WorkSession } from '../delivery/dispatcher.ts'
import type { LeaseResult, OpenAttempt, ProviderFinding, ProviderLine } from '../store/providers-store.ts'
import type { Dispatched, Store } from '../store/store.ts'
import { Later } from './later.ts'
import { LineRest } from './line-rest.ts'
import { Places } from './places.ts'

export const LEASE_MS = 30_000
const RENEW_EVERY_MS = 10_000
/** A request may take this long to leave after it was checked that the lease holds. */
const LEASE_LEFT_MS = 10_000
/** An attempt that could not leave this long after its dispatch is given back. */
const START_WITHIN_MS = 10_000
const STORE_RETRY_MS = 1_000
/** What did not leave because the provider went away is given back for so long. */
const NOT_LEFT_WAIT_MS = 2_000
/** An outcome that is not known is asked about so long after. */
const LOOK_UPS_AT_ONCE = 10
const LOOK_AFTER_MS: readonly number[] = [5_000, 30_000, 120_000, 600_000]

export type ProviderSessionDeps = Readonly<{
  store: Store
  clock: Clock
  gateway: GatewayId
  dispatcher: {
    attach(session: WorkSession, lines: readonly ProviderLine[]): void
    detach(session: WorkSession): void
    wake(line: LineId): void
  }
  log: (event: string, fields: Readonly<Record<string, string | number | boolean>>, level?: 'alert') => void
}>

type Taken = Extract<LeaseResult, { kind: 'taken' }>

export class ProviderSession implements WorkSession {
  readonly node: ProviderId
  readonly epoch: number
  readonly places: Places
  readonly #deps: ProviderSessionDeps
  readonly #provider: Provider
  readonly #later: Later
  readonly #rest: LineRest
  #lines: readonly ProviderLine[]
  readonly #inFlight = new Set<Promise<void>>()
  #leaseUntilMs: number
  #isAttached = false
  #ended = false
  #stopping: Promise<void> | null = null
  #renewing: Timer | null = null
  #telling: Promise<void> | null = null
  #tellAgain = false

  /** The lease was taken for `provider`, which is not started yet. */
  constructor(deps: ProviderSessionDeps, node: ProviderId, parts: { provider: Provider; lease: Taken; atMs: number }) {
    this.node = node
    this.epoch = parts.lease.epoch
    this.#deps = deps
    this.#provider = parts.provider
    this.#lines = parts.lease.lines
    this.#leaseUntilMs = parts.atMs + LEASE_MS
    this.#later = new Later(deps.clock)
    const wake = (line: LineId): void => deps.dispatcher.wake(line)
    this.#rest = new LineRest(deps.clock, wake)
    this.places = new Places({ free: () => this.#provider.window - this.#inFlight.size, wake })
  }

  get hasEnded(): boolean {
    return this.#ended
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  get maxOpen(): number {
    return this.#provider.window
  }

  /** Looks for what an earlier session left open, and works. */
  async start(open: readonly OpenAttempt[]): Promise<void> {
    await this.#provider.start({
      receipt: (receipt) => this.#stored('receipt', () => this.#deps.store.providerReceipt(this.#key(), receipt)),
      inbound: (message) => this.#stored('inbound', () => this.#deps.store.providerInbound(this.#key(), message)),
      changed: () => this.#tell(),
    })
    this.#renewing = this.#deps.clock.setTimer(RENEW_EVERY_MS, () => void this.#renew())
    void this.#lookForAll([...open])
    this.#tell()
    await this.#telling
  }

  /** Lines may be added and taken away while it works. */
  setLines(lines: readonly ProviderLine[]): void {
    const isSame = lines.length === this.#lines.length && lines.every((line, i) => line.id === this.#lines[i]?.id)
    if (isSame) return
    this.#lines = lines
    if (!this.#isAttached) return
    this.#deps.dispatcher.detach(this)
    this.#deps.dispatcher.attach(this, lines)
  }

  isSlow(line: LineId): boolean {
    return this.#rest.isResting(line)
  }

  dispatch(line: LineId, d: Dispatched): void {
    const startBeforeMs = this.#nowMs() + START_WITHIN_MS
    const sms = { attempt: d.attempt, message: d.message, line: d.line, to: d.recipient, body: d.body }
    const settled = this.#send(sms, startBeforeMs)
      .then((outcome) => this.#settle(line, d, outcome))
      .finally(() => {
        this.#inFlight.delete(settled)
        this.places.offer()
      })
    this.#inFlight.add(settled)
  }

  /** What a provider has cannot be called back. */
  void(): void {}

  /** The provider was removed, or is another's now. */
  bye(): void {
    void this.stop()
  }

  callback(request: CallbackRequest): Promise<CallbackAnswer> {
    return this.#provider.callback?.(request) ?? Promise.resolve({ status: 404 })
  }

  /** Nothing new leaves; what is out is stored as far as it answers. Frees the lease. May be called twice: each resolves when all is done. */
  stop(): Promise<void> {
    return (this.#stopping ??= this.#stopNow())
  }

  async #stopNow(): Promise<void> {
    this.#ended = true
    this.#detach()
    this.#renewing?.cancel()
    this.#later.stop()
    this.#rest.stop()
    await this.#provider.stop() // which ends every send
    await Promise.all(this.#inFlight)
    await this.#telling?.catch(() => undefined)
    await this.#deps.store.closed(this.#key()).catch((error: unknown) => this.#failed('provider_close_failed', error))
  }

  async #send(sms: OutgoingSms, startBeforeMs: number): Promise<ProviderOutcome> {
    const mayLeave = (): boolean => {
      const nowMs = this.#nowMs()
      return !this.#ended && nowMs < startBeforeMs && nowMs < this.#leaseUntilMs - LEASE_LEFT_MS
    }
    try {
      return await this.#provider.send(sms, mayLeave)
    } catch (error) {
      this.#failed('provider_threw', error)
      return { kind: 'unknown', reason: REASONS.answerUnreadable, detail: 'The provider failed while it sent' }
    }
  }

  async #settle(line: LineId, { attempt, onUnknown }: Dispatched, outcome: ProviderOutcome): Promise<void> {
    const asks = outcome.kind === 'unknown' && onUnknown === 'resend'
    const known = asks ? await this.#askedFirst(attempt, outcome) : outcome
    if (known === null) return
    const finding = this.#findingOf(line, known)
    await this.#record(attempt, finding)
    if (finding.kind === 'unknown') this.#lookLater(attempt, 0)
  }

  #findingOf(line: LineId, outcome: ProviderOutcome): ProviderFinding {
    if (outcome.kind !== 'not_sent') {
      if (outcome.kind === 'sent') this.#rest.worked(line)
      return outcome
    }
    const { retryAfterMs, ...finding } = outcome
    if (outcome.reason === REASONS.throttled) return { ...finding, waitMs: this.#rest.throttled(line, retryAfterMs) }
    const didNotLeave = outcome.reason === REASONS.leaseLost || outcome.reason === REASONS.notConnected
    return didNotLeave ? { ...finding, waitMs: NOT_LEFT_WAIT_MS } : finding
  }

  /** Until it is stored, whatever the store says: nobody else knows it. */
  async #record(attempt: AttemptId, finding: ProviderFinding): Promise<void> {
    for (;;) {
      try {
        const { kind } = await this.#deps.store.providerFinding(this.#key(), attempt, finding)
        if (kind === 'fenced') void this.stop()
        return
      } catch (error) {
        this.#failed('finding_not_stored', error)
        if (this.#ended) return
        await this.#later.passed(STORE_RETRY_MS)
      }
    }
  }

  /**
   * It is sent again as soon as it is called unknown, so the provider is asked before that. Null: the session ends, and the next one asks.
   */
  async #askedFirst(attempt: AttemptId, outcome: ProviderOutcome): Promise<ProviderOutcome | null> {
    await this.#later.passed(LOOK_AFTER_MS[0] ?? 0)
    if (this.#ended) return null
    const open = await this.#deps.store.openAttempt(this.node, attempt).catch(() => undefined)
    const found = open === undefined ? outcome : await this.#found(open)
    return found.kind === 'sent' ? found : outcome
  }

  #lookLater(attempt: AttemptId, n: number): void {
    const afterMs = LOOK_AFTER_MS[n]
    if (afterMs === undefined || this.#ended) return
    this.#later.do(afterMs, async () => {
      try {
        const open = await this.#deps.store.openAttempt(this.node, attempt)
        if (open?.state === 'unknown') await this.#lookFor(open, n)
      } catch (error) {
        this.#failed('look_up_failed', error)
        this.#lookLater(attempt, n)
      }
    })
  }

  /** A few at a time: an earlier process may have left a thousand. */
  async #lookForAll(waiting: OpenAttempt[]): Promise<void> {
    const work = async (): Promise<void> => {
      for (let open = waiting.shift(); open !== undefined; open = waiting.shift()) await this.#lookFor(open, 0)
    }
    await Promise.all(Array.from({ length: LOOK_UPS_AT_ONCE }, work))
  }

  async #lookFor(open: OpenAttempt, n: number): Promise<void> {
    const { attempt } = open
    const found = await this.#found(open)
    // That it is not found proves nothing: bytes of it may be on their way (PROTOCOL 23).
    const unknown = { reason: 'gateway_died', ...(found.kind === 'unknown' ? found : {}), kind: 'unknown' as const }
    if (found.kind === 'sent' || open.state !== 'unknown')
      await this.#record(attempt, found.kind === 'sent' ? found : unknown)
    if (found.kind !== 'sent') this.#lookLater(attempt, n + 1)
  }

  #found({ attempt, message, line, recipient: to, body, ...open }: OpenAttempt): Promise<ProviderOutcome> {
    return this.#provider
      .lookUp(
        { attempt, message, line, to, body },
        {
          dispatchedAtMs: open.dispatchedAtMs,
          parts: open.parts,
          hasTwin: open.hasTwin,
          isTaken: (ref) => this.#deps.store.isRefTaken(this.node, ref, attempt),
        },
      )
      .catch((error: unknown): ProviderOutcome => {
        this.#failed('look_up_failed', error)
        return { kind: 'unknown', reason: REASONS.noAnswer }
      })
  }

  /** Resolves when it is stored; rejects when the provider must say it again. */
  async #stored(what: 'receipt' | 'inbound', store: () => Promise<{ kind: string }>): Promise<void> {
    const { kind } = await store()
    if (kind === 'fenced') {
      void this.stop()
      throw new Error('this gateway does not work the provider any more')
    }
    if (kind === 'unmatched') this.#deps.log(`${what}_unmatched`, { provider: this.node })
  }

  async #renew(): Promise<void> {
    if (this.#ended) return
    const atMs = this.#nowMs()
    try {
      if (!(await this.#deps.store.renewLease(this.#key(), LEASE_MS))) return await this.stop()
      const hadRunLow = atMs >= this.#leaseUntilMs - LEASE_LEFT_MS
      this.#leaseUntilMs = atMs + LEASE_MS
      if (hadRunLow) for (const { id } of this.#lines) this.#deps.dispatcher.wake(id)
    } catch (error) {
      this.#failed('lease_not_renewed', error)
    }
    this.#tell()
    if (!this.#hasEndedNow()) this.#renewing = this.#deps.clock.setTimer(RENEW_EVERY_MS, () => void this.#renew())
  }

  /** Brings what the store shows in line with what the provider says: one at a time, and once more when it changed meanwhile. */
  #tell(): void {
    if (this.#telling !== null) {
      this.#tellAgain = true
      return
    }
    this.#telling = this.#tellNow()
      .catch((error: unknown) => this.#failed('provider_state_not_stored', error))
      .finally(() => {
        this.#telling = null
        if (this.#tellAgain && !this.#ended) {
          this.#tellAgain = false
          this.#tell()
        }
      })
  }

  async #tellNow(): Promise<void> {
    if (this.#ended) return
    const { isReady } = this.#provider
    const { state, detail = null, provenAtMs } = this.#provider.health()
    if (!isReady) this.#detach()
    const { kind } = await this.#deps.store.providerReady(this.#key(), isReady)
    if (kind === 'fenced') return void this.stop() // which waits for this
    await this.#deps.store.providerHealth(this.node, { state, detail, provenAtMs })
    if (!isReady || this.#isAttached || this.#hasEndedNow()) return
    this.#isAttached = true
    this.#deps.dispatcher.attach(this, this.#lines)
  }

  #detach(): void {
    if (this.#isAttached) this.#deps.dispatcher.detach(this)
    this.#isAttached = false
  }

  #key(): { node: ProviderId; epoch: number } {
    return { node: this.node, epoch: this.epoch }
  }

  #nowMs(): number {
    return this.#deps.clock.monotonicMs()
  }

  #failed(event: string, error: unknown): void {
    this.#deps.log(event, { provider: this.node, error: error instanceof Error ? error.message : String(error) })
  }

  /** It may have ended while something was awaited; the compiler cannot know. */
  #hasEndedNow(): boolean {
    return this.#ended
  }
}
