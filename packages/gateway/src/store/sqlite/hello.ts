/** W4: a node says hello. Its epoch is raised, so that every older session is fenced, and what it held open is listed for it to answer. */
import type { AttemptId, GatewayId, JournalId, NodeId } from '@bluewire/contract/ids'
import type { HelloFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { Selectable } from 'kysely'
import type { HelloResult } from '../store.ts'
import type { Tables } from '../tables.ts'
import type { AppendEvent } from './events.ts'
import type { Tx } from './group-writer.ts'
import type { Journals } from './journals.ts'
import type { LineOffers } from './line-offers.ts'
import { IS_OPEN_ATTEMPT } from './partial-indexes.ts'
import type { Recovery } from './recovery.ts'
import type { AttemptRow, Db } from './rows.ts'
import type { Settle } from './settle.ts'
import type { TwoMachines } from './two-machines.ts'

/** An unknown attempt is asked about on every new session this long; afterwards only a person looks for it. */
const ASK_UNKNOWN_FOR_MS = 24 * 3600_000
/** Attempts listed to a node: few enough for one frame. What is in flight is always listed; its lines may have only so many open. */
const RESUME_MAX = 1000

export type HelloInput = Readonly<{ gateway: GatewayId; frame: HelloFrame }>
export type TakeHello = (tx: Tx, input: HelloInput) => HelloResult

export type HelloParts = Readonly<{
  db: Db
  append: AppendEvent
  settle: Settle
  journals: Journals
  offers: LineOffers
  recovery: Recovery
  twoMachines: TwoMachines
}>

type Bye = Extract<HelloResult, { kind: 'bye' }>

const REVOKED: Bye = { kind: 'bye', code: 'revoked', detail: 'This node was removed. Join again with a new code.' }

export function prepareHello(parts: HelloParts): TakeHello {
  const { db, append, settle, journals, offers, recovery, twoMachines } = parts
  const s = prepare(db)

  /** What the gateway holds open on this node. What ran under another journal can prove nothing any more. */
  function openAttempts(tx: Tx, node: NodeId, journalId: JournalId): Array<{ attempt: AttemptId; proof: boolean }> {
    const inFlight = s.inFlight.all({ node })
    const room = Math.max(0, RESUME_MAX - inFlight.length)
    const unknown = s.unknown.all({ node, since: tx.nowMs - ASK_UNKNOWN_FOR_MS, room })
    return [...inFlight, ...unknown].map((attempt) => {
      const proof = attempt.journal_id === journalId
      if (!proof) settle.record(tx, attempt, { fact: 'unknown', reason: 'journal_lost' })
      return { attempt: attempt.id, proof }
    })
  }

  return (tx, { gateway, frame }) => {
    const node = s.node.get({ id: frame.node })
    const journal = journals.get(frame.node, frame.journal_id)
    const refused = refusal(node, journal, frame)
    if (refused?.code === 'cloned' && node !== undefined)
      append(tx, { account: node.account, type: 'node.cloned', node: node.id })
    if (refused !== null || node === undefined) return refused ?? REVOKED
    const ahead =
      frame.last_session > node.epoch ||
      frame.outbox.acked > (journal?.acked ?? 0) ||
      frame.store_epoch_seen > node.told_epoch
    if (ahead) recovery.detected(tx, node, frame.store_epoch_seen)
    const vouches = journal !== undefined || (node.conn === 0 && frame.last_session === 0)
    if (!vouches && recovery.recovering(node.account))
      append(tx, { account: node.account, type: 'recovery.cannot_vouch', node: node.id })
    const offering = { account: node.account, node: node.id, simulated: node.simulated }
    const epoch = Math.max(node.epoch, frame.last_session, offers.highestEpoch(offering, frame.lines)) + 1
    s.take.run({ ...columnsOf(frame), id: node.id, gateway, epoch, at: tx.nowMs })
    s.linesEpoch.run({ node: node.id, epoch })
    journals.saw(node.id, frame.journal_id, { head: frame.journal_head, oldest: frame.outbox.oldest })
    const pause = twoMachines.begins(tx, node, frame)
    const lines = offers.take(tx, { ...offering, epoch }, frame.lines)
    const told = recovery.toldTo(node.id)
    return {
      kind: 'welcome',
      epoch,
      ahead,
      storeEpoch: told.epoch,
      account: node.account,
      ackedSeq: journals.get(node.id, frame.journal_id)?.acked ?? 0,
      inboundAfter: node.inbound_driver === frame.driver ? node.inbound_position : null,
      resume: openAttempts(tx, node.id, frame.journal_id),
      lines,
      paused: pause.hold,
      isNewPause: pause.isNew,
      vouches,
      recoverSinceMs: told.sinceMs,
    }
  }
}

/** Why this hello does not become a session. */
function refusal(
  node: Selectable<Tables['nodes']> | undefined,
  journal: { head: number } | undefined,
  frame: HelloFrame,
): Bye | null {
  if (node === undefined || node.retired_at !== null) return REVOKED
  if (node.machine !== frame.machine) {
    return {
      kind: 'bye',
      code: 'cloned',
      detail: 'This credential belongs to another machine. Join again here with a new code.',
    }
  }
  if (frame.simulated !== (node.simulated === 1)) {
    const [joined, says] = frame.simulated ? ['real', 'simulated'] : ['simulated', 'real']
    return {
      kind: 'bye',
      code: 'revoked',
      detail: `This node joined as a ${joined} one and is ${says} now. Join again.`,
    }
  }
  if (frame.conn <= node.conn) {
    return { kind: 'bye', code: 'stale', detail: 'A newer connection of this node is known.', conn: node.conn }
  }
  if (journal !== undefined && frame.journal_head < journal.head) {
    return { kind: 'bye', code: 'restored', detail: 'This journal is older than one seen before: give it a new id.' }
  }
  return null
}

type HelloColumns = {
  conn: number
  journalId: JournalId
  agent: string
  os: string
  driver: string
  atMostOnce: 0 | 1
  capabilities: string
}

function columnsOf(frame: HelloFrame): HelloColumns {
  return {
    conn: frame.conn,
    journalId: frame.journal_id,
    agent: frame.agent,
    os: frame.os,
    driver: frame.driver,
    atMostOnce: frame.at_most_once ? 1 : 0,
    capabilities: JSON.stringify(frame.capabilities),
  }
}

function prepare(db: Db) {
  return {
    node: db.statement((k, p: { id: NodeId }) => k.selectFrom('nodes').selectAll().where('id', '=', p.id)),
    take: db.statement((k, p: HelloColumns & { id: NodeId; gateway: GatewayId; epoch: number; at: number }) =>
      k
        .updateTable('nodes')
        .set({
          epoch: p.epoch,
          conn: p.conn,
          gateway: p.gateway,
          journal_id: p.journalId,
          ready: 0,
          agent: p.agent,
          os: p.os,
          driver: p.driver,
          at_most_once: p.atMostOnce,
          capabilities: p.capabilities,
          connected_at: p.at,
        })
        .where('id', '=', p.id)
        .where('conn', '<', p.conn),
    ),
    linesEpoch: db.statement((k, p: { node: NodeId; epoch: number }) =>
      k.updateTable('lines').set({ epoch: p.epoch }).where('node', '=', p.node),
    ),
    inFlight: db.statement<{ node: NodeId }, AttemptRow>((k, p) =>
      k
        .selectFrom('attempts')
        .selectAll()
        .where('node', '=', p.node)
        .where('state', 'in', ['dispatched', 'taken'])
        .where(IS_OPEN_ATTEMPT)
        .orderBy('id'),
    ),
    unknown: db.statement<{ node: NodeId; since: number; room: number }, AttemptRow>((k, p) =>
      k
        .selectFrom('attempts')
        .selectAll()
        .where('node', '=', p.node)
        .where('state', '=', 'unknown')
        .where('settled_at', '>', p.since)
        .where(IS_OPEN_ATTEMPT)
        .orderBy('id', 'desc')
        .limit(p.room),
    ),
  }
}
