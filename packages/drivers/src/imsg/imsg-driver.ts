/**
 * Messages through the program `imsg` (DRIVERS 2.2), as a child that speaks JSON-RPC on its standard input and output. Here are only the
 * parts and how they are joined; each says itself what it is there for.
 */
import type { Clock, Timer } from '@bluewire/platform/clock'
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
import type { Message } from './imsg-answers.ts'
import { runCommand } from './imsg-commands.ts'
import { capabilitiesOf } from './imsg-facts.ts'
import { healthOf } from './imsg-health.ts'
import { ImsgInbound } from './imsg-inbound.ts'
import { ImsgProcess } from './imsg-process.ts'
import { ImsgReceipts } from './imsg-receipts.ts'
import { ImsgRows } from './imsg-rows.ts'
import { ImsgSender } from './imsg-sender.ts'
import { imsgSettings, linesOf } from './imsg-settings.ts'
import type { ImsgLine, ImsgSettings } from './imsg-settings.ts'
import { IMSG_TIMES } from './imsg-times.ts'
import type { ImsgTimes } from './imsg-times.ts'
import { plainAddress, serviceOf } from './imsg-words.ts'
import { Lane } from './lane.ts'

/** @throws when the settings are not what it wants */
export function createImsgDriver({ clock, dataDirectory, settings }: DriverContext): Driver {
  return new ImsgDriver({ clock, dataDirectory, settings: imsgSettings.parse(settings), times: IMSG_TIMES })
}

type Deps = Readonly<{ clock: Clock; dataDirectory: string; settings: ImsgSettings; times: ImsgTimes }>
type Parts = Readonly<{
  sender: ImsgSender
  receipts: ImsgReceipts
  inbound: ImsgInbound
  events: DriverEvents
  memory: DriverMemory
}>

/** Open messages of a former process are looked for among so many of the newest rows, of one day. */
const RELEARN_ROWS = 500
const RELEARN_MS = 24 * 3_600_000
const OWN_REMEMBERED_MAX = 50

export class ImsgDriver implements Driver {
  readonly name = 'imsg'
  readonly simulated = false
  /** There is one Messages, and imsg itself does one change at a time. */
  readonly serialBy = 'node'
  readonly #deps: Deps
  readonly #process: ImsgProcess
  readonly #rows: ImsgRows
  readonly #lane = new Lane()
  #lines: readonly ImsgLine[]
  #parts: Parts | null = null
  #timer: Timer | null = null
  #hasRelearnt = false
  #provenAtMs: number | null = null
  #lastError: number | null = null
  #isNotPermitted = false
  #hasStrangeSender = false
  /** Of messages of ours: the address that each left from. */
  readonly #leftFrom = new Map<string, string>()

  constructor(deps: Deps) {
    this.#deps = deps
    const { clock, settings, times } = deps
    this.#lines = linesOf(settings)
    this.#process = new ImsgProcess({
      path: settings.path,
      clock,
      times,
      up: () => this.#up(),
      changed: () => this.#parts?.events.healthChanged(),
      notified: (method, params) => this.#parts?.inbound.notified(method, params),
    })
    this.#rows = new ImsgRows(this.#process)
  }

  /** Before 0.14 nothing is known of what it does after a failure; so nothing is promised, nor before it has said what it is. */
  get atMostOnce(): boolean {
    return this.#process.facts?.generation === 'current'
  }

  get capabilities(): Driver['capabilities'] {
    return capabilitiesOf(this.#process.facts, this.#lines)
  }

  get lines(): Driver['lines'] {
    return this.#lines.map((line) => ({ ...line, services: [...line.services] }))
  }

  async start(events: DriverEvents, memory: DriverMemory): Promise<void> {
    if (this.#parts || this.#process.isStopped) return
    this.#parts = this.#joined(events, memory)
    this.#process.start()
    await this.#process.ready(this.#deps.times.startMs)
    // What cannot tell what became of a message is given none.
    if (this.#process.facts?.generation === 'receive_only')
      this.#lines = this.#lines.map((line) => ({ ...line, sends: false }))
    this.#armSweep()
  }

  async stop(): Promise<void> {
    this.#timer?.cancel()
    this.#parts?.inbound.stop()
    this.#parts?.receipts.stop()
    await this.#process.stop()
  }

  health(): DriverHealth {
    const { facts, isUp, trouble, noise } = this.#process
    return healthOf({
      path: this.#deps.settings.path,
      facts,
      isUp,
      trouble,
      noise,
      lastError: this.#lastError,
      isNotPermitted: this.#isNotPermitted,
      hasStrangeSender: this.#hasStrangeSender,
      provenAtMs: this.#provenAtMs,
    })
  }

  /** A child that is being restarted is waited for in `send`; one that does not come up is not. */
  refuses(_outgoing: Outgoing): { reason: string; detail?: string } | null {
    const { facts, isDown, trouble } = this.#process
    if (isDown) return { reason: 'imsg_not_running', detail: trouble ?? 'imsg is starting' }
    if (facts?.generation === 'receive_only') return { reason: 'imsg_too_old', detail: 'imsg is older than 0.10' }
    if (facts?.database.isReady === false)
      return { reason: 'imsg_cannot_read', detail: 'imsg cannot read the messages' }
    return null
  }

  send(outgoing: Outgoing): Promise<SendOutcome> {
    if (!this.#parts) return Promise.resolve(NOT_STARTED)
    return this.#parts.sender.send(outgoing)
  }

  async lookUp(outgoing: Outgoing, note: string | null): Promise<SendOutcome> {
    if (!this.#parts) throw new Error('The driver was not started')
    return this.#parts.sender.lookUp(outgoing, note)
  }

  resumeAt(position: string): void {
    this.#parts?.inbound.resumeAt(position)
  }

  woke(): void {
    quietly(this.#process.refresh())
    this.#parts?.inbound.watch()
  }

  async command(command: DriverCommand): Promise<DriverReply> {
    const { settings, times } = this.#deps
    return runCommand(command, {
      path: settings.path,
      times,
      process: this.#process,
      rows: this.#rows,
      lane: this.#lane,
    })
  }

  #joined(events: DriverEvents, memory: DriverMemory): Parts {
    const { clock, times, settings, dataDirectory } = this.#deps
    const process = this.#process
    const rows = this.#rows
    const failed = (error: number) => this.#learn(() => (this.#lastError = error))
    const receipts = new ImsgReceipts({
      clock,
      times,
      rows,
      isUp: () => process.isUp,
      tell: (receipt) => {
        if (receipt.fact !== 'bounced') this.#proven()
        events.receipt(receipt)
      },
      failed,
    })
    const sender = new ImsgSender({
      clock,
      times,
      process,
      rows,
      receipts,
      memory,
      dataDirectory,
      lane: this.#lane,
      region: settings.region,
      hasSms: () => rows.hasSmsChats || this.#lines.some(({ services }) => services.includes('sms')),
      learnt: {
        sent: (guid) => {
          this.#proven()
          this.#checkSender(guid)
        },
        failed,
        notPermitted: () => this.#learn(() => (this.#isNotPermitted = true)),
      },
    })
    const inbound = new ImsgInbound(
      {
        clock,
        times,
        process,
        rows,
        lines: this.#lines,
        events,
        sawOwn: (message) => this.#sawOwn(message),
        sawInbound: () => (this.#provenAtMs = clock.nowMs()),
      },
      memory.position(),
    )
    return { sender, receipts, inbound, events, memory }
  }

  #up(): void {
    this.#parts?.inbound.watch()
    quietly(this.#rows.chats().then(() => this.#relearn()))
  }

  /** After a restart of the node: which of the newest rows are attempts of ours, to go on telling what becomes of them. */
  async #relearn(): Promise<void> {
    const parts = this.#parts
    if (!parts || this.#hasRelearnt || this.#process.facts?.generation !== 'current') return
    this.#hasRelearnt = true
    const tail = await this.#rows.tail()
    if (tail === null) return
    const oldestMs = this.#deps.clock.nowMs() - RELEARN_MS
    let since = Math.max(0, tail - RELEARN_ROWS)
    for (;;) {
      const page = await this.#rows.after(since)
      for (const { is_from_me, guid, created_at, chat_guid } of page?.messages ?? []) {
        const attempt = is_from_me && (created_at ?? 0) >= oldestMs ? parts.memory.attemptOf(guid) : null
        if (attempt) parts.receipts.watch({ attempt, guid, service: serviceOf(chat_guid) ?? 'imessage', isSent: true })
      }
      if (!page?.hasMore || page.nextRowid <= since) return
      since = page.nextRowid
    }
  }

  #sawOwn({ guid, destination_caller_id }: Message): void {
    if (destination_caller_id === undefined) return
    this.#leftFrom.set(guid, destination_caller_id)
    const [oldest] = this.#leftFrom.keys()
    if (this.#leftFrom.size > OWN_REMEMBERED_MAX && oldest !== undefined) this.#leftFrom.delete(oldest)
    this.#checkSender(guid)
  }

  /** Messages chooses the address by itself; that it is none of ours a person has to know (PROTOCOL, hole 19). */
  #checkSender(guid: string): void {
    const from = this.#leftFrom.get(guid)
    if (from === undefined || this.#parts?.receipts.attemptOf(guid) == null) return
    const isOurs = this.#lines.some(({ address }) => plainAddress(address) === plainAddress(from))
    this.#learn(() => (this.#hasStrangeSender = !isOurs))
  }

  #proven(): void {
    this.#learn(() => {
      this.#provenAtMs = this.#deps.clock.nowMs()
      this.#lastError = null
      this.#isNotPermitted = false
    })
  }

  /** Tells at once when it makes a difference. */
  #learn(change: () => void): void {
    const before = this.health().state
    change()
    if (this.health().state !== before) this.#parts?.events.healthChanged()
  }

  #armSweep(): void {
    const { clock, times } = this.#deps
    if (this.#process.isStopped) return
    this.#timer = clock.setTimer(times.sweepEveryMs, () => quietly(this.#sweep().finally(() => this.#armSweep())))
  }

  async #sweep(): Promise<void> {
    if (!this.#process.isUp) return
    await this.#parts?.sender.lookForLost()
    // The bridge sends only into chats that are known.
    if (this.#process.facts?.bridge.isReady === true) await this.#rows.chats()
  }
}

/** Nobody waits for it, and the node must not end for it. */
function quietly(work: Promise<unknown>): void {
  work.catch(() => undefined)
}

const NOT_STARTED: SendOutcome = {
  kind: 'not_sent',
  class: 'never_handed',
  reason: 'imsg_not_running',
  detail: 'The driver was not started',
}
