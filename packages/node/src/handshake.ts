/** The first three frames of a session: `hello`, what `welcome` asks for, and what `ready` answers. */
import type { AttemptId, NodeId } from '@bluewire/contract/ids'
import { PROTOCOL_VERSION } from '@bluewire/contract/node-protocol/common'
import type { WelcomeFrame } from '@bluewire/contract/node-protocol/gateway-frames'
import type { HelloFrame, ReadyFrame, ResumeState } from '@bluewire/contract/node-protocol/node-frames'
import type { Driver } from '@bluewire/drivers/driver'
import type { Journal } from './journal/journal.ts'

export type Identity = Readonly<{
  node: NodeId
  /** Hardware identity and user: a credential is bound to it. */
  machine: string
  bootId: string
  /** Name and version of this program. */
  agent: string
  os: string
}>

type Now = Readonly<{ wallMs: number; freeBytes: number }>

const DAY_MS = 24 * 3600_000

/** Of fixed size, whatever the backlog. Commits the number of this connection attempt. */
export function makeHello(
  { journal, driver, identity }: { journal: Journal; driver: Driver; identity: Identity },
  now: Now,
): HelloFrame {
  const conn = journal.nextConn()
  const heads = journal.heads()
  const out = journal.startedSince(now.wallMs - DAY_MS)
  return {
    t: 'hello',
    protocol: PROTOCOL_VERSION,
    node: identity.node,
    conn,
    journal_id: heads.journalId,
    journal_head: heads.head,
    last_session: heads.lastSession,
    store_epoch_seen: heads.storeEpoch,
    machine: identity.machine,
    boot_id: identity.bootId,
    agent: identity.agent,
    os: identity.os,
    driver: driver.name,
    at_most_once: driver.atMostOnce,
    simulated: driver.simulated,
    capabilities: [...driver.capabilities],
    lines: driver.lines.map((line) => ({
      address: line.address,
      services: [...line.services],
      sends: line.sends,
      out_24h: out.get(line.address)?.many ?? 0,
    })),
    outbox: { ...heads.outbox },
    open: journal.openCounts(),
    now_ms: now.wallMs,
    free_bytes: now.freeBytes,
  }
}

/** Why a `welcome` cannot be obeyed. */
export type WelcomeProblem =
  | 'session_not_higher' // the gateway's numbers run backwards: it would not fence anything
  | 'acked_above_head' // it has frames this journal never made: the journal is an old copy

export function welcomeProblem(journal: Journal, welcome: WelcomeFrame): WelcomeProblem | null {
  const heads = journal.heads()
  if (welcome.acked_seq > heads.outbox.head) return 'acked_above_head'
  return welcome.session <= heads.lastSession ? 'session_not_higher' : null
}

/**
 * Enters the session, as one commit: nothing taken before it may run, every attempt the gateway holds open gets an answer,
 * and what a restored gateway has lost is queued again.
 */
export function enterSession(journal: Journal, welcome: WelcomeFrame, nowMs: number): ReadyFrame {
  return journal.transaction(() => {
    const before = journal.heads()
    const gatewayLostFrames = welcome.acked_seq < before.outbox.acked
    if (gatewayLostFrames) journal.unack(welcome.acked_seq)
    else journal.ack(welcome.acked_seq, nowMs)
    journal.enterSession(welcome.session, welcome.store_epoch)
    journal.voidAllTaken('disconnected', nowMs)
    const states: Record<AttemptId, ResumeState> = {}
    for (const held of welcome.resume) states[held.attempt] = resumed(journal, held, nowMs)
    // Once per restore: the gateway may go on asking until an operator ends it.
    const isNewRestore = gatewayLostFrames || welcome.store_epoch > before.storeEpoch
    if (welcome.recover_since !== undefined && isNewRestore) {
      journal.requeueSince(welcome.recover_since)
      journal.tellStarted(nowMs)
    }
    return { t: 'ready', session: welcome.session, states, outbox_head: journal.heads().outbox.head }
  })
}

/** An attempt this journal does not know gets a tombstone: from then on, and only then, its absence is proof. */
function resumed(journal: Journal, held: { attempt: AttemptId; proof: boolean }, nowMs: number): ResumeState {
  journal.void(held.attempt, { reason: 'absent', proof: held.proof }, nowMs)
  const entry = journal.find(held.attempt)
  switch (entry?.state) {
    case 'settled':
      journal.requeue(held.attempt)
      return 'settled'
    case 'started':
      return 'started'
    default:
      return held.proof && entry?.state === 'void' && entry.proof ? 'void' : 'lost'
  }
}
