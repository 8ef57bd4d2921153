/**
 * The sessions of this process. A node has one that counts: when a newer hello is committed, older ones end at once. And what the store
 * believes is compared with what is really connected, since either may have missed a word of the other.
 */
import type { NodeId } from '@bluewire/contract/ids'
import { capabilityFor, isDriverCommand } from '@bluewire/contract/node-protocol/commands'
import type { Capability } from '@bluewire/contract/node-protocol/capabilities'
import type { FrameSocket } from '@bluewire/platform/frame-socket'
import type { HeldNode } from '../store/store.ts'
import type { CommandAnswer, NodeCommand } from './commands.ts'
import { NodeSession } from './node-session.ts'
import type { SessionDeps } from './node-session.ts'

export type CommandOutcome =
  | CommandAnswer
  | Readonly<{ kind: 'not_connected' }>
  /** Two machines use its credential, and nobody knows which of them would do it. */
  | Readonly<{ kind: 'paused' }>
  /** Its driver has not got that capability: the node is not asked. */
  | Readonly<{ kind: 'not_capable'; needs: Capability }>

export class LiveSessions {
  readonly #deps: SessionDeps
  /** Mostly one of a node. */
  readonly #byNode = new Map<NodeId, NodeSession[]>()

  constructor(deps: SessionDeps) {
    this.#deps = {
      ...deps,
      onWelcomed: (session) => {
        this.#replaceOlder(session)
        deps.onWelcomed?.(session)
      },
      onClosed: (session) => {
        this.#forget(session)
        deps.onClosed(session)
      },
    }
  }

  open(node: NodeId, socket: FrameSocket): NodeSession {
    const session = new NodeSession(node, socket, this.#deps)
    this.#byNode.set(node, [...this.#of(node), session])
    return session
  }

  all(): readonly NodeSession[] {
    return [...this.#byNode.values()].flat()
  }

  /**
   * Asks a node for something besides sending. Never rejects. Only the gateway that holds the node's connection can: for others it is not
   * connected.
   */
  async command(node: NodeId, command: NodeCommand): Promise<CommandOutcome> {
    const session = this.#of(node).findLast((one) => one.isReady)
    if (session === undefined) return { kind: 'not_connected' }
    const needs = isDriverCommand(command.command) ? capabilityFor(command.command, command.args) : null
    if (needs !== null && session.isObserving) return { kind: 'paused' }
    if (needs !== null && !session.can(needs)) return { kind: 'not_capable', needs }
    return session.command(command)
  }

  /**
   * Rows without a session: its end could not be stored (a full disk), and the node would look online for ever. Sessions without a row:
   * another process retired the node, or took it over. Sessions from before a recovery: they have to tell what they sent.
   */
  async reconcile(): Promise<void> {
    const held = await this.#deps.store.heldNodes(this.#deps.gateway)
    const rows = new Map(held.map((row) => [row.node, row]))
    for (const row of held) {
      const mine = this.#of(row.node)
      if (mine.some((session) => session.isGreeting)) continue // its hello may be committed at this moment
      const live = mine.find((session) => session.epoch === row.epoch)
      if (live !== undefined) this.#compare(live, row)
      else await this.#closeRow(row)
    }
    for (const session of this.all()) {
      if (!session.isGreeting && rows.get(session.node)?.epoch !== session.epoch) await this.#askStanding(session)
    }
  }

  #of(node: NodeId): readonly NodeSession[] {
    return this.#byNode.get(node) ?? []
  }

  #forget(session: NodeSession): void {
    const others = this.#of(session.node).filter((other) => other !== session)
    if (others.length === 0) this.#byNode.delete(session.node)
    else this.#byNode.set(session.node, others)
  }

  #compare(session: NodeSession, row: HeldNode): void {
    if (row.toldEpoch > session.toldEpoch)
      session.bye('recovering', 'The store was restored: say hello anew and tell what was sent.')
  }

  async #closeRow({ node, epoch }: HeldNode): Promise<void> {
    this.#deps.log('session_end_stored_late', { node, epoch })
    await this.#deps.store.closed({ node, epoch })
  }

  async #askStanding(session: NodeSession): Promise<void> {
    const standing = await this.#deps.store.standing({ node: session.node, epoch: session.epoch })
    if (standing === 'retired') session.bye('revoked', 'This node was removed. Join again with a new code.')
    else if (standing === 'fenced') session.bye('replaced', 'This session does not count any more.')
  }

  #replaceOlder(newer: NodeSession): void {
    for (const session of this.#of(newer.node)) {
      if (session === newer || session.epoch > newer.epoch) continue
      // One that has not said hello yet may be the next: its hello decides.
      if (!session.isGreeting) session.bye('replaced', 'A newer connection of this node took over.')
    }
  }
}
