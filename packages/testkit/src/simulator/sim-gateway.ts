/** The real gateway below HTTP (store, sessions, dispatcher, sweeper) as one process that can be killed, restarted and restored. */
import type { AttemptId, GatewayId } from '@bluewire/contract/ids'
import { InProcessBus } from '@bluewire/gateway/bus/in-process-bus'
import { acceptAndDispatch } from '@bluewire/gateway/delivery/accept-and-dispatch'
import { Dispatcher } from '@bluewire/gateway/delivery/dispatcher'
import { Sweeper } from '@bluewire/gateway/delivery/sweeper'
import { ProviderHost } from '@bluewire/gateway/providers/provider-host'
import { LiveSessions } from '@bluewire/gateway/nodes/live-sessions'
import { SESSION_SETTINGS } from '@bluewire/gateway/nodes/node-session'
import type { Store } from '@bluewire/gateway/store/store'
import { sqliteStore } from '@bluewire/gateway/store/sqlite/sqlite-store'
import type { ProviderKind } from '@bluewire/drivers/provider'
import { simulatorProvider } from '@bluewire/drivers/simulator/simulator-provider'
import { newUlidSource } from '@bluewire/platform/chance'
import type { NodeId } from '@bluewire/contract/ids'
import type { VirtualClock } from '../virtual-clock.ts'
import { CarrierProvider } from './sim-carrier.ts'
import type { SimCarrier } from './sim-carrier.ts'
import type { End } from './sim-network.ts'
import { SimProcess } from './sim-process.ts'
import type { Random } from './random.ts'

export const GAP_MS = 1000
export const BURST = 5
export const NODE_LOST_AFTER_MS = 60_000
export const FAILOVER_AFTER_MS = 90_000

export type GatewayFaults = {
  /** Killed right after a commit returned, before anything that follows from it. */
  killAfterCommit: number
  /** Killed right after a frame left. */
  killAfterSend: number
}

export class SimGateway {
  readonly process: SimProcess
  readonly store: Store
  /** As callers see it. */
  readonly front: Store
  readonly #dispatcher: Dispatcher
  readonly #sweeper: Sweeper
  readonly #sessions: LiveSessions
  readonly #providers: ProviderHost
  readonly #id: GatewayId
  readonly #random: Random
  readonly #faults: GatewayFaults
  readonly #onKilled: () => void
  readonly problems: string[] = []

  constructor(parts: {
    clock: VirtualClock
    random: Random
    stored: Uint8Array | null
    faults: GatewayFaults
    carrier: SimCarrier
    onKilled: () => void
  }) {
    const { random } = parts
    this.#random = random
    this.#faults = parts.faults
    this.#onKilled = parts.onKilled
    this.process = new SimProcess('gateway', parts.clock, parts.stored)
    const clock = this.process
    const ulid = newUlidSource(
      () => clock.nowMs(),
      () => random.next(),
    )
    this.#id = `gw_${ulid()}`
    const bus = new InProcessBus((error) => this.#problem('bus', error))
    this.store = sqliteStore(this.process.db, {
      clock,
      ulid,
      lineDefaults: { gapMs: GAP_MS, burst: BURST },
      onHints: (hints) => {
        if (hints.length > 0 && random.chance(parts.faults.killAfterCommit)) parts.onKilled()
        else bus.publish(hints)
      },
      onFatal: (error) => this.#problem('fatal', error),
    })
    this.#dispatcher = new Dispatcher(bus, {
      store: this.store,
      clock,
      newAttemptId: (): AttemptId => `attempt_${ulid()}`,
      mayDispatch: () => this.process.alive,
      onError: (error) => this.#problem('dispatch', error),
    })
    this.front = acceptAndDispatch(this.store, this.#dispatcher)
    this.#sessions = new LiveSessions({
      store: this.store,
      clock,
      gateway: this.#id,
      settings: SESSION_SETTINGS,
      log: (event, { node }) => {
        // Each node here is one machine, whatever happens to its network, its process and its journal.
        if (event === 'node_paused') this.problems.push(`${node} was taken for two machines`)
      },
      onWorking: (working, lines) => this.#dispatcher.attach(working, lines),
      onClosed: (closed) => this.#dispatcher.detach(closed),
    })
    this.#providers = this.#newProviderHost(parts.carrier)
    this.#sweeper = new Sweeper({
      store: this.store,
      clock,
      dispatcher: this.#dispatcher,
      sessions: this.#sessions,
      options: {
        gateway: { id: this.#id, pid: 1, host: 'simulated' },
        nodeLostAfterMs: NODE_LOST_AFTER_MS,
        offlineFallbackAfterMs: 60_000,
        failoverAfterMs: FAILOVER_AFTER_MS,
        retainBodiesMs: 90 * 86_400_000,
        retainFactsMs: 400 * 86_400_000,
        onError: (what, error) => this.#problem(what, error),
      },
    })
  }

  #newProviderHost(carrier: SimCarrier): ProviderHost {
    return new ProviderHost({
      store: this.store,
      clock: this.process,
      gateway: this.#id,
      dispatcher: this.#dispatcher,
      log: () => {},
      keys: { read: () => null, missing: '' },
      dataDirectory: '',
      publicUrl: '',
      kindOf: () => Promise.resolve(kindOf(carrier, this.process)),
    })
  }

  start(): void {
    this.#sweeper.start().catch((error: unknown) => this.#problem('start', error))
    this.#providers.start().catch((error: unknown) => this.#problem('providers', error))
  }

  /** A node's connection, already authenticated. */
  accept(node: NodeId, end: End): void {
    const session = this.#sessions.open(node, this.#socketOf(end))
    end.on.frame = (text) => this.process.run(() => session.received(text))
    end.on.closed = () => this.process.run(() => session.closed())
  }

  #socketOf(end: End): End['socket'] {
    return {
      send: (text) => {
        if (!this.process.alive) return
        end.socket.send(text)
        if (this.#random.chance(this.#faults.killAfterSend)) this.#onKilled()
      },
      close: (how) => {
        if (this.process.alive) end.socket.close(how)
      },
    }
  }

  /** Full disks are expected here and reported as such; anything else is a finding. */
  #problem(what: string, error: unknown): void {
    const expected = !this.process.alive || (error instanceof Error && error.name === 'StoreUnavailableError')
    if (!expected)
      this.problems.push(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
  }
}

function kindOf(carrier: SimCarrier, process: SimProcess): ProviderKind {
  return { ...simulatorProvider, create: () => new CarrierProvider(carrier, process) }
}
