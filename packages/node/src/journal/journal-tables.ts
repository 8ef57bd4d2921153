/** The tables of a node's journal: one file holds the journal and its outbox, so a transition and its frame are one commit. */
import type { AttemptId, JournalId, MessageId, Service } from '@bluewire/contract/ids'
import type { DurableFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { EntryState } from './entry-state.ts'

/** Raised with every change that an older agent could not read. */
export const JOURNAL_VERSION = 2

/** One for each form of the file, from the first on: a journal of an older agent goes through those it lacks. */
export const JOURNAL_STEPS: readonly string[] = [
  `
create table meta (
  only integer primary key check (only = 1),
  journal_id text not null,
  head integer not null,          -- number of the last transition
  conn integer not null,          -- number of the last connection attempt
  last_session integer not null,
  store_epoch integer not null,
  outbox_head integer not null,   -- sequence number of the last frame
  acked integer not null          -- the gateway has committed everything up to here
) strict;

create table entry (
  attempt text primary key,
  state text not null check (state in ('taken', 'started', 'settled', 'void')),
  proof integer not null,         -- 0: an older journal may have run it, so nothing here proves that it was not sent
  message text,
  n integer,
  line text,
  recipient text,
  service text,
  body text,                      -- erased when settled or voided
  session integer,
  taken_at_ms integer,
  start_within_ms integer,
  step integer not null default 0,
  started_at_ms integer,
  changed_at_ms integer not null,
  row_guid text,
  outcome text                    -- JSON: the fact of a settled one, the reason of a void one
) strict, without rowid;
create unique index entry_row_guid on entry (row_guid) where row_guid is not null;
create index entry_open on entry (state, line) where state in ('taken', 'started');
create index entry_started on entry (started_at_ms, line) where started_at_ms is not null;
create index entry_changed on entry (changed_at_ms);

create table outbox (
  seq integer primary key,
  t text not null check (t in ('fact', 'void_done', 'inbound')),
  attempt text,
  fact text,
  frame text not null,            -- JSON without journal_id and seq
  at_ms integer not null,
  acked_at_ms integer
) strict;
create index outbox_unacked on outbox (seq) where acked_at_ms is null;
create index outbox_attempt on outbox (attempt, fact) where attempt is not null;
create index outbox_acked on outbox (acked_at_ms) where acked_at_ms is not null;
`,
  `
alter table meta add column position text;  -- how far the driver has read what came in
alter table entry add column note text;     -- the driver's: what it must know to find out later; erased when settled
create table claim (
  row_guid text primary key,
  attempt text not null
) strict, without rowid;
insert into claim select row_guid, attempt from entry where row_guid is not null;
drop index entry_row_guid;
alter table entry drop column row_guid;
`,
]

export type MetaRow = {
  only: 1
  journal_id: JournalId
  head: number
  conn: number
  last_session: number
  store_epoch: number
  outbox_head: number
  acked: number
  position: string | null
}

export type EntryRow = {
  attempt: AttemptId
  state: EntryState
  proof: number
  message: MessageId | null
  n: number | null
  line: string | null
  recipient: string | null
  service: Service | null
  body: string | null
  session: number | null
  taken_at_ms: number | null
  start_within_ms: number | null
  step: number
  started_at_ms: number | null
  changed_at_ms: number
  note: string | null
  outcome: string | null
}

/** A row of the other side that was found to be this attempt: it can be no other. */
export type ClaimRow = { row_guid: string; attempt: AttemptId }

export type OutboxRow = {
  seq: number
  t: DurableFrame['t']
  attempt: AttemptId | null
  fact: string | null
  frame: string
  at_ms: number
  acked_at_ms: number | null
}

export type JournalTables = { meta: MetaRow; entry: EntryRow; claim: ClaimRow; outbox: OutboxRow }
