/** One fake BlueBubbles with its Messages, its rules, and what was asked of it. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { failure, send, spoil } from './answers.ts'
import { TIMES } from './behaviour.ts'
import type { Control, Incoming, Options, Rule, Seen, Serve, Times } from './behaviour.ts'
import { EventServer } from './event-server.ts'
import { FakeMessages } from './messages.ts'
import { Poller } from './poller.ts'
import { readRequest } from './read-request.ts'
import { Routes } from './routes.ts'
import { passed, Sends } from './sends.ts'

const SLOW_MS = 400

type OfServer = Exclude<Control, { do: 'reset' | 'down' | 'up' }>

export class FakeServer {
  readonly #options: Options
  readonly #times: Times
  readonly #messages: FakeMessages
  readonly #events: EventServer
  readonly #poller: Poller
  readonly #routes: Routes
  readonly #rules: Rule[] = []
  readonly #requests: Seen[] = []
  #isHelperConnected: boolean
  #serve: { rule: Serve; left: number } | null = null

  constructor(options: Options) {
    const times = { ...TIMES, ...options.times }
    this.#options = options
    this.#times = times
    this.#isHelperConnected = options.privateApi
    const changed = (): void => this.#changed()
    const isHelperConnected = (): boolean => this.#isHelperConnected
    const messages = new FakeMessages(options, times, changed)
    this.#messages = messages
    this.#events = new EventServer(options.password, times.ping)
    this.#poller = new Poller(messages.db, (event, payload) => this.#events.emit(event, payload))
    const sends = new Sends({ options, times, messages, poller: this.#poller, isHelperConnected })
    const nextRule = (): Rule => this.#rules.shift() ?? {}
    this.#routes = new Routes({ options, times, messages, sends, isHelperConnected, nextRule, changed })
  }

  async rest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#rest(request, response)
    } catch (error) {
      send(response, failure(500, 'Server Error', { message: String(error) }))
    }
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#events.upgrade(request, socket, head)
  }

  kick(): void {
    this.#events.kick()
  }

  obey(control: OfServer): unknown {
    const { db } = this.#messages
    switch (control.do) {
      case 'behave':
        return this.#rules.push(control.rule)
      case 'serve':
        this.#serve = control.rule === null ? null : { rule: control.rule, left: control.rule.times ?? Infinity }
        return null
      case 'receive':
        return this.#receive(control.messages)
      case 'change':
        db.set(control.guid, control.set)
        return control.silent === true ? this.#poller.ignore(control.guid) : this.#changed()
      case 'join':
        db.join(control.guid)
        return this.#changed()
      case 'emit':
        return this.#events.emit(control.event, control.payload)
      case 'lose':
        this.#routes.lose(control.aliases)
        return this.#events.emit('imessage-aliases-removed', { aliases: control.aliases })
      case 'regain':
        return this.#routes.regain()
      case 'helper':
        this.#isHelperConnected = control.connected
        return null
      case 'chat':
        return this.#chat(control)
      case 'renumber':
        return db.renumber()
      case 'kick':
        return this.kick()
      default:
        return this.#tell(control)
    }
  }

  #tell({ do: what }: Extract<OfServer, { do: 'phones' | 'requests' | 'rows' | 'sockets' }>): unknown {
    switch (what) {
      case 'phones':
        return this.#messages.phones
      case 'requests':
        return this.#requests
      case 'sockets':
        return this.#events.size
      case 'rows':
        return this.#messages.db.find({
          withChats: false,
          where: [],
          afterMs: null,
          newestFirst: false,
          offset: 0,
          limit: 10_000,
        }).rows
    }
  }

  async #rest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const read = await readRequest(request)
    const spoiled = this.#serve
    if (spoiled !== null && read.path.startsWith(spoiled.rule.path)) {
      if (--spoiled.left <= 0) this.#serve = null
      if (spoil(spoiled.rule.how, { request, response })) return
      await passed(SLOW_MS)
    }
    const given = read.query.get('guid') ?? read.query.get('password') ?? read.query.get('token') ?? ''
    if (given.trim() !== this.#options.password)
      return send(response, failure(401, 'Authentication Error', { message: 'Unauthorized' }))
    this.#requests.push({ method: read.method, path: read.path, body: read.body })
    await this.#routes.serve(read, { request, response })
  }

  #receive(incoming: readonly Incoming[]): string[] {
    const prefix = this.#options.macos === 26 ? 'any' : ''
    const guids = incoming.map((one) => {
      const guid = this.#messages.db.addIncoming(one, prefix)
      if (one.silent === true) this.#poller.ignore(guid)
      return guid
    })
    if (incoming.some(({ silent }) => silent !== true)) this.#changed()
    return guids
  }

  #chat({ guid, lastService }: Extract<Control, { do: 'chat' }>): void {
    const { db } = this.#messages
    db.addChat(guid)
    if (lastService === undefined) return
    const row = db.addOutgoing({ chat: guid, text: 'before', file: null, service: lastService })
    this.#poller.ignore(row)
  }

  /** The file watcher, after its pause. */
  #changed(): void {
    setTimeout(() => this.#poller.poll(), this.#times.notice)
  }
}
