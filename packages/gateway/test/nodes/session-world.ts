/** A store with an account, a node and its line (StoreWorld), and sessions of that node over recorded sockets. */
import { DatabaseSync } from 'node:sqlite'
import type { GatewayFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import type { HelloFrame, NodeFrame, ResumeState } from '@bluewire/contract/node-protocol/node-frames'
import type { AttemptId } from '@bluewire/contract/ids'
import { newUlidSource } from '@bluewire/platform/chance'
import type { FrameSocket } from '@bluewire/platform/frame-socket'
import { NodeSession, SESSION_SETTINGS } from '../../src/nodes/node-session.ts'
import type { SessionDeps } from '../../src/nodes/node-session.ts'
import type { Store } from '../../src/store/store.ts'
import { sqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { StoreWorld } from '../store/store-world.ts'

export class RecordedSocket implements FrameSocket {
  readonly frames: GatewayFrame[] = []
  isClosed = false
  send(text: string): void {
    this.frames.push(JSON.parse(text) as GatewayFrame)
  }
  close(): void {
    this.isClosed = true
  }
  /** The last frame of that kind. */
  last<T extends GatewayFrame['t']>(t: T): Extract<GatewayFrame, { t: T }> | undefined {
    return this.frames.findLast((frame): frame is Extract<GatewayFrame, { t: T }> => frame.t === t)
  }
}

export class SessionWorld {
  readonly raw = new DatabaseSync(':memory:')
  readonly failures: string[] = []
  readonly alerts: string[] = []
  readonly world = new StoreWorld(({ clock, onHints }) => {
    const ulid = newUlidSource(() => clock.nowMs(), Math.random)
    const onFatal = (error: unknown): void => void this.failures.push(String(error))
    return Promise.resolve(
      sqliteStore(this.raw, { clock, ulid, lineDefaults: { gapMs: 1000, burst: 5 }, onHints, onFatal }),
    )
  })
  session!: NodeSession
  socket!: RecordedSocket
  /** Methods of the store that sessions see otherwise. */
  readonly faults: Partial<Store> = {}
  #conn = 100

  async start(): Promise<this> {
    await this.world.start()
    return this
  }

  /** A new connection, up to the point where `ready` is said. */
  async connect(
    more: Partial<HelloFrame> = {},
    state: (attempt: AttemptId) => ResumeState = () => 'started',
    outboxHead = 0,
  ): Promise<void> {
    await this.hello(more)
    const welcome = this.socket.last('welcome')
    if (welcome === undefined) throw new Error(JSON.stringify(this.socket.frames))
    this.world.session = { node: this.world.node, epoch: welcome.session }
    const states = Object.fromEntries(welcome.resume.map(({ attempt }) => [attempt, state(attempt)]))
    await this.say({ t: 'ready', session: welcome.session, states, outbox_head: outboxHead })
  }

  async hello(more: Partial<HelloFrame> = {}): Promise<void> {
    this.greet()
    await this.say(this.world.hello({ conn: this.#conn++, ...more }))
  }

  /** A new connection that has said nothing yet. */
  greet(more: Partial<SessionDeps> = {}): void {
    this.socket = new RecordedSocket()
    this.session = new NodeSession(this.world.node, this.socket, {
      store: { ...this.world.store, ...this.faults },
      clock: this.world.clock,
      gateway: 'gw_test',
      settings: SESSION_SETTINGS,
      log: (event, _fields, level) => {
        if (event === 'session_failed') this.failures.push(event)
        if (level === 'alert') this.alerts.push(event)
      },
      onWorking: () => undefined,
      onClosed: () => undefined,
      ...more,
    })
  }

  say(frame: NodeFrame | HelloFrame | Readonly<Record<string, unknown>>): Promise<void> {
    this.session.received(JSON.stringify(frame))
    return this.world.clock.settle()
  }

  count(table: string): number {
    return Number(this.raw.prepare(`select count(*) as n from ${table}`).get()?.['n'])
  }
}
