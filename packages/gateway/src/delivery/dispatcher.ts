/** Which session works which line, and waking the right worker on a hint. One instance per gateway. */
import type { LineId, NodeId } from '@bluewire/contract/ids'
import type { Bus } from '../bus/bus.ts'
import type { NodeSession, SessionLine } from '../nodes/node-session.ts'
import type { Hint } from '../store/store.ts'
import { LineWorker } from './line-worker.ts'
import type { LineWorkerDeps } from './line-worker.ts'

export class Dispatcher {
  readonly #deps: LineWorkerDeps
  readonly #workers = new Map<LineId, { worker: LineWorker; session: NodeSession }>()
  readonly #sessions = new Map<NodeId, NodeSession>()

  constructor(bus: Bus, deps: LineWorkerDeps) {
    this.#deps = deps
    bus.subscribe((hint) => this.#hinted(hint))
  }

  /** The session may be given work: its lines are worked from now on, and any older session of the node no more. */
  attach(session: NodeSession, lines: readonly SessionLine[]): void {
    this.#sessions.set(session.node, session)
    for (const line of lines) {
      this.#workers.get(line.id)?.worker.stop()
      const worker = new LineWorker(
        line.id,
        {
          epoch: session.epoch,
          maxOpen: session.maxOpen,
          isSlow: (id) => session.inFlight.isSlow(id),
          dispatch: (id, dispatched) => session.dispatch(id, dispatched),
        },
        this.#deps,
      )
      this.#workers.set(line.id, { worker, session })
      worker.wake()
    }
  }

  detach(session: NodeSession): void {
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
