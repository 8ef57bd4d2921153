/**
 * What becomes of messages after their outcome was told: delivered, read, failed after all, sent after all. imsg announces none of it, so
 * each open row is asked for, often at first and seldom later.
 */
import type { AttemptId, Service } from '@bluewire/contract/ids'
import type { Clock, Timer } from '@bluewire/platform/clock'
import type { Receipt } from '../driver.ts'
import type { ImsgRows } from './imsg-rows.ts'
import type { ImsgTimes } from './imsg-times.ts'
import { rowVerdict } from './imsg-verdict.ts'

export type ReceiptDeps = Readonly<{
  clock: Clock
  times: ImsgTimes
  rows: ImsgRows
  isUp(): boolean
  tell(receipt: Receipt): void
  /** A row has this error. */
  failed(error: number): void
}>

export type OpenRow = Readonly<{
  attempt: AttemptId
  guid: string
  service: Service
  /** Whether `sent` was its outcome; otherwise it is told when it turns out so. */
  isSent: boolean
}>

type Entry = OpenRow & { told: Set<Receipt['fact']>; sinceMs: number; dueMs: number; isSms: boolean }

const ENTRIES_MAX = 2_000
const MINUTE_MS = 60_000
/** Between two looks, in units of the poll, by age: about 2 s, 10 s, 1 min and 10 min. */
const PACES: readonly (readonly [ageMs: number, polls: number])[] = [
  [MINUTE_MS, 4],
  [10 * MINUTE_MS, 20],
  [120 * MINUTE_MS, 120],
  [Infinity, 1_200],
]
/** Once it was delivered, whether it is read is no hurry. */
const POLLS_FOR_READ = 20
/** A third of good messages are never confirmed (MACOS 2.4): nobody waits for ever. */
const GIVE_UP_MS = 72 * 60 * MINUTE_MS
/** An SMS is never confirmed; it can still fail. */
const GIVE_UP_SMS_MS = 60 * MINUTE_MS
/** With a restarted child all are due at once; imsg takes four questions at a time, and others have some too. */
const ASKED_AT_ONCE = 2

export class ImsgReceipts {
  readonly #deps: ReceiptDeps
  readonly #open = new Map<string, Entry>()
  #timer: Timer | null = null
  #isAsking = false
  #isStopped = false

  constructor(deps: ReceiptDeps) {
    this.#deps = deps
  }

  get size(): number {
    return this.#open.size
  }

  /** The attempt whose row this is, of those that are watched. */
  attemptOf(guid: string): AttemptId | null {
    return this.#open.get(guid)?.attempt ?? null
  }

  watch(row: OpenRow): void {
    if (this.#open.has(row.guid)) return
    const now = this.#deps.clock.monotonicMs()
    const told = new Set<Receipt['fact']>(row.isSent ? ['sent'] : [])
    this.#open.set(row.guid, { ...row, told, sinceMs: now, dueMs: now, isSms: row.service === 'sms' })
    const [oldest] = this.#open.keys()
    if (this.#open.size > ENTRIES_MAX && oldest !== undefined) this.#open.delete(oldest)
    this.#arm()
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #arm(): void {
    if (this.#isStopped || this.#isAsking) return
    this.#timer?.cancel()
    const { clock, times } = this.#deps
    const due = Math.min(...[...this.#open.values()].map(({ dueMs }) => dueMs))
    if (due === Infinity) return
    this.#timer = clock.setTimer(Math.max(times.pollMs, due - clock.monotonicMs()), () => {
      void this.#ask().finally(() => {
        this.#isAsking = false
        this.#arm()
      })
    })
  }

  async #ask(): Promise<void> {
    this.#isAsking = true
    const now = this.#deps.clock.monotonicMs()
    const due = [...this.#open.values()].filter(({ dueMs }) => dueMs <= now)
    const next = due.values()
    const askers = Array.from({ length: ASKED_AT_ONCE }, async () => {
      for (const entry of next) await this.#askFor(entry)
    })
    await Promise.allSettled(askers)
  }

  async #askFor(entry: Entry): Promise<void> {
    const { clock, times, rows, isUp } = this.#deps
    const ageMs = clock.monotonicMs() - entry.sinceMs
    const [, polls] = PACES.find(([maxMs]) => ageMs < maxMs) ?? [0, 1_200]
    const least = entry.told.has('delivered') ? POLLS_FOR_READ : 0
    entry.dueMs = clock.monotonicMs() + Math.max(polls, least) * times.pollMs
    if (ageMs > (entry.isSms ? GIVE_UP_SMS_MS : GIVE_UP_MS)) {
      this.#open.delete(entry.guid)
      return
    }
    const status = isUp() ? await rows.status(entry.guid) : null
    if (status && !this.#isStopped) this.#learn(entry, rowVerdict(status, entry.service, clock.nowMs()))
  }

  #learn(entry: Entry, row: ReturnType<typeof rowVerdict>): void {
    const { told } = entry
    const now = this.#deps.clock.nowMs()
    if (row.kind === 'failed') {
      this.#deps.failed(row.error)
      // What was never called sent has nothing to take back, and what was delivered was delivered.
      if (!told.has('sent') || told.has('delivered') || told.has('bounced')) return
      told.add('bounced')
      return this.#deps.tell({ attempt: entry.attempt, fact: 'bounced', atMs: now, reason: `apple_error_${row.error}` })
    }
    if (row.kind !== 'sent') return
    if (row.wasDowngraded) entry.isSms = true
    // Somebody pressed "Try Again", or Messages tried by itself.
    if (told.delete('bounced')) told.delete('sent')
    this.#tell(entry, 'sent', now)
    if (row.deliveredAtMs !== null) this.#tell(entry, 'delivered', row.deliveredAtMs)
    if (row.readAtMs === null) return
    this.#tell(entry, 'read', row.readAtMs)
    this.#open.delete(entry.guid)
  }

  #tell({ attempt, told }: Entry, fact: Receipt['fact'], atMs: number): void {
    if (told.has(fact)) return
    told.add(fact)
    this.#deps.tell({ attempt, fact, atMs })
  }
}
