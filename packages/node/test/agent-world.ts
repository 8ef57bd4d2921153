/** An agent in virtual time with a gateway that is only a list of frames, and a driver that does what the test says. */
import { DatabaseSync } from 'node:sqlite'
import type { AttemptId, JournalId, MessageId, NodeId, Service } from '@bluewire/contract/ids'
import { nodeFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { NodeFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { GatewayFrame, WelcomeFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import type { Driver, DriverEvents, Outgoing, SendOutcome } from '@bluewire/drivers/driver'
import type { FrameSocket } from '@bluewire/platform/frame-socket'
import { VirtualClock } from '@bluewire/testkit/virtual-clock'
import { Agent } from '../src/agent.ts'
import type { AgentDeps } from '../src/agent.ts'
import { Journal } from '../src/journal/journal.ts'

export const LINE = '+15005550001'
export const LINE_2 = '+15005550002'
const NODE: NodeId = `node_${'0'.repeat(26)}`

function ulidOf(n: number): string {
  return String(n).padStart(26, '0')
}

export function attemptNo(n: number): AttemptId {
  return `attempt_${ulidOf(n)}`
}

export function messageNo(n: number): MessageId {
  return `imessage_${ulidOf(n)}`
}

/** Ids counted over the whole test run: a new journal never has the id of another. */
let journals = 0
export function newJournalId(): JournalId {
  journals++
  return `journal_${ulidOf(journals)}`
}

type Deferred = { outgoing: Outgoing; settle(outcome: SendOutcome): void; fail(error: unknown): void }

export class FakeDriver implements Driver {
  readonly name = 'fake'
  readonly atMostOnce = true
  readonly simulated = true
  readonly capabilities = []
  serialBy: 'node' | 'line' = 'node'
  lines: readonly { address: string; services: Service[]; sends: boolean }[] = [
    { address: LINE, services: ['imessage', 'sms'], sends: true },
    { address: LINE_2, services: ['imessage'], sends: true },
  ]
  refuse: string | null = null
  /** What a send does when it is not held: the test may replace it. */
  outcome: SendOutcome = { kind: 'sent' }
  found: SendOutcome | Error = { kind: 'unknown', reason: 'not_found' }
  holding = false
  readonly sent: Outgoing[] = []
  readonly lookedUp: AttemptId[] = []
  readonly held: Deferred[] = []
  events: DriverEvents | null = null
  stopped = 0

  start(events: DriverEvents): Promise<void> {
    this.events = events
    return Promise.resolve()
  }

  stop(): Promise<void> {
    this.stopped++
    return Promise.resolve()
  }

  health() {
    return { state: 'ok' as const, provenAtMs: null }
  }

  refuses() {
    return this.refuse === null ? null : { reason: this.refuse }
  }

  send(outgoing: Outgoing): Promise<SendOutcome> {
    this.sent.push(outgoing)
    if (!this.holding) return Promise.resolve(this.outcome)
    return new Promise((settle, fail) => this.held.push({ outgoing, settle, fail }))
  }

  lookUp(outgoing: Outgoing): Promise<SendOutcome> {
    this.lookedUp.push(outgoing.attempt)
    return this.found instanceof Error ? Promise.reject(this.found) : Promise.resolve(this.found)
  }
}

export class FakeSocket implements FrameSocket {
  readonly frames: NodeFrame[] = []
  closed: 'politely' | 'now' | null = null

  send(text: string): void {
    if (this.closed) return
    this.frames.push(nodeFrame.parse(JSON.parse(text))) // whatever a node says is valid
  }

  close(how: 'politely' | 'now' = 'politely'): void {
    this.closed ??= how
  }

  of<T extends NodeFrame['t']>(t: T): Array<Extract<NodeFrame, { t: T }>> {
    return this.frames.filter((frame): frame is Extract<NodeFrame, { t: T }> => frame.t === t)
  }

  /** The words of the frames, in order, without those that come by the clock. */
  get words(): string[] {
    return this.frames.map((frame) => frame.t).filter((t) => t !== 'health')
  }
}

export class World {
  readonly clock = new VirtualClock()
  driver = new FakeDriver()
  database = new DatabaseSync(':memory:')
  journal = new Journal(this.database, newJournalId)
  freeBytes = 100 * 1024 ** 3
  ballast = 0
  readonly logged: string[] = []
  readonly asked: string[] = []
  session = 0
  agent: Agent = this.#newAgent()

  #newAgent(more: Partial<AgentDeps> = {}): Agent {
    const log = (event: string, fields?: object) => void this.logged.push(`${event} ${JSON.stringify(fields ?? {})}`)
    return new Agent({
      clock: this.clock,
      journal: this.journal,
      driver: this.driver,
      identity: { node: NODE, machine: 'machine-1', bootId: 'boot-1', agent: 'bluewire-node/0', os: 'linux' },
      freeBytes: () => this.freeBytes,
      giveUpBallast: () => this.ballast-- > 0,
      log: { info: log, warn: log, error: log },
      link: {
        ready: () => void this.asked.push('ready'),
        stayAway: (ms) => void this.asked.push(`stay away ${ms}`),
        refused: (code) => void this.asked.push(`refused ${code}`),
      },
      ...more,
    })
  }

  /** Before the agent has started. */
  readonly with = (more: Partial<AgentDeps>): void => void (this.agent = this.#newAgent(more))

  /** A connection up to its hello. */
  async connect(): Promise<FakeSocket> {
    if (this.agent.status().phase === 'offline') await this.agent.start()
    const socket = new FakeSocket()
    this.agent.opened(socket)
    await this.clock.settle()
    return socket
  }

  welcomeFrame(more: Partial<WelcomeFrame> = {}): WelcomeFrame {
    this.session++
    return {
      t: 'welcome',
      session: this.session,
      store_epoch: 1,
      mode: 'work',
      acked_seq: this.journal.heads().outbox.acked,
      resume: [],
      settings: { ping_ms: 15_000, start_within_ms: 10_000, gap_ms: 0, max_open: 5 },
      ...more,
    }
  }

  /** A connection that is ready for work. */
  async work(more: Partial<WelcomeFrame> = {}): Promise<FakeSocket> {
    const socket = await this.connect()
    await this.say(socket, this.welcomeFrame(more))
    return socket
  }

  async say(socket: FrameSocket, frame: GatewayFrame): Promise<void> {
    this.agent.received(socket, JSON.stringify(frame))
    await this.clock.settle()
  }

  sendFrame(n: number, more: Partial<Extract<GatewayFrame, { t: 'send' }>> = {}): Extract<GatewayFrame, { t: 'send' }> {
    return {
      t: 'send',
      session: this.session,
      attempt: attemptNo(n),
      message: messageNo(n),
      n: 1,
      line: LINE,
      to: '+14155552671',
      service: 'imessage',
      body: `body number ${n}`,
      start_within_ms: 10_000,
      ...more,
    }
  }

  /** kill -9 and a new process: what is in the file stays, nothing else. */
  restart(file: Uint8Array = this.database.serialize()): void {
    this.driver = new FakeDriver()
    this.database = new DatabaseSync(':memory:')
    this.database.deserialize(file)
    this.journal = new Journal(this.database, newJournalId)
    this.agent = this.#newAgent()
  }

  state(n: number): string {
    return this.journal.find(attemptNo(n))?.state ?? 'absent'
  }
}
