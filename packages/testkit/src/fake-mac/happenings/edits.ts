/** Edits and unsends: the same row, other content (MACOS 2.3). */
import { writeAttributedBody } from '../attributed-body.ts'
import { appleTime } from '../chat-db/apple-time.ts'
import { isMacos26 } from '../mac-settings.ts'
import type { Mailbox } from '../mailbox.ts'
import type { Happened } from './happening.ts'

export function edit(mailbox: Mailbox, { guid, text }: { guid: string; text: string }): Happened {
  const { rows } = mailbox
  assertEditable(mailbox)
  const { rowid } = rows.known(guid)
  rows.update(rowid, { text: null, attributedBody: writeAttributedBody({ text }), date_edited: appleTime(Date.now()) })
  return { guid, rowid }
}

/** The whole message. */
export function unsend(mailbox: Mailbox, guid: string): Happened {
  const { rows, settings } = mailbox
  assertEditable(mailbox)
  const { rowid } = rows.known(guid)
  rows.update(rowid, {
    text: null,
    attributedBody: null,
    date_edited: appleTime(Date.now()),
    is_empty: isMacos26(settings.macos) ? 1 : 0,
  })
  return { guid, rowid }
}

function assertEditable({ db, settings }: Mailbox): void {
  if (!db.hasColumn('message', 'date_edited')) {
    throw new Error(`Edits came with macOS 13; this Mac has ${settings.macos}.`)
  }
}
