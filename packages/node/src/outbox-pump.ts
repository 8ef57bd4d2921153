/** Sends the outbox over the current session: in order, each frame once per session, no further than a window beyond the acks it takes. */
import type { AttemptId, JournalId } from '@bluewire/contract/ids'
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { AgentLog } from './agent-log.ts'
import type { DurableWrites } from './durable-writes.ts'
import type { Journal } from './journal/journal.ts'

/** A long backlog goes out in pieces, so that what arrives meanwhile is not kept waiting. */
const FRAMES_PER_TURN = 100
/** Frames beyond the last ack: a long backlog over a slow line would fill the socket's buffer, and the gateway would be taken for dead. */
export const WINDOW = 200
/** An ack that is lost costs a repeat: several share one commit. */
const ACK_DELAY_MS = 100

type Deps = Readonly<{ clock: Clock; journal: Journal; writes: DurableWrites; log: AgentLog }>

export class OutboxPump {
  readonly #deps: Deps
  #send: ((text: string) => void) | null = null
  #sentUpTo = 0
  #ackedUpTo = 0
  #turnAsked = false
  #acked = 0
  #ackTimer: Timer | null = null

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** A session is ready: everything that waits is sent, oldest first. */
  open(send: (text: string) => void): void {
    this.#send = send
    this.#sentUpTo = this.#ackedUpTo = this.#deps.journal.heads().outbox.acked
    this.push()
  }

  close(): void {
    this.#send = null
  }

  /** Something was appended to the outbox. */
  push(): void {
    const { journal, clock } = this.#deps
    if (!this.#send || this.#turnAsked) return
    const room = Math.min(FRAMES_PER_TURN, this.#ackedUpTo + WINDOW - this.#sentUpTo)
    if (room <= 0) return // the next ack goes on
    const frames = journal.unacked(this.#sentUpTo, room)
    for (const { seq, text } of frames) {
      this.#sentUpTo = seq
      this.#send?.(text)
    }
    if (frames.length < room) return
    this.#turnAsked = true
    clock.soon(() => {
      this.#turnAsked = false
      this.push()
    })
  }

  /** Tells again what became of the attempt. False when nothing is known of it. */
  repeat(attempt: AttemptId): boolean {
    const { journal, writes } = this.#deps
    this.storeAcks()
    const sent = journal.unackedOf(attempt).filter(({ seq }) => seq <= this.#sentUpTo)
    if (sent.length > 0) {
      for (const { text } of sent) this.#send?.(text)
      return true
    }
    const known = writes.now(() => journal.requeue(attempt))
    this.push()
    return known
  }

  ack(frame: { journal_id: JournalId; seq: number }): void {
    const { journal, log, clock } = this.#deps
    const heads = journal.heads()
    if (frame.journal_id !== heads.journalId) return log.warn('ack.other_journal', { seq: frame.seq })
    if (frame.seq > heads.outbox.head) return log.warn('ack.above_head', { seq: frame.seq, head: heads.outbox.head })
    this.#acked = Math.max(this.#acked, frame.seq)
    this.#ackTimer ??= clock.setTimer(ACK_DELAY_MS, () => this.storeAcks())
    if (frame.seq <= this.#ackedUpTo) return
    this.#ackedUpTo = frame.seq
    this.#sentUpTo = Math.max(this.#sentUpTo, frame.seq)
    this.push()
  }

  /** Acks belong to one journal id: what waits is stored, or forgotten when the journal is about to begin anew. */
  storeAcks(how: 'store' | 'forget' = 'store'): void {
    this.#ackTimer?.cancel()
    this.#ackTimer = null
    const { journal, writes, clock } = this.#deps
    const acked = this.#acked
    this.#acked = 0
    if (how === 'store' && acked > 0) writes.eventually(() => void journal.ack(acked, clock.nowMs()))
  }
}
