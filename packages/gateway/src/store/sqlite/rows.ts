/** What several writes share: row types, the month of an instant, and reading JSON columns that this store wrote itself. */
import type { Selectable } from 'kysely'
import type { Ulid } from '@bluewire/contract/ids'
import type { SqliteDatabase } from '@bluewire/platform/sqlite'
import type { MessageFacts } from '@bluewire/engine/message-state'
import type { Tables } from '../tables.ts'

export type Db = SqliteDatabase<Tables>
export type MessageRow = Selectable<Tables['messages']>
export type AttemptRow = Selectable<Tables['attempts']>

export type Defaults = Readonly<{ gapMs: number; burst: number }>
export type WriteParts = Readonly<{ db: Db; ulid: Ulid; lineDefaults: Defaults }>

/** The UTC calendar month that quota is counted in: `2026-11`. */
export function monthOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 7)
}

export function jsonList(text: string): string[] {
  const value: unknown = JSON.parse(text)
  return Array.isArray(value) ? value.map(String) : []
}

/** What is not in its row. */
export type Doubts = Pick<MessageFacts, 'unproven' | 'optedOut'>

export function factsOf(row: MessageRow, doubts: Doubts): MessageFacts {
  return {
    state: row.state,
    service: row.service,
    tries: row.tries,
    firstTryAtMs: row.first_try_at,
    expiresAtMs: row.expires_at,
    cancelAskedAtMs: row.cancel_asked_at,
    sealed: row.sealed === 1,
    fallback: row.fallback === 1,
    onUnknown: row.on_unknown,
    resends: row.resends,
    unknownAtMs: row.unknown_at,
    everSent: row.ever_sent === 1,
    refunded: row.refunded_month !== null,
    ...doubts,
  }
}
