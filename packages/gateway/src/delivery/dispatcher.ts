/** Which session works which line, and waking the right worker on a hint. One instance per gateway. */
import type { AttemptId, LineId, NodeId } from '@bluewire/contract/ids'
import type { Bus } from '../bus/bus.ts'
import type { Hint } from '../store/store.ts'
import { LineWorker } from './line-worker.ts'
import type { LineWorkerDeps, Outlet } from './line-worker.ts'

/** Whoever has lines and takes attempts for them: the session of a node, or of a provider. */
export interface WorkSession extends Outlet {
  /** Asks for an attempt not to be run any more, where that is possible. */
  void(attempt: AttemptId): void
  bye(code: 'revoked', detail: string): void
}

export class Dispatcher {
  readonly #deps: LineWorkerDeps
  readonly #workers = new Map<LineId, { worker: LineWorker; session: WorkSession }>()
  readonly #sessions = new Map<NodeId, WorkSession>()

  constructor(bus: Bus, deps: LineWorkerDeps) {
    this.#deps = deps
    bus.subscribe((hint) => this.#hinted(hint))
  }

  /** The session may be given work: its lines are worked from now on, and any older session of the node no more. */
  attach(session: WorkSession, lines: ReadonlyArray<{ readonly id: LineId }>): void {
    this.#sessions.set(session.node, session)
    for (const line of lines) {
      this.#workers.get(line.id)?.worker.stop()
      const worker = new LineWorker(line.id, session, this.#deps)
      this.#workers.set(line.id, { worker, session })
      worker.wake()
    }
  }

  detach(session: WorkSession): void {
    if (this.#sessions.get(session.node) === session) this.#sessions.delete(session.node)
    for (const [line, entry] of this.#workers) {
      if (entry.session !== session) continue
      entry.worker.stop()
      this.#workers.delete(line)
    }
  }

  /** Something is about to be accepted for the line. */
  expect(line: LineId): void {
    this.#workers.get(line)?.worker.expect()
  }

  wake(line: LineId): void {
    this.#workers.get(line)?.worker.wake()
  }

  /** Ends the session of a node, wherever it stands. */
  end(node: NodeId): void {
    this.#sessions.get(node)?.bye('revoked', 'This node was removed. Join again with a new code.')
  }

  stop(): void {
    for (const { worker } of this.#workers.values()) worker.stop()
    this.#workers.clear()
  }

  #hinted(hint: Hint): void {
    if (hint.kind === 'line') this.wake(hint.id)
    else if (hint.kind === 'cancel') this.#sessions.get(hint.node)?.void(hint.attempt)
    else if (hint.kind === 'revoked') this.end(hint.node)
  }
}
