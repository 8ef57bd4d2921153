/** A store with one account, one node that is ready, and its line: what most store tests begin with. */
import type { AccountId, AttemptId, JournalId, LineId, MessageId, NodeId } from '@bluewire/contract/ids'
import type { FactFrame, HelloFrame, InboundFrame } from '@bluewire/contract/node-protocol/node-frames'
import { newUlidSource } from '@bluewire/platform/chance'
import { afterEach } from 'vitest'
import { VirtualClock } from '@bluewire/testkit/virtual-clock'
import { RECIPIENT, newMessage } from './new-message.ts'
import type { Dispatched, Hint, NewMessage, SessionKey, Store } from '../../src/store/store.ts'

export type OpenStore = (options: { clock: VirtualClock; onHints: (hints: readonly Hint[]) => void }) => Promise<Store>

export const LINE_ADDRESS = '+15005550001'
export { RECIPIENT }

/** Makes worlds for the tests of the block it is called in, and closes them after each. */
export function storeWorlds(open: OpenStore): (account?: Parameters<StoreWorld['start']>[0]) => Promise<StoreWorld> {
  const worlds: StoreWorld[] = []
  afterEach(async () => {
    for (const w of worlds.splice(0)) await w.store.close()
  })
  return (account) => {
    const w = new StoreWorld(open)
    worlds.push(w)
    return w.start(account)
  }
}

/** Steps of a story; each settles the clock, so that group commits happen. */
export class StoreWorld {
  readonly clock = new VirtualClock()
  readonly ulid = newUlidSource(() => this.clock.nowMs(), Math.random)
  readonly account: AccountId = `acct_${this.ulid()}`
  readonly hints: Hint[] = []
  machine = 'machine-1'
  journal: JournalId = `journal_${this.ulid()}`
  store!: Store
  node!: NodeId
  line!: LineId
  session!: SessionKey
  #conn = 0
  #seq = 0
  readonly #open: OpenStore

  constructor(open: OpenStore) {
    this.#open = open
  }

  /** Awaits a store call while virtual time stands still. */
  async do<R>(call: Promise<R>): Promise<R> {
    const settled = call.then(
      (value) => ({ ok: true as const, value }),
      (error: unknown) => ({ ok: false as const, error }),
    )
    await this.clock.settle()
    const outcome = await settled
    if (outcome.ok) return outcome.value
    throw outcome.error
  }

  async start(account: { quotaLimit?: number | null; plan?: 'free' | 'unlimited' } = {}): Promise<this> {
    this.store = await this.#open({ clock: this.clock, onHints: (hints) => this.hints.push(...hints) })
    await this.do(
      this.store.createAccount('test', {
        id: this.account,
        name: 'test',
        plan: account.plan ?? 'unlimited',
        quotaLimit: account.quotaLimit ?? null,
        entitlements: ['imessage'],
        region: 'US',
      }),
    )
    this.node = await this.join()
    await this.connect()
    return this
  }

  /** Another account's node that was connected and is not now. Returns its line. */
  async offline(account: AccountId): Promise<LineId> {
    const node = await this.join('mac-2', { machine: 'machine-2', account })
    const frame = this.hello({ node, machine: 'machine-2', journal_id: `journal_${this.ulid()}` })
    const welcome = await this.do(this.store.hello({ gateway: 'gw_test', frame }))
    if (welcome.kind !== 'welcome') throw new Error(`bye ${welcome.code}`)
    await this.do(this.store.closed({ node, epoch: welcome.epoch }))
    return welcome.lines[0]?.id ?? 'line_none'
  }

  async join(
    name = 'mac-1',
    { account = this.account, ...more }: { simulated?: boolean; machine?: string; account?: AccountId } = {},
  ): Promise<NodeId> {
    const id: NodeId = `node_${this.ulid()}`
    await this.do(this.store.createEnrolment('test', { codeHash: id, account, expiresInMs: 60_000 }))
    await this.do(
      this.store.redeemEnrolment({
        codeHash: id,
        node: { id, name, credentialHash: id, machine: this.machine, simulated: true, driver: 'simulator', ...more },
      }),
    )
    return id
  }

  hello(more: Partial<HelloFrame> = {}): HelloFrame {
    return {
      t: 'hello',
      protocol: 1,
      node: this.node,
      conn: ++this.#conn,
      journal_id: this.journal,
      journal_head: 0,
      last_session: 0,
      store_epoch_seen: 0,
      machine: this.machine,
      boot_id: 'b',
      agent: 'test/1',
      os: 'test',
      driver: 'simulator',
      at_most_once: true,
      simulated: true,
      capabilities: [],
      lines: [{ address: LINE_ADDRESS, services: ['imessage'], sends: true, out_24h: 0 }],
      outbox: { oldest: 1, head: 0, acked: 0 },
      open: { taken: 0, started: 0 },
      now_ms: this.clock.nowMs(),
      free_bytes: 1e12,
      ...more,
    }
  }

  /** A new session that is ready; attempts of the resume list are answered by `states`. */
  async connect(
    more: Partial<HelloFrame> = {},
    state: (attempt: AttemptId) => 'void' | 'lost' | 'started' | 'settled' = () => 'void',
  ) {
    const welcome = await this.do(this.store.hello({ gateway: 'gw_test', frame: this.hello(more) }))
    if (welcome.kind !== 'welcome') throw new Error(`bye ${welcome.code}`)
    this.session = { node: this.node, epoch: welcome.epoch }
    const line = welcome.lines[0]
    if (line !== undefined) this.line = line.id
    const resume = welcome.resume.map((r) => r.attempt)
    const states = Object.fromEntries(resume.map((id) => [id, state(id)]))
    await this.do(
      this.store.ready(this.session, { t: 'ready', session: welcome.epoch, states, outbox_head: 0 }, resume),
    )
    return welcome
  }

  message(more: Partial<NewMessage> = {}): NewMessage {
    const { account, line } = this
    return newMessage({ id: `imessage_${this.ulid()}`, account, line, service: 'imessage' }, more)
  }

  async accept(more: Partial<NewMessage> = {}): Promise<MessageId> {
    const result = await this.do(this.store.accept(this.message(more)))
    if (result.kind !== 'accepted') throw new Error(result.kind)
    return result.id
  }

  dispatchAny() {
    return this.do(
      this.store.dispatch({
        line: this.line,
        ...this.session,
        attempt: `attempt_${this.ulid()}`,
        maxOpen: 5,
      }),
    )
  }

  async dispatch(): Promise<Dispatched> {
    const result = await this.dispatchAny()
    if (result.kind !== 'dispatched')
      throw new Error(result.kind === 'nothing' ? `nothing: ${result.why}` : result.kind)
    return result.dispatched
  }

  factFrame(d: Dispatched, more: Partial<FactFrame> & Pick<FactFrame, 'fact'>): FactFrame {
    return {
      t: 'fact',
      journal_id: this.journal,
      seq: ++this.#seq,
      attempt: d.attempt,
      message: d.message,
      n: d.n,
      line: d.line,
      service: d.service,
      at: this.clock.nowMs(),
      ...more,
    }
  }

  fact(d: Dispatched, more: Partial<FactFrame> & Pick<FactFrame, 'fact'>) {
    return this.do(this.store.fact(this.session, this.factFrame(d, more)))
  }

  inbound(body: string, more: Partial<InboundFrame> = {}) {
    return this.do(
      this.store.inbound(this.session, {
        t: 'inbound',
        journal_id: this.journal,
        seq: ++this.#seq,
        guid: `guid-${this.#seq}`,
        line: LINE_ADDRESS,
        from: RECIPIENT,
        service: 'imessage',
        body,
        date: this.clock.nowMs(),
        backfilled: false,
        ...more,
      }),
    )
  }

  async state(id: MessageId) {
    const view = await this.store.message(this.account, id)
    if (view === undefined) throw new Error('no such message')
    return view
  }

  async types(id: MessageId): Promise<string[]> {
    return (await this.store.timeline(this.account, id)).events.map((e) => e.type)
  }
}
