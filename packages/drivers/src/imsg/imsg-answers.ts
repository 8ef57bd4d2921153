/**
 * What imsg answers, as far as it is read here (DRIVERS 2.2). Absent values are omitted by it, and anything may be absent in another
 * version: only what nothing can be done without is required.
 */
import { z } from 'zod'

const rowid = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)
const text = z.string().catch('')
const maybeText = z.string().min(1).optional().catch(undefined)
const flag = z.boolean().catch(false)
const texts = z.array(z.string()).catch([])

/** Milliseconds since 1970; null where it is no date. */
const instant = z
  .string()
  .transform((iso) => {
    const ms = Date.parse(iso)
    return Number.isNaN(ms) ? null : ms
  })
  .nullable()
  .catch(null)

export const statusAnswer = z.object({
  version: z.string().max(64).catch('unknown'),
  protocol_version: z.number().int(),
  database: z
    .object({
      ready: z.boolean(),
      error: maybeText,
      features: z.record(z.string(), z.unknown()).catch({}),
    })
    .catch({ ready: false, error: undefined, features: {} }),
  bridge: z.object({ ready: z.boolean(), error: maybeText }).catch({ ready: false, error: undefined }),
  /** Usable now. */
  methods: texts,
  capabilities: z
    .object({ features: z.record(z.string(), z.unknown()).catch({}) })
    .optional()
    .catch(undefined),
})

export const chatAnswer = z.object({
  id: rowid,
  identifier: text,
  guid: text,
  service: text,
  last_message_at: instant,
  participants: texts,
  last_addressed_handle: maybeText,
})
export type Chat = z.infer<typeof chatAnswer>

const attachment = z.object({ filename: text, transfer_name: text })

export const messageAnswer = z.object({
  /** ROWID. */
  id: rowid,
  guid: z.string().min(1).max(200),
  chat_id: rowid.catch(0),
  chat_identifier: text,
  chat_guid: text,
  participants: texts,
  sender: text,
  is_from_me: z.boolean(),
  text,
  created_at: instant,
  attachments: z.array(attachment).catch([]),
  destination_caller_id: maybeText,
  /** Live watch only: everything up to here was told. */
  cursor: rowid.optional().catch(undefined),
  is_reaction: flag,
  reaction_type: text,
  reaction_emoji: maybeText,
  is_reaction_add: z.boolean().catch(true),
  reacted_to_guid: maybeText,
})
export type Message = z.infer<typeof messageAnswer>

const chatList = z.object({ chats: z.array(z.unknown()) })
const messageList = z.object({ messages: z.array(z.unknown()) })
const messagePage = messageList.extend({ next_rowid: rowid, has_more: z.boolean() })

export const sendAnswer = z.object({ guid: maybeText, message_id: maybeText })
export const subscribeAnswer = z.object({ subscription: z.number().int() })
export const overflowParams = z.object({ subscription: z.number().int(), resume_after_rowid: rowid })
export const messageParams = z.object({ subscription: z.number().int(), message: z.unknown() })
export const errorParams = z.object({ subscription: z.number().int() })
export const checkAnswer = z.object({ available: z.boolean() })

export const sendStatusAnswer = z.object({
  guid: text,
  service: z.string().nullish().catch(null),
  /** Null: there is no such row. */
  status_fields: z
    .object({
      is_sent: flag,
      is_delivered: flag,
      error: z.number().int().catch(0),
      date_delivered: instant,
      date_read: instant,
      was_downgraded: flag,
    })
    .nullable(),
})
export type SendStatus = z.infer<typeof sendStatusAnswer>

/** What of a list can be read; the rest of it is worth nothing. Null: it is no such list. */
export function readChats(value: unknown): Chat[] | null {
  const list = chatList.safeParse(value)
  return list.success ? list.data.chats.flatMap((chat) => chatAnswer.safeParse(chat).data ?? []) : null
}

export function readMessages(value: unknown): Message[] | null {
  const list = messageList.safeParse(value)
  return list.success ? list.data.messages.flatMap((message) => messageAnswer.safeParse(message).data ?? []) : null
}

export type Page = Readonly<{ messages: Message[]; nextRowid: number; hasMore: boolean }>

export function readPage(value: unknown): Page | null {
  const page = messagePage.safeParse(value)
  const messages = page.success ? readMessages(page.data) : null
  return page.success && messages ? { messages, nextRowid: page.data.next_rowid, hasMore: page.data.has_more } : null
}
