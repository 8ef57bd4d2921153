/**
 * The gateway's side of the node protocol on a real socket (store, sessions, dispatcher) and real agents that dial it. What a Mac would do
 * is decided by the test.
 */
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import type { AccountId, NodeId } from '@bluewire/contract/ids'
import type { Capability } from '@bluewire/contract/node-protocol/capabilities'
import type { Driver, DriverCommand, DriverEvents, DriverHealth, DriverReply, Outgoing } from '@bluewire/drivers/driver'
import { InProcessBus } from '@bluewire/gateway/bus/in-process-bus'
import { Dispatcher } from '@bluewire/gateway/delivery/dispatcher'
import { hashCredential, NodeServer } from '@bluewire/gateway/nodes/node-server'
import { SESSION_SETTINGS } from '@bluewire/gateway/nodes/node-session'
import { sqliteStore } from '@bluewire/gateway/store/sqlite/sqlite-store'
import type { Store } from '@bluewire/gateway/store/store'
import { Agent } from '@bluewire/node/agent'
import { gatewayAddress } from '@bluewire/node/gateway-address'
import { Journal } from '@bluewire/node/journal/journal'
import { Link } from '@bluewire/node/link'
import { newUlidSource, systemChance } from '@bluewire/platform/chance'
import { systemClock } from '@bluewire/platform/clock'
import { until } from '../../src/stories/until.ts'

export const LINE = '+15005550001'
const ulid = newUlidSource(() => systemClock.nowMs(), systemChance)

/** A Mac whose Messages sends everything, and which does the commands that the test gives it. */
export class TestDriver implements Driver {
  readonly name = 'test'
  readonly atMostOnce = true
  readonly simulated = true
  readonly serialBy = 'node'
  readonly lines = [{ address: LINE, services: ['imessage' as const], sends: true }]
  capabilities: readonly Capability[] = ['imessage']
  says: DriverHealth = { state: 'ok', provenAtMs: systemClock.nowMs() }
  readonly sent: Outgoing[] = []
  readonly asked: DriverCommand[] = []
  answer: (command: DriverCommand) => Promise<DriverReply> = () => Promise.resolve({ ok: true })
  events: DriverEvents | null = null
  /** Where it was told to go on reading. */
  resumedAt: string | null = null

  start(events: DriverEvents): Promise<void> {
    this.events = events
    return Promise.resolve()
  }
  stop(): Promise<void> {
    return Promise.resolve()
  }
  health(): DriverHealth {
    return this.says
  }
  refuses(): null {
    return null
  }
  send(outgoing: Outgoing): Promise<{ kind: 'sent' }> {
    this.sent.push(outgoing)
    return Promise.resolve({ kind: 'sent' })
  }
  lookUp(): Promise<{ kind: 'unknown'; reason: string }> {
    return Promise.resolve({ kind: 'unknown', reason: 'not_found' })
  }
  resumeAt(position: string): void {
    this.resumedAt = position
  }
  command(command: DriverCommand): Promise<DriverReply> {
    this.asked.push(command)
    return this.answer(command)
  }
}

export type MacOptions = Readonly<{ bootId: string; journal?: Uint8Array; driver?: TestDriver }>

/** One agent with its journal, dialling under a credential that others may use too. */
export class Mac {
  readonly driver: TestDriver
  readonly agent: Agent
  readonly #journal: DatabaseSync
  readonly #link: Link

  constructor(at: { url: string; node: NodeId; credential: string }, options: MacOptions) {
    this.driver = options.driver ?? new TestDriver()
    this.#journal = new DatabaseSync(':memory:')
    if (options.journal !== undefined) this.#journal.deserialize(options.journal)
    const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
    this.#link = new Link({
      address: gatewayAddress(at.url),
      credential: at.credential,
      insecure: false,
      clock: systemClock,
      chance: systemChance,
      log: silent,
      refused: () => undefined,
      times: { backOffMsMin: 20, backOffMsMax: 200 },
    })
    this.agent = new Agent({
      clock: systemClock,
      journal: new Journal(this.#journal, () => `journal_${ulid()}`),
      driver: this.driver,
      identity: {
        node: at.node,
        machine: 'machine-1',
        bootId: options.bootId,
        agent: 'bluewire-node/test',
        os: 'test',
      },
      freeBytes: () => 1e12,
      link: this.#link.control,
    })
  }

  async start(): Promise<this> {
    await this.agent.start()
    this.#link.start(this.agent)
    return this
  }

  /** What a copy of its disk holds. */
  disk(): Uint8Array {
    return this.#journal.serialize()
  }

  /** The network is gone, and is back as soon as the link dials. */
  cut(): void {
    this.driver.events?.dropLink?.(0)
  }

  /** May be called twice. */
  async stop(): Promise<void> {
    await this.agent.stop()
    await this.#link.stop()
    if (this.#journal.isOpen) this.#journal.close()
  }
}

export class RealNodes {
  readonly raw = new DatabaseSync(':memory:')
  readonly alerts: string[] = []
  readonly account: AccountId = `acct_${ulid()}`
  readonly store: Store
  readonly nodes: NodeServer
  readonly #http: Server
  readonly #bus = new InProcessBus((error) => this.alerts.push(String(error)))
  readonly #dispatcher: Dispatcher
  readonly #macs: Mac[] = []
  #url = ''

  constructor() {
    this.store = sqliteStore(this.raw, {
      clock: systemClock,
      ulid,
      lineDefaults: { gapMs: 0, burst: 1000 },
      onHints: (hints) => this.#bus.publish(hints),
      onFatal: (error) => this.alerts.push(String(error)),
    })
    this.#dispatcher = new Dispatcher(this.#bus, {
      store: this.store,
      clock: systemClock,
      newAttemptId: () => `attempt_${ulid()}`,
      mayDispatch: () => true,
      onError: (error) => this.alerts.push(String(error)),
    })
    this.nodes = new NodeServer({
      store: this.store,
      clock: systemClock,
      gateway: 'gw_test',
      settings: SESSION_SETTINGS,
      log: (event, _fields, level) => void (level === 'alert' && this.alerts.push(event)),
      onWorking: (session, lines) => this.#dispatcher.attach(session, lines),
      onClosed: (session) => this.#dispatcher.detach(session),
    })
    this.#http = createServer()
    this.nodes.listenOn(this.#http)
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve))
    this.#url = `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`
    const profile = { plan: 'unlimited', quotaLimit: null, entitlements: ['imessage'], region: 'US' } as const
    await this.store.createAccount('test', { id: this.account, name: 'test', ...profile })
    return this
  }

  /** A node is enrolled, as `POST /node/join` would. */
  async join(): Promise<{ node: NodeId; credential: string }> {
    const node: NodeId = `node_${ulid()}`
    const credential = `bwnode_${ulid()}`
    await this.store.createEnrolment('test', { codeHash: node, account: this.account, expiresInMs: 60_000 })
    const known = { id: node, name: 'mac-1', machine: 'machine-1', simulated: true, driver: 'test' }
    await this.store.redeemEnrolment({
      codeHash: node,
      node: { ...known, credentialHash: hashCredential(credential) },
    })
    return { node, credential }
  }

  async mac(joined: { node: NodeId; credential: string }, options: MacOptions): Promise<Mac> {
    const mac = new Mac({ url: this.#url, ...joined }, options)
    this.#macs.push(mac)
    return mac.start()
  }

  untilOnline(node: NodeId): Promise<unknown> {
    return until('the node is online', async () => (await this.store.node(node))?.online)
  }

  async stop(): Promise<void> {
    for (const mac of this.#macs) await mac.stop()
    this.nodes.stop()
    this.#dispatcher.stop()
    await new Promise((resolve) => (this.#http.close(resolve), this.#http.closeAllConnections()))
    await this.#bus.close()
    await this.store.close()
  }
}
