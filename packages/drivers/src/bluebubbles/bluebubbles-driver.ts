/**
 * The driver for a BlueBubbles server: sends over its REST API, reads what comes in over the same, and lets its events say when to look. It
 * sends each attempt once; with AppleScript BlueBubbles itself may send it twice (PROTOCOL hole 18), and then it says so.
 */
import type { Service } from '@bluewire/contract/ids'
import type { Capability } from '@bluewire/contract/node-protocol/capabilities'
import type { Clock } from '@bluewire/platform/clock'
import type {
  Driver,
  DriverCommand,
  DriverContext,
  DriverEvents,
  DriverHealth,
  DriverMemory,
  DriverReply,
  Outgoing,
  SendOutcome,
} from '../driver.ts'
import { BlueBubblesApi } from './api.ts'
import { parseSettings } from './bluebubbles-settings.ts'
import type { BlueBubblesSettings } from './bluebubbles-settings.ts'
import { obey } from './commands.ts'
import { EventSocket } from './event-socket.ts'
import type { Method } from './hand-over.ts'
import { InboundReader } from './inbound-reader.ts'
import { MessageQueries } from './message-queries.ts'
import { OwnMessages } from './own-messages.ts'
import type { Followed } from './row-follower.ts'
import { RowFinder } from './row-finder.ts'
import { isAccountError } from './row-state.ts'
import { Sender } from './sender.ts'
import { ServerWatch } from './server-watch.ts'
import { TempGuids } from './temp-guids.ts'
import { readMessage } from './wire-message.ts'

const ALWAYS: readonly Capability[] = [
  'receipts',
  'read_receipts',
  'inbound',
  'inbound_reactions',
  'inbound_edits',
  'groups',
  'attachments',
  'restart_messages',
]
const WITH_PRIVATE_API: readonly Capability[] = [
  'effects',
  'replies',
  'reactions',
  'typing',
  'mark_read',
  'edit',
  'unsend',
  'availability',
]

export function createBlueBubblesDriver({ clock, settings }: DriverContext): Driver {
  return new BlueBubblesDriver(clock, parseSettings(settings))
}

/** What exists from `start` on. */
type Parts = Readonly<{ sender: Sender; reader: InboundReader; own: OwnMessages; socket: EventSocket }>

export class BlueBubblesDriver implements Driver {
  readonly name = 'bluebubbles'
  readonly simulated = false
  /** There is one Messages behind it. */
  readonly serialBy = 'node'
  readonly lines: Driver['lines']
  readonly #clock: Clock
  readonly #settings: BlueBubblesSettings
  readonly #api: BlueBubblesApi
  readonly #queries: MessageQueries
  readonly #watch: ServerWatch
  readonly #tempGuids = new TempGuids()
  #parts: Parts | null = null
  #events: DriverEvents | null = null
  /** Found at the start: from then on nothing is sent in another way, or the promise of once at most would not hold. */
  #isPrivateApiOnly: boolean
  #stopped = false

  constructor(clock: Clock, settings: BlueBubblesSettings) {
    this.#clock = clock
    this.#settings = settings
    this.#isPrivateApiOnly = settings.method === 'private-api'
    this.lines = settings.lines.map((line) => ({ ...line, sends: true }))
    const { url, password, timings } = settings
    this.#api = new BlueBubblesApi({
      clock,
      url,
      password,
      timings,
      heard: (answer, path) => this.#watch.heard(answer, path),
    })
    this.#queries = new MessageQueries(this.#api, clock)
    this.#watch = new ServerWatch({
      clock,
      timings,
      api: this.#api,
      queries: this.#queries,
      url,
      hasPassword: password !== '',
      lines: settings.lines.map(({ address }) => address),
      others: () => ({
        socket: this.#parts?.socket.state ?? 'off',
        isReadingFailing: this.#parts?.reader.isFailing ?? false,
        needsPrivateApi: this.#isPrivateApiOnly,
      }),
      changed: () => this.#events?.healthChanged(),
    })
  }

  get atMostOnce(): boolean {
    return this.#isPrivateApiOnly
  }

  get capabilities(): readonly Capability[] {
    const services = this.#settings.lines.flatMap(({ services }) => services)
    return [...services, ...ALWAYS, ...(this.#isPrivateApiOnly ? WITH_PRIVATE_API : [])]
  }

  /** Waits a little for BlueBubbles, to know what it can do; goes on without it. */
  async start(events: DriverEvents, memory: DriverMemory): Promise<void> {
    if (this.#stopped || this.#parts) return
    const { timings, method, password, url } = this.#settings
    await Promise.race([this.#watch.start(), this.#passed(timings.start)])
    if (this.#stopped) return
    if (method === 'auto' && this.#watch.hasPrivateApi) this.#isPrivateApiOnly = true
    this.#events = events
    this.#parts = this.#assemble(events, memory)
    const { reader, own, socket } = this.#parts
    if (password === '') return
    reader.start()
    own.start()
    if (url !== '') socket.start()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#watch.stop()
    const { sender, reader, own, socket } = this.#parts ?? {}
    sender?.stop()
    reader?.stop()
    own?.stop()
    socket?.stop()
    this.#api.stop()
  }

  health(): DriverHealth {
    return this.#watch.health()
  }

  refuses(): { reason: string; detail?: string } | null {
    const { state, detail } = this.health()
    if (state !== 'broken') return null
    return { reason: 'node_refused', ...(detail === undefined ? {} : { detail }) }
  }

  async send(outgoing: Outgoing): Promise<SendOutcome> {
    if (this.#stopped || !this.#parts) return { kind: 'not_sent', class: 'never_handed', reason: 'node_stopping' }
    return this.#parts.sender.send(outgoing)
  }

  async lookUp(outgoing: Outgoing, note: string | null): Promise<SendOutcome> {
    if (!this.#parts) throw new Error('The driver was not started.')
    return this.#parts.sender.lookUp(outgoing, note)
  }

  resumeAt(position: string): void {
    this.#parts?.reader.resumeAt(position)
  }

  woke(): void {
    this.#parts?.socket.again()
    this.#parts?.reader.look('full')
    this.#watch.again()
  }

  async command(command: DriverCommand): Promise<DriverReply> {
    return obey(this.#api, command)
  }

  #assemble(events: DriverEvents, memory: DriverMemory): Parts {
    const clock = this.#clock
    const { timings, url, password, lines } = this.#settings
    const queries = this.#queries
    const common = { clock, timings, queries, memory, events }
    const own = new OwnMessages({ ...common, proven: (atMs) => this.#watch.proven(atMs, true) })
    const finder = new RowFinder({ queries, attemptOf: (guid) => own.attemptOf(guid) })
    const sender = new Sender({
      ...common,
      api: this.#api,
      finder,
      tempGuids: this.#tempGuids,
      hasSms: lines.some(({ services }) => services.includes('sms')),
      method: () => this.#method(),
      owns: (attempt, followed) => {
        own.owns(attempt, followed)
        this.#learn(followed)
      },
    })
    const socket = new EventSocket({
      clock,
      timings,
      url,
      password,
      event: (name, payload) => this.#event(name, payload),
      changed: () => {
        this.#parts?.reader.look('short')
        this.#watch.tell()
      },
    })
    const reader = new InboundReader({
      ...common,
      lineOf: (service) => this.#lineOf(service),
      isPushed: () => socket.state === 'up',
      sawOwn: (message) => own.saw(message),
      proven: (atMs) => this.#watch.proven(atMs),
      changed: () => this.#watch.tell(),
    })
    return { sender, reader, own, socket }
  }

  /** Null: the private API was promised, and is not there. */
  #method(): Method | null {
    if (this.#settings.method === 'apple-script') return 'apple-script'
    if (this.#watch.hasPrivateApi) return 'private-api'
    return this.#isPrivateApiOnly ? null : 'apple-script'
  }

  #learn({ state }: Followed): void {
    if (state?.kind === 'error' && isAccountError(state.code)) this.#watch.accountFailed(state.code)
  }

  /** An event is a hint: what it is about is read over REST. */
  #event(name: string, payload: unknown): void {
    const parts = this.#parts
    if (!parts) return
    if (name === 'imessage-aliases-removed') return this.#watch.aliasesRemoved(aliasesIn(payload))
    if (name !== 'new-message' && name !== 'updated-message' && name !== 'message-send-error') return
    const message = readMessage(payload)
    if (message === null) return parts.reader.look('short')
    if (message.tempGuid !== null) this.#tempGuids.learn(message.tempGuid, message.guid)
    if (message.isFromMe) void parts.own.changed(message.guid).catch(() => undefined)
    else parts.reader.look(name === 'new-message' ? 'short' : 'full')
  }

  #lineOf(service: Service): string {
    const { lines } = this.#settings
    const line = lines.find(({ services }) => services.includes(service)) ?? lines[0]
    return line?.address ?? ''
  }

  #passed(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.setTimer(ms, resolve))
  }
}

function aliasesIn(payload: unknown): string[] {
  const aliases: unknown =
    typeof payload === 'object' && payload !== null && 'aliases' in payload ? payload.aliases : null
  return Array.isArray(aliases) ? aliases.filter((one) => typeof one === 'string') : []
}
