/** A store with an account, the real host and dispatcher, and providers whose every answer the test decides. Time is virtual. */
import type { AccountId, AttemptId, GatewayId, LineId, MessageId, ProviderId } from '@bluewire/contract/ids'
import type {
  OutgoingSms,
  Provider,
  ProviderEvents,
  ProviderHealth,
  ProviderKind,
  ProviderOutcome,
} from '@bluewire/drivers/provider'
import { simulatorProvider } from '@bluewire/drivers/simulator/simulator-provider'
import { VirtualClock } from '@bluewire/testkit/virtual-clock'
import { InProcessBus } from '../../src/bus/in-process-bus.ts'
import { Dispatcher } from '../../src/delivery/dispatcher.ts'
import { ProviderHost } from '../../src/providers/provider-host.ts'
import type { KeyRing } from '../../src/providers/provider-settings.ts'
import type { Hint, NewMessage, Store } from '../../src/store/store.ts'
import { RECIPIENT, newMessage } from '../store/new-message.ts'
import { sqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { newUlidSource } from '@bluewire/platform/chance'
import { DatabaseSync } from 'node:sqlite'

export const SENT: ProviderOutcome = { kind: 'sent', refs: ['r'] }
const KEYS: KeyRing = { read: () => null, missing: 'key missing: it is not there' }

type Open = Readonly<{ sms: OutgoingSms; answer: (outcome: ProviderOutcome) => void; mayLeave: () => boolean }>

/** Sends wait until the test answers them, unless `auto` does. */
export class ScriptedProvider implements Provider {
  readonly atMostOnce = true
  readonly simulated = true
  readonly capabilities: readonly string[] = []
  window = 10
  isReady = true
  state: ProviderHealth = { state: 'ok', provenAtMs: null }
  auto: ((sms: OutgoingSms, mayLeave: () => boolean) => ProviderOutcome | Promise<ProviderOutcome>) | null = null
  found: ProviderOutcome = { kind: 'unknown', reason: 'no_answer' }
  readonly open: Open[] = []
  readonly sent: OutgoingSms[] = []
  readonly lookedUp: AttemptId[] = []
  events!: ProviderEvents
  stops = 0

  start(events: ProviderEvents): Promise<void> {
    this.events = events
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.stops++
    for (const { answer } of this.open.splice(0)) answer({ kind: 'unknown', reason: 'no_answer' })
    return Promise.resolve()
  }

  health(): ProviderHealth {
    return this.state
  }

  async send(sms: OutgoingSms, mayLeave: () => boolean): Promise<ProviderOutcome> {
    this.sent.push(sms)
    if (this.auto !== null) return this.auto(sms, mayLeave)
    return new Promise((answer) => this.open.push({ sms, answer, mayLeave }))
  }

  lookUp({ attempt }: OutgoingSms): Promise<ProviderOutcome> {
    this.lookedUp.push(attempt)
    return Promise.resolve(this.found)
  }

  test(): Promise<{ ok: boolean; lines: string[] }> {
    return Promise.resolve({ ok: true, lines: [] })
  }
}

export class HostWorld {
  readonly clock = new VirtualClock()
  readonly ulid = newUlidSource(() => this.clock.nowMs(), Math.random)
  readonly account: AccountId = `acct_${this.ulid()}`
  readonly provider: ProviderId = `prov_${this.ulid()}`
  readonly line: LineId = `line_${this.ulid()}`
  readonly raw = new DatabaseSync(':memory:')
  readonly store: Store
  /** What the host uses: tests make some of its methods fail. */
  readonly hostStore: Store
  readonly failing = new Set<keyof Store>()
  readonly made: ScriptedProvider[] = []
  readonly logged: string[] = []
  /** Prepares each provider before it is started. */
  prepare: (provider: ScriptedProvider) => void = () => undefined
  readonly #hosts: ProviderHost[] = []
  #publish: (hints: readonly Hint[]) => void = () => undefined

  constructor() {
    this.store = sqliteStore(this.raw, {
      clock: this.clock,
      ulid: this.ulid,
      lineDefaults: { gapMs: 0, burst: 100 },
      onHints: (hints) => this.#publish(hints),
      onFatal: (error) => {
        throw error
      },
    })
    const { failing, store } = this
    this.hostStore = new Proxy(store, {
      get: (target, name: keyof Store) =>
        failing.has(name) ? () => Promise.reject(new Error('disk full')) : (Reflect.get(target, name) as unknown),
    })
  }

  async do<R>(call: Promise<R>): Promise<R> {
    let outcome: { value: R } | { error: unknown } | undefined
    call.then(
      (value) => (outcome = { value }),
      (error: unknown) => (outcome = { error }),
    )
    while (outcome === undefined) await this.clock.settle()
    if ('value' in outcome) return outcome.value
    throw outcome.error
  }

  async start(): Promise<this> {
    const { account, provider } = this
    const tenant = { name: 'test', plan: 'unlimited', quotaLimit: null, entitlements: [], region: 'US' } as const
    await this.do(this.store.createAccount('test', { id: account, ...tenant }))
    const row = { id: provider, account, name: 'carrier', driver: 'scripted', shared: false, simulated: true } as const
    await this.do(this.store.createProvider('test', { ...row, settings: {}, secrets: '' }))
    await this.addLine(this.line, '+15005550002')
    return this
  }

  async addLine(id: LineId, address: string): Promise<void> {
    const line = { id, provider: this.provider, account: this.account, address, gapMs: 0, burst: 100 }
    await this.do(this.store.addProviderLine('test', line))
  }

  /** A gateway process as far as providers go. Whoever was before it is gone, as its lock says. */
  async host(gateway: GatewayId = 'gw_1', keys: KeyRing = KEYS): Promise<ProviderHost> {
    await this.do(this.store.heartbeat({ id: gateway, pid: 1, host: 'test' }))
    const bus = new InProcessBus(() => undefined)
    this.#publish = (hints) => bus.publish(hints)
    const dispatcher = new Dispatcher(bus, {
      store: this.store,
      clock: this.clock,
      newAttemptId: (): AttemptId => `attempt_${this.ulid()}`,
      mayDispatch: () => true,
      onError: (error) => void this.logged.push(String(error)),
    })
    const host = new ProviderHost({
      store: this.hostStore,
      clock: this.clock,
      gateway,
      dispatcher,
      log: (event) => void this.logged.push(event),
      keys,
      dataDirectory: '/nowhere',
      publicUrl: 'http://127.0.0.1:8080',
      kindOf: (name) => Promise.resolve(name === 'scripted' ? this.#kind() : null),
    })
    this.#hosts.push(host)
    await this.do(host.start())
    await this.clock.settle()
    return host
  }

  #kind(): ProviderKind {
    return {
      ...simulatorProvider,
      create: () => {
        const provider = new ScriptedProvider()
        this.prepare(provider)
        this.made.push(provider)
        return provider
      },
    }
  }

  /** The provider that works now. */
  get now(): ScriptedProvider {
    const latest = this.made.at(-1)
    if (latest === undefined) throw new Error('no provider was made')
    return latest
  }

  async sms(recipient = RECIPIENT, more: Partial<NewMessage> = {}): Promise<MessageId> {
    const { account, line } = this
    const which = { id: `text_${this.ulid()}`, account, line, service: 'sms' } as const
    const message = newMessage(which, { recipient, ...more })
    const result = await this.do(this.store.accept(message))
    if (result.kind !== 'accepted') throw new Error(result.kind)
    await this.clock.settle()
    return result.id
  }

  async state(id: MessageId): Promise<string> {
    return (await this.store.message(this.account, id))?.state ?? 'no such message'
  }

  async attempts(id: MessageId): Promise<string[]> {
    return (await this.store.timeline(this.account, id)).attempts.map(
      (a) => `${a.state}${a.reason ? ` ${a.reason}` : ''}`,
    )
  }

  async row() {
    const row = (await this.store.providers()).find(({ id }) => id === this.provider)
    if (row === undefined) throw new Error('no such provider')
    return row
  }

  /** A timer of a process that ends does not fire. */
  async stop(): Promise<void> {
    for (const host of this.#hosts) await this.do(host.stop())
    await this.store.close()
  }
}
