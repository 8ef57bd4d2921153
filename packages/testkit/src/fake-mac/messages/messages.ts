/** The Messages process: takes Apple events, writes chat.db, and does what the world does to it when it is told to. */
import { setTimeout as passed } from 'node:timers/promises'
import { renumber } from '../chat-db/renumber.ts'
import { happen } from '../happenings/happen.ts'
import type { Happened, Happening } from '../happenings/happening.ts'
import { serveJsonLines } from '../json-lines.ts'
import { macPaths } from '../mac-folder.ts'
import { readSettings, scaled } from '../mac-settings.ts'
import type { AppleEvent, EventAnswer, EventError, SendEvent } from './apple-events.ts'
import { NOT_HANDLED } from './apple-events.ts'
import type { ControlQuestion } from './control.ts'
import { EventQueue } from './event-queue.ts'
import { OpenDatabase } from './open-database.ts'
import { Outbox } from './outbox.ts'
import { RuleStore } from './rule-store.ts'
import type { SendRule } from './send-rule.ts'
import { Sender } from './sender.ts'
import { resolveTarget } from './targets.ts'

export class Messages {
  readonly #folder: string
  readonly #events = new EventQueue()
  readonly #database: OpenDatabase
  readonly #outbox: Outbox
  readonly #sender: Sender
  readonly #rules: RuleStore
  /** What came in while it napped. */
  #asleep: Happening[] = []

  constructor(folder: string) {
    this.#folder = folder
    this.#database = new OpenDatabase(folder)
    this.#outbox = new Outbox(folder, this.#database)
    this.#sender = new Sender(folder, { database: this.#database, outbox: this.#outbox })
    this.#rules = new RuleStore(folder)
  }

  /** Resolves when it takes events. */
  async start(): Promise<void> {
    const { messagesSocket, controlSocket } = macPaths(this.#folder)
    this.#database.open()
    this.#outbox.resume()
    await serveJsonLines(controlSocket, (question) => this.#told(question as ControlQuestion))
    await serveJsonLines(messagesSocket, (event) => this.#events.add(() => this.#handle(event as AppleEvent)))
  }

  /** Undefined: no answer. */
  async #handle(event: AppleEvent): Promise<EventAnswer | undefined> {
    await this.#wake()
    const settings = readSettings(this.#folder)
    await passed(scaled(settings, 'answerMs'))
    const rule = this.#rules.take(event)
    if (rule.dies === 'before') process.kill(process.pid, 'SIGKILL')
    if (rule.hang === true) await this.#events.hang()
    if (rule.eventLateMs !== undefined) await passed(rule.eventLateMs)
    const error = errorOf(rule)
    if (error !== undefined && rule.carriedOut !== true) return { error }
    const answer = await this.#carryOut(event, rule)
    if (rule.noAnswer === true) return undefined
    return error === undefined ? answer : { error }
  }

  async #carryOut(event: AppleEvent, rule: SendRule): Promise<EventAnswer> {
    switch (event.event) {
      case 'accounts': {
        const { accounts } = readSettings(this.#folder)
        return {
          ok: accounts.map(({ id, description, enabled, connection, service }) => {
            return { id, description, enabled, connection, service }
          }),
        }
      }
      case 'transfers':
        return { ok: [...this.#outbox.transfers.values()] }
      case 'resolve':
        return this.#resolve(event)
      case 'send':
        return this.#send(event, rule)
      default:
        return (event satisfies never, { error: { number: NOT_HANDLED } })
    }
  }

  #resolve({ to }: { to: SendEvent['to'] }): EventAnswer {
    const { mailbox } = this.#database
    // Without its database Messages has no chats; a participant can be named all the same.
    if (mailbox === undefined) return { ok: true }
    const resolved = resolveTarget(mailbox, to)
    return 'error' in resolved ? resolved : { ok: true }
  }

  async #send(event: SendEvent, rule: SendRule): Promise<EventAnswer> {
    const { mailbox } = this.#database
    if (mailbox === undefined) return { ok: null }
    const resolved = resolveTarget(mailbox, event.to)
    if ('error' in resolved) return resolved
    const sent = this.#sender.send({ event, target: resolved.target, rule })
    if (rule.dies === 'after') {
      await sent
      process.kill(process.pid, 'SIGKILL')
    }
    return { ok: null }
  }

  async #told(question: ControlQuestion): Promise<{ ok: unknown } | { refused: string }> {
    try {
      return { ok: await this.#obey(question) }
    } catch (error) {
      return { refused: error instanceof Error ? error.message : String(error) }
    }
  }

  async #obey(question: ControlQuestion): Promise<unknown> {
    switch (question.do) {
      case 'happen':
        return this.#happen(question.happening)
      case 'hang':
        void this.#events.hang()
        return true
      case 'recover':
        this.#events.recover()
        return true
      case 'state':
        return { hung: this.#events.isHung, waiting: this.#events.waiting, napping: this.#asleep.length }
      case 'try_again':
        return this.#outbox.tryAgain(await this.#database.opened(), question.guid)
      case 'database':
        return this.#change(question.change)
      default:
        return question satisfies never
    }
  }

  async #happen(happening: Happening): Promise<Happened> {
    if (happening.kind === 'receive' && readSettings(this.#folder).napping) {
      const arrived = Date.now()
      this.#asleep.push({ dateMs: arrived, ...happening })
      return { guid: '', rowid: 0 }
    }
    const { mailbox } = this.#database
    if (mailbox === undefined) throw new Error('This Mac has no chat.db now: nothing can come in.')
    return happen(mailbox, happening)
  }

  async #wake(): Promise<void> {
    const came = this.#asleep
    this.#asleep = []
    for (const happening of came) happen(await this.#database.opened(), happening)
  }

  #change(change: Extract<ControlQuestion, { do: 'database' }>['change']): boolean {
    switch (change) {
      case 'close':
        this.#database.close()
        return true
      case 'open':
        this.#database.open()
        return true
      case 'lock':
        return this.#database.lock()
      case 'unlock':
        this.#database.unlock()
        return true
      case 'renumber': {
        const { mailbox } = this.#database
        if (mailbox !== undefined) renumber(mailbox.db)
        return mailbox !== undefined
      }
      default:
        return change satisfies never
    }
  }
}

function errorOf({ eventError }: SendRule): EventError | undefined {
  return typeof eventError === 'number' ? { number: eventError } : eventError
}
