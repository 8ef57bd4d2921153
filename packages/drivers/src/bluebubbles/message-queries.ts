/**
 * Questions to chat.db through BlueBubbles. `message/query` takes conditions in SQL, and so tells what its answers leave out: `is_sent`
 * above all. Where a version refuses them the questions are asked by date alone, and less can be known.
 */
import type { Clock } from '@bluewire/platform/clock'
import type { Answer, BlueBubblesApi } from './api.ts'
import { readMessage, readMessages } from './wire-message.ts'
import type { WireMessage } from './wire-message.ts'

/** No answer that could be used. */
export class NotAnswered extends Error {
  override name = 'NotAnswered'
  readonly answer: Answer

  constructor(answer: Answer) {
    super('BlueBubbles did not answer a question')
    this.answer = answer
  }
}

export type Condition = Readonly<{ statement: string; args: Readonly<Record<string, string | number>> }>

/**
 * The names begin with `bw`: BlueBubbles has parameters of its own. `message.text` must not occur in any: on macOS 13 and later, with the
 * private API, BlueBubbles hands that to a search of another kind.
 */
export const WHERE = {
  sent: { statement: 'message.is_sent = :bwSent AND message.error = :bwNoError', args: { bwSent: 1, bwNoError: 0 } },
  textMessage: {
    statement: "(message.was_downgraded = :bwDowngraded OR message.service IN ('SMS', 'RCS', 'rcs'))",
    args: { bwDowngraded: 1 },
  },
  fromMe: { statement: 'message.is_from_me = :bwFromMe', args: { bwFromMe: 1 } },
  works: {
    statement: '((message.is_sent = :bwWorks AND message.error = 0) OR message.is_from_me = 0)',
    args: { bwWorks: 1 },
  },
  newestRow: { statement: 'message.ROWID = (SELECT MAX(ROWID) FROM message)', args: {} },
  guid: (guid: string): Condition => ({ statement: 'message.guid = :bwGuid', args: { bwGuid: guid } }),
  row: (row: number): Condition => ({ statement: 'message.ROWID = :bwRow', args: { bwRow: row } }),
  rowAfter: (row: number): Condition => ({ statement: 'message.ROWID > :bwAfter', args: { bwAfter: row } }),
  rowUpTo: (row: number): Condition => ({ statement: 'message.ROWID <= :bwUpTo', args: { bwUpTo: row } }),
} as const

export type Query = Readonly<{
  /** By the message's own date, milliseconds. */
  afterMs?: number
  where?: readonly Condition[]
  /** `chat`: only messages that are joined to their chat are found. */
  with?: ReadonlyArray<'chat' | 'attachment'>
  newestFirst?: boolean
}>

const PAGE = 100
/** More than a line sends and gets in a week. */
const PAGES_MAX = 1_000

export class MessageQueries {
  readonly #api: BlueBubblesApi
  readonly #clock: Clock
  /** Null: not asked yet. */
  #takesConditions: boolean | null = null
  #skewMs = 0
  #tooLarge = 0

  constructor(api: BlueBubblesApi, clock: Clock) {
    this.#api = api
    this.#clock = clock
  }

  /** By the clock of BlueBubbles' Mac, to about a second. */
  nowMs(): number {
    return this.#clock.nowMs() + this.#skewMs
  }

  /** Messages that could not be read because of their size. */
  get tooLarge(): number {
    return this.#tooLarge
  }

  /** What was last known; true until it was asked. */
  get knownToTakeConditions(): boolean {
    return this.#takesConditions !== false
  }

  /** It may be another version now. */
  forget(): void {
    this.#takesConditions = null
  }

  /** @throws NotAnswered */
  async takesConditions(): Promise<boolean> {
    if (this.#takesConditions !== null) return this.#takesConditions
    const answer = await this.#ask({ where: [WHERE.sent] }, { offset: 0, limit: 1 })
    if (answer.kind !== 'ok') {
      // It may fail at everything just now: only where it answers without them it is the conditions.
      if (answer.kind !== 'refused') throw new NotAnswered(answer)
      await this.first({})
    }
    this.#takesConditions = answer.kind === 'ok'
    return this.#takesConditions
  }

  /** Null: there is no such message. @throws NotAnswered */
  async byGuid(guid: string): Promise<WireMessage | null> {
    const answer = await this.#api.call({
      method: 'GET',
      path: `message/${encodeURIComponent(guid)}`,
      query: { with: 'chats,attachments' },
    })
    if (answer.kind === 'refused' && answer.status === 404) return null
    const message = answer.kind === 'ok' ? readMessage(answer.data) : null
    if (message === null) throw new NotAnswered(answer)
    return message
  }

  /** @throws NotAnswered */
  async first(query: Query): Promise<WireMessage | null> {
    return (await this.#page(query, { offset: 0, limit: 1 })).messages[0] ?? null
  }

  /** All of them, oldest first unless asked otherwise. @throws NotAnswered */
  async all(query: Query): Promise<WireMessage[]> {
    const found = new Map<string, WireMessage>()
    let offset = 0
    for (let page = 0; page < PAGES_MAX; page++) {
      const { messages, count, limit, total } = await this.#pageThatFits(query, offset)
      offset += limit
      for (const message of messages) found.set(message.guid, message)
      if (count === 0 || (total === null ? count < limit : offset >= total)) break
    }
    return [...found.values()]
  }

  /** The one that was inserted last; without conditions, the one with the latest date. Null: there is none. @throws NotAnswered */
  async newest(): Promise<WireMessage | null> {
    if (await this.takesConditions()) return this.first({ where: [WHERE.newestRow] })
    return this.first({ newestFirst: true })
  }

  /** A page whose answer is too long is asked for in smaller pieces; one message that is too long alone is passed over and counted. */
  async #pageThatFits(query: Query, offset: number): Promise<Page & { limit: number }> {
    for (let limit = PAGE; ; limit = Math.max(1, Math.floor(limit / 4))) {
      try {
        return { ...(await this.#page(query, { offset, limit })), limit }
      } catch (error) {
        if (!(error instanceof NotAnswered) || error.answer.kind !== 'lost' || error.answer.code !== 'too_large')
          throw error
        if (limit > 1) continue
        this.#tooLarge++
        return { messages: [], count: 1, total: null, limit: 1 }
      }
    }
  }

  async #page(query: Query, part: { offset: number; limit: number }): Promise<Page> {
    const answer = await this.#ask(query, part)
    const messages = answer.kind === 'ok' ? readMessages(answer.data) : null
    if (answer.kind !== 'ok' || messages === null) throw new NotAnswered(answer)
    if (answer.atMs !== null) this.#skewMs = answer.atMs - this.#clock.nowMs()
    return { messages, count: Array.isArray(answer.data) ? answer.data.length : 0, total: answer.total }
  }

  #ask(query: Query, { offset, limit }: { offset: number; limit: number }): Promise<Answer> {
    const { afterMs, where = [], with: parts = [], newestFirst = false } = query
    return this.#api.call({
      method: 'POST',
      path: 'message/query',
      json: {
        with: parts,
        where,
        offset,
        limit,
        sort: newestFirst ? 'DESC' : 'ASC',
        ...(afterMs === undefined ? {} : { after: Math.max(0, Math.floor(afterMs)) }),
      },
    })
  }
}

type Page = Readonly<{
  messages: readonly WireMessage[]
  /** Before any was left out. */
  count: number
  total: number | null
}>
