/** One simulated world of one seed: a gateway, two Macs, callers, and the faults that this seed chose. */
import type { AccountId, MessageId, NodeId } from '@bluewire/contract/ids'
import { newUlidSource } from '@bluewire/platform/chance'
import { VirtualClock } from '../virtual-clock.ts'
import { ask, newRequestId } from './client.ts'
import type { Asked, Request } from './client.ts'
import { choosePlan } from './plan.ts'
import type { CarrierPlan, Plan } from './plan.ts'
import { Phones } from './phones.ts'
import { Random } from './random.ts'
import { SimCarrier } from './sim-carrier.ts'
import type { CarrierFaults } from './sim-carrier.ts'
import { BURST, GAP_MS, SimGateway } from './sim-gateway.ts'
import { NOT_ON_IMESSAGE, SimMac } from './sim-mac.ts'
import { SimConnection } from './sim-network.ts'
import { SimNode } from './sim-node.ts'

const NO_CARRIER: CarrierFaults = {
  refuses: 0,
  throttles: 0,
  losesAnswer: 0,
  receipts: 0,
  echoes: false,
  lists: false,
  idsWrap: false,
}

/** One frame `send` on the wire, by the monotonic clock. */
export type Sent = Readonly<{ line: string; atMs: number }>

/** When every node is back and a node whose journal the restored store never saw still cannot vouch, a person decides. */
const OPERATOR_AFTER_MS = 300_000
/** After the faults have ended, everything must have come to rest within this time. */
const HEAL_MS_MAX = 30 * 60_000

export class World {
  readonly seed: number
  readonly clock = new VirtualClock()
  readonly random: Random
  readonly plan: Plan
  readonly phones = new Phones()
  readonly carrier: SimCarrier
  readonly asked: Asked[] = []
  readonly sends: Sent[] = []
  readonly problems: string[] = []
  /** When a node's process last got the frame of an attempt, and when it began it. Monotonic. */
  readonly gotAtMs = new Map<string, number>()
  readonly startedAtMs = new Map<string, number>()
  /** Replies from recipients that a node's agent took in. */
  readonly inbound: Array<{ guid: string; node: NodeId }> = []
  readonly account: AccountId
  readonly nodes: SimNode[] = []
  gateway: SimGateway
  /** How often each kind of fault really struck. */
  readonly struck: Record<string, number> = {}
  /** Gateway processes after the first. */
  restarts = 0
  crashesWithStarted = 0
  #backup: { image: Uint8Array; atMs: number } | null = null
  /** Messages accepted between a backup and its restore are gone by the operator's own act. */
  lostByRestore: { afterMs: number; untilMs: number } | null = null
  readonly #journalImages = new Map<NodeId, { image: Uint8Array; conn: number }>()
  readonly #ulid

  constructor(seed: number) {
    this.seed = seed
    this.random = new Random(seed)
    this.plan = choosePlan(this.random, seed)
    this.carrier = new SimCarrier({
      clock: this.clock,
      random: new Random(seed ^ 0xca11),
      phones: this.phones,
      faults: this.plan.carrier?.faults ?? NO_CARRIER,
    })
    this.carrier.onSubmit = (line) => void this.sends.push({ line, atMs: this.clock.monotonicMs() })
    this.#ulid = newUlidSource(
      () => this.clock.nowMs(),
      () => this.random.next(),
    )
    this.account = `acct_${this.#ulid()}`
    this.gateway = this.#newGateway(null)
  }

  strike(fault: string): void {
    this.struck[fault] = (this.struck[fault] ?? 0) + 1
  }

  async run(): Promise<void> {
    await this.#setUp()
    for (const step of this.plan.steps) this.clock.setTimer(step.atMs, () => this.#strikeSoon(step.what))
    for (const { atMs, statements } of this.plan.failingWrites)
      this.clock.setTimer(atMs, () => this.#failOneWrite(statements))
    for (const atMs of this.plan.requestsAtMs) this.clock.setTimer(atMs, () => this.#request(this.#newRequest()))
    await this.clock.advance(this.plan.lengthMs)
    this.#heal()
    for (let healed = 0; healed < HEAL_MS_MAX && !this.#atRest(); healed += 10_000) {
      if (healed === OPERATOR_AFTER_MS) this.#operatorEndsRecovery()
      await this.clock.advance(10_000)
    }
    this.problems.push(...this.gateway.problems)
  }

  async #setUp(): Promise<void> {
    const { store } = this.gateway
    const created = store.createAccount('simulator', {
      id: this.account,
      name: 'simulated',
      plan: 'unlimited',
      quotaLimit: null,
      entitlements: ['imessage'],
      region: 'US',
      smsPerHour: 1_000_000,
    })
    await this.clock.settle()
    await created
    for (const [i, services] of ([['imessage'], ['imessage', 'sms']] as const).entries()) {
      const id: NodeId = `node_${this.#ulid()}`
      const joined = store
        .createEnrolment('simulator', { codeHash: id, account: this.account, expiresInMs: 1000 })
        .then(() =>
          store.redeemEnrolment({
            codeHash: id,
            node: {
              id,
              name: `mac-${i}`,
              credentialHash: id,
              machine: `machine of ${id}`,
              simulated: true,
              driver: 'simulated-mac',
            },
          }),
        )
      await this.clock.settle()
      await joined
      this.nodes.push(
        new SimNode({
          id,
          clock: this.clock,
          random: this.random,
          mac: new SimMac({
            clock: this.clock,
            random: this.random,
            phones: this.phones,
            faults: this.plan.mac,
            onStart: (attempt) => void this.startedAtMs.set(attempt, this.clock.monotonicMs()),
            onInbound: (guid) => void this.inbound.push({ guid, node: id }),
          }),
          lines: [{ address: `+1500555000${i}`, services: [...services], sends: true }],
          faults: this.plan.node,
          connect: (node) => this.#connect(node),
        }),
      )
    }
    if (this.plan.carrier !== null) await this.#addProvider(this.plan.carrier)
    this.gateway.start()
    for (const node of this.nodes) node.start()
    await this.clock.advance(5_000)
  }

  async #addProvider({ downAtMs }: CarrierPlan): Promise<void> {
    const { store } = this.gateway
    const provider = `prov_${this.#ulid()}` as const
    const row = { id: provider, account: this.account, name: 'carrier', driver: 'simulated', shared: false }
    const added = store.createProvider('simulator', { ...row, simulated: true, settings: {}, secrets: '' }).then(() =>
      store.addProviderLine('simulator', {
        id: `line_${this.#ulid()}`,
        provider,
        account: this.account,
        address: '+15005550009',
        gapMs: GAP_MS,
        burst: BURST,
      }),
    )
    await this.clock.settle()
    await added
    for (const { atMs, forMs } of downAtMs)
      this.clock.setTimer(atMs, () => {
        this.strike('provider down')
        this.carrier.down(forMs)
      })
  }

  #newGateway(stored: Uint8Array | null): SimGateway {
    return new SimGateway({
      clock: this.clock,
      random: this.random,
      stored,
      faults: this.plan.gateway,
      carrier: this.carrier,
      onKilled: () => {
        this.strike('gateway killed at a commit or a frame')
        this.#killGateway()
      },
    })
  }

  #connect(node: SimNode): SimConnection | null {
    if (!this.gateway.process.alive) return null
    const connection = new SimConnection(this.clock, this.random, this.plan.link)
    const { socket } = connection.gateway
    const watched = {
      ...connection.gateway,
      socket: {
        send: (text: string): void => {
          const line = /^\{"t":"send".*?"line":"([^"]+)"/.exec(text)?.[1]
          if (line !== undefined) this.sends.push({ line, atMs: this.clock.monotonicMs() })
          socket.send(text)
        },
        close: (how?: 'politely' | 'now'): void => socket.close(how),
      },
    }
    this.gateway.accept(node.id, watched)
    this.#connections.push(connection)
    node.onFrame = (text) => {
      const attempt = /^\{"t":"send".*?"attempt":"([^"]+)"/.exec(text)?.[1]
      if (attempt !== undefined) this.gotAtMs.set(attempt, this.clock.monotonicMs())
    }
    return connection
  }

  readonly #connections: SimConnection[] = []

  #killGateway(): void {
    if (!this.gateway.process.alive) return
    this.gateway.process.kill()
    for (const connection of this.#connections.splice(0)) connection.cut()
    this.clock.setTimer(this.random.delay(50, 20_000), () => this.#startGateway(this.gateway.process.image()))
  }

  #startGateway(stored: Uint8Array, restored = false): void {
    if (this.gateway.process.alive) return
    this.problems.push(...this.gateway.problems)
    this.restarts++
    this.gateway = this.#newGateway(stored)
    if (!restored) return this.gateway.start()
    const { gateway } = this
    void gateway.store.beginRecovery().then(
      () => gateway.process.run(() => gateway.start()),
      () => {},
    )
  }

  /** Most faults do nothing to a node at rest: half of them wait until one has something in its hands. */
  #strikeSoon(what: string, patienceMs = this.random.chance(0.5) ? 20_000 : 0): void {
    const busy = this.nodes.filter((n) => (n.status()?.started ?? 0) + (n.status()?.taken ?? 0) > 0)
    if (busy.length > 0 || patienceMs <= 0)
      return this.#act(what, this.random.pick(busy.length > 0 ? busy : this.nodes))
    this.clock.setTimer(50, () => this.#strikeSoon(what, patienceMs - 50))
  }

  #act(what: string, node: SimNode): void {
    switch (what) {
      case 'kill gateway':
        this.strike(what)
        return this.#killGateway()
      case 'kill node':
        this.strike(what)
        return this.#restartNode(node, undefined)
      case 'cut':
        this.strike(what)
        return node.cut()
      case 'fill gateway disk':
        this.strike(what)
        this.gateway.process.fillDisk()
        return void this.clock.setTimer(this.random.between(500, 20_000), () => this.gateway.process.freeDisk())
      case 'fill node disk': {
        const { process } = node
        this.strike(what)
        process?.fillDisk()
        return void this.clock.setTimer(this.random.between(500, 20_000), () => process?.freeDisk())
      }
      case 'back up gateway':
        this.#backup = { image: this.gateway.process.image(), atMs: this.clock.nowMs() }
        return
      case 'restore gateway':
        return this.#restoreGateway()
      case 'copy journal': {
        const image = node.image()
        if (image !== null) this.#journalImages.set(node.id, { image, conn: this.#connOf(node) })
        return node.cut()
      }
      case 'restore journal': {
        const copy = this.#journalImages.get(node.id)
        // A copy made since the last hello looks like the journal itself: the residual that PROTOCOL 3 documents.
        if (copy === undefined || this.#connOf(node) <= copy.conn) return
        this.strike(what)
        return this.#restartNode(node, copy.image)
      }
      case 'lose journal':
        this.strike(what)
        return this.#restartNode(node, null)
      case 'clock back':
      case 'clock ahead':
        this.strike(what)
        return this.clock.jumpWall(what === 'clock back' ? -86_400_000 : 3600_000)
      default:
        throw new Error(`no such act: ${what}`)
    }
  }

  /** The number of the node's last connection that the gateway took. */
  #connOf(node: SimNode): number {
    if (!this.gateway.process.alive) return 0
    return Number(this.gateway.process.db.prepare('select conn from nodes where id = ?').get(node.id)?.['conn'])
  }

  /** The disk runs full in the middle of a batch, and space is back at once. */
  #failOneWrite(statements: number): void {
    if (!this.gateway.process.alive) return
    this.strike('one write of the gateway fails')
    this.gateway.process.db.failIn(statements)
  }

  #restoreGateway(): void {
    const backup = this.#backup
    if (backup === null || !this.gateway.process.alive) return
    this.strike('restore gateway')
    this.gateway.process.kill()
    for (const connection of this.#connections.splice(0)) connection.cut()
    this.lostByRestore = { afterMs: backup.atMs, untilMs: this.clock.nowMs() }
    this.#startGateway(backup.image, true)
  }

  /** @param disk undefined: what was there. */
  #restartNode(node: SimNode, disk: Uint8Array | null | undefined): void {
    if (!node.up && disk === undefined) return
    if ((node.status()?.started ?? 0) > 0) this.crashesWithStarted++
    node.kill()
    const start = (): void => {
      if (node.up) return
      if (disk === undefined) node.start()
      else node.start(disk)
    }
    this.clock.setTimer(this.random.delay(100, this.plan.nodeDownMsMax), start)
  }

  #newRequest(): Request {
    const { random } = this
    const recipients = Array.from({ length: this.plan.recipients }, (_, i) => `+1415555020${i}`)
    if (this.plan.fallback) recipients.push(NOT_ON_IMESSAGE)
    const service = random.chance(this.plan.carrier === null ? 0.1 : 0.4) ? 'sms' : 'imessage'
    return {
      id: newRequestId(service, this.#ulid),
      recipient: random.pick(recipients),
      body: 'x'.repeat(random.chance(0.3) ? random.between(500, 6_000) : 20),
      fallback: this.plan.fallback && random.chance(0.6),
      onUnknown: random.chance(this.plan.resends) ? 'resend' : 'hold',
      expiresInMs: random.chance(0.1) ? random.between(10_000, 60_000) : 4 * 3600_000,
      class: random.chance(0.2) ? 'bulk' : 'interactive',
      key: random.chance(0.5) ? this.#ulid() : null,
      service,
    }
  }

  #request(request: Request, again?: Asked): void {
    const asked: Asked = again ?? { request, answer: 'none', storedAs: null, answeredAtMs: 0, retries: 0 }
    if (again === undefined) this.asked.push(asked)
    const { gateway } = this
    const settle = (answer: Asked['answer'], id: MessageId | null): void => {
      if (!gateway.process.alive) return // the answer never left
      asked.answer = answer
      asked.storedAs = id
      asked.answeredAtMs = this.clock.nowMs()
    }
    gateway.process.run(() => {
      void ask(gateway.front, this.account, request).then(
        (result) => {
          if (result.kind === 'accepted' || result.kind === 'replayed') settle('accepted', result.id)
          else this.problems.push(`a request was answered ${result.kind}`)
        },
        () => settle('refused', null),
      )
    })
    this.clock.setTimer(8_000, () => {
      if (asked.answer === 'accepted' || request.key === null || asked.retries >= 3) return
      asked.retries++
      this.strike('caller retried with its key')
      const retry = { ...request, id: newRequestId(request.service, this.#ulid) }
      this.#request(retry, asked)
    })
  }

  /** Faults end; everything that was down comes up again. */
  #heal(): void {
    Object.assign(this.plan.mac, { refuses: 0, osascriptFails: 0, hangs: 0, deniesKnowing: 0 })
    Object.assign(this.carrier.faults, { refuses: 0, throttles: 0, losesAnswer: 0 })
    this.plan.node.killAtSend = 0
    this.plan.gateway.killAfterCommit = 0
    this.plan.gateway.killAfterSend = 0
    this.plan.link.duplicate = 0
    this.plan.link.latencyMs = [1, 20]
    this.gateway.process.freeDisk()
    for (const node of this.nodes) {
      node.process?.freeDisk()
      if (!node.up) node.start()
    }
    if (!this.gateway.process.alive) this.#startGateway(this.gateway.process.image())
  }

  #operatorEndsRecovery(): void {
    const recovering = this.gateway.process.db
      .prepare(
        "select 1 from meta where key = 'recovering_at' union all select 1 from accounts where recovering_at > 0",
      )
      .get()
    if (recovering === undefined) return
    this.strike('operator ended a recovery')
    void this.gateway.store.endRecovery()
  }

  #atRest(): boolean {
    if (!this.gateway.process.alive) return false
    const open = this.gateway.process.db
      .prepare("select count(*) as n from messages where state in ('queued', 'sending')")
      .get()
    const nodesAtRest = this.nodes.every((n) => {
      const status = n.status()
      return status?.phase === 'working' && status.started === 0 && status.unacked === 0
    })
    return Number(open?.['n']) === 0 && nodesAtRest
  }
}
