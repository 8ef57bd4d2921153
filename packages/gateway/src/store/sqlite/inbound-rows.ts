/** The rows of what came in: each once, however often and under whatever guid it is reported (PROTOCOL 43). */
import type { Insertable } from 'kysely'
import type { AccountId, LineId, Service } from '@bluewire/contract/ids'
import type { ProviderInbound } from '@bluewire/drivers/provider'
import type { Tables } from '../tables.ts'
import type { Tx } from './group-writer.ts'
import { contentHash, editionOf, whatOf } from './inbound-kind.ts'
import type { CameIn } from './inbound-kind.ts'
import type { Db, WriteParts } from './rows.ts'

export type Received = ProviderInbound & CameIn & Readonly<{ service: Service; backfilled: boolean }>
type Row = Insertable<Tables['inbound']>

export interface InboundRows {
  /** False: it was reported before. */
  insert(tx: Tx, line: Readonly<{ id: LineId; account: AccountId }>, received: Received): boolean
}

export function prepareInboundRows({ db, ulid }: WriteParts): InboundRows {
  const insert = prepareInsert(db)
  return {
    insert(tx, line, m) {
      const reaction = m.about?.reaction
      const row: Row = {
        id: `evt_${ulid()}`,
        account: line.account,
        line: line.id,
        guid: m.guid,
        sender: m.from,
        service: m.service,
        chat: m.chat ?? null,
        what: whatOf(m),
        about_guid: m.about?.guid ?? null,
        about_part: m.about?.part ?? null,
        reaction: reaction?.kind ?? null,
        reaction_emoji: reaction?.emoji ?? null,
        reaction_removed: reaction === undefined ? null : reaction.removed ? 1 : 0,
        edition: editionOf(m),
        body: m.body,
        body_hash: contentHash(m),
        date: m.dateMs,
        backfilled: m.backfilled ? 1 : 0,
        received_at: tx.nowMs,
      }
      return insert.run(row) === 1
    },
  }
}

function prepareInsert(db: Db) {
  return db.statement((k, p: Row) =>
    k
      .insertInto('inbound')
      .values({
        id: p.id,
        account: p.account,
        line: p.line,
        guid: p.guid,
        sender: p.sender,
        service: p.service,
        chat: p.chat,
        what: p.what,
        about_guid: p.about_guid,
        about_part: p.about_part,
        reaction: p.reaction,
        reaction_emoji: p.reaction_emoji,
        reaction_removed: p.reaction_removed,
        edition: p.edition,
        body: p.body,
        body_hash: p.body_hash,
        date: p.date,
        backfilled: p.backfilled,
        received_at: p.received_at,
      })
      .onConflict((c) => c.doNothing()),
  )
}
