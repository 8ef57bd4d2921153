/** The way out of a Mac by its own Messages: AppleScript to send, chat.db to see what became of it and what comes in (MACOS.md). */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { Capability } from '@bluewire/contract/node-protocol/capabilities'
import * as c from '@bluewire/contract/node-protocol/common'
import type { Timer } from '@bluewire/platform/clock'
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
import { macTools } from '../mac/mac-tools.ts'
import type { MacTools } from '../mac/mac-tools.ts'
import { probeAccounts } from './accounts-probe.ts'
import type { AccountsProbe } from './accounts-probe.ts'
import { availabilityOf } from './availability.ts'
import { ChatDbHandle } from './chat-db-handle.ts'
import { ChatWatch } from './chat-watch.ts'
import { hasSms, healthOf, RowEvidence } from './mac-health.ts'
import type { MessageRow } from './message-row.ts'
import { MessagesControl } from './messages-process.ts'
import { ownLine } from './own-lines.ts'
import { RowReader } from './row-reader.ts'
import { Sender } from './sender.ts'
import { stager, sweepStaged } from './staging.ts'
import { timings } from './timings.ts'
import type { Timings } from './timings.ts'

export const messagesAppSettings = z.object({
  /**
   * The addresses of this Mac's account; without them, the one it was last seen to send from. Only the first sends: Messages cannot be
   * told which address to send from (MACOS 5.5).
   */
  lines: z
    .array(z.object({ address: c.address, services: z.array(c.service).min(1).max(2).default(['imessage']) }))
    .max(50)
    .default([]),
  /** Where the programs of macOS are found by name; without it, where macOS has them. */
  tools: z.string().min(1).optional(),
  messages_dir: z.string().min(1).optional(),
  timings,
})
export type MessagesAppSettings = z.infer<typeof messagesAppSettings>

/** Of the accounts question; a prompt that nobody clicks shows as this. */
const PROBE_MS = 12_000
/** Above what the gateway's pages take, and what Messages was seen to take (MACOS 1.5). */
const BODY_CHARS_MAX = 20_000

export function createMessagesAppDriver({ clock, settings }: DriverContext): Driver {
  return new MessagesAppDriver(clock, messagesAppSettings.parse(settings))
}

type Running = Readonly<{ events: DriverEvents; sender: Sender; reader: RowReader; watch: ChatWatch }>

export class MessagesAppDriver implements Driver {
  readonly name = 'messages-app'
  readonly atMostOnce = true
  readonly simulated = false
  /** One Messages for all addresses. */
  readonly serialBy = 'node'
  readonly capabilities: readonly Capability[] = [
    'imessage',
    'sms',
    'receipts',
    'read_receipts',
    'inbound',
    'inbound_reactions',
    'inbound_edits',
    'groups',
    'attachments',
    'availability',
    'restart_messages',
  ]
  #lines: Driver['lines']
  readonly #findsLine: boolean
  readonly #clock: DriverContext['clock']
  readonly #timings: Timings
  readonly #tools: MacTools
  readonly #messagesDir: string
  readonly #handle: ChatDbHandle
  readonly #messages: MessagesControl
  readonly #evidence: RowEvidence
  #running: Running | null = null
  #probe: AccountsProbe | null = null
  #probedAtMs: number | null = null
  #dbProblem: string | null = null
  #healthTimer: Timer | null = null
  #isStopped = false

  constructor(clock: DriverContext['clock'], settings: MessagesAppSettings) {
    this.#clock = clock
    this.#timings = settings.timings
    this.#tools = macTools(settings.tools)
    this.#messagesDir = settings.messages_dir ?? join(homedir(), 'Library', 'Messages')
    this.#handle = new ChatDbHandle(this.#messagesDir)
    this.#messages = new MessagesControl(this.#tools, clock)
    this.#lines = settings.lines.map((line, index) => ({ ...line, sends: index === 0 }))
    this.#findsLine = settings.lines.length === 0
    this.#evidence = new RowEvidence(() => this.lines.map(({ address }) => address))
  }

  get lines(): Driver['lines'] {
    return this.#lines
  }

  /** What an agent before this one left running is ended first: it could still send. */
  async start(events: DriverEvents, memory: DriverMemory): Promise<void> {
    if (!(await this.#messages.endOrphans()))
      throw new Error('An osascript of a former agent does not end. Restart the Mac, then start the node again.')
    const sender = new Sender({
      clock: this.#clock,
      timings: this.#timings,
      osascript: this.#tools.osascript,
      messages: this.#messages,
      memory,
      openDb: () => this.#handle.open(),
      stage: stager(this.#messagesDir),
      hasSmsAccount: () => hasSms(this.#probe),
      saw: (row) => this.#saw(row, true),
    })
    const reader = new RowReader({
      nowMs: () => this.#clock.nowMs(),
      memory,
      events,
      lines: () => this.lines.map(({ address }) => address),
      saw: (row, isOurs) => this.#saw(row, isOurs),
      log: () => undefined,
    })
    const watch = new ChatWatch({
      clock: this.#clock,
      timings: this.#timings,
      messagesDir: this.#messagesDir,
      handle: this.#handle,
      reader,
      read: (problem) => this.#read(problem),
    })
    this.#running = { events, sender, reader, watch }
    this.#findLine()
    watch.start()
    void this.#lookAtMac()
  }

  stop(): Promise<void> {
    this.#isStopped = true
    this.#healthTimer?.cancel()
    this.#running?.watch.stop()
    this.#handle.close()
    return Promise.resolve()
  }

  health(): DriverHealth {
    return healthOf({
      probe: this.#probe,
      probedAtMs: this.#probedAtMs,
      dbProblem: this.#dbProblem,
      lastErrors: this.#evidence.lastErrors,
      rowProofMs: this.#evidence.proofMs,
      isStuck: this.#running?.sender.isTainted === true,
      strangeAddress: this.#evidence.strangeAddress,
    })
  }

  refuses({ body, service }: Outgoing): { reason: string } | null {
    if (body.includes('\0')) return { reason: 'body_has_nul' } // no argument of a program can hold one
    if (body.length > BODY_CHARS_MAX) return { reason: 'body_too_long' }
    if (service === 'sms' && this.#probe?.kind === 'accounts' && !hasSms(this.#probe))
      return { reason: 'service_unavailable' }
    if (this.#running?.sender.isTainted === true) {
      void this.#running.sender.clear().then(() => this.#running?.events.healthChanged())
      return { reason: 'messages_stuck' }
    }
    const broken = this.health().checks?.find((check) => check.state === 'problem')
    return broken === undefined ? null : { reason: broken.name }
  }

  send(outgoing: Outgoing): Promise<SendOutcome> {
    return this.#sender().send(outgoing)
  }

  lookUp(outgoing: Outgoing, note: string | null): Promise<SendOutcome> {
    return this.#sender().lookUp(outgoing, note)
  }

  resumeAt(position: string): void {
    this.#running?.reader.resumeAt(position)
    this.#running?.watch.look(true)
  }

  woke(): void {
    this.#running?.watch.woke()
    void this.#lookAtMac()
  }

  async command({ name, args }: DriverCommand): Promise<DriverReply> {
    if (name === 'restart_messages') {
      const isDone = (await this.#messages.end()) && (await this.#messages.ensure()) !== null
      void this.#lookAtMac()
      return isDone
        ? { ok: true, detail: 'Messages runs anew.' }
        : { ok: false, detail: 'Messages does not end, or does not start.' }
    }
    if (name !== 'availability') return { ok: false, detail: 'AppleScript cannot do that.' }
    const { to } = args
    if (to === undefined) return { ok: false, detail: 'It needs `to`, an address.' }
    const found = this.#handle.try((db) => availabilityOf(db, to))
    if (found.kind === 'failed') return { ok: false, detail: 'chat.db cannot be read.' }
    return { ok: true, data: { availability: found.value, source: 'history' } }
  }

  #saw(row: MessageRow, isOurs: boolean): void {
    this.#evidence.saw(row, this.#clock.nowMs())
    if (isOurs) this.#evidence.sentFrom(row)
  }

  #sender(): Sender {
    if (this.#running === null) throw new Error('the driver was not started')
    return this.#running.sender
  }

  #read(problem: string | null): void {
    const changed = problem !== this.#dbProblem
    this.#dbProblem = problem
    if (changed) this.#running?.events.healthChanged()
  }

  /** True: it is another one than before. */
  #findLine(): boolean {
    if (!this.#findsLine || (this.#lines.length > 0 && this.#probe?.kind !== 'accounts')) return false
    const found = this.#handle.try((db) => ownLine(db, this.#probe))
    const line = found.kind === 'read' ? found.value : ownLine(null, this.#probe)
    if (line === null || isDeepStrictEqual(this.#lines, [line])) return false
    this.#lines = [line]
    return true
  }

  /** The question also keeps Messages from dozing off: what comes in was seen to stop after some quiet minutes (MACOS 5.3). */
  async #lookAtMac(): Promise<void> {
    this.#healthTimer?.cancel()
    const before = this.health().state
    sweepStaged(this.#messagesDir, this.#clock.nowMs())
    this.#probe = await probeAccounts(this.#tools, { timeoutMs: Math.min(PROBE_MS, this.#timings.osascript) })
    this.#probedAtMs = this.#clock.nowMs()
    if (this.#isStopped) return
    if (this.#findLine()) this.#running?.events.linesChanged()
    if (this.health().state !== before) this.#running?.events.healthChanged()
    this.#healthTimer = this.#clock.setTimer(this.#timings.health, () => void this.#lookAtMac())
  }
}
