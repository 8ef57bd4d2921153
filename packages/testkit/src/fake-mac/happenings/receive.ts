import { randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ATTACHMENT_CHARACTER, writeAttributedBody } from '../write-attributed-body.ts'
import { appleTime } from '../chat-db/apple-time.ts'
import type { Mailbox } from '../mailbox.ts'
import type { Happened, Receive } from './happening.ts'

type ReceivedFile = Readonly<{ name: string; content: string; guid: string }>

export function receive(mailbox: Mailbox, received: Receive): Happened {
  const { from, service = 'iMessage', dateMs = Date.now() } = received
  const { conversations, rows, settings } = mailbox
  const chat = received.chat === undefined ? conversations.direct(from, service) : conversations.known(received.chat)
  const files = (received.files ?? []).map((file) => ({ ...file, guid: randomUUID().toUpperCase() }))
  const text = ATTACHMENT_CHARACTER.repeat(files.length) + received.text
  const message = rows.insert({
    service,
    fromMe: false,
    text,
    handle: conversations.handle(from, service),
    dateMs,
    attachments: files.map(({ guid }, at) => ({ at, guid })),
    ...(received.guid === undefined ? {} : { guid: received.guid }),
    ...(received.rowid === undefined ? {} : { rowid: received.rowid }),
    ...(received.textColumn === undefined ? {} : { textColumn: received.textColumn }),
    ...(received.damagedBody === undefined ? {} : { textColumn: false, body: damaged(text, received.damagedBody) }),
    also: {
      account: null,
      destination_caller_id: received.to ?? settings.ownAddresses[0] ?? null,
      date_delivered: appleTime(Date.now()),
      is_delivered: 1,
      is_spam: received.spam === true ? 1 : 0,
      is_audio_message: received.audio === true ? 1 : 0,
      subject: received.subject ?? null,
      balloon_bundle_id: received.balloon ?? null,
      ...replyColumns(received.replyTo),
    },
  })
  for (const file of files) attach(mailbox, message.rowid, file)
  joinTo(mailbox, { chat: chat.rowid, message, afterMs: received.joinAfterMs ?? 0 })
  if (received.spam === true) mailbox.db.update('chat', chat.rowid, { is_filtered: 1 })
  return message
}

function joinTo(
  { rows }: Mailbox,
  { chat, message, afterMs }: { chat: number; message: Happened; afterMs: number },
): void {
  const join = () => rows.join(chat, rows.byGuid(message.guid)?.rowid ?? -1)
  if (afterMs === 0) join()
  else setTimeout(join, afterMs)
}

/** MACOS 2.3: part, start and length of what is answered. */
function replyColumns(replyTo: string | undefined) {
  if (replyTo === undefined) return {}
  return { thread_originator_guid: replyTo, thread_originator_part: '0:0:1', reply_to_guid: replyTo }
}

function damaged(text: string, how: 'noise' | 'cut'): Uint8Array {
  const body = writeAttributedBody({ text })
  if (how === 'cut') return body.subarray(0, Math.floor(body.length / 3))
  return body.map((byte, at) => (at < 20 ? byte : (byte * 31 + at * 17) & 0xff))
}

function attach({ rows, settings }: Mailbox, message: number, { name, content, guid }: ReceivedFile): void {
  const place = `Library/Messages/Attachments/${guid.slice(0, 2).toLowerCase()}/${guid.slice(2, 4)}/${guid}/${name}`
  const path = join(settings.home, place)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  rows.attach(message, {
    guid,
    filename: `~/${place}`,
    transfer_name: name,
    mime_type: 'application/octet-stream',
    uti: 'public.data',
    total_bytes: Buffer.byteLength(content),
    transfer_state: 5,
    is_outgoing: 0,
    hide_attachment: 0,
  })
}
