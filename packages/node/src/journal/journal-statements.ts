/** Every statement of the journal, built once. A state is changed only by a statement that names the state it comes from. */
import type { AttemptId, JournalId, MessageId, Service } from '@bluewire/contract/ids'
import type { SqliteDatabase } from '@bluewire/platform/sqlite'
import type { EntryRow, JournalTables, MetaRow, OutboxRow } from './journal-tables.ts'
import type { EntryState } from './entry-state.ts'

type Db = SqliteDatabase<JournalTables>
type Attempt = { attempt: AttemptId }
type Seq = { seq: number; now: number }

export type JournalStatements = ReturnType<typeof metaStatements> &
  ReturnType<typeof entryReads> &
  ReturnType<typeof entryWrites> &
  ReturnType<typeof claimStatements> &
  ReturnType<typeof outboxStatements> &
  ReturnType<typeof pruneStatements>

export function journalStatements(db: Db): JournalStatements {
  return {
    ...metaStatements(db),
    ...entryReads(db),
    ...entryWrites(db),
    ...claimStatements(db),
    ...outboxStatements(db),
    ...pruneStatements(db),
  }
}

function metaStatements(db: Db) {
  return {
    createMeta: db.statement((k, p: { journalId: JournalId }) =>
      k.insertInto('meta').values({
        only: 1,
        journal_id: p.journalId,
        head: 0,
        conn: 0,
        last_session: 0,
        store_epoch: 0,
        outbox_head: 0,
        acked: 0,
      }),
    ),
    meta: db.statement<object, MetaRow>((k) => k.selectFrom('meta').selectAll()),
    countTransition: db.statement((k, _: object) => k.updateTable('meta').set((e) => ({ head: e('head', '+', 1) }))),
    countFrame: db.statement<object, { outbox_head: number }>((k) =>
      k
        .updateTable('meta')
        .set((e) => ({ outbox_head: e('outbox_head', '+', 1) }))
        .returning('outbox_head'),
    ),
    setConn: db.statement((k, p: { conn: number }) =>
      k.updateTable('meta').set({ conn: p.conn }).where('conn', '<', p.conn),
    ),
    setSession: db.statement((k, p: { session: number; storeEpoch: number }) =>
      k.updateTable('meta').set({ last_session: p.session, store_epoch: p.storeEpoch }),
    ),
    setAcked: db.statement((k, p: { acked: number }) => k.updateTable('meta').set({ acked: p.acked })),
    setPosition: db.statement((k, p: { position: string }) => k.updateTable('meta').set({ position: p.position })),
    renewMeta: db.statement((k, p: { journalId: JournalId; outboxHead: number }) =>
      k.updateTable('meta').set({ journal_id: p.journalId, outbox_head: p.outboxHead, acked: 0 }),
    ),
  }
}

function entryReads(db: Db) {
  return {
    find: db.statement<Attempt, EntryRow>((k, p) => k.selectFrom('entry').selectAll().where('attempt', '=', p.attempt)),
    inState: db.statement<{ state: EntryState }, EntryRow>((k, p) =>
      k
        .selectFrom('entry')
        .selectAll()
        .where('state', '=', p.state)
        .where('state', 'in', ['taken', 'started'])
        .orderBy('attempt'),
    ),
    openByState: db.statement<object, { state: EntryState; many: number }>((k) =>
      k
        .selectFrom('entry')
        .select((e) => ['state', e.fn.countAll<number>().as('many')])
        .where('state', 'in', ['taken', 'started'])
        .groupBy('state'),
    ),
    openOnLine: db.statement<{ line: string }, { many: number }>((k, p) =>
      k
        .selectFrom('entry')
        .select((e) => e.fn.countAll<number>().as('many'))
        .where('state', 'in', ['taken', 'started'])
        .where('line', '=', p.line),
    ),
    startedSince: db.statement<{ since: number }, { line: string; many: number; last: number }>((k, p) =>
      k
        .selectFrom('entry')
        .select((e) => ['line', e.fn.countAll<number>().as('many'), e.fn.max<number>('started_at_ms').as('last')])
        .where('started_at_ms', '>=', p.since)
        .groupBy('line')
        .$castTo<{ line: string; many: number; last: number }>(),
    ),
  }
}

type TakeRow = Attempt & {
  message: MessageId
  n: number
  line: string
  recipient: string
  service: Service
  body: string
  session: number
  now: number
  startWithinMs: number
}

function entryWrites(db: Db) {
  return {
    take: db.statement((k, p: TakeRow) =>
      k.insertInto('entry').values({
        attempt: p.attempt,
        state: 'taken',
        proof: 1,
        message: p.message,
        n: p.n,
        line: p.line,
        recipient: p.recipient,
        service: p.service,
        body: p.body,
        session: p.session,
        taken_at_ms: p.now,
        start_within_ms: p.startWithinMs,
        step: 0,
        changed_at_ms: p.now,
      }),
    ),
    start: db.statement((k, p: Attempt & { now: number }) =>
      k
        .updateTable('entry')
        .set({ state: 'started', step: 1, started_at_ms: p.now, changed_at_ms: p.now })
        .where('attempt', '=', p.attempt)
        .where('state', '=', 'taken'),
    ),
    step: db.statement((k, p: Attempt & { now: number; note: string }) =>
      k
        .updateTable('entry')
        .set((e) => ({ step: e('step', '+', 1), note: p.note, changed_at_ms: p.now }))
        .where('attempt', '=', p.attempt)
        .where('state', '=', 'started'),
    ),
    settle: db.statement((k, p: Attempt & { now: number; outcome: string }) =>
      k
        .updateTable('entry')
        .set({ state: 'settled', outcome: p.outcome, body: null, note: null, changed_at_ms: p.now })
        .where('attempt', '=', p.attempt)
        .where('state', '=', 'started'),
    ),
    voidTaken: db.statement((k, p: Attempt & { now: number; outcome: string; proof: boolean }) =>
      k
        .updateTable('entry')
        .set({ state: 'void', outcome: p.outcome, body: null, changed_at_ms: p.now })
        // A proof that was withdrawn stays withdrawn.
        .set((e) => ({ proof: e.fn<number>('min', ['proof', e.val(p.proof as unknown as number)]) }))
        .where('attempt', '=', p.attempt)
        .where('state', '=', 'taken'),
    ),
    voidAbsent: db.statement((k, p: Attempt & { now: number; outcome: string; proof: boolean }) =>
      k.insertInto('entry').values({
        attempt: p.attempt,
        state: 'void',
        proof: p.proof as unknown as number,
        step: 0,
        outcome: p.outcome,
        changed_at_ms: p.now,
      }),
    ),
    withdrawProof: db.statement((k, _: object) =>
      k.updateTable('entry').set({ proof: 0 }).where('state', '!=', 'settled'),
    ),
    restate: db.statement((k, p: Attempt & { outcome: string }) =>
      k.updateTable('entry').set({ outcome: p.outcome, proof: 0 }).where('attempt', '=', p.attempt),
    ),
  }
}

function outboxStatements(db: Db) {
  return {
    append: db.statement((k, p: Omit<OutboxRow, 'acked_at_ms'>) =>
      k.insertInto('outbox').values({
        seq: p.seq,
        t: p.t,
        attempt: p.attempt,
        fact: p.fact,
        frame: p.frame,
        at_ms: p.at_ms,
      }),
    ),
    unacked: db.statement<{ after: number; limit: number }, OutboxRow>((k, p) =>
      k
        .selectFrom('outbox')
        .selectAll()
        .where('acked_at_ms', 'is', null)
        .where('seq', '>', p.after)
        .orderBy('seq')
        .limit(p.limit),
    ),
    unackedOf: db.statement<Attempt, OutboxRow>((k, p) =>
      k
        .selectFrom('outbox')
        .selectAll()
        .where('attempt', '=', p.attempt)
        .where('acked_at_ms', 'is', null)
        .orderBy('seq'),
    ),
    factOf: db.statement<Attempt & { fact: string }, { seq: number }>((k, p) =>
      k.selectFrom('outbox').select('seq').where('attempt', '=', p.attempt).where('fact', '=', p.fact),
    ),
    since: db.statement<{ since: number; upTo: number }, OutboxRow>((k, p) =>
      k
        .selectFrom('outbox')
        .selectAll()
        .where('at_ms', '>=', p.since)
        .where('seq', '<=', p.upTo)
        .where('t', 'in', ['fact', 'inbound'])
        .orderBy('seq'),
    ),
    oldest: db.statement<object, { seq: number | null }>((k) =>
      k.selectFrom('outbox').select((e) => e.fn.min<number | null>('seq').as('seq')),
    ),
    ackUpTo: db.statement((k, p: Seq) =>
      k.updateTable('outbox').set({ acked_at_ms: p.now }).where('seq', '<=', p.seq).where('acked_at_ms', 'is', null),
    ),
    unackAfter: db.statement((k, p: { seq: number }) =>
      k.updateTable('outbox').set({ acked_at_ms: null }).where('seq', '>', p.seq).where('acked_at_ms', 'is not', null),
    ),
    clear: db.statement((k, _: object) => k.deleteFrom('outbox')),
  }
}

function pruneStatements(db: Db) {
  return {
    /** From the oldest on and no further than what is to be kept: a frame missing in between could never be acknowledged past. */
    pruneOutbox: db.statement((k, p: { before: number }) =>
      k.deleteFrom('outbox').where('seq', '<', (e) =>
        e.fn.coalesce(
          e
            .selectFrom('outbox')
            .select((kept) => kept.fn.min<number>('seq').as('seq'))
            .where((kept) => kept.or([kept('acked_at_ms', 'is', null), kept('acked_at_ms', '>=', p.before)])),
          e.val(Number.MAX_SAFE_INTEGER),
        ),
      ),
    ),
    pruneEntries: db.statement((k, p: { before: number }) =>
      k
        .deleteFrom('entry')
        .where('changed_at_ms', '<', p.before)
        .where('state', 'in', ['settled', 'void'])
        // Its frames go 7 days after their ack: while one is there, the entry stays.
        .where('attempt', 'not in', (e) =>
          e.selectFrom('outbox').select('attempt').where('attempt', 'is not', null).$castTo<Attempt>(),
        ),
    ),
  }
}

function claimStatements(db: Db) {
  return {
    claimedBy: db.statement<{ rowGuid: string }, Attempt>((k, p) =>
      k.selectFrom('claim').select('attempt').where('row_guid', '=', p.rowGuid),
    ),
    claim: db.statement((k, p: Attempt & { rowGuid: string }) =>
      k
        .insertInto('claim')
        .values({ row_guid: p.rowGuid, attempt: p.attempt })
        .onConflict((on) => on.doNothing()),
    ),
    pruneClaims: db.statement((k, _: object) =>
      k.deleteFrom('claim').where('attempt', 'not in', (e) => e.selectFrom('entry').select('attempt')),
    ),
  }
}
