/** Quota (W9): charged once per message in the month it was accepted in, given back once when it ends unsent, charged again by late evidence. */
import { sql } from 'kysely'
import type { AccountId } from '@bluewire/contract/ids'
import type { Db } from './rows.ts'

export interface Usage {
  /** Returns the new count, or null when the limit would be passed (nothing is changed then). */
  charge(account: AccountId, month: string, limit: number | null): number | null
  giveBack(account: AccountId, month: string): void
  used(account: AccountId, month: string): number
}

export function prepareUsage(db: Db): Usage {
  const charge = db.statement<{ account: AccountId; month: string; limit: number | null }, { used: number }>(
    (k, p) => ({
      compile: () =>
        sql<{ used: number }>`insert into usage (account, month, used)
        select ${p.account}, ${p.month}, 1 where ${p.limit} is null or 1 <= ${p.limit}
        on conflict (account, month) do update set used = used + 1 where ${p.limit} is null or used + 1 <= ${p.limit}
        returning used`.compile(k),
    }),
  )
  const giveBack = db.statement((k, p: { account: AccountId; month: string }) =>
    k
      .updateTable('usage')
      .set((e) => ({ used: e('used', '-', 1) }))
      .where('account', '=', p.account)
      .where('month', '=', p.month),
  )
  const used = db.statement((k, p: { account: AccountId; month: string }) =>
    k.selectFrom('usage').select('used').where('account', '=', p.account).where('month', '=', p.month),
  )
  return {
    charge: (account, month, limit) => charge.get({ account, month, limit })?.used ?? null,
    giveBack: (account, month) => void giveBack.run({ account, month }),
    used: (account, month) => used.get({ account, month })?.used ?? 0,
  }
}
