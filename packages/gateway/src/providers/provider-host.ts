/**
 * The providers of this gateway: one session for each row that is in use. Rows are changed by other processes too (the admin command), so
 * they are read again every moment; what cannot work says why on its lines.
 */
import type { ProviderId } from '@bluewire/contract/ids'
import type { Provider } from '@bluewire/drivers/provider'
import type { Timer } from '@bluewire/platform/clock'
import type { ProviderRow } from '../store/providers-store.ts'
import { makeProvider } from './make-provider.ts'
import type { MakerDeps } from './make-provider.ts'
import { LEASE_MS, ProviderSession } from './provider-session.ts'
import type { ProviderSessionDeps } from './provider-session.ts'
import { UnusableProvider } from './provider-settings.ts'

const READ_EVERY_MS = 2_000
/** While somebody is setting things up, and waits. */
const READ_EVERY_MS_AT_FIRST = 250
const FIRST_MS = 10_000
const START_MS_MAX = 5_000

export type ProviderHostDeps = ProviderSessionDeps & Omit<MakerDeps, 'log'>

type Entry = {
  revision: number
  session: ProviderSession | null
  /** It is being stopped or started. */
  busy: Promise<void> | null
}

export class ProviderHost {
  readonly #deps: ProviderHostDeps
  readonly #entries = new Map<ProviderId, Entry>()
  #timer: Timer | null = null
  #reading: Promise<void> | null = null
  readonly #busy = new Set<Promise<void>>()
  #stopped = false
  readonly #startedAtMs: number

  constructor(deps: ProviderHostDeps) {
    this.#deps = deps
    this.#startedAtMs = deps.clock.monotonicMs()
  }

  /** Resolves when each provider was tried once, or one of them hangs. */
  async start(): Promise<void> {
    await this.#readOnce()
    this.#next()
    await Promise.race([Promise.all(this.#busy), this.#passed(START_MS_MAX)])
  }

  #passed(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#deps.clock.setTimer(ms, resolve))
  }

  /** Attempts whose outcome providers owe. */
  get inFlight(): number {
    return [...this.#entries.values()].reduce((n, { session }) => n + (session?.inFlight ?? 0), 0)
  }

  session(id: ProviderId): ProviderSession | null {
    const session = this.#entries.get(id)?.session ?? null
    return session?.hasEnded === false ? session : null
  }

  /** It is in use, though perhaps it cannot work now. */
  isKnown(id: ProviderId): boolean {
    return this.#entries.has(id)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#reading
    await Promise.all(this.#busy)
    await Promise.all([...this.#entries.values()].map(async ({ session }) => session?.stop()))
  }

  #next(): void {
    if (this.#stopped) return
    const isFirst = this.#deps.clock.monotonicMs() - this.#startedAtMs < FIRST_MS
    this.#timer = this.#deps.clock.setTimer(
      isFirst ? READ_EVERY_MS_AT_FIRST : READ_EVERY_MS,
      () => void this.#readOnce().then(() => this.#next()),
    )
  }

  #readOnce(): Promise<void> {
    this.#reading = this.#read()
      .catch((error: unknown) => this.#deps.log('providers_not_read', { error: textOf(error) }))
      .finally(() => (this.#reading = null))
    return this.#reading
  }

  async #read(): Promise<void> {
    const rows = await this.#deps.store.providers()
    const inUse = new Set(rows.map(({ id }) => id))
    for (const [id, entry] of this.#entries) {
      if (inUse.has(id)) continue
      this.#entries.delete(id)
      this.#beBusy(entry, async () => entry.session?.stop())
    }
    for (const row of rows) this.#keep(row)
  }

  /** One that hangs while it stops or starts keeps no other waiting. */
  #keep(row: ProviderRow): void {
    const entry = this.#entries.get(row.id) ?? { revision: 0, session: null, busy: null }
    this.#entries.set(row.id, entry)
    if (entry.busy !== null) return
    const isCurrent = entry.session?.hasEnded === false && entry.revision === row.revision
    if (isCurrent) return entry.session?.setLines(row.lines)
    this.#beBusy(entry, async () => {
      await entry.session?.stop()
      if (this.#stopped) return
      entry.session = await this.#open(row).catch((error: unknown) => this.#cannotWork(row, error))
      entry.revision = row.revision
    })
  }

  #beBusy(entry: Entry, work: () => Promise<void>): void {
    const busy = (entry.busy ?? Promise.resolve())
      .then(work)
      .catch((error: unknown) => this.#deps.log('provider_not_kept', { error: textOf(error) }))
      .finally(() => {
        this.#busy.delete(busy)
        if (entry.busy === busy) entry.busy = null
      })
    entry.busy = busy
    this.#busy.add(busy)
  }

  async #open(row: ProviderRow): Promise<ProviderSession | null> {
    const provider = await this.#make(row)
    const atMs = this.#deps.clock.monotonicMs()
    const { store, gateway } = this.#deps
    const lease = await store.takeLease({ provider: row.id, gateway, leaseMs: LEASE_MS })
    if (lease.kind !== 'taken') {
      await provider.stop()
      return null
    }
    const session = new ProviderSession(this.#deps, row.id, { provider, lease, atMs })
    this.#deps.log('provider_session', { provider: row.id, epoch: lease.epoch, open: lease.open.length })
    try {
      await session.start(lease.open)
    } catch (error) {
      await session.stop()
      throw error
    }
    return session
  }

  /** @throws UnusableProvider */
  #make(row: ProviderRow): Promise<Provider> {
    const log: MakerDeps['log'] = (event, fields) => this.#deps.log(event, { provider: row.id, ...fields })
    return makeProvider(row, { ...this.#deps, log })
  }

  async #cannotWork(row: ProviderRow, error: unknown): Promise<null> {
    const detail = error instanceof UnusableProvider ? error.message : `It could not be started: ${textOf(error)}`
    if (!(error instanceof UnusableProvider))
      this.#deps.log('provider_not_started', { provider: row.id, error: textOf(error) })
    await this.#deps.store.providerHealth(row.id, { state: 'broken', detail, provenAtMs: null }).catch(() => undefined)
    return null
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
