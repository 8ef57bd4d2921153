/**
 * Reads what came in, over REST alone: an event only says that it is worth to look now, so what an event lacks, repeats or never says costs
 * nothing (DRIVERS 2.1, traps 2, 3 and 6). Rows are told in the order of their insertion, each with the position after it; a window by date is
 * read again for edits, and for rows that a rebuilt chat.db gave a lower number (MACOS 2.6).
 */
import type { Service } from '@bluewire/contract/ids'
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { DriverEvents, DriverMemory } from '../driver.ts'
import { editOf, inboundOf } from './inbound.ts'
import { WHERE } from './message-queries.ts'
import type { MessageQueries, Query } from './message-queries.ts'
import { readPosition, writePosition } from './read-position.ts'
import type { ReadPosition } from './read-position.ts'
import { SeenRows } from './seen-rows.ts'
import type { Timings } from './timings.ts'
import type { WireMessage } from './wire-message.ts'

export type ReaderDeps = Readonly<{
  clock: Clock
  timings: Timings
  queries: MessageQueries
  memory: DriverMemory
  events: DriverEvents
  lineOf(service: Service): string
  /** While events are pushed, it is read less often. */
  isPushed(): boolean
  /** A message of ours was read. */
  sawOwn(message: WireMessage): void
  /** Messages got something then. */
  proven(atMs: number): void
  changed(): void
}>

/** Rows that are read at a time; each is told before the next ones are asked for. */
const CHUNK = 500
/** Guids that were told by this process: after another start on the same rows they are not told again. */
const TOLD_KEPT = 5_000
/** How far back a look is that an event caused, where it can only go by date. */
const SHORT_MS = 60_000

type Depth = 'short' | 'full'

export class InboundReader {
  readonly #deps: ReaderDeps
  #seen: SeenRows | null = null
  /** From the gateway, on a new journal. */
  #resume: ReadPosition | null = null
  /** No position is stored before this: the gateway may have one. */
  #positionsFromMs: number
  #stored = ''
  readonly #told = new Set<string>()
  #isFailing = false
  #wanted: Depth | null = null
  #lastFullMs = -Infinity
  #timer: Timer | null = null
  #isReading = false
  #stopped = false

  constructor(deps: ReaderDeps) {
    this.#deps = deps
    this.#positionsFromMs = deps.memory.position() === null ? deps.clock.monotonicMs() + deps.timings.resume : -Infinity
  }

  /** What came in could not be read when it was last tried. */
  get isFailing(): boolean {
    return this.#isFailing
  }

  start(): void {
    this.look('full')
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** Something may be new. */
  look(depth: Depth): void {
    if (this.#wanted !== 'full') this.#wanted = depth
    if (!this.#isReading) this.#arm(this.#deps.timings.debounce)
  }

  /** How far the gateway was told by the journal before this one. */
  resumeAt(position: string): void {
    const read = readPosition(position)
    if (read === null) return
    this.#resume = read
    this.#seen = null
    this.#positionsFromMs = -Infinity
    this.look('full')
  }

  #arm(ms: number): void {
    this.#timer?.cancel()
    if (this.#stopped) return
    this.#timer = this.#deps.clock.setTimer(ms, () => void this.#read())
  }

  async #read(): Promise<void> {
    const { clock, timings } = this.#deps
    const isDue = clock.monotonicMs() - this.#lastFullMs >= timings.fullRead
    const depth = isDue ? 'full' : (this.#wanted ?? 'short')
    this.#wanted = null
    this.#isReading = true
    const before = this.#isFailing
    try {
      await this.#pass(depth)
      this.#isFailing = false
      if (depth === 'full') this.#lastFullMs = clock.monotonicMs()
    } catch {
      this.#isFailing = true // not answered: it is tried again, from the same place
    }
    this.#isReading = false
    if (before !== this.#isFailing) this.#deps.changed()
    const { debounce, read, readAlone } = timings
    const pause = this.#deps.isPushed() && this.#seen?.hasWaiting !== true ? read : readAlone
    this.#arm(this.#wanted === null ? pause : debounce)
  }

  async #pass(depth: Depth): Promise<void> {
    const { queries, timings } = this.#deps
    const takesConditions = await queries.takesConditions()
    const newest = await queries.newest()
    const lastRow = newest?.originalROWID ?? 0
    const seen = this.#seen ?? (await this.#begin(newest))
    seen.giveUpBefore(this.#deps.clock.monotonicMs() - 2 * timings.unjoined)
    if (takesConditions) {
      if (lastRow < seen.position.row) return this.#beginAnew(seen.position, newest)
      for (let from = seen.position.row; from < lastRow && !seen.isFull; from += CHUNK)
        await this.#tell(seen, { where: [WHERE.rowAfter(from), WHERE.rowUpTo(from + CHUNK)] })
    }
    const backMs = depth === 'full' ? timings.overlap : SHORT_MS
    if (depth === 'full' || !takesConditions) await this.#tell(seen, { afterMs: seen.position.dateMs - backMs })
    seen.forgetBefore(seen.position.dateMs - 2 * timings.overlap)
    this.#store(seen)
  }

  /** Everything up to the stored position is done; without one, everything that is there. */
  async #begin(newest: WireMessage | null): Promise<SeenRows> {
    const { clock, memory, queries, timings } = this.#deps
    const text = memory.position()
    const stored = this.#resume ?? (text === null ? null : readPosition(text))
    const position = stored ?? positionAt(newest, queries.nowMs())
    const seen = new SeenRows(position, clock.monotonicMs())
    const window = await queries.all({ afterMs: position.dateMs - timings.overlap })
    for (const message of window) if (seen.wasDone(message)) seen.remember(message)
    this.#seen = seen
    const there = stored === null || stored.guid === '' ? null : await this.#rowOf(stored)
    if (there !== null && there.guid !== position.guid) await this.#beginAnew(position, newest)
    return this.#seen
  }

  async #rowOf({ row, guid }: ReadPosition): Promise<Pick<WireMessage, 'guid'> | null> {
    const { queries } = this.#deps
    if (await queries.takesConditions()) return queries.first({ where: [WHERE.row(row)] })
    const message = await queries.byGuid(guid)
    return message === null || message.originalROWID === row ? message : { guid: '' }
  }

  /** chat.db was rebuilt or replaced: its rows have other numbers, and only dates lead on. What is told twice now has the same guid. */
  async #beginAnew(before: ReadPosition, newest: WireMessage | null): Promise<void> {
    const { clock, queries } = this.#deps
    const seen = new SeenRows(positionAt(newest, before.dateMs), clock.monotonicMs())
    const window = await queries.all({ afterMs: before.dateMs - this.#deps.timings.overlap })
    for (const message of window) if ((message.dateCreated ?? 0) <= before.dateMs) seen.remember(message)
    this.#seen = seen
    await this.#tell(seen, { afterMs: before.dateMs })
    this.#store(seen)
  }

  async #tell(seen: SeenRows, query: Query): Promise<void> {
    const { queries, sawOwn } = this.#deps
    const messages = inOrder(await queries.all(query))
    for (const message of messages) if (message.isFromMe) sawOwn(message)
    const news = messages.filter((one) => seen.isNew(one) || (!one.isFromMe && seen.isChanged(one)))
    if (news.length === 0) return
    // Only what is joined to a chat is found with its chat, so the two answers differ by what is not joined yet.
    const hasInbound = news.some((one) => !one.isFromMe)
    const joined = hasInbound ? await queries.all({ ...query, with: ['chat', 'attachment'] }) : []
    const withChat = new Map(joined.map((message) => [message.guid, message]))
    for (const message of news) {
      if (this.#stopped || this.#seen !== seen || seen.isFull) return
      this.#tellOne(seen, withChat.get(message.guid) ?? message)
    }
  }

  #tellOne(seen: SeenRows, message: WireMessage): void {
    const { clock, timings, lineOf, events, queries, proven } = this.#deps
    const nowMs = clock.monotonicMs()
    if (!message.isFromMe && message.itemType === 0 && message.chats.length === 0) {
      seen.wait(message, nowMs)
      if (seen.waitedMs(message, nowMs) < timings.unjoined) return
    }
    const told = { lineOf, backfilled: seen.isBackfilled(message) }
    const inbound = seen.isNew(message) ? inboundOf(message, told) : editOf(message, { ...told, backfilled: false })
    seen.done(message, queries.nowMs())
    if (inbound === null || this.#wasTold(inbound.guid)) return
    if (!inbound.backfilled) proven(inbound.dateMs)
    const position = this.#position(seen)
    if (position === null) return events.inbound(inbound)
    this.#stored = position
    events.inbound(inbound, position)
  }

  #wasTold(guid: string): boolean {
    if (this.#told.has(guid)) return true
    this.#told.add(guid)
    const [oldest] = this.#told
    if (this.#told.size > TOLD_KEPT && oldest !== undefined) this.#told.delete(oldest)
    return false
  }

  /** Also where nothing on the way had to be told. */
  #store(seen: SeenRows): void {
    const position = this.#seen === seen ? this.#position(seen) : null
    if (position === null || position === this.#stored) return
    this.#stored = position
    this.#deps.events.position(position)
  }

  #position(seen: SeenRows): string | null {
    return this.#deps.clock.monotonicMs() < this.#positionsFromMs ? null : writePosition(seen.position)
  }
}

function positionAt(newest: WireMessage | null, dateMs: number): ReadPosition {
  return { row: newest?.originalROWID ?? 0, told: [], dateMs, guid: newest?.guid ?? '' }
}

function inOrder(messages: readonly WireMessage[]): WireMessage[] {
  const row = ({ originalROWID }: WireMessage): number => originalROWID ?? Number.MAX_SAFE_INTEGER
  return [...messages].sort((a, b) => row(a) - row(b) || (a.dateCreated ?? 0) - (b.dateCreated ?? 0))
}
