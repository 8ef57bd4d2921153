/** Is an address on iMessage? There is no public way to ask; what went well before is the best that is known (MACOS 2.7). */
import type { ChatDb } from './chat-db.ts'

export type Availability = 'available' | 'not_available' | 'unknown'

type Kept = Readonly<{ service: string; error: number; is_from_me: number; is_sent: number; is_delivered: number }>

/** The newest row that says something decides. */
export function availabilityOf(db: ChatDb, address: string): Availability {
  const rows = db.ask(
    `select m.service, m.error, m.is_from_me, m.is_sent, m.is_delivered from message m join handle h on h.ROWID = m.handle_id
     where h.id = ? and m.item_type = 0 order by m.date desc limit 50`,
    address,
  ) as Kept[]
  for (const row of rows) {
    const isImessage = row.service === 'iMessage'
    if (isImessage && row.error === 22) return 'not_available'
    if (isImessage && (row.is_from_me === 0 || row.is_delivered === 1)) return 'available'
  }
  return 'unknown'
}
