/**
 * How BlueBubbles sends (DRIVERS 2.1): AppleScript with its restart and its fallback script, which may send a second time, or the private API;
 * and when it says that a message was sent.
 */
import type { Fate, Options, Rule, Script, Times } from './behaviour.ts'
import { failure, success } from './answers.ts'
import type { Answer } from './answers.ts'
import { addressOf } from './chat-db.ts'
import type { Row } from './chat-db.ts'
import { ScriptError } from './messages.ts'
import type { FakeMessages, Payload } from './messages.ts'
import type { Awaited, Poller } from './poller.ts'

export type SendRequest = Readonly<{
  chatGuid: string
  payload: Payload
  method: 'apple-script' | 'private-api'
  tempGuid: string | null
}>

type Deps = Readonly<{
  options: Options
  times: Times
  messages: FakeMessages
  poller: Poller
  isHelperConnected(): boolean
}>

/** A send that BlueBubbles gave up: with the message, where it knows one. */
class SendFailed extends Error {
  override name = 'SendFailed'
  readonly row: Row | null

  constructor(message: string, row: Row | null = null) {
    super(message)
    this.row = row
  }
}

const SENT: Fate = { kind: 'sent' }

export class Sends {
  readonly #deps: Deps
  readonly #underWay = new Set<string>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** 400 where this id is under way: only then is it looked at. */
  async answer(request: SendRequest, rule: Rule): Promise<Answer> {
    const { tempGuid } = request
    if (tempGuid !== null && this.#underWay.has(tempGuid)) {
      return failure(400, 'Validation Error', {
        message: `Message is already queued to be sent! (Temp GUID: ${tempGuid})`,
      })
    }
    if (tempGuid !== null) this.#underWay.add(tempGuid)
    try {
      const row = await this.#send(request, rule)
      const data = this.#data(row, tempGuid)
      return row['error'] === 0
        ? success(data)
        : failure(500, 'iMessage Error', { message: 'Message sent with an error.', data })
    } catch (error) {
      const row = error instanceof SendFailed ? error.row : null
      const data = row === null ? undefined : this.#data(row, tempGuid)
      return failure(500, 'iMessage Error', { message: (error as Error).message, data })
    } finally {
      if (tempGuid !== null) this.#underWay.delete(tempGuid)
    }
  }

  /** Chat and message in one. */
  async answerNewChat(
    { address, service, ...request }: Omit<SendRequest, 'chatGuid'> & { address: string; service: string },
    rule: Rule,
  ): Promise<Answer> {
    const { messages, times } = this.#deps
    const inferred = `${service};-;${address}`
    if (request.method === 'private-api') messages.db.addChat(messages.chatFor(address, service))
    const chatGuid = request.method === 'private-api' ? messages.chatFor(address, service) : inferred
    const sent = await this.answer({ ...request, chatGuid }, rule)
    if (sent.status !== 200) return sent
    const isThere = request.method === 'private-api' || (await until(() => messages.db.hasChat(inferred), times.chat))
    // The real one reads a property of the chat that it did not find.
    if (!isThere)
      return failure(500, 'Server Error', { message: "Cannot set properties of undefined (setting 'messages')" })
    return success({
      originalROWID: 1,
      guid: chatGuid,
      style: 45,
      chatIdentifier: address,
      messages: [sent.body['data']],
    })
  }

  async #send({ chatGuid, payload, method, tempGuid }: SendRequest, rule: Rule): Promise<Row> {
    const { poller, times } = this.#deps
    const promise = Promise.withResolvers<Row>()
    promise.promise.catch(() => undefined)
    const awaited: Awaited = {
      chatGuid,
      text: payload.file ?? payload.text ?? '',
      isFile: payload.file !== null,
      sinceMs: Date.now() - 10_000,
      tempGuid,
      resolve: promise.resolve,
      reject: (row) => promise.reject(new SendFailed('Message Send Error', row)),
    }
    poller.await(awaited)
    const limit = setTimeout(
      () => promise.reject(new SendFailed('Message send timeout')),
      payload.file === null ? times.text : times.file,
    )
    try {
      if (method === 'apple-script') await this.#scripts(chatGuid, payload, rule)
      else return await this.#byHelper(chatGuid, payload, rule)
      return await promise.promise
    } finally {
      clearTimeout(limit)
      poller.forget(awaited)
    }
  }

  /** The chat by its id; again after a restart where it timed out; then the participant of the service that the guid names. */
  async #scripts(chatGuid: string, payload: Payload, { scripts = [], fates = [] }: Rule): Promise<void> {
    const { messages, times } = this.#deps
    let turn = 0
    const run = (target: Parameters<FakeMessages['script']>[0]): Promise<void> => {
      const script: Script = scripts[turn] ?? 'ok'
      const fate = fates[Math.min(turn, fates.length - 1)] ?? SENT
      turn++
      return messages.script(target, payload, { fate, script })
    }
    try {
      return await run({ kind: 'chat', guid: chatGuid })
    } catch (error) {
      const text = (error as ScriptError).message
      if (/timed out/i.test(text) || text.includes('1002')) {
        await passed(times.restart)
        try {
          return await run({ kind: 'chat', guid: chatGuid })
        } catch (again) {
          if (!(again instanceof ScriptError)) throw again
        }
      }
    }
    if (chatGuid.includes(';+;')) throw new SendFailed('Can’t use the fallback for groups')
    const service = chatGuid.slice(0, chatGuid.indexOf(';'))
    if (service === 'any') throw new SendFailed('Can’t make any into type constant. (-1700)')
    await run({ kind: 'participant', address: addressOf(chatGuid), service })
  }

  async #byHelper(chatGuid: string, payload: Payload, { fates = [], helperMs = 0 }: Rule): Promise<Row> {
    const { messages, times } = this.#deps
    if (!this.#deps.isHelperConnected()) throw new SendFailed('iMessage Private API Helper is not connected!')
    if (!messages.db.hasChat(chatGuid)) throw new SendFailed('Failed to send message! Chat not found.')
    const guid = messages.hand({ kind: 'chat', guid: chatGuid }, payload, fates[0] ?? SENT)
    await passed(helperMs)
    const isThere = await until(() => this.#row(guid) !== null, Math.min(times.text, 60_000))
    const row = this.#row(guid)
    if (!isThere || row === null)
      throw new SendFailed('Failed to send message! Message not found in database after 60 seconds!')
    return row
  }

  #row(guid: string): Row | null {
    const { rows } = this.#deps.messages.db.find({
      guid,
      withChats: false,
      where: [],
      afterMs: null,
      newestFirst: false,
      offset: 0,
      limit: 1,
    })
    return rows[0] ?? null
  }

  #data(row: Row, tempGuid: string | null): Record<string, unknown> {
    return { ...this.#deps.messages.db.serialize(row, true), ...(tempGuid === null ? {} : { tempGuid }) }
  }
}

export function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** False: not within that time. */
async function until(is: () => boolean, withinMs: number): Promise<boolean> {
  const endMs = performance.now() + withinMs
  while (!is()) {
    if (performance.now() > endMs) return false
    await passed(5)
  }
  return true
}
