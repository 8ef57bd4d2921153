/** Questions to chat.db through imsg. Every answer that could not be had is null: that is not "there is none". */
import type { Service } from '@bluewire/contract/ids'
import { readChats, readMessages, readPage, sendStatusAnswer } from './imsg-answers.ts'
import type { Chat, Message, Page, SendStatus } from './imsg-answers.ts'
import type { ImsgProcess } from './imsg-process.ts'
import { isTo, matching } from './imsg-matching.ts'
import type { Wanted } from './imsg-matching.ts'
import { chatName, isGroup, plainAddress, serviceOf } from './imsg-words.ts'

const PAGE_MAX = 100
/** Of one question: what came in meanwhile is never as much, and a mistaken mark must not read a whole history. */
const PAGES_MAX = 50
const CHATS_MAX = 500
const HISTORY_MAX = 100

export class ImsgRows {
  readonly #process: ImsgProcess
  #chats = new Map<number, Chat>()

  constructor(process: ImsgProcess) {
    this.#process = process
  }

  /** The newest row. On an imsg that cannot page (before 0.14): the newest by date, which may be a little lower. */
  async tail(): Promise<number | null> {
    const newest = await this.#newestByDate()
    if (newest === null || !this.#pages) return newest
    let since = newest
    for (let i = 0; i < PAGES_MAX; i++) {
      const page = await this.after(since, { limit: PAGE_MAX })
      if (!page) return null
      since = Math.max(since, page.nextRowid)
      if (!page.hasMore) return since
    }
    return since
  }

  /** One page of what is later than this row, oldest first. */
  async after(since: number, more: { limit?: number; attachments?: boolean } = {}): Promise<Page | null> {
    const { limit = PAGE_MAX, attachments = false } = more
    const params = { since_rowid: since, limit, include_reactions: true, ...(attachments ? { attachments } : {}) }
    const answer = await this.#process.read('messages.after', params)
    return answer.kind === 'result' ? readPage(answer.value) : null
  }

  /** Rows that can be this message, oldest first. */
  async candidates(wanted: Wanted): Promise<Message[] | null> {
    const attachments = wanted.content.kind === 'file'
    if (!this.#pages) return this.#candidatesByChat(wanted, attachments)
    const found: Message[] = []
    let since = wanted.mark
    for (let i = 0; i < PAGES_MAX; i++) {
      const page = await this.after(since, { attachments })
      if (!page) return null
      found.push(...matching(page.messages, wanted))
      if (!page.hasMore || page.nextRowid <= since) return found
      since = page.nextRowid
    }
    return null
  }

  /** Messages that are not older than this, of all chats, oldest first: for when row numbers are worth nothing. */
  async since(ms: number): Promise<Message[] | null> {
    const chats = await this.chats()
    if (!chats) return null
    const messages: Message[] = []
    for (const chat of chats) {
      if (chat.last_message_at !== null && chat.last_message_at < ms) continue
      const start = new Date(ms).toISOString()
      const answer = await this.#process.read('messages.history', { chat_id: chat.id, limit: HISTORY_MAX, start })
      const read = answer.kind === 'result' ? readMessages(answer.value) : null
      if (!read) return null
      messages.push(...read)
    }
    return messages.sort((a, b) => (a.created_at ?? 0) - (b.created_at ?? 0) || a.id - b.id)
  }

  async status(guid: string): Promise<SendStatus | null> {
    const answer = await this.#process.read('message.send_status', { guid })
    return answer.kind === 'result' ? (sendStatusAnswer.safeParse(answer.value).data ?? null) : null
  }

  /** The newest chats; remembered. */
  async chats(): Promise<readonly Chat[] | null> {
    const answer = await this.#process.read('chats.list', { limit: CHATS_MAX })
    const chats = answer.kind === 'result' ? readChats(answer.value) : null
    if (chats) this.#chats = new Map(chats.map((chat) => [chat.id, chat]))
    return chats
  }

  /** Of the remembered ones; asks anew when it is not among them. */
  async chat(id: number): Promise<Chat | null> {
    if (!this.#chats.has(id)) await this.chats()
    return this.#chats.get(id) ?? null
  }

  /** The remembered group, or chat with one person by this service: where it is known, imsg can send into it through its bridge. */
  chatWith(to: string, service: Service): Chat | null {
    const isIt = isGroup(to)
      ? ({ guid }: Chat) => chatName(guid) === chatName(to)
      : ({ identifier, guid, service: name }: Chat) =>
          plainAddress(identifier) === plainAddress(to) && (serviceOf(guid) ?? serviceOf(name) ?? service) === service
    return [...this.#chats.values()].find(isIt) ?? null
  }

  /** Of the remembered ones: this Mac has sent or received SMS. */
  get hasSmsChats(): boolean {
    return [...this.#chats.values()].some(({ guid, service }) => (serviceOf(guid) ?? serviceOf(service)) === 'sms')
  }

  get #pages(): boolean {
    return this.#process.facts?.generation === 'current'
  }

  async #newestByDate(): Promise<number | null> {
    const answer = await this.#process.read('chats.list', { limit: 1 })
    const chats = answer.kind === 'result' ? readChats(answer.value) : null
    if (!chats) return null
    const [chat] = chats
    if (!chat) return 0
    const history = await this.#process.read('messages.history', { chat_id: chat.id, limit: 1 })
    const messages = history.kind === 'result' ? readMessages(history.value) : null
    return messages ? (messages[0]?.id ?? 0) : null
  }

  async #candidatesByChat(wanted: Wanted, attachments: boolean): Promise<Message[] | null> {
    const chats = await this.chats()
    if (!chats) return null
    const found: Message[] = []
    for (const chat of chats) {
      const { guid: chat_guid, identifier: chat_identifier, participants } = chat
      if (!isTo({ chat_guid, chat_identifier, participants }, wanted.to)) continue
      const params = { chat_id: chat.id, limit: HISTORY_MAX, ...(attachments ? { attachments } : {}) }
      const answer = await this.#process.read('messages.history', params)
      const messages = answer.kind === 'result' ? readMessages(answer.value) : null
      if (!messages) return null
      found.push(...matching(messages, wanted))
    }
    return found.sort((a, b) => a.id - b.id)
  }
}
