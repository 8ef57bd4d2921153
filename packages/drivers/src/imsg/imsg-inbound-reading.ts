/** One of imsg's messages as one of ours: by which line, from whom, and whether it is one at all. */
import type { Service } from '@bluewire/contract/ids'
import type { InboundAbout, InboundMessage } from '../driver.ts'
import type { Message } from './imsg-answers.ts'
import type { ImsgRows } from './imsg-rows.ts'
import type { ImsgLine } from './imsg-settings.ts'
import { isGroup, plainAddress, reactionOf, serviceOf, targetOf } from './imsg-words.ts'

/**
 * Measured backfills are from 82 minutes to days old (MACOS 2.6), while a message that waited for a sleeping Mac has the same age as
 * those around it.
 */
const BACKFILLED_AFTER_MS = 60 * 60_000

export type ReadingDeps = Readonly<{ rows: ImsgRows; lines: readonly ImsgLine[] }>

export class InboundReading {
  readonly #deps: ReadingDeps
  readonly #own: ReadonlySet<string>

  constructor(deps: ReadingDeps) {
    this.#deps = deps
    this.#own = new Set(deps.lines.map(({ address }) => plainAddress(address)))
  }

  /** Null: it is ours, or nobody's. `newestMs`: the date of the newest message so far. */
  async inboundOf(message: Message, newestMs: number): Promise<InboundMessage | null> {
    const { is_from_me, sender, created_at, guid, text, chat_guid, is_reaction } = message
    // A note to oneself comes back as if somebody had sent it.
    if (is_from_me || sender === '' || this.#own.has(plainAddress(sender))) return null
    if (is_reaction && message.reacted_to_guid === undefined) return null
    const service = await this.#serviceOf(message)
    const line = await this.#lineOf(message, service)
    const dateMs = created_at ?? newestMs
    return {
      guid,
      line,
      from: sender,
      service,
      body: is_reaction ? '' : text.replaceAll('\ufffc', ''),
      dateMs,
      backfilled: dateMs < newestMs - BACKFILLED_AFTER_MS,
      ...(isGroup(chat_guid) ? { chat: chat_guid } : {}),
      ...aboutOf(message),
    }
  }

  /** macOS 26 names chats `any`; then the chat itself knows, and where it does not, what the lines can do. */
  async #serviceOf({ chat_guid, chat_id }: Message): Promise<Service> {
    const said = serviceOf(chat_guid) ?? serviceOf((await this.#deps.rows.chat(chat_id))?.service)
    return said ?? (this.#deps.lines.some(({ services }) => services.includes('imessage')) ? 'imessage' : 'sms')
  }

  async #lineOf({ destination_caller_id, chat_id }: Message, service: Service): Promise<string> {
    const { lines, rows } = this.#deps
    const [first] = lines
    if (lines.length === 1 && first) return first.address
    const named = (address: string | undefined) =>
      address === undefined ? undefined : lines.find((line) => plainAddress(line.address) === plainAddress(address))
    const line =
      named(destination_caller_id) ??
      named((await rows.chat(chat_id))?.last_addressed_handle) ??
      lines.find(({ services, sends }) => sends && services.includes(service)) ??
      first
    return line?.address ?? ''
  }
}

function aboutOf(message: Message): Readonly<{ about?: InboundAbout }> {
  const { is_reaction, reaction_type, reaction_emoji, is_reaction_add, reacted_to_guid } = message
  if (!is_reaction || reacted_to_guid === undefined) return {}
  const reaction = { ...reactionOf(reaction_type, reaction_emoji), removed: !is_reaction_add }
  return { about: { ...targetOf(reacted_to_guid), what: 'reaction', reaction } }
}
