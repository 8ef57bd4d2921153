/** The lines of an account as routing sees them, read inside the transaction that needs them. */
import { sql } from 'kysely'
import type { AccountId, LineId, Service } from '@bluewire/contract/ids'
import type { Candidate } from '@bluewire/engine/routing'
import type { Flag } from '../tables.ts'
import { isWorking } from './node-works.ts'
import { jsonList } from './rows.ts'
import type { Db } from './rows.ts'

export interface RoutingLines {
  of(account: AccountId): Candidate[]
}

type Row = {
  id: LineId
  address: string
  services: string
  sends: Flag
  simulated: Flag
  paused: Flag
  suspended: Flag
  online: Flag
  queued: number
}

export function prepareRoutingLines(db: Db): RoutingLines {
  const lines = db.statement<{ account: AccountId }, Row>((k, p) => ({
    compile: () =>
      sql<Row>`select l.id, l.address, l.services, l.sends, l.simulated, l.paused, l.suspended,
          coalesce(${isWorking('n')}, 0) as online,
          (select count(*) from messages m where m.line = l.id and m.state = 'queued') as queued
        from lines l left join nodes n on n.id = l.node
        where l.account = ${p.account} and n.retired_at is null`.compile(k),
  }))
  return {
    of: (account) =>
      lines.all({ account }).map((row) => ({
        id: row.id,
        address: row.address,
        services: jsonList(row.services) as Service[],
        sends: row.sends === 1,
        simulated: row.simulated === 1,
        paused: row.paused === 1,
        suspended: row.suspended === 1,
        online: row.online === 1,
        queued: row.queued,
      })),
  }
}
