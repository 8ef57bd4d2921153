/**
 * The conditions of the schema's partial indexes. SQLite uses such an index only for a statement that holds its condition word for word:
 * `state in (?, ?)` with the same words as parameters is none, and the whole table is read instead; `state = ?` is planned anew for each
 * value. plans.test.ts finds statements that read a whole table.
 */
import { sql } from 'kysely'
import type { RawBuilder, SqlBool } from 'kysely'

/** messages_of_lane */
export const IS_OPEN_MESSAGE = sql<SqlBool>`state in ('queued', 'sending', 'unknown')`
/** messages_queued, messages_expiring */
export const IS_QUEUED = sql<SqlBool>`state = 'queued'`
/** events_loose */
export const IS_LOOSE = sql<SqlBool>`message is null`
/** attempts_open */
export const IS_OPEN_ATTEMPT = sql<SqlBool>`state in ('dispatched', 'taken', 'unknown')`

/**
 * For statements that find their row by its id and name the state it must be in: the `+` keeps the partial indexes out, and with them the
 * planning anew for each value (3 to 5 µs each time).
 */
export function stateNow<State>(): RawBuilder<State> {
  return sql<State>`+state`
}
