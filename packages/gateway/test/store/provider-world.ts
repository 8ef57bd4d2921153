/** A store world with a provider beside its node: one line for SMS, and the lease to work it. */
import type { AttemptId, LineId, ProviderId } from '@bluewire/contract/ids'
import type { ProviderReceipt } from '@bluewire/drivers/provider'
import type { ProviderFinding, ProviderSessionKey } from '../../src/store/providers-store.ts'
import type { Dispatched, NewMessage } from '../../src/store/store.ts'
import { RECIPIENT } from './store-world.ts'
import type { StoreWorld } from './store-world.ts'

export const SMS_ADDRESS = '+15005550002'
export const LEASE_MS = 30_000

export class ProviderWorld {
  readonly w: StoreWorld
  readonly provider: ProviderId
  readonly line: LineId
  readonly address: string
  session!: ProviderSessionKey

  constructor(w: StoreWorld, address = SMS_ADDRESS) {
    this.address = address
    this.w = w
    this.provider = `prov_${w.ulid()}`
    this.line = `line_${w.ulid()}`
  }

  async start(more: { shared?: boolean } = {}): Promise<this> {
    const { w, provider } = this
    await w.do(
      w.store.createProvider('test', {
        id: provider,
        account: w.account,
        name: 'carrier',
        driver: 'simulator',
        shared: more.shared ?? false,
        simulated: true,
        settings: {},
        secrets: '',
      }),
    )
    const line = { provider, account: w.account, address: this.address, gapMs: 0, burst: 100 }
    await w.do(w.store.addProviderLine('test', { id: this.line, ...line }))
    await this.lease()
    return this
  }

  /** Takes the lease and says that it can send. */
  async lease(gateway: `gw_${string}` = 'gw_test') {
    const { w, provider } = this
    const lease = await w.do(w.store.takeLease({ provider, gateway, leaseMs: LEASE_MS }))
    if (lease.kind !== 'taken') throw new Error(lease.kind)
    this.session = { node: provider, epoch: lease.epoch }
    await w.do(w.store.providerReady(this.session, true))
    return lease
  }

  sms(more: Partial<NewMessage> = {}): Promise<NewMessage['id']> {
    return this.w.accept({ id: `text_${this.w.ulid()}`, service: 'sms', line: this.line, ...more })
  }

  dispatchAny() {
    const { w, line, session } = this
    const attempt: AttemptId = `attempt_${w.ulid()}`
    return w.do(w.store.dispatch({ line, ...session, attempt, maxOpen: 100 }))
  }

  async dispatch(): Promise<Dispatched> {
    const result = await this.dispatchAny()
    if (result.kind !== 'dispatched') throw new Error(JSON.stringify(result))
    return result.dispatched
  }

  /** Accepts one and dispatches it. */
  async out(more: Partial<NewMessage> = {}): Promise<Dispatched> {
    await this.sms(more)
    return this.dispatch()
  }

  finding(attempt: AttemptId, finding: ProviderFinding) {
    return this.w.do(this.w.store.providerFinding(this.session, attempt, finding))
  }

  receipt(receipt: Partial<ProviderReceipt> & Pick<ProviderReceipt, 'fact'>) {
    const full: ProviderReceipt = { ref: null, to: RECIPIENT, atMs: this.w.clock.nowMs(), ...receipt }
    return this.w.do(this.w.store.providerReceipt(this.session, full))
  }

  async state(d: Dispatched): Promise<string> {
    return (await this.w.state(d.message)).state
  }

  async attempts(d: Dispatched): Promise<string[]> {
    return (await this.w.store.timeline(this.w.account, d.message)).attempts.map((a) => `${a.service} ${a.state}`)
  }
}
