/**
 * Quota (W9): charged once per message in the month it was accepted in, given back once when it ends unsent, charged again by late
 * evidence. The limit is on all messages together. They are also counted by the service that was asked for, which a fallback does not
 * change: so what is given back is always what was charged.
 */
import { sql } from 'kysely'
import type { AccountId, Service } from '@bluewire/contract/ids'
import type { Used } from '../accounts-store.ts'
import type { Db } from './rows.ts'

/** Where one message counts. */
export type Place = Readonly<{ account: AccountId; month: string; service: Service }>

export interface Usage {
  /** Returns the new count, or null when it would pass the account's limit (nothing is changed then). */
  charge(place: Place): number | null
  /** Of a message that was given back and went out after all: whatever the limit. */
  chargeAgain(place: Place): void
  giveBack(place: Place): void
  used(account: AccountId, month: string): Used
}

type Step = { account: AccountId; month: string; by: number; imessage: number }

export function prepareUsage(db: Db): Usage {
  const charge = db.statement<Step, { used: number }>((k, p) => ({
    compile: () =>
      sql<{ used: number }>`update usage set used = used + ${p.by}, imessage = imessage + ${p.imessage}
        where account = ${p.account} and month = ${p.month}
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
  const change = db.statement((k, p: Step) =>
    k
      .updateTable('usage')
      .set((e) => ({ used: e('used', '+', p.by), imessage: e('imessage', '+', p.imessage) }))
      .where('account', '=', p.account)
      .where('month', '=', p.month),
  )
  const used = db.statement((k, p: { account: AccountId; month: string }) =>
    k.selectFrom('usage').select(['used', 'imessage']).where('account', '=', p.account).where('month', '=', p.month),
  )
  const step = ({ account, month, service }: Place, by: 1 | -1): Step => ({
    account,
    month,
    by,
    imessage: service === 'imessage' ? by : 0,
  })
  return {
    charge(place) {
      const charged = charge.get(step(place, 1))
      if (charged !== undefined) return charged.used
      if (begin.run(place) === 0) return null
      return charge.get(step(place, 1))?.used ?? null
    },
    chargeAgain: (place) => void change.run(step(place, 1)),
    giveBack: (place) => void change.run(step(place, -1)),
    used(account, month) {
      const { used: all, imessage } = used.get({ account, month }) ?? { used: 0, imessage: 0 }
      return { all, imessage, sms: all - imessage }
    },
  }
}
