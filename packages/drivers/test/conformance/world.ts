/** What a case of the conformance suite works with: one provider, one peer, and what came of both. Needs no test runner. */
import assert from 'node:assert/strict'
import type { MessageId } from '@bluewire/contract/ids'
import type {
  OutgoingSms,
  Provider,
  ProviderEvents,
  ProviderInbound,
  ProviderOutcome,
  ProviderReceipt,
} from '@bluewire/drivers/provider'
import { until } from '@bluewire/testkit/stories/until'
import type { Arrived, ConnectHow, Peer } from './peer.ts'

export const LINE = '+15005550001'

let made = 0
const nextId = (): string => String(++made).padStart(26, '0')

/** Collects what a provider reports. `failing`: what is reported cannot be stored. */
export class Reported implements ProviderEvents {
  readonly receipts: ProviderReceipt[] = []
  readonly inbounds: ProviderInbound[] = []
  failing = false

  receipt(receipt: ProviderReceipt): Promise<void> {
    if (this.failing) return Promise.reject(new Error('the disk is full'))
    this.receipts.push(receipt)
    return Promise.resolve()
  }

  inbound(message: ProviderInbound): Promise<void> {
    if (this.failing) return Promise.reject(new Error('the disk is full'))
    this.inbounds.push(message)
    return Promise.resolve()
  }

  changed(): void {}
}

export class World {
  readonly peer: Peer
  readonly reported = new Reported()
  readonly outcomes: ProviderOutcome[] = []
  #provider: Provider | null = null
  readonly #made: Provider[] = []
  readonly #private = new Set<string>()
  readonly #arrivedBefore: number

  constructor(peer: Peer, arrivedBefore: number) {
    this.peer = peer
    this.#arrivedBefore = arrivedBefore
  }

  static async open(peer: Peer): Promise<World> {
    await peer.behave('accept')
    return new World(peer, (await peer.arrived()).length)
  }

  get provider(): Provider {
    assert(this.#provider, 'the case has not connected yet')
    return this.#provider
  }

  /** A started provider, ready where it can be. */
  async connect(how: ConnectHow = {}): Promise<Provider> {
    const provider = this.make(how)
    await provider.start(this.reported)
    if (!how.badCredentials) await until('the provider is ready', () => provider.isReady)
    return provider
  }

  /** One that is not started. */
  make(how: ConnectHow = {}): Provider {
    const provider = this.peer.connect(how)
    this.#provider = provider
    this.#made.push(provider)
    return provider
  }

  sms(body: string = `What the case sends, number ${made + 1}`): OutgoingSms {
    const to = this.peer.recipient ?? `+1415555${String(1_000 + (made % 9_000))}`
    const id = nextId()
    this.#private.add(to)
    if (body.length >= 8) this.#private.add(body)
    return { attempt: `attempt_${id}`, message: `text_${id}` as MessageId, line: LINE, to, body }
  }

  /** The next attempt of the same message. */
  again(sms: OutgoingSms): OutgoingSms {
    return { ...sms, attempt: `attempt_${nextId()}` }
  }

  async send(sms: OutgoingSms = this.sms(), mayLeave: () => boolean = () => true): Promise<ProviderOutcome> {
    // What the seam says of an exception: nothing is known.
    const outcome = await this.provider
      .send(sms, mayLeave)
      .catch((error: unknown): ProviderOutcome => ({ kind: 'unknown', reason: 'threw', detail: String(error) }))
    this.outcomes.push(outcome)
    return outcome
  }

  async lookUp(sms: OutgoingSms, taken: ReadonlySet<string> = new Set()): Promise<ProviderOutcome> {
    const help = {
      dispatchedAtMs: Date.now() - 5_000,
      parts: new Map<number, string>(),
      hasTwin: false,
      isTaken: (ref: string) => Promise.resolve(taken.has(ref)),
    }
    const outcome = await this.provider.lookUp(sms, help)
    this.outcomes.push(outcome)
    return outcome
  }

  /** What arrived since the case began. */
  async phone(): Promise<readonly Arrived[]> {
    return (await this.peer.arrived()).slice(this.#arrivedBefore)
  }

  async phoneHas(count: number, why: string): Promise<void> {
    const arrived = await this.phone()
    assert.equal(arrived.length, count, `${why}: ${arrived.length} at the phone in place of ${count}`)
  }

  /** Waits for it; that it arrived at all is no question of time then. */
  async arrives(count: number): Promise<void> {
    await until(`${count} at the phone`, async () => (await this.phone()).length >= count)
  }

  async close(): Promise<void> {
    const healths = this.#made.map((provider) => provider.health())
    for (const provider of this.#made) await provider.stop()
    this.#saidNothingPrivate(healths)
  }

  #saidNothingPrivate(healths: readonly unknown[]): void {
    const said = [...this.peer.logged, ...this.outcomes.map(textOf), ...healths.map(textOf)].join('\n')
    for (const secret of [...this.peer.secrets, ...this.#private]) {
      // The secret itself would stand in the report of the failure.
      assert(
        !said.includes(secret),
        `a log or a detail holds a secret, a text or a full number of ${secret.length} characters`,
      )
    }
  }
}

const textOf = (value: unknown): string => JSON.stringify(value)
