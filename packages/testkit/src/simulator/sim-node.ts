/** The real agent (journal, outbox, handshake, runner) as a process on a simulated Mac, with the link that connects it. */
import type { JournalId, NodeId } from '@bluewire/contract/ids'
import { Agent } from '@bluewire/node/agent'
import { Journal } from '@bluewire/node/journal/journal'
import { newUlidSource } from '@bluewire/platform/chance'
import type { Driver } from '@bluewire/drivers/driver'
import type { VirtualClock } from '../virtual-clock.ts'
import type { Random } from './random.ts'
import { SimDriver } from './sim-mac.ts'
import type { SimMac } from './sim-mac.ts'
import type { SimConnection } from './sim-network.ts'
import { SimProcess } from './sim-process.ts'

export type NodeFaults = {
  /** Killed while it gives a frame to its socket: the commit before it is done, the frame is not out. */
  killAtSend: number
}

export type SimNodeParts = Readonly<{
  id: NodeId
  clock: VirtualClock
  random: Random
  mac: SimMac
  lines: Driver['lines']
  faults: NodeFaults
  /** A connection to the gateway, or null when it cannot be reached. */
  connect: (node: SimNode) => SimConnection | null
}>

export class SimNode {
  readonly id: NodeId
  readonly mac: SimMac
  process: SimProcess | null = null
  readonly #parts: SimNodeParts
  #disk: Uint8Array | null = null
  #agent: Agent | null = null
  #connection: SimConnection | null = null
  #awayUntilMs = 0
  refusal: string | null = null
  /** Sees every frame that arrives at the process. */
  onFrame: (text: string) => void = () => {}

  constructor(parts: SimNodeParts) {
    this.#parts = parts
    this.id = parts.id
    this.mac = parts.mac
  }

  get up(): boolean {
    return this.process?.alive === true
  }

  status(): ReturnType<Agent['status']> | null {
    return this.up && this.#agent !== null ? this.#agent.status() : null
  }

  /** The journal as it would be found after a crash now; null before the first start. */
  image(): Uint8Array | null {
    return this.process?.image() ?? this.#disk
  }

  /** @param disk what stands on the disk instead of what was there: a restored journal, or null for a lost one. */
  start(disk: Uint8Array | null = this.#disk): void {
    const { clock, random, lines } = this.#parts
    const process = new SimProcess(`node ${this.id}`, clock, disk)
    const ulid = newUlidSource(
      () => process.nowMs(),
      () => random.next(),
    )
    const journal = new Journal(process.db, (): JournalId => `journal_${ulid()}`)
    const agent = new Agent({
      clock: process,
      journal,
      driver: new SimDriver({ mac: this.mac, clock: process, random, lines, stores: () => process.stores }),
      identity: { node: this.id, machine: `machine of ${this.id}`, bootId: '1', agent: 'simulated/1', os: 'macOS' },
      freeBytes: () => 10 * 1024 ** 3,
      link: {
        stayAway: (forMs) => void (this.#awayUntilMs = clock.monotonicMs() + forMs),
        refused: (code) => void (this.refusal = code),
      },
    })
    this.process = process
    this.#agent = agent
    void agent.start().then(() => this.#connectIn(random.between(1, 500)))
  }

  kill(): void {
    if (this.process === null || !this.process.alive) return
    this.process.kill()
    this.#disk = this.process.image()
    this.#connection?.cut()
    this.#connection = null
    this.#agent = null
  }

  /** The network drops the connection, if there is one. */
  cut(): void {
    this.#connection?.cut()
  }

  #connectIn(delayMs: number): void {
    const process = this.process
    process?.setTimer(delayMs, () => this.#connect(process))
  }

  #connect(process: SimProcess): void {
    if (process !== this.process || this.#agent === null) return
    const wait = this.#awayUntilMs - this.#parts.clock.monotonicMs()
    if (wait > 0) return this.#connectIn(wait)
    const connection = this.#parts.connect(this)
    if (connection === null) return this.#connectIn(this.#parts.random.between(300, 3000))
    this.#connection = connection
    const agent = this.#agent
    const { socket } = connection.node
    const mortal = {
      send: (text: string): void => {
        if (process.alive && this.#parts.random.chance(this.#parts.faults.killAtSend)) this.kill()
        if (process.alive) socket.send(text)
      },
      close: (how?: 'politely' | 'now'): void => socket.close(how),
    }
    connection.node.on.frame = (text) => {
      if (process.alive) this.onFrame(text)
      process.run(() => agent.received(mortal, text))
    }
    connection.node.on.closed = () => {
      process.run(() => agent.closed(mortal))
      if (this.#connection === connection) {
        this.#connection = null
        this.#connectIn(this.#parts.random.between(300, 3000))
      }
    }
    process.run(() => agent.opened(mortal))
  }
}
