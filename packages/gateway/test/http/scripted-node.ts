/** A node whose every answer is decided by the test. It keeps to the protocol: seq numbers, taken before fact, ready after welcome. */
import type { AttemptId, JournalId, NodeId } from '@bluewire/contract/ids'
import { parseGatewayFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import type { GatewayFrame, SendFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import type {
  FactFrame,
  HealthFrame,
  LineOffer,
  NodeFrame,
  ResumeState,
} from '@bluewire/contract/node-protocol/node-frames'
import { NodeSession } from '../../src/nodes/node-session.ts'
import type { SessionDeps } from '../../src/nodes/node-session.ts'

export type Outcome =
  | Readonly<Pick<FactFrame, 'fact'> & Partial<Pick<FactFrame, 'class' | 'reason' | 'detail'>>>
  | Readonly<{ refuse: string }>

/** What becomes of an attempt. Null: it is taken, and nothing is said until `settle` is called. */
export type Script = (frame: SendFrame) => Outcome | null

export type ScriptedNodeParts = Readonly<{
  id: NodeId
  simulated: boolean
  journalId: JournalId
  lines: LineOffer[]
  script: Script
}>

export class ScriptedNode {
  readonly id: NodeId
  /** Every attempt that got here, in order. */
  readonly sent: SendFrame[] = []
  script: Script
  readonly #parts: ScriptedNodeParts
  #session: NodeSession | null = null
  #conn = 0
  #seq = 0
  #epoch = 0

  constructor(parts: ScriptedNodeParts) {
    this.id = parts.id
    this.script = parts.script
    this.#parts = parts
  }

  /** Resolves when the gateway gives it work. */
  async connect(deps: SessionDeps): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const session = new NodeSession(
      this.id,
      { send: (text) => this.#received(text), close: () => undefined },
      {
        ...deps,
        onWorking: (working, lines) => {
          deps.onWorking(working, lines)
          resolve()
        },
      },
    )
    this.#session = session
    this.#say({
      t: 'hello',
      protocol: 1,
      node: this.id,
      conn: ++this.#conn,
      journal_id: this.#parts.journalId,
      journal_head: this.#seq,
      last_session: this.#epoch,
      store_epoch_seen: 0,
      machine: this.id,
      boot_id: 'test',
      agent: 'test',
      os: 'test',
      driver: 'simulator',
      at_most_once: true,
      simulated: this.#parts.simulated,
      capabilities: [],
      lines: this.#parts.lines,
      outbox: { oldest: this.#seq, head: this.#seq, acked: this.#seq },
      open: { taken: 0, started: 0 },
      now_ms: Date.now(),
      free_bytes: 1e12,
    })
    await promise
  }

  disconnect(): void {
    this.#session?.closed()
    this.#session = null
  }

  /** Says what became of an attempt that the script left open, or more of one that was settled. */
  settle(frame: SendFrame, outcome: Outcome): void {
    if ('refuse' in outcome) {
      const { attempt } = frame
      this.#say({ ...this.#durable(), t: 'void_done', attempt, proof: true, reason: outcome.refuse })
      return
    }
    const { attempt, message, n, line, service } = frame
    this.#say({ ...this.#durable(), t: 'fact', attempt, message, n, line, service, ...outcome })
  }

  /** What it says of itself. */
  health(said: Pick<HealthFrame, 'state' | 'checks'>): void {
    this.#say({ t: 'health', proven_at: null, queue: 0, free_bytes: 1e12, ...said })
  }

  #durable(): { journal_id: JournalId; seq: number; at: number } {
    return { journal_id: this.#parts.journalId, seq: ++this.#seq, at: Date.now() }
  }

  #received(text: string): void {
    const parsed = parseGatewayFrame(text)
    if (!parsed.ok) throw new Error(`the gateway sent a frame that cannot be read: ${parsed.reason}`)
    queueMicrotask(() => this.#obey(parsed.frame))
  }

  #obey(frame: GatewayFrame): void {
    if (frame.t === 'welcome') {
      this.#epoch = frame.session
      const states: Record<AttemptId, ResumeState> = {}
      for (const { attempt } of frame.resume) states[attempt] = 'void'
      this.#say({ t: 'ready', session: frame.session, states, outbox_head: this.#seq })
    } else if (frame.t === 'send') {
      this.sent.push(frame)
      const outcome = this.script(frame)
      if (outcome === null || !('refuse' in outcome))
        this.#say({ t: 'taken', session: this.#epoch, attempt: frame.attempt })
      if (outcome !== null) this.settle(frame, outcome)
    }
  }

  #say(frame: NodeFrame): void {
    this.#session?.received(JSON.stringify(frame))
  }
}
