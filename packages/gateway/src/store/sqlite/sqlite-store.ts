/** The Store on one SQLite file: statements prepared once, every write through the group writer, every read synchronous and short. */
import type { DatabaseSync } from 'node:sqlite'
import type { NodeId, Ulid } from '@bluewire/contract/ids'
import type { Clock } from '@bluewire/platform/clock'
import { openDurably, SqliteDatabase } from '@bluewire/platform/sqlite'
import { AcceptUnknownError, StoreUnavailableError } from '../store.ts'
import type { Hint, Store } from '../store.ts'
import { Absences } from './absences.ts'
import { prepareAccept } from './accept.ts'
import { prepareAccounts } from './accounts.ts'
import { prepareAttemptParts } from './attempt-parts.ts'
import { prepareDispatch } from './dispatch.ts'
import { prepareEvents } from './events.ts'
import { preparePauseSimulated } from './first-real-node.ts'
import { GroupWriter } from './group-writer.ts'
import { prepareHello } from './hello.ts'
import { prepareImessageProof } from './imessage-proof.ts'
import { prepareInbound } from './inbound.ts'
import { prepareJournals } from './journals.ts'
import { prepareLeases } from './leases.ts'
import { prepareLineOffers } from './line-offers.ts'
import { prepareLinesAdmin } from './lines-admin.ts'
import { prepareMaintenance } from './maintenance.ts'
import { prepareMessageWrites } from './message-change.ts'
import { migrate } from './migrate.ts'
import { prepareNodes } from './nodes.ts'
import { prepareOptOut } from './opt-out.ts'
import { prepareProviderFacts } from './provider-facts.ts'
import { providerMethods } from './provider-methods.ts'
import { prepareProviders } from './providers.ts'
import { prepareQueue } from './queue.ts'
import { prepareReads } from './reads.ts'
import { prepareReceiptOwner } from './receipt-owner.ts'
import { prepareRecovery } from './recovery.ts'
import { prepareRoutingLines } from './routing-lines.ts'
import { monthOf } from './rows.ts'
import type { Db, Defaults, WriteParts } from './rows.ts'
import { prepareSessions } from './sessions.ts'
import { prepareSettle } from './settle.ts'
import { prepareSmsSpend } from './sms-spend.ts'
import { prepareSteadyClock } from './steady-clock.ts'
import { prepareUsage } from './usage.ts'
import type { Tables } from '../tables.ts'

export type SqliteStoreOptions = Readonly<{
  clock: Clock
  ulid: Ulid
  /** Pacing of lines that are new, or say hello again. */
  lineDefaults: Defaults
  onHints: (hints: readonly Hint[]) => void
  onFatal: (error: unknown) => void
  /**
   * A command that does one thing may wait for another process's lock inside SQLite, for so long. 0, for a gateway: its event loop never
   * waits there, and the group writer tries again by a timer.
   */
  busyTimeoutMs?: number
}>

/** A write that another process keeps from the file for this long fails. */
const LOCK_WAIT_MS = 5000

/**
 * Opens the file, brings it up to date, and never touches a newer one.
 *
 * @throws NewerSchemaError, or node:sqlite's own errors (not a database, damaged, disk full, not writable).
 */
export function openSqliteStore(path: string, options: SqliteStoreOptions): Store {
  const raw = openDurably(path)
  try {
    return sqliteStore(raw, options)
  } catch (error) {
    raw.close()
    throw error
  }
}

/** The same on a database that is open already (tests and the simulator pass one in memory). */
export function sqliteStore(raw: DatabaseSync, options: SqliteStoreOptions): Store {
  migrate(raw) // waits for another process that does the same, which is well before anything else runs here
  const busyTimeoutMs = options.busyTimeoutMs ?? 0
  raw.exec(`pragma busy_timeout = ${busyTimeoutMs}`)
  const db: Db = new SqliteDatabase<Tables>(raw)
  const { clock } = options
  const w = prepareWrites({ db, ulid: options.ulid, lineDefaults: options.lineDefaults })
  const writer = new GroupWriter(db, {
    ...options,
    lockWaitMs: busyTimeoutMs > 0 ? 0 : LOCK_WAIT_MS,
    steadyStartMs: w.steadyClock.startMs(clock.nowMs()),
  })
  const absences = new Absences(clock)
  return {
    ...deliveryMethods(writer, w, clock),
    ...sessionMethods(writer, w, absences),
    ...absenceMethods(writer, w, { clock, absences }),
    ...providerMethods(writer, w, absences),
    ...accountMethods(writer, w, clock),
    ...plumbing(raw, writer),
  }
}

type Writes = ReturnType<typeof prepareWrites>

function prepareWrites(parts: WriteParts) {
  const { db } = parts
  const append = prepareEvents(parts)
  const usage = prepareUsage(db)
  const routing = prepareRoutingLines(db)
  const journals = prepareJournals(db)
  const recovery = prepareRecovery(db, append)
  const spend = prepareSmsSpend(db)
  const proof = prepareImessageProof(db, append)
  const messages = prepareMessageWrites({ db, append, usage, spend, routing })
  const settle = prepareSettle({ db, append, messages, journals, proof })
  const accounts = prepareAccounts(db)
  const attemptParts = prepareAttemptParts({ db, settle })
  const optOut = prepareOptOut({ parts, append, messages })
  const providers = prepareProviders({ db, append, appendAudit: accounts.appendAudit })
  return {
    usage,
    journals,
    recovery,
    settle,
    accounts,
    proof,
    providers,
    leases: prepareLeases({ db, append, providers }),
    attemptParts,
    providerFacts: prepareProviderFacts({ db, settle, parts: attemptParts, optOut, ownerOf: prepareReceiptOwner(db) }),
    accept: prepareAccept({ parts, append, usage, spend }),
    dispatch: prepareDispatch(db, append),
    inbound: prepareInbound({ parts, append, settle, journals, optOut }),
    hello: prepareHello({ db, append, settle, journals, offers: prepareLineOffers(parts, append), recovery }),
    sessions: prepareSessions({ db, append, settle, pauseSimulated: preparePauseSimulated({ db, append }) }),
    queue: prepareQueue({ db, append, messages, routing }),
    maintenance: prepareMaintenance(db),
    linesAdmin: prepareLinesAdmin(db, accounts.appendAudit),
    nodes: prepareNodes({ db, append, settle, appendAudit: accounts.appendAudit }),
    reads: prepareReads(db),
    steadyClock: prepareSteadyClock(db),
  }
}

type DeliveryMethods = Omit<
  Store,
  | keyof ReturnType<typeof sessionMethods>
  | keyof ReturnType<typeof absenceMethods>
  | keyof ReturnType<typeof providerMethods>
  | keyof ReturnType<typeof accountMethods>
  | keyof ReturnType<typeof plumbing>
>

function deliveryMethods(writer: GroupWriter, w: Writes, clock: Clock): DeliveryMethods {
  return {
    accept: (message) =>
      writer
        .run((tx) => w.accept(tx, message))
        .catch((error: unknown) => {
          throw error instanceof StoreUnavailableError && error.ambiguous ? new AcceptUnknownError(message.id) : error
        }),
    dispatch: (input) => writer.run((tx) => w.dispatch(tx, input)),
    cancel: (account, id) => writer.run((tx) => w.queue.cancel(tx, account, id)),
    resend: (account, id) => writer.run((tx) => w.queue.resend(tx, account, id)),
    expire: (batch) => writer.run((tx) => w.queue.expire(tx, batch)),
    seal: (id) => writer.run((tx) => w.queue.seal(tx, id)),
    repairClock: () => writer.run((tx) => w.queue.repairClock(tx)),
    beginRecovery: () => writer.run((tx) => w.recovery.begin(tx)),
    endRecovery: () =>
      writer.run((tx) => {
        w.recovery.end()
        for (const q of w.reads.queues(tx.nowMs)) tx.hints.push({ kind: 'line', id: q.line })
      }),
    retain: (limits) => writer.run((tx) => w.maintenance.retain(tx, limits)),
    heartbeat: (gateway) =>
      writer.run((tx) => {
        w.maintenance.heartbeat(tx, gateway)
        w.steadyClock.mark(tx)
      }),
    message: (account, id) => read(() => w.reads.message(account, id)),
    keyOwner: (account, key) => read(() => w.reads.keyOwner(account, key, writer.steadyMs())),
    timeline: (account, id) => read(() => w.reads.timeline(account, id)),
    lines: (account) => read(() => w.reads.lines(account)),
    lane: (account, recipient) => read(() => w.reads.lane(account, recipient)),
    ahead: (id) => read(() => w.reads.ahead(id, clock.nowMs())),
    queues: () => read(() => w.reads.queues(clock.nowMs())),
  }
}

/** What nodes say. */
function sessionMethods(writer: GroupWriter, w: Writes, absences: Absences) {
  return {
    taken: (session, attempt) => writer.run((tx) => w.settle.taken(tx, session, attempt)),
    fact: (session, frame) => writer.run((tx) => w.settle.fact(tx, session, frame)),
    voidDone: (session, frame) => writer.run((tx) => w.settle.voidDone(tx, session, frame)),
    giveUp: (session, attempt, reason) => writer.run((tx) => w.settle.giveUp(tx, session, { attempt, reason })),
    inbound: (session, frame) => writer.run((tx) => w.inbound.fromNode(tx, session, frame)),
    orphan: (session, frame) =>
      writer.run((tx) => {
        if (w.settle.fenced(session)) return { kind: 'fenced' }
        w.journals.orphan(tx, session.node, frame)
        w.journals.acked(session.node, frame.journalId, frame.seq)
        return { kind: 'orphaned' }
      }),
    committedThrough: (session, through) =>
      writer.run(() => {
        if (w.settle.fenced(session)) return { kind: 'fenced' }
        w.journals.committedThrough(session.node, through)
        return { kind: 'done' }
      }),
    hello: (input) => writer.run((tx) => w.hello(tx, input)),
    ready: async (session, frame, resume) => {
      const result = await writer.run((tx) => w.sessions.ready(tx, session, { frame, resume }))
      if (result.kind === 'done') absences.back(session.node)
      return result
    },
    recovered: (session) =>
      writer.run((tx) => {
        if (w.settle.fenced(session)) return { kind: 'fenced', recovering: true }
        const recovering = w.recovery.nodeDone(session)
        if (!recovering) for (const q of w.reads.queues(tx.nowMs)) tx.hints.push({ kind: 'line', id: q.line })
        return { kind: 'done', recovering }
      }),
    health: (session, health) => writer.run((tx) => w.sessions.health(tx, session, health)),
    heldNodes: (gateway) => read(() => w.sessions.held(gateway)),
    standing: (session) => read(() => w.sessions.standing(session)),
  } satisfies Partial<Store>
}

/** What is decided by how long a node has been away. */
function absenceMethods(writer: GroupWriter, w: Writes, at: { clock: Clock; absences: Absences }) {
  const { clock, absences } = at
  return {
    closed: async (session) => {
      await writer.run((tx) => w.sessions.closed(tx, session))
      absences.left(session.node)
    },
    async declareLost(lostAfterMs) {
      const lost: NodeId[] = []
      for (const node of w.sessions.lostCandidates()) {
        if (!absences.isLongerThan(node.id, lostAfterMs)) continue
        if (await writer.run((tx) => w.sessions.declareLost(tx, node))) lost.push(node.id)
      }
      return lost
    },
    async failOver(failoverAfterMs) {
      const nodes = w.queue.away().filter((id) => absences.isLongerThan(id, failoverAfterMs))
      let moved = 0
      for (const lane of w.queue.stranded(nodes, clock.nowMs())) {
        if (await writer.run((tx) => w.queue.move(tx, lane))) moved++
      }
      return moved
    },
    async fallBackOffline(offlineAfterMs) {
      const nodes = w.queue.away().filter((id) => absences.isLongerThan(id, offlineAfterMs))
      const impossible = new Set<string>()
      let fell = 0
      for (const { id, line, country } of w.queue.neverDispatched(nodes)) {
        const like = `${line} ${country}`
        if (impossible.has(like)) continue
        if (await writer.run((tx) => w.queue.fallBackOffline(tx, id))) fell++
        else impossible.add(like)
      }
      return fell
    },
    tryLinesInDoubt: () => writer.run((tx) => w.proof.tryAgain(tx)),
  } satisfies Partial<Store>
}

function accountMethods(writer: GroupWriter, w: Writes, clock: Clock) {
  const { accounts, nodes } = w
  return {
    createAccount: (actor, account) => writer.run((tx) => accounts.create(tx, actor, account)),
    account: (id) => read(() => accounts.get(id)),
    accounts: () => read(() => accounts.list()),
    instanceAccount: () => read(() => accounts.list().find((a) => a.isInstance)),
    updateAccount: (actor, id, change) => writer.run((tx) => accounts.update(tx, actor, { id, change })),
    createToken: (actor, token) => writer.run((tx) => accounts.createToken(tx, actor, token)),
    tokens: (account) => read(() => accounts.tokens(account)),
    setTokenState: (actor, id, state) => writer.run((tx) => accounts.setTokenState(tx, actor, { id, state })),
    tokenByHash: (hash) => read(() => accounts.tokenByHash(hash)),
    tokenUsed: async (id) => {
      if (accounts.tokenUseIsOld(id, clock.nowMs())) await writer.run((tx) => accounts.tokenUsed(tx, id))
    },
    createEnrolment: (actor, code) => writer.run((tx) => nodes.createEnrolment(tx, actor, code)),
    redeemEnrolment: (input) => writer.run((tx) => nodes.redeem(tx, input)),
    nodeByCredential: (hash) =>
      read(() => {
        const node = nodes.byCredential(hash)
        return node === undefined ? undefined : { ...node, retired: node.retired === 1 }
      }),
    nodes: (account) =>
      read(() => nodes.list(account).map((n) => ({ ...n, online: n.online === 1, simulated: n.simulated === 1 }))),
    orderLine: (actor, id, wanted) => writer.run((tx) => w.linesAdmin.order(tx, actor, { id, ...wanted })),
    retireNode: (actor, id) => writer.run((tx) => nodes.retire(tx, actor, id)),
    used: (account) => read(() => w.usage.used(account, monthOf(clock.nowMs())).all),
    usedByService: (account) => read(() => w.usage.used(account, monthOf(clock.nowMs()))),
    audit: (limit) => read(() => accounts.audit(limit)),
    appendAudit: (entry) => writer.run((tx) => accounts.appendAudit(tx, entry)),
  } satisfies Partial<Store>
}

function plumbing(raw: DatabaseSync, writer: GroupWriter) {
  return {
    ping: () => read(() => void raw.prepare('select 1 from meta limit 1').get()),
    close: () =>
      read(() => {
        writer.close()
        raw.close()
      }),
  } satisfies Partial<Store>
}

/** Reads are synchronous; the port is not, because the other database's are not. */
function read<R>(body: () => R): Promise<R> {
  try {
    return Promise.resolve(body())
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error(String(error)))
  }
}
