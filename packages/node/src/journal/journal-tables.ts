/** The tables of a node's journal: one file holds the journal and its outbox, so a transition and its frame are one commit. */
import type { AttemptId, JournalId, MessageId, Service } from '@bluewire/contract/ids'
import type { DurableFrame } from '@bluewire/contract/node-protocol/node-frames'
import type { EntryState } from './entry-state.ts'

/** Raised with every change that an older agent could not read. */
export const JOURNAL_VERSION = 1

export const JOURNAL_SCHEMA = `
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
`

export type MetaRow = {
  only: 1
  journal_id: JournalId
  head: number
  conn: number
  last_session: number
  store_epoch: number
  outbox_head: number
  acked: number
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
  row_guid: string | null
  outcome: string | null
}

export type OutboxRow = {
  seq: number
  t: DurableFrame['t']
  attempt: AttemptId | null
  fact: string | null
  frame: string
  at_ms: number
  acked_at_ms: number | null
}

export type JournalTables = { meta: MetaRow; entry: EntryRow; outbox: OutboxRow }
