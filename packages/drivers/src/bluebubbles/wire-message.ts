/** What BlueBubbles says of a message, over REST and in events alike (DRIVERS 2.1). A stranger's JSON: nothing here throws on any input. */
import { z } from 'zod'

const absent = null
const text = z.string().nullable().catch(absent)
const number = z.number().nullable().catch(absent)
const yes = z.boolean().catch(false)

const handle = z
  .object({ address: z.string().min(1), service: text })
  .nullable()
  .catch(absent)
const chat = z.object({ guid: z.string().min(1), style: z.number().catch(0) })
const attachment = z.object({ transferName: text })

function listOf<T extends z.ZodType>(item: T) {
  return z
    .array(z.unknown())
    .catch([])
    .transform((list) => list.flatMap((one) => item.safeParse(one).data ?? []))
}

const wireMessage = z.object({
  guid: z.string().min(1).max(100),
  /** ROWID in chat.db: the order of insertion. Absent in what is pushed to notifications. */
  originalROWID: number,
  /** Ours, in the first of the two events of an own message. */
  tempGuid: text,
  text,
  subject: text,
  handle,
  chats: listOf(chat),
  attachments: listOf(attachment),
  /** 0: none. */
  error: z.number().catch(0),
  dateCreated: number,
  dateDelivered: number,
  dateRead: number,
  dateEdited: number,
  dateRetracted: number,
  isDelivered: yes,
  isFromMe: yes,
  itemType: z.number().catch(0),
  associatedMessageGuid: text,
  /** `love`, `-love`, …, or a number that BlueBubbles has no word for. */
  associatedMessageType: z
    .union([z.string(), z.number().transform(String)])
    .nullable()
    .catch(absent),
  balloonBundleId: text,
  cacheRoomnames: text,
  partCount: number,
})

export type WireMessage = z.infer<typeof wireMessage>
export type WireChat = WireMessage['chats'][number]

/** Null: it is no message. */
export function readMessage(json: unknown): WireMessage | null {
  return wireMessage.safeParse(json).data ?? null
}

/** Null: it is no list. What is no message in it is left out. */
export function readMessages(json: unknown): WireMessage[] | null {
  return Array.isArray(json) ? json.flatMap((one) => readMessage(one) ?? []) : null
}

const wireChat = z.object({
  guid: z.string().min(1),
  messages: listOf(z.unknown()),
  lastMessage: z.unknown().optional(),
})

export type ChatAnswer = Readonly<{ guid: string; messages: readonly WireMessage[]; lastMessage: WireMessage | null }>

/** Null: it is no chat. */
export function readChat(json: unknown): ChatAnswer | null {
  const parsed = wireChat.safeParse(json)
  if (!parsed.success) return null
  const { guid, messages, lastMessage } = parsed.data
  return { guid, messages: readMessages(messages) ?? [], lastMessage: readMessage(lastMessage) }
}

const serverInfo = z.object({
  os_version: z.string().catch('?'),
  server_version: z.string().catch('?'),
  private_api: z.boolean().catch(false),
  helper_connected: z.boolean().catch(false),
  /** The account of Messages. Older versions do not have it. */
  detected_imessage: z.string().nullable().optional().catch(undefined),
})
export type ServerInfo = z.infer<typeof serverInfo>

/** Null: it is no answer to `server/info`. */
export function readServerInfo(json: unknown): ServerInfo | null {
  if (typeof json !== 'object' || json === null || !('server_version' in json)) return null
  return serverInfo.safeParse(json).data ?? null
}

/** What registered an address: anything else is on its way there, or out. */
const VALID = 3

const account = z.object({ vetted_aliases: listOf(z.object({ Alias: z.string(), Status: z.number().optional() })) })

/** Addresses by which the Apple account can be written to now, by an answer to `icloud/account`. */
export function readAliases(json: unknown): string[] {
  const aliases = account.safeParse(json).data?.vetted_aliases ?? []
  return aliases.filter(({ Status = VALID }) => Status === VALID).map(({ Alias }) => Alias)
}
