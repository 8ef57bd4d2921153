/**
 * The journal of a node and its outbox: what the node took, started and settled, and the frames that tell of it until the
 * gateway has committed them. Each transition is one commit together with its frame, and is durable when the call returns.
 * PROTOCOL: the transitions are those of entry-state.ts; what they do not allow changes nothing and returns false or null.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { AttemptId, JournalId, MessageId, Service } from '@bluewire/contract/ids'
import type { InboundMessage, Outgoing } from '@bluewire/drivers/driver'
import { SqliteDatabase } from '@bluewire/platform/sqlite'
import { entryAfter } from './entry-state.ts'
import type { EntryState } from './entry-state.ts'
import { wholeMs } from './fact-body.ts'
import type { FactBody } from './fact-body.ts'
import { journalStatements } from './journal-statements.ts'
import type { JournalStatements } from './journal-statements.ts'
import { JOURNAL_STEPS, JOURNAL_VERSION } from './journal-tables.ts'
import type { EntryRow, JournalTables, MetaRow, OutboxRow } from './journal-tables.ts'
import { inboundContent, wireFrame } from './wire-frame.ts'
import type { FrameContent } from './wire-frame.ts'

const DAY_MS = 24 * 3600_000
/** An acked frame is kept this long: a gateway restored from a backup asks for it again. */
export const ACKED_FRAMES_KEPT_MS = 7 * DAY_MS
export const ENTRIES_KEPT_MS = 30 * DAY_MS

/** The file was written by a newer agent, in a form this one does not know. */
export class JournalTooNewError extends Error {
  override name = 'JournalTooNewError'
}

export type Entry = Readonly<{
  attempt: AttemptId
  state: EntryState
  /** False: an older journal may have run it, so this one proves nothing about it. */
  proof: boolean
  message: MessageId | null
  n: number | null
  line: string | null
  to: string | null
  service: Service | null
  /** Erased once settled or voided. */
  body: string | null
  startedAtMs: number | null
  /** The driver's own, of a started one; null before it touched anything. */
  note: string | null
  /** Of a settled one. */
  fact: FactBody | null
}>

export type TakenAttempt = Outgoing & Readonly<{ n: number; session: number; startWithinMs: number }>

export type JournalHeads = Readonly<{
  journalId: JournalId
  /** Number of the last transition. */
  head: number
  conn: number
  lastSession: number
  storeEpoch: number
  outbox: Readonly<{ oldest: number; head: number; acked: number }>
}>

/** Why an attempt never ran. `proof` false: an older journal may have run it. */
export type VoidReason = Readonly<{ reason: string; proof: boolean }>

export class Journal {
  readonly #db: SqliteDatabase<JournalTables>
  readonly #sql: JournalStatements
  readonly #newId: () => JournalId

  /**
   * An empty database becomes a new journal with an id from `newId`.
   * @throws JournalTooNewError
   */
  constructor(raw: DatabaseSync, newId: () => JournalId) {
    this.#db = new SqliteDatabase<JournalTables>(raw)
    this.#newId = newId
    raw.exec('pragma secure_delete = on') // erased texts leave no trace in free pages
    ensureSchema(this.#db)
    this.#sql = journalStatements(this.#db)
    if (!this.#sql.meta.get({})) this.#sql.createMeta.run({ journalId: newId() })
  }

  /** Several transitions as one commit: all or nothing. */
  transaction<R>(body: () => R): R {
    return this.#db.transaction(body)
  }

  heads(): JournalHeads {
    const meta = this.#meta()
    return {
      journalId: meta.journal_id,
      head: meta.head,
      conn: meta.conn,
      lastSession: meta.last_session,
      storeEpoch: meta.store_epoch,
      outbox: {
        oldest: this.#sql.oldest.get({})?.seq ?? meta.outbox_head + 1,
        head: meta.outbox_head,
        acked: meta.acked,
      },
    }
  }

  find(attempt: AttemptId): Entry | null {
    const row = this.#sql.find.get({ attempt })
    return row ? toEntry(row) : null
  }

  /** Oldest first. */
  open(state: 'taken' | 'started'): Entry[] {
    return this.#sql.inState.all({ state }).map(toEntry)
  }

  openCounts(): { taken: number; started: number } {
    const counts = { taken: 0, started: 0 }
    for (const { state, many } of this.#sql.openByState.all({})) {
      if (state === 'taken' || state === 'started') counts[state] = many
    }
    return counts
  }

  openOnLine(line: string): number {
    return this.#sql.openOnLine.get({ line })?.many ?? 0
  }

  /** What each line started since then: how many, and when the last one. */
  startedSince(sinceMs: number): Map<string, { many: number; lastAtMs: number }> {
    const rows = this.#sql.startedSince.all({ since: sinceMs })
    return new Map(rows.map((row) => [row.line, { many: row.many, lastAtMs: row.last }]))
  }

  /** The number for a new connection attempt: higher than every one before. */
  nextConn(): number {
    return this.transaction(() => {
      const conn = this.#meta().conn + 1
      this.#sql.setConn.run({ conn })
      return conn
    })
  }

  /** The gateway has seen `conn`: the next number is above it. */
  raiseConn(conn: number): void {
    this.#sql.setConn.run({ conn })
  }

  enterSession(session: number, storeEpoch: number): void {
    this.#sql.setSession.run({ session, storeEpoch: Math.max(storeEpoch, this.#meta().store_epoch) })
  }

  /** absent → taken */
  take(attempt: TakenAttempt, nowMs: number): boolean {
    return this.transaction(() => {
      if (this.#after(attempt.attempt, 'take') === null) return false
      this.#sql.take.run({
        attempt: attempt.attempt,
        message: attempt.message,
        n: attempt.n,
        line: attempt.line,
        recipient: attempt.to,
        service: attempt.service,
        body: attempt.body,
        session: attempt.session,
        now: wholeMs(nowMs),
        startWithinMs: attempt.startWithinMs,
      })
      this.#sql.countTransition.run({})
      return true
    })
  }

  /** taken → started: from here on it may have reached Messages. */
  start(attempt: AttemptId, nowMs: number): boolean {
    return this.transaction(() => {
      if (this.#sql.start.run({ attempt, now: wholeMs(nowMs) }) === 0) return false
      this.#sql.countTransition.run({})
      return true
    })
  }

  /** started → started: something is about to be handed over. `note` is what must be known to find out what became of it. */
  step(attempt: AttemptId, note: string, nowMs: number): boolean {
    return this.transaction(() => {
      if (this.#sql.step.run({ attempt, note, now: wholeMs(nowMs) }) === 0) return false
      this.#sql.countTransition.run({})
      return true
    })
  }

  /**
   * started → settled, with its fact in the outbox. Returns the fact as stored: a row of chat.db that another attempt has
   * already claimed, or a proof of a journal that was restored from a backup, makes it `unknown`.
   */
  settle(attempt: AttemptId, fact: FactBody, nowMs: number): FactBody | null {
    return this.transaction(() => {
      const entry = this.find(attempt)
      if (!entry || entryAfter(entry.state, 'settle') === null) return null
      const stored = this.#believable(entry, fact)
      this.#sql.settle.run({
        attempt,
        now: wholeMs(nowMs),
        outcome: JSON.stringify(stored),
      })
      for (const rowGuid of stored.row_guids ?? []) this.#sql.claim.run({ attempt, rowGuid })
      this.#sql.countTransition.run({})
      this.#append(factFrame(entry, stored))
      return stored
    })
  }

  /** taken or absent → void, with its `void_done` in the outbox. */
  void(attempt: AttemptId, { reason, proof }: VoidReason, nowMs: number): boolean {
    return this.transaction(() => {
      const row = this.#sql.find.get({ attempt })
      if (entryAfter(row?.state ?? 'absent', 'void') === null) return false
      const now = wholeMs(nowMs)
      const change = { attempt, proof, now, outcome: JSON.stringify({ reason, at: now }) }
      if (row) this.#sql.voidTaken.run(change)
      else this.#sql.voidAbsent.run(change)
      this.#sql.countTransition.run({})
      this.#append(voidFrame(attempt, reason, { proof: proof && row?.proof !== 0, at: now }))
      return true
    })
  }

  /** Everything taken and not started is voided: after a restart, or the end of a session, nothing of it may run. */
  voidAllTaken(reason: string, nowMs: number): AttemptId[] {
    const taken = this.open('taken')
    if (taken.length === 0) return []
    return this.transaction(() => {
      for (const entry of taken) this.void(entry.attempt, { reason, proof: true }, nowMs)
      return taken.map((entry) => entry.attempt)
    })
  }

  /** Later evidence about an attempt. False: said before, or the attempt is not of this journal. */
  receipt(attempt: AttemptId, fact: FactBody): boolean {
    return this.transaction(() => {
      const entry = this.find(attempt)
      if (!entry || entry.message === null) return false
      if (this.#sql.factOf.get({ attempt, fact: fact.fact })) return false
      this.#sql.countTransition.run({})
      this.#append(factFrame(entry, fact))
      return true
    })
  }

  /** `position`: how far the driver has read with it. False: no frame can be made of it, because its guid or its line makes no sense. */
  inbound(message: InboundMessage, nowMs: number, position?: string): boolean {
    return this.transaction(() => {
      this.#sql.countTransition.run({})
      if (position !== undefined) this.#sql.setPosition.run({ position })
      return this.#append(inboundContent(message, nowMs, position))
    })
  }

  position(): string | null {
    return this.#meta().position
  }

  setPosition(position: string): void {
    this.#sql.setPosition.run({ position })
  }

  /** The attempt that was found to be this row. */
  attemptOf(rowGuid: string): AttemptId | null {
    return this.#sql.claimedBy.get({ rowGuid })?.attempt ?? null
  }

  /**
   * The frame that says what became of the attempt is to be sent again. Appended anew unless it still waits for its ack.
   * False: nothing is known of it yet.
   */
  requeue(attempt: AttemptId): boolean {
    return this.transaction(() => {
      const row = this.#sql.find.get({ attempt })
      if (!row || row.outcome === null || (row.state !== 'settled' && row.state !== 'void')) return false
      if (this.unackedOf(attempt).length > 0) return true
      if (row.state === 'settled') {
        this.#append(factFrame(toEntry(row), JSON.parse(row.outcome) as FactBody))
      } else {
        const { reason, at } = JSON.parse(row.outcome) as { reason: string; at: number }
        this.#append(voidFrame(attempt, reason, { proof: row.proof !== 0, at }))
      }
      return true
    })
  }

  /** For a gateway that was restored: every fact and inbound message since then is appended anew. Returns how many. */
  requeueSince(sinceMs: number): number {
    return this.transaction(() => {
      const rows = this.#sql.since.all({ since: sinceMs, upTo: this.#meta().acked })
      for (const row of rows) this.#appendRow(row)
      return rows.length
    })
  }

  /**
   * For a gateway that was restored: what is started and not settled is told as `unknown`, so that the gateway takes it in and sends
   * nothing for that message meanwhile. Its fact follows when it is known.
   */
  tellStarted(nowMs: number): void {
    this.transaction(() => {
      for (const entry of this.open('started')) {
        this.#append(factFrame(entry, { fact: 'unknown', reason: 'in_progress', at: wholeMs(nowMs) }))
      }
    })
  }

  /** Frames that wait for an ack, oldest first, as they go over the wire. */
  unacked(afterSeq: number, limit: number): Array<{ seq: number; text: string }> {
    const rows = this.#sql.unacked.all({ after: afterSeq, limit })
    return rows.length === 0 ? [] : this.#toWire(rows)
  }

  unackedOf(attempt: AttemptId): Array<{ seq: number; text: string }> {
    return this.#toWire(this.#sql.unackedOf.all({ attempt }))
  }

  /** Everything up to `seq` is committed at the gateway. False when there is no such frame yet. */
  ack(seq: number, nowMs: number): boolean {
    return this.transaction(() => {
      const meta = this.#meta()
      if (seq > meta.outbox_head) return false
      if (seq <= meta.acked) return true
      this.#sql.ackUpTo.run({ seq, now: wholeMs(nowMs) })
      this.#sql.setAcked.run({ acked: seq })
      return true
    })
  }

  /** The gateway has lost what it once acknowledged after `seq`: those frames are sent again. */
  unack(seq: number): void {
    this.transaction(() => {
      this.#sql.unackAfter.run({ seq })
      this.#sql.setAcked.run({ acked: Math.min(seq, this.#meta().acked) })
    })
  }

  /**
   * This file is older than one the gateway has seen: what it lacks may have run. It gets a new id, its frames are counted
   * anew, and nothing that waits in it proves any more that an attempt was not sent.
   */
  renew(): JournalId {
    return this.transaction(() => {
      const journalId = this.#newId()
      const waiting = this.#sql.unacked.all({ after: 0, limit: Number.MAX_SAFE_INTEGER })
      this.#sql.clear.run({})
      this.#sql.withdrawProof.run({})
      this.#sql.renewMeta.run({ journalId, outboxHead: 0 })
      this.#sql.countTransition.run({})
      for (const row of waiting) this.#appendRow(this.#withoutProof(row))
      return journalId
    })
  }

  /** Forgets what is old enough. Returns how many entries went. */
  prune(nowMs: number): number {
    return this.transaction(() => {
      this.#sql.pruneOutbox.run({ before: nowMs - ACKED_FRAMES_KEPT_MS })
      const pruned = this.#sql.pruneEntries.run({ before: nowMs - ENTRIES_KEPT_MS })
      this.#sql.pruneClaims.run({})
      return pruned
    })
  }

  close(): void {
    this.#db.raw.close()
  }

  #meta(): MetaRow {
    const meta = this.#sql.meta.get({})
    if (!meta) throw new Error('the journal has no meta row')
    return meta
  }

  #after(attempt: AttemptId, word: 'take'): EntryState | null {
    return entryAfter(this.#sql.find.get({ attempt })?.state ?? 'absent', word)
  }

  #believable(entry: Entry, fact: FactBody): FactBody {
    if (fact.fact === 'not_sent' && !entry.proof) return unproven(fact)
    const claimants = (fact.row_guids ?? []).map((guid) => this.attemptOf(guid))
    const other = claimants.find((claimant) => claimant !== null && claimant !== entry.attempt) ?? null
    if (other === null) return fact
    return { fact: 'unknown', reason: 'row_claimed', detail: `the row belongs to ${other}`, at: fact.at }
  }

  #withoutProof(row: OutboxRow): OutboxRow {
    const frame = JSON.parse(row.frame) as Record<string, unknown>
    if (row.t === 'void_done') return { ...row, frame: JSON.stringify({ ...frame, proof: false }) }
    if (row.fact !== 'not_sent' || row.attempt === null) return row
    const entry = this.find(row.attempt)
    if (!entry?.fact) return row
    const fact = unproven(entry.fact)
    this.#sql.restate.run({ attempt: row.attempt, outcome: JSON.stringify(fact) })
    const { at, ...content } = factFrame(entry, fact)
    return { ...row, fact: fact.fact, frame: JSON.stringify({ ...content, at }) }
  }

  #append(said: FrameContent): boolean {
    const content = wireFrame(said)
    if (content === null) return false
    this.#appendRow({
      t: content.t,
      attempt: content.attempt ?? null,
      fact: content.fact ?? null,
      frame: JSON.stringify(content),
      at_ms: content.at,
    })
    return true
  }

  #appendRow(row: Omit<OutboxRow, 'seq' | 'acked_at_ms'>): void {
    const seq = this.#sql.countFrame.get({})?.outbox_head
    if (seq === undefined) throw new Error('the journal has no meta row')
    const { t, attempt, fact, frame, at_ms } = row
    this.#sql.append.run({ seq, t, attempt, fact, frame, at_ms })
  }

  #toWire(rows: readonly OutboxRow[]): Array<{ seq: number; text: string }> {
    const journalId = this.#meta().journal_id
    return rows.map(({ seq, t, frame }) => {
      const content = JSON.parse(frame) as Record<string, unknown>
      if (t === 'inbound') delete content['at'] // only for the journal's own order
      return { seq, text: JSON.stringify({ ...content, journal_id: journalId, seq }) }
    })
  }
}

function ensureSchema(db: SqliteDatabase<JournalTables>): void {
  const { user_version: version } = db.raw.prepare('pragma user_version').get() as { user_version: number }
  if (version > JOURNAL_VERSION) {
    throw new JournalTooNewError(
      `The journal has form ${version} and this agent knows forms up to ${JOURNAL_VERSION}: install the newer agent again.`,
    )
  }
  if (version === JOURNAL_VERSION) return
  db.transaction(() => {
    for (const step of JOURNAL_STEPS.slice(version)) db.raw.exec(step)
    db.raw.exec(`pragma user_version = ${JOURNAL_VERSION}`)
  })
}

function toEntry(row: EntryRow): Entry {
  return {
    attempt: row.attempt,
    state: row.state,
    proof: row.proof !== 0,
    message: row.message,
    n: row.n,
    line: row.line,
    to: row.recipient,
    service: row.service,
    body: row.body,
    startedAtMs: row.started_at_ms,
    note: row.note,
    fact: row.state === 'settled' && row.outcome !== null ? (JSON.parse(row.outcome) as FactBody) : null,
  }
}

function factFrame(entry: Entry, fact: FactBody): FrameContent {
  const { attempt, message, n, line, service } = entry
  const { row_guids: [rowGuid] = [], ...told } = fact
  return {
    t: 'fact',
    attempt,
    message,
    n,
    line,
    service,
    ...told,
    ...(rowGuid === undefined ? {} : { row_guid: rowGuid }),
  }
}

function voidFrame(attempt: AttemptId, reason: string, { proof, at }: { proof: boolean; at: number }): FrameContent {
  return { t: 'void_done', attempt, proof, reason: reason.slice(0, 64) || 'unspecified', at }
}

function unproven(fact: FactBody): FactBody {
  return { fact: 'unknown', reason: 'journal_restored', at: fact.at }
}
