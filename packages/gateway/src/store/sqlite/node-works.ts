/** Whether a node can be given work now, as a condition of a statement in which `nodes` has the name `n`. */
import { sql } from 'kysely'
import type { RawBuilder, SqlBool } from 'kysely'

/** Connected, past its handshake, and not held: neither by its own word nor by anybody's. */
export function isWorking(n: string): RawBuilder<SqlBool> {
  const of = (column: string) => sql.ref(`${n}.${column}`)
  return sql<SqlBool>`(${of('gateway')} is not null and ${of('ready')} = 1 and ${of('held')} is null
    and ${of('observing')} is null)`
}
