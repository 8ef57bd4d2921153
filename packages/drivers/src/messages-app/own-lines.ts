/** Which address does this Mac send from? What its messages say, or else its account (MACOS 5.5). */
import type { Driver } from '../driver.ts'
import type { AccountsProbe } from './accounts-probe.ts'
import type { ChatDb } from './chat-db.ts'
import { ownAddress } from './inbound-row.ts'
import { hasSms } from './mac-health.ts'

const ADDRESS = /^(\+\d{7,15}|[^@\s]+@[^@\s]+)$/

/** Null: nothing on this Mac says so yet. `db` null: it cannot be read. */
export function ownLine(db: ChatDb | null, probe: AccountsProbe | null): Driver['lines'][number] | null {
  const accounts = probe?.kind === 'accounts' ? probe.accounts.filter((a) => a.service === 'iMessage' && a.enabled) : []
  const sentFrom = db?.ask(
    `select account from message where is_from_me = 1 and service = 'iMessage' and account <> '' order by date desc limit 20`,
  )
  const named = [...(sentFrom ?? []).map((row) => row['account']), ...accounts.map((a) => a.description)]
  const address = named
    .map((name) => (typeof name === 'string' ? ownAddress(name) : null))
    .find((own) => own !== null && ADDRESS.test(own))
  if (address === undefined || address === null) return null
  return { address, services: hasSms(probe) ? ['imessage', 'sms'] : ['imessage'], sends: true }
}
