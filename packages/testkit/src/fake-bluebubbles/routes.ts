/** BlueBubbles' REST routes, as far as a driver uses them. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { failure, page, send, sendHalf, success } from './answers.ts'
import type { Answer } from './answers.ts'
import type { Options, Rule, Seen, Times } from './behaviour.ts'
import { newGuid } from './chat-db.ts'
import type { Query, Where } from './chat-db.ts'
import type { FakeMessages } from './messages.ts'
import { passed } from './sends.ts'
import type { Sends, SendRequest } from './sends.ts'

type Deps = Readonly<{
  options: Options
  times: Times
  messages: FakeMessages
  sends: Sends
  isHelperConnected(): boolean
  nextRule(): Rule
  changed(): void
}>

export type Request = Seen &
  Readonly<{ query: URLSearchParams; files: ReadonlyMap<string, { name: string; bytes: number }> }>

const BY_PRIVATE_API =
  /^(chat\/[^/]+\/(typing|read)|message\/(react|[^/]+\/(edit|unsend))|handle\/availability\/imessage|icloud\/account)$/

export class Routes {
  readonly #deps: Deps
  readonly #lost = new Set<string>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Addresses that the account does not have any more. */
  lose(aliases: readonly string[]): void {
    for (const alias of aliases) this.#lost.add(alias)
  }

  regain(): void {
    this.#lost.clear()
  }

  async serve(request: Request, raw: { request: IncomingMessage; response: ServerResponse }): Promise<void> {
    if (!/^(message\/(text|attachment)|chat\/new)$/.test(request.path)) return send(raw.response, this.#answer(request))
    const rule = this.#deps.nextRule()
    const refused = this.#problem(request)
    if (refused) return send(raw.response, refused)
    return this.#serveSend(this.#send(request, rule), { request, rule, response: raw.response })
  }

  async #serveSend(
    answer: Promise<Answer>,
    { request, rule, response }: { request: Request; rule: Rule; response: ServerResponse },
  ): Promise<void> {
    switch (rule.http ?? 'answers') {
      case 'answers':
        return send(response, await this.#inTime(answer))
      case 'cuts':
        response.destroy()
        return
      case 'cuts_in_body':
        return sendHalf(response, await answer)
      case 'fails_although_sent':
        await answer
        return send(response, failure(500, 'iMessage Error', { message: 'Message send timeout' }))
      case 'times_out':
        return send(response, failure(504, 'Gateway Timeout', { message: 'The server took too long to respond' }))
      case 'page_502':
        await answer
        return page(response, 502)
      case 'says_nothing':
        return
      case 'is_replayed':
        return send(response, await this.#send(request, rule))
    }
  }

  /** The HTTP side does not wait as long as the send itself. */
  async #inTime(answer: Promise<Answer>): Promise<Answer> {
    const late = passed(this.#deps.times.http).then(() =>
      failure(504, 'Gateway Timeout', { message: 'The server took too long to respond' }),
    )
    return Promise.race([answer, late])
  }

  #send(request: Request, rule: Rule): Promise<Answer> {
    const { body, path, files } = request
    const file = files.get('attachment')
    const common: Omit<SendRequest, 'chatGuid'> = {
      method: body['method'] === 'private-api' ? 'private-api' : 'apple-script',
      tempGuid: text(body['tempGuid']),
      payload: {
        text: file === undefined ? text(body['message']) : null,
        file: file === undefined ? null : text(body['name']),
        ...(text(body['effectId']) === null ? {} : { effect: String(body['effectId']) }),
        ...(text(body['selectedMessageGuid']) === null ? {} : { thread: String(body['selectedMessageGuid']) }),
      },
    }
    const { sends } = this.#deps
    if (path !== 'chat/new') return sends.answer({ ...common, chatGuid: String(body['chatGuid']) }, rule)
    const [address] = body['addresses'] as string[]
    return sends.answerNewChat(
      { ...common, address: address ?? '', service: text(body['service']) ?? 'iMessage' },
      rule,
    )
  }

  /** As the validators of BlueBubbles; this one does without a method what no caller should build on. */
  #problem({ body, path, files }: Request): Answer | null {
    const invalid = (message: string): Answer => failure(400, 'Validation Error', { message })
    if (path === 'message/attachment' && (files.get('attachment')?.bytes ?? 0) === 0)
      return invalid('Attachment not provided or was empty!')
    if (path === 'message/attachment' && text(body['name']) === null) return invalid('The name field is required.')
    if (path !== 'chat/new' && text(body['chatGuid']) === null) return invalid('The chatGuid field is required.')
    if (text(body['method']) === null)
      return invalid('The method is not said, and what happens then hangs on the version.')
    if (body['method'] === 'apple-script' && text(body['tempGuid']) === null)
      return invalid("A 'tempGuid' is required when sending via AppleScript")
    if (path === 'chat/new' && (body['addresses'] as unknown[] | undefined)?.length !== 1)
      return invalid('Cannot create group chats on macOS Big Sur or newer!')
    return null
  }

  #answer(request: Request): Answer {
    const { path, method } = request
    if (BY_PRIVATE_API.test(path) && !this.#deps.isHelperConnected())
      return failure(500, 'iMessage Error', { message: 'iMessage Private API Helper is not connected!' })
    const [first = '', second = '', third = ''] = path.split('/').map(decodeURIComponent)
    if (path === 'server/info') return this.#info()
    if (path === 'message/query' && method === 'POST') return this.#query(request)
    if (path === 'message/react') return this.#react(request)
    if (first === 'message' && third === '' && method === 'GET') return this.#message(second)
    if (first === 'message' && third !== '') return this.#change(second, third, request)
    if (first === 'chat' && third === '') return this.#chat(second, request)
    if (BY_PRIVATE_API.test(path)) return this.#account(request)
    if (path === 'mac/imessage/restart' && method === 'POST') return success(null)
    return failure(404, 'Not Found', { message: `There is no ${method} ${path}` })
  }

  #info(): Answer {
    const { options, isHelperConnected } = this.#deps
    return success({
      computer_id: 'fake',
      os_version: `${options.macos}.0`,
      server_version: '1.9.9',
      private_api: options.privateApi,
      helper_connected: isHelperConnected(),
      proxy_service: 'lan-url',
      detected_icloud: 'us@example.com',
      detected_imessage: 'us@example.com',
      macos_time_sync: 0,
      local_ipv4s: [],
      local_ipv6s: [],
    })
  }

  #query({ body }: Request): Answer {
    const where = (Array.isArray(body['where']) ? body['where'] : []) as Where[]
    if (where.length > 0 && !this.#deps.options.conditions)
      return failure(400, 'Validation Error', { message: 'The where field is not supported.' })
    // On macOS 13 and later a search for words goes to Spotlight, which knows nothing of a fake.
    if (this.#deps.isHelperConnected() && where.some(({ statement }) => statement.includes('message.text')))
      return success([])
    const parts = (Array.isArray(body['with']) ? body['with'] : []) as string[]
    const query: Query = {
      withChats: parts.some((one) => one === 'chat' || one === 'chats'),
      where,
      afterMs: typeof body['after'] === 'number' ? body['after'] : null,
      newestFirst: body['sort'] !== 'ASC',
      offset: Number(body['offset'] ?? 0),
      limit: Math.min(Number(body['limit'] ?? 100), 1_000),
    }
    const { db } = this.#deps.messages
    const { rows, total } = db.find(query)
    const data = rows.map((row) => db.serialize(row, query.withChats))
    return success(data, { offset: query.offset, limit: query.limit, total, count: data.length })
  }

  #message(guid: string): Answer {
    const { db } = this.#deps.messages
    const [row] = db.find({ ...ONE, guid }).rows
    return row === undefined
      ? failure(404, 'Not Found', { message: 'Message does not exist!' })
      : success(db.serialize(row, true))
  }

  #chat(guid: string, { query }: Request): Answer {
    const { db } = this.#deps.messages
    if (!db.hasChat(guid)) return failure(404, 'Not Found', { message: 'Chat does not exist!' })
    if (!(query.get('with') ?? '').includes('lastmessage')) return success({ originalROWID: 1, guid, style: 45 })
    const [row] = db.find({ ...ONE, chatGuid: guid, newestFirst: true }).rows
    if (row === undefined)
      return failure(500, 'Server Error', { message: "Cannot read properties of null (reading 'ROWID')" })
    return success({ originalROWID: 1, guid, style: 45, lastMessage: db.serialize(row, false) })
  }

  #react({ body }: Request): Answer {
    const { db } = this.#deps.messages
    const chat = String(body['chatGuid'])
    const guid = db.addOutgoing({ chat, text: String(body['reaction']), file: null, service: 'iMessage' }, newGuid())
    db.set(guid, {
      associated_message_guid: `p:0/${String(body['selectedMessageGuid'])}`,
      associated_message_type: 2000,
      is_sent: 1,
    })
    this.#deps.changed()
    return this.#message(guid)
  }

  #change(guid: string, how: string, { body }: Request): Answer {
    if (how !== 'edit' && how !== 'unsend') return failure(404, 'Not Found', { message: 'There is no such route' })
    const { db } = this.#deps.messages
    const set = how === 'edit' ? { text: String(body['editedMessage']) } : { text: null, part_count: 0 }
    db.set(guid, { ...set, date_edited: Date.now() })
    this.#deps.changed()
    return this.#message(guid)
  }

  #account({ path, query }: Request): Answer {
    if (path === 'icloud/account') {
      const aliases = ['+15005550001', 'us@example.com'].filter((alias) => !this.#lost.has(alias))
      return success({ active_alias: aliases[0], vetted_aliases: aliases.map((Alias) => ({ Alias, Status: 3 })) })
    }
    if (path !== 'handle/availability/imessage') return success(null)
    return success({ available: !(query.get('address') ?? '').endsWith('9') })
  }
}

const ONE: Query = { withChats: false, where: [], afterMs: null, newestFirst: false, offset: 0, limit: 1 }

/** Null: it is no text, or an empty one. */
function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}
