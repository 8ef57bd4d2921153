/**
 * What comes in: a watch that goes on where the last one ended, and from time to time a look of our own whether it missed something.
 *
 * imsg tells at least once, so what was told is remembered and not told again. Row numbers hold for one database file only (DRIVERS 2.2);
 * when the last message that was read has another number, or none, it is the date that says where to go on.
 */
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { DriverEvents, InboundMessage } from '../driver.ts'
import { errorParams, messageAnswer, messageParams, overflowParams, subscribeAnswer } from './imsg-answers.ts'
import type { Message } from './imsg-answers.ts'
import { InboundReading } from './imsg-inbound-reading.ts'
import { decodePosition, encodePosition } from './imsg-note.ts'
import type { Position } from './imsg-note.ts'
import type { ImsgProcess } from './imsg-process.ts'
import type { ImsgRows } from './imsg-rows.ts'
import type { ImsgLine } from './imsg-settings.ts'
import type { ImsgTimes } from './imsg-times.ts'
import { chatName } from './imsg-words.ts'

export type InboundDeps = Readonly<{
  clock: Clock
  times: ImsgTimes
  process: ImsgProcess
  rows: ImsgRows
  lines: readonly ImsgLine[]
  events: DriverEvents
  /** A message of ours, by whoever sent it. */
  sawOwn(message: Message): void
  sawInbound(): void
}>

const SEEN_MAX = 10_000
const BUFFER_MAX = 4_096
/** How far before the last date is read again when row numbers are worth nothing: dates are the senders', and not in order. */
const DATE_MARGIN_MS = 10 * 60_000
const FROM_THE_BEGINNING = -1

export class ImsgInbound {
  readonly #deps: InboundDeps
  readonly #reading: InboundReading
  readonly #seen = new Set<string>()
  #position: Position | null
  /** On a new journal, until the gateway could have said where the one before was: a position that is stored would be believed. */
  #isHeld: boolean
  #isStored: boolean
  #subscription: number | null = null
  /** One thing after the other: messages are told in the order in which they came. */
  #queue: Promise<void> = Promise.resolve()
  /** Raised when the watch is begun anew: what belongs to an older one stops. */
  #round = 0
  /** From where the next sweep reads: two sweeps back, for rows that were joined to their chat late. */
  #sweepFrom: number | null = null
  #sweptTo: number | null = null
  #timer: Timer | null = null
  #holdTimer: Timer | null = null

  /** `position`: as it was stored last; null on a new journal. */
  constructor(deps: InboundDeps, position: string | null) {
    this.#deps = deps
    this.#reading = new InboundReading(deps)
    this.#position = position === null ? null : decodePosition(position)
    this.#isStored = this.#position !== null
    this.#isHeld = !this.#isStored
    if (this.#isHeld) this.#holdTimer = deps.clock.setTimer(deps.times.holdMs, () => this.#letGo())
  }

  /** Where a former journal was; only while this one has told nothing. */
  resumeAt(text: string): void {
    const position = decodePosition(text)
    if (!position || !this.#isHeld) return
    this.#position = position
    this.#letGo()
  }

  /** Begins anew: the child is another, or the watch is in doubt. */
  watch(): void {
    const round = ++this.#round
    this.#timer?.cancel()
    this.#enqueue(async () => {
      if (round !== this.#round) return
      const isWatching = await this.#subscribe(round)
      if (round !== this.#round) return
      if (isWatching) this.#armSweep()
      else this.#later(() => this.watch())
    })
  }

  stop(): void {
    this.#round++
    this.#timer?.cancel()
    this.#holdTimer?.cancel()
  }

  notified(method: string, params: unknown): void {
    if (method === 'message') this.#told(params)
    if (method === 'watch.overflow') this.#overflowed(params)
    if (method === 'error') this.#failed(params)
  }

  #told(params: unknown): void {
    const told = messageParams.safeParse(params).data
    const message = messageAnswer.safeParse(told?.message).data
    if (!message) return
    const { cursor = message.id } = message
    const round = this.#round
    this.#enqueue(async () => {
      // What an older watch still says comes again by the new one, after what was before it.
      if (round === this.#round && told?.subscription === this.#subscription) await this.#take(message, cursor)
    })
  }

  /** What was accepted before was told before; the cursor is at or before the first that was dropped. */
  #overflowed(params: unknown): void {
    const overflow = overflowParams.safeParse(params).data
    const round = this.#round
    this.#enqueue(async () => {
      if (!overflow || round !== this.#round || overflow.subscription !== this.#subscription) return
      if (!(await this.#subscribeFrom(overflow.resume_after_rowid))) this.#later(() => this.watch())
    })
  }

  /** It ended for a reason of its own: the position says where to go on. */
  #failed(params: unknown): void {
    const subscription = errorParams.safeParse(params).data?.subscription
    const round = this.#round
    this.#enqueue(async () => {
      if (round === this.#round && subscription === this.#subscription) this.#later(() => this.watch())
    })
  }

  #letGo(): void {
    this.#isHeld = false
    this.#holdTimer?.cancel()
    if (this.#deps.process.isUp) this.watch()
  }

  async #subscribe(round: number): Promise<boolean> {
    await this.#unsubscribe()
    const { rows } = this.#deps
    const tail = await rows.tail()
    if (tail === null || round !== this.#round) return false
    this.#sweepFrom = this.#sweptTo = tail
    // Where a new journal begins is where the end was when it began, however long it is held.
    const position = (this.#position ??= { cursor: tail, atMs: Math.max(0, Math.round(this.#deps.clock.nowMs())) })
    if (this.#isHeld) return true
    if (!this.#isStored) this.#moveTo(position)
    if (await this.#isSameNumbering(position, tail)) {
      this.#sweepFrom = this.#sweptTo = Math.min(tail, position.cursor)
      return this.#subscribeFrom(position.cursor)
    }
    return this.#goOnByDate(position, tail)
  }

  /** Whether the number of the last message that was read is still its number. Where that cannot be asked, it is not believed. */
  async #isSameNumbering({ cursor, id, guid }: Position, tail: number): Promise<boolean> {
    if (this.#deps.process.facts?.generation !== 'current' || tail < cursor) return false
    if (id === undefined || guid === undefined) return true
    const page = await this.#deps.rows.after(id - 1, { limit: 1 })
    const [message] = page?.messages ?? []
    return message?.id === id && message.guid === guid
  }

  /** Watches from now on first, and then tells what has come since the last date: nothing falls in between. */
  async #goOnByDate(position: Position, tail: number): Promise<boolean> {
    if (!(await this.#subscribeFrom(tail))) return false
    const messages = await this.#deps.rows.since(position.atMs - DATE_MARGIN_MS)
    if (!messages) return false
    for (const message of messages) await this.#take(message, null)
    const { id, guid } = messages.findLast((message) => message.id <= tail) ?? {}
    const atMs = Math.max(position.atMs, ...messages.map((message) => this.#dateOf(message)))
    this.#moveTo({ cursor: tail, atMs, ...(id === undefined || guid === undefined ? {} : { id, guid }) })
    return true
  }

  /** `cursor` 0 would mean "from now on" to imsg; here it means that everything is still to come. */
  async #subscribeFrom(cursor: number): Promise<boolean> {
    const answer = await this.#deps.process.read('watch.subscribe', {
      since_rowid: cursor > 0 ? cursor : FROM_THE_BEGINNING,
      include_reactions: true,
      buffer_limit: BUFFER_MAX,
    })
    this.#subscription =
      answer.kind === 'result' ? (subscribeAnswer.safeParse(answer.value).data?.subscription ?? null) : null
    return this.#subscription !== null
  }

  async #unsubscribe(): Promise<void> {
    const subscription = this.#subscription
    this.#subscription = null
    if (subscription !== null) await this.#deps.process.read('watch.unsubscribe', { subscription })
  }

  /** `cursor` null: it came by its date, and its number says nothing. What is told is durable when the next one is taken. */
  async #take(message: Message, cursor: number | null): Promise<void> {
    const key = keyOf(message)
    const isNew = !this.#seen.has(key)
    const next = cursor === null ? null : this.#after(message, cursor)
    if (message.is_from_me && isNew) this.#deps.sawOwn(message)
    const inbound = isNew ? await this.#reading.inboundOf(message, this.#position?.atMs ?? 0) : null
    if (inbound) this.#tell(inbound, next)
    else if (next && next.cursor !== this.#position?.cursor) this.#moveTo(next)
    this.#remember(key)
  }

  #tell(inbound: InboundMessage, next: Position | null): void {
    if (next) this.#deps.events.inbound(inbound, encodePosition(next))
    else this.#deps.events.inbound(inbound)
    this.#position = next ?? this.#position
    this.#deps.sawInbound()
  }

  #after(message: Message, cursor: number): Position {
    const { id, guid } = message
    const { cursor: before = 0, atMs = 0 } = this.#position ?? {}
    return { cursor: Math.max(cursor, before), id, guid, atMs: Math.max(atMs, this.#dateOf(message)) }
  }

  /** A date in the future is somebody's wrong clock, and must not make everything after it old. */
  #dateOf({ created_at }: Message): number {
    return Math.max(0, Math.min(created_at ?? 0, Math.round(this.#deps.clock.nowMs())))
  }

  #moveTo(position: Position): void {
    this.#position = position
    this.#isStored = true
    this.#deps.events.position(encodePosition(position))
  }

  #remember(key: string): void {
    this.#seen.add(key)
    const [oldest] = this.#seen
    if (this.#seen.size > SEEN_MAX && oldest !== undefined) this.#seen.delete(oldest)
  }

  #armSweep(): void {
    const { clock, times } = this.#deps
    const round = this.#round
    this.#timer?.cancel()
    this.#timer = clock.setTimer(times.sweepEveryMs, () =>
      this.#enqueue(async () => {
        if (round !== this.#round) return
        const isSound = await this.#sweep()
        if (round !== this.#round) return
        if (isSound) this.#armSweep()
        else this.watch()
      }),
    )
  }

  /** False: the watch has missed something, or rows have other numbers than before. A watch keeps the file it began with. */
  async #sweep(): Promise<boolean> {
    const { process, rows } = this.#deps
    if (process.facts?.generation !== 'current' || !process.isUp || this.#isHeld) return true
    const tail = await rows.tail()
    const position = this.#position
    if (tail === null || !position) return true
    if (!(await this.#isSameNumbering(position, tail))) return false
    const page = await rows.after(this.#sweepFrom ?? tail)
    if (!page) return true
    const missed = page.messages.filter((message) => !this.#seen.has(keyOf(message)))
    for (const message of missed) await this.#take(message, null)
    this.#sweepFrom = this.#sweptTo
    this.#sweptTo = page.hasMore ? page.nextRowid : tail
    return !missed.some(({ is_from_me }) => !is_from_me)
  }

  #later(act: () => void): void {
    const round = this.#round
    this.#timer?.cancel()
    this.#timer = this.#deps.clock.setTimer(this.#deps.times.backoffMinMs * 2, () => {
      if (round === this.#round && !this.#deps.process.isStopped) act()
    })
  }

  /** What could not be told is not passed over: reading begins anew from the position. */
  #enqueue(work: () => Promise<void>): void {
    this.#queue = this.#queue.then(work).catch(() => {
      this.#round++
      this.#later(() => this.watch())
    })
  }
}

/** Numbers of chats change with the database file, their names do not. */
function keyOf({ chat_guid, chat_id, guid }: Message): string {
  return `${chat_guid === '' ? chat_id : chatName(chat_guid)}/${guid}`
}
