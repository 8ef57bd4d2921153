/** Edits and unsends: the same row, other content, and what was before in `message_summary_info` (MACOS 2.3). */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { appleTime, unixMsOf } from '../chat-db/apple-time.ts'
import { macPaths } from '../mac-folder.ts'
import { isMacos26 } from '../mac-settings.ts'
import type { Mailbox } from '../mailbox.ts'
import { ATTACHMENT_CHARACTER, writeAttributedBody } from '../write-attributed-body.ts'
import { writeSummaryInfo } from '../write-summary-info.ts'
import type { Happened } from './happening.ts'
import { textOf } from './text-of.ts'

/** What a message was and is, part by part: its attachments first, then its text. Null: that part was unsent. */
type Content = Readonly<{
  parts: readonly (Readonly<{ attachment: string }> | Readonly<{ text: string }> | null)[]
  edits: readonly Readonly<{ part: number; atMs: number; text: string }>[]
}>
type Contents = Readonly<Record<string, Content>>

export function edit(mailbox: Mailbox, { guid, text }: { guid: string; text: string }): Happened {
  const { rowid, content } = known(mailbox, guid)
  const part = content.parts.findIndex((one) => one !== null && 'text' in one)
  const before = content.parts[part]
  if (before === null || before === undefined || !('text' in before)) {
    throw new Error(`The message "${guid}" has no text that could be edited.`)
  }
  const sentAtMs = unixMsOf(mailbox.rows.known(guid)['date'] as bigint)
  const first = content.edits.length === 0 ? [{ part, atMs: sentAtMs, text: before.text }] : []
  return change(
    mailbox,
    { guid, rowid },
    {
      parts: content.parts.with(part, { text }),
      edits: [...content.edits, ...first, { part, atMs: Date.now(), text }],
    },
  )
}

/** One part, or all of it. */
export function unsend(mailbox: Mailbox, { guid, part }: { guid: string; part?: number }): Happened {
  const { rowid, content } = known(mailbox, guid)
  const parts = part === undefined ? content.parts.map(() => null) : content.parts.with(part, null)
  return change(mailbox, { guid, rowid }, { ...content, parts })
}

function change(mailbox: Mailbox, { guid, rowid }: Happened, content: Content): Happened {
  const { rows, settings } = mailbox
  const parts = content.parts.filter((part) => part !== null)
  const attachments = parts.flatMap((part) => ('attachment' in part ? [part.attachment] : []))
  const words = parts.map((part) => ('text' in part ? part.text : ATTACHMENT_CHARACTER)).join('')
  const unsentParts = content.parts.flatMap((part, at) => (part === null ? [at] : []))
  const isGone = parts.length === 0
  rows.update(rowid, {
    text: null,
    attributedBody: isGone
      ? null
      : writeAttributedBody({ text: words, attachments: attachments.map((one, at) => ({ at, guid: one })) }),
    date_edited: appleTime(Date.now()),
    is_empty: isGone && isMacos26(settings.macos) ? 1 : 0,
    message_summary_info: writeSummaryInfo({ unsentParts, edits: content.edits }),
  })
  writeFileSync(contentsPath(mailbox), JSON.stringify({ ...contents(mailbox), [guid]: content }))
  return { guid, rowid }
}

function known(mailbox: Mailbox, guid: string): { rowid: number; content: Content } {
  const { db, rows, settings } = mailbox
  if (!db.hasColumn('message', 'date_edited')) {
    throw new Error(`Edits came with macOS 13; this Mac has ${settings.macos}.`)
  }
  const row = rows.known(guid)
  return { rowid: row.rowid, content: contents(mailbox)[guid] ?? asItWasSent(mailbox, row) }
}

function asItWasSent({ db }: Mailbox, row: Record<string, unknown> & { rowid: number }): Content {
  const sql = `select a.guid from message_attachment_join j join attachment a on a.ROWID = j.attachment_id where j.message_id = ? order by a.ROWID`
  const attachments = db.all(sql, row.rowid).map((one) => ({ attachment: String(one['guid']) }))
  const text = textOf(row).replaceAll(ATTACHMENT_CHARACTER, '')
  return { parts: [...attachments, ...(text === '' ? [] : [{ text }])], edits: [] }
}

function contents(mailbox: Mailbox): Contents {
  const path = contentsPath(mailbox)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Contents) : {}
}

/** chat.db has it in a form that only Messages must read. */
function contentsPath({ settings }: Mailbox): string {
  return join(macPaths(dirname(settings.home)).state, 'edited.json')
}
