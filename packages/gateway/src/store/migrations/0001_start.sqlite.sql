-- 0001_start  breaking: yes (the first schema)
-- Instants and durations are integer milliseconds; booleans are 0 or 1; lists are JSON. Same names in every database.

create table meta (
  key text primary key,
  value text not null
) strict, without rowid;

create table accounts (
  id text primary key,
  name text not null,
  plan text not null check (plan in ('free', 'payg', 'unlimited')),
  quota_limit integer,
  entitlements text not null,
  region text not null,
  is_instance integer not null,
  suspended_at integer,
  recovering_at integer,
  recover_since integer,
  sms_per_hour integer not null default 200,
  sms_countries text not null default '{}', -- per country (ISO 3166) and hour, where it is another number
  created_at integer not null
) strict;

create table tokens (
  id text primary key,
  account text not null references accounts,
  name text not null,
  hash text not null unique,
  hint text not null,
  scopes text not null,
  state text not null check (state in ('active', 'suspended', 'revoked')),
  created_at integer not null,
  last_used_at integer
) strict;
create index tokens_by_account on tokens (account);

create table gateways (
  id text primary key,
  pid integer not null,
  host text not null,
  started_at integer not null,
  heartbeat_at integer not null
) strict;

create table enrolments (
  code_hash text primary key,
  account text not null references accounts,
  expires_at integer not null,
  node text,
  created_at integer not null
) strict;

-- A provider stands here too: the gateway that works it takes the place of the machine (docs/decisions/0013).
create table nodes (
  id text primary key,
  kind text not null default 'node' check (kind in ('node', 'provider')),
  account text not null references accounts,
  name text not null,
  credential_hash text not null unique,
  machine text not null,
  simulated integer not null,
  driver text not null,
  agent text not null default '',
  os text not null default '',
  at_most_once integer not null default 1,
  capabilities text not null default '[]',
  epoch integer not null default 0,
  conn integer not null default 0,
  gateway text,
  journal_id text,
  ready integer not null default 0,
  observing text check (observing in ('two_machines')), -- it is connected and gets no work, until an operator ends it
  beginnings text not null default '[]', -- how its last sessions began, where they differ (engine/two-machines.ts)
  store_epoch integer not null default 0,
  told_epoch integer not null default 0,
  orphans_dropped integer not null default 0,
  inbound_position text, -- how far the inbound messages reach that are committed, in the words of the driver that is named
  inbound_driver text,
  health text not null default 'unknown',
  health_detail text,
  health_at integer, -- when it was heard
  proven_at integer,
  held text check (held in ('broken', 'sending_address')), -- by its own word: it gets no work
  held_check text,
  held_detail text,
  held_at integer, -- since when, or last tried
  trial integer not null default 0, -- held as it is, it gets one message, to see what becomes of it
  refusals integer not null default 0, -- "not on iMessage" in a row, since it last sent an iMessage
  sent_at integer, -- the latest iMessage that went out, and to whom; and the one before to somebody else
  sent_lane text,
  sent_before_at integer,
  sent_before_lane text,
  connected_at integer,
  closed_at integer,
  retired_at integer,
  created_at integer not null
) strict;
create index nodes_by_account on nodes (account);

-- What was looked at for its health, one by one. Apart from the node, whose row every dispatch reads.
create table node_checks (
  node text primary key references nodes,
  checks text not null
) strict, without rowid;

create table providers (
  id text primary key references nodes,
  shared integer not null, -- lines of every account may be on it
  settings text not null,
  secrets text not null default '', -- encrypted, see secret-box.ts
  revision integer not null default 1,
  lease_until integer not null default 0
) strict;

create table node_journals (
  node text not null references nodes,
  journal_id text not null,
  head integer not null,
  acked_seq integer not null,
  primary key (node, journal_id)
) strict, without rowid;

create table lines (
  id text primary key,
  account text not null references accounts,
  node text references nodes,
  address text not null,
  services text not null,
  sends integer not null,
  simulated integer not null,
  pool text not null default 'default',
  paused integer not null default 0,
  pause_reason text,
  suspended integer not null default 0,
  epoch integer not null default 0,
  tat integer not null default 0,
  gap_ms integer not null,
  burst integer not null,
  in_doubt_at integer, -- since when it waits because its Apple account is in doubt
  downgraded_at integer, -- Messages sent an iMessage as SMS by itself
  created_at integer not null,
  unique (account, address)
) strict;
create index lines_by_node on lines (node);

create table lanes (
  id text primary key,
  account text not null references accounts,
  recipient text not null,
  next_seq integer not null,
  line text,
  sms_line text,
  no_imessage_at integer,
  opted_out integer not null default 0,
  opt_date integer,
  unique (account, recipient)
) strict;

create table messages (
  id text primary key,
  account text not null references accounts,
  token text,
  lane text not null references lanes,
  lane_seq integer not null,
  class text not null check (class in ('interactive', 'bulk')),
  recipient text not null,
  country text, -- of the recipient, for what an SMS may cost
  body text,
  asked_service text not null check (asked_service in ('imessage', 'sms')),
  service text not null check (service in ('imessage', 'sms')),
  asked_from text,
  line text,
  simulated integer not null,
  state text not null,
  failure text,
  failure_detail text,
  fallback_reason text, -- why it goes out as SMS
  hold_reason text,
  not_before integer not null,
  expires_at integer not null,
  cancel_asked_at integer,
  sealed integer not null default 0,
  exempt integer not null default 0, -- the confirmation of a STOP: it may go out after it
  fallback integer not null,
  on_unknown text not null,
  attempts integer not null default 0,
  tries integer not null default 0,
  first_try_at integer,
  resends integer not null default 0,
  ever_sent integer not null default 0,
  sent_service text,
  unknown_at integer,
  lane_free_at integer,
  charged_month text,
  refunded_month text,
  ad integer not null default 0,
  created_at integer not null,
  updated_at integer not null
) strict;
create index messages_queued on messages (line, class desc, created_at, id) where state = 'queued';
create index messages_of_lane on messages (lane, lane_seq) where state in ('queued', 'sending', 'unknown');
create index messages_expiring on messages (expires_at) where state = 'queued';
create index messages_by_account on messages (account, id);
create index messages_with_body on messages (created_at) where body is not null;
create index messages_by_age on messages (created_at);

create table attempts (
  id text primary key,
  message text not null references messages,
  n integer not null,
  lane text not null,
  line text not null,
  node text,
  epoch integer not null,
  journal_id text,
  service text not null,
  state text not null,
  class text,
  reason text,
  detail text,
  overridden integer not null default 0,
  parts integer, -- in how many it was handed to a provider
  dispatched_at integer not null,
  taken_at integer,
  settled_at integer,
  unique (message, n)
) strict;
-- R2 and R6 as the database sees them: a violated index is a bug found, not a race lost.
create unique index attempts_one_live on attempts (message) where state not in ('not_sent', 'refuted') and overridden = 0;
create unique index attempts_one_in_flight on attempts (lane) where state in ('dispatched', 'taken');
create index attempts_open on attempts (node, state) where state in ('dispatched', 'taken', 'unknown');
create index attempts_open_of_line on attempts (line) where state in ('dispatched', 'taken');

-- What a provider said of each part of an attempt, by its own id of the part.
create table attempt_parts (
  attempt text not null,
  part integer not null,
  node text not null,
  ref text,
  state text not null check (state in ('taken', 'delivered', 'read', 'failed')),
  at integer not null,
  primary key (attempt, part)
) strict, without rowid;
create index attempt_parts_by_ref on attempt_parts (node, ref) where ref is not null;

-- Receipts that fit no attempt yet.
create table receipts (
  id integer primary key,
  node text not null,
  ref text,
  recipient text,
  receipt text not null,
  received_at integer not null
) strict;
create index receipts_by_ref on receipts (node, ref) where ref is not null;
create index receipts_by_recipient on receipts (node, recipient) where recipient is not null;
create index receipts_by_age on receipts (received_at);

-- SMS of the last hour, by country and minute.
create table sms_spend (
  account text not null,
  minute integer not null,
  country text not null,
  n integer not null,
  primary key (account, minute, country)
) strict, without rowid;

create table events (
  account text not null,
  seq integer not null,
  id text not null,
  type text not null,
  at integer not null,
  message text,
  attempt text,
  node text,
  line text,
  data text not null,
  primary key (account, seq)
) strict, without rowid;
create index events_of_message on events (message) where message is not null;
create index events_loose on events (at) where message is null;

create table idempotency (
  account text not null,
  key text not null,
  fingerprint text not null,
  message text not null,
  created_at integer not null,
  primary key (account, key)
) strict, without rowid;
create index idempotency_by_age on idempotency (created_at);

create table usage (
  account text not null,
  month text not null,
  used integer not null,
  imessage integer not null default 0, -- how many of `used` were asked for as iMessage
  primary key (account, month)
) strict, without rowid;

create table inbound (
  id text primary key,
  account text not null,
  line text not null,
  guid text not null,
  sender text not null,
  service text not null,
  chat text, -- of a group: its id
  what text not null check (what in ('message', 'reaction', 'edit', 'unsend')),
  about_guid text, -- what is no message of its own is about the message with this guid
  about_part integer,
  reaction text,
  reaction_emoji text,
  reaction_removed integer,
  edition text not null default '', -- of edits and their like: what tells one from another under one guid
  body text,
  body_hash text not null, -- over all that it says
  date integer not null,
  backfilled integer not null,
  received_at integer not null,
  unique (line, guid, edition)
) strict;
create unique index inbound_by_content on inbound (line, sender, date, body_hash);
create index inbound_by_age on inbound (received_at);
create index inbound_with_body on inbound (received_at) where body is not null;

create table orphans (
  id integer primary key,
  node text not null,
  journal_id text not null,
  frame text not null,
  reason text not null,
  at integer not null
) strict;
create index orphans_of_node on orphans (node);

create table audit (
  id integer primary key,
  at integer not null,
  actor text not null,
  action text not null,
  target text,
  data text not null
) strict;
