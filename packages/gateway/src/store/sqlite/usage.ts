/** Quota (W9): charged once per message in the month it was accepted in, given back once when it ends unsent, charged again by late evidence. */
import { sql } from 'kysely'
import type { AccountId } from '@bluewire/contract/ids'
import type { Db } from './rows.ts'

export interface Usage {
  /** Returns the new count, or null when it would pass the account's limit (nothing is changed then). */
  charge(account: AccountId, month: string): number | null
  /** Of a message that was given back and went out after all: whatever the limit. */
  chargeAgain(account: AccountId, month: string): void
  giveBack(account: AccountId, month: string): void
  used(account: AccountId, month: string): number
}

export function prepareUsage(db: Db): Usage {
  const charge = db.statement<{ account: AccountId; month: string }, { used: number }>((k, p) => ({
    compile: () =>
      sql<{ used: number }>`update usage set used = used + 1 where account = ${p.account} and month = ${p.month}
        and used < (select coalesce(quota_limit, used + 1) from accounts where id = ${p.account}) returning used`.compile(
        k,
      ),
  }))
  const begin = db.statement((k, p: { account: AccountId; month: string }) =>
    k
      .insertInto('usage')
      .values({ account: p.account, month: p.month, used: 0 })
      .onConflict((c) => c.doNothing()),
  )
  const chargeAgain = db.statement((k, p: { account: AccountId; month: string }) =>
    k
      .updateTable('usage')
      .set((e) => ({ used: e('used', '+', 1) }))
      .where('account', '=', p.account)
      .where('month', '=', p.month),
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
    charge(account, month) {
      const charged = charge.get({ account, month })
      if (charged !== undefined) return charged.used
      if (begin.run({ account, month }) === 0) return null
      return charge.get({ account, month })?.used ?? null
    },
    chargeAgain: (account, month) => void chargeAgain.run({ account, month }),
    giveBack: (account, month) => void giveBack.run({ account, month }),
    used: (account, month) => used.get({ account, month })?.used ?? 0,
  }
}
