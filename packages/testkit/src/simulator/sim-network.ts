/**
 * Connections as TCP has them: each direction in order; a side may not notice for a long time that the other is gone; what is already in a
 * receive buffer is still read by a side that does not know. Connections overtake one another.
 */
import type { FrameSocket } from '@bluewire/platform/frame-socket'
import type { VirtualClock } from '../virtual-clock.ts'
import type { Random } from './random.ts'

/** A silent peer is closed after this long (three pings). */
const SILENT_MS = 45_000

export type End = Readonly<{
  socket: FrameSocket
  /** Set by whoever owns this end. */
  on: { frame: (text: string) => void; closed: () => void }
}>

type Side = { open: boolean; lastArrivalMs: number; end: End; sent: number }

export type LinkFaults = { latencyMs: readonly [number, number]; duplicate: number }

export class SimConnection {
  readonly node: End
  readonly gateway: End
  readonly #clock: VirtualClock
  readonly #random: Random
  readonly #faults: LinkFaults
  readonly #sides: { node: Side; gateway: Side }
  #cut = false

  constructor(clock: VirtualClock, random: Random, faults: LinkFaults) {
    this.#clock = clock
    this.#random = random
    this.#faults = faults
    const end = (from: 'node' | 'gateway'): End => ({
      socket: { send: (text) => this.#send(from, text), close: () => this.close(from) },
      on: { frame: () => {}, closed: () => {} },
    })
    this.node = end('node')
    this.gateway = end('gateway')
    const side = (of: End): Side => ({ open: true, lastArrivalMs: 0, end: of, sent: 0 })
    this.#sides = { node: side(this.node), gateway: side(this.gateway) }
  }

  /** The path is gone. Each side finds out by itself: at once, or only when nothing was heard for too long. */
  cut(): void {
    if (this.#cut) return
    this.#cut = true
    for (const side of ['node', 'gateway'] as const) {
      const after = this.#random.chance(0.5) ? this.#random.between(0, 50) : this.#random.between(1000, SILENT_MS)
      this.#clock.setTimer(after, () => this.#noticed(side))
    }
  }

  /** One side ends it (or its process died); the other hears of it when the packet arrives, if it does. */
  close(from: 'node' | 'gateway'): void {
    const mine = this.#sides[from]
    if (!mine.open) return
    mine.open = false
    const other = from === 'node' ? 'gateway' : 'node'
    const after = this.#cut
      ? SILENT_MS
      : Math.max(this.#arrivalMs(from), this.#clock.monotonicMs()) - this.#clock.monotonicMs()
    this.#clock.setTimer(after, () => this.#noticed(other))
    this.#clock.setTimer(0, () => mine.end.on.closed())
  }

  #noticed(side: 'node' | 'gateway'): void {
    const it = this.#sides[side]
    if (!it.open) return
    it.open = false
    it.end.on.closed()
  }

  #send(from: 'node' | 'gateway', text: string): void {
    const mine = this.#sides[from]
    if (!mine.open || this.#cut) return
    this.#arrive(from, text)
    if (this.#random.chance(this.#faults.duplicate) && repeatable(text)) this.#arrive(from, text)
  }

  #arrive(from: 'node' | 'gateway', text: string): void {
    const other = this.#sides[from === 'node' ? 'gateway' : 'node']
    const at = this.#arrivalMs(from)
    this.#sides[from].lastArrivalMs = at
    // Delivered even when the reader closed meanwhile: it lay in its buffer. Whoever reads must know that it is of an old connection.
    this.#clock.setTimer(at - this.#clock.monotonicMs(), () => other.end.on.frame(text))
  }

  #arrivalMs(from: 'node' | 'gateway'): number {
    const [min, max] = this.#faults.latencyMs
    return Math.max(this.#sides[from].lastArrivalMs, this.#clock.monotonicMs() + this.#random.delay(min, max))
  }
}

/** TCP repeats nothing; a bug in a proxy or in our own resend might. Only what the protocol calls idempotent is repeated. */
function repeatable(text: string): boolean {
  return text.startsWith('{"t":"fact"') || text.startsWith('{"t":"send"') || text.startsWith('{"t":"void_done"')
}
