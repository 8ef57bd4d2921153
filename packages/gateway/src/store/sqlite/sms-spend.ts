/**
 * What the SMS of an account may cost: so many an hour, and so many an hour to each country. A leaked token, or a sign-up form that bots
 * fill in with dear numbers, would otherwise spend without end (SMS pumping). Counted when an SMS is accepted, or takes the place of an
 * iMessage, or is sent again although it may have gone out; what is tried again because it did not counts once.
 */
import { sql } from 'kysely'
import type { AccountId } from '@bluewire/contract/ids'
import { segmentsOf } from '@bluewire/contract/sms-segments'
import type { Tx } from './group-writer.ts'
import type { Db } from './rows.ts'

const MINUTE_MS = 60_000
const WINDOW_MINUTES = 60

export type GuardVerdict = Readonly<{
  /** Null: the country of the number is not known, and such numbers are refused. */
  country: string | null
  limit: number
  isOfCountry: boolean
  retryAfterMs: number
}>

export interface SmsSpend {
  /** Counts its segments, which are what is paid for; or says why not. */
  spend(tx: Tx, sms: { account: AccountId; country: string | null; body: string | null }): GuardVerdict | null
}

type Limits = { perHour: number; countries: string }
type Window = { account: AccountId; since: number; country: string }

export function prepareSmsSpend(db: Db): SmsSpend {
  const s = prepare(db)
  return {
    spend(tx, { account, country, body }) {
      const n = segmentsOf(body ?? '').count
      const minute = Math.floor(tx.steadyMs / MINUTE_MS)
      const limits = s.limits.get({ account })
      if (limits === undefined) return null
      if (country === null) return { country, limit: 0, isOfCountry: true, retryAfterMs: WINDOW_MINUTES * MINUTE_MS }
      const since = minute - WINDOW_MINUTES + 1
      const spent = s.spent.get({ account, since, country })
      const ofCountry = limitOf(limits, country)
      const isOverCountry = (spent?.there ?? 0) + n > ofCountry
      if (isOverCountry || (spent?.everywhere ?? 0) + n > limits.perHour) {
        const oldest = (isOverCountry ? spent?.oldestThere : spent?.oldest) ?? minute
        const retryAfterMs = Math.max(1000, (oldest + WINDOW_MINUTES) * MINUTE_MS - tx.steadyMs)
        return {
          country,
          limit: isOverCountry ? ofCountry : limits.perHour,
          isOfCountry: isOverCountry && ofCountry < limits.perHour,
          retryAfterMs,
        }
      }
      if (s.count.run({ account, minute, country, n }) !== 1) throw new Error('the SMS was not counted')
      s.forget.run({ account, since })
      return null
    },
  }
}

function limitOf({ perHour, countries }: Limits, country: string): number {
  const each = JSON.parse(countries) as Record<string, number>
  return each[country] ?? each['*'] ?? perHour
}

function prepare(db: Db) {
  return {
    limits: db.statement<{ account: AccountId }, Limits>((k, p) =>
      k
        .selectFrom('accounts')
        .select(['sms_per_hour as perHour', 'sms_countries as countries'])
        .where('id', '=', p.account),
    ),
    spent: db.statement<
      Window,
      { everywhere: number | null; there: number | null; oldest: number | null; oldestThere: number | null }
    >((k, p) => ({
      compile: () =>
        sql<{
          everywhere: number | null
          there: number | null
          oldest: number | null
          oldestThere: number | null
        }>`select
            sum(n) as everywhere, sum(case when country = ${p.country} then n end) as there,
            min(minute) as oldest, min(case when country = ${p.country} then minute end) as oldestThere
          from sms_spend where account = ${p.account} and minute >= ${p.since}`.compile(k),
    })),
    count: db.statement<{ account: AccountId; minute: number; country: string; n: number }, unknown>((k, p) => ({
      compile: () =>
        sql`insert into sms_spend (account, minute, country, n) values (${p.account}, ${p.minute}, ${p.country}, ${p.n})
          on conflict (account, minute, country) do update set n = n + excluded.n`.compile(k),
    })),
    forget: db.statement((k, p: { account: AccountId; since: number }) =>
      k.deleteFrom('sms_spend').where('account', '=', p.account).where('minute', '<', p.since),
    ),
  }
}
